"""The STIR/SHAKEN HTTP interface, `/stir/v1/signing` and `/stir/v1/verification`.

Bytes in, bytes out, in the two forms in use. Nothing here opens a connection, reads a
clock or draws randomness.

Source: spec/stir-http.md.
"""

from tallystick.domains.calls.stir.answer import Answer, refused, signed, verified
from tallystick.domains.calls.stir.asked import Signing, Verification
from tallystick.domains.calls.stir.errors import ERRORS, Error, FaultError, Form
from tallystick.domains.calls.stir.head import check_head
from tallystick.domains.calls.stir.read import read_signing, read_verification
from tallystick.domains.calls.stir.sign import SigningPolicy, bounded, sign_call
from tallystick.domains.calls.stir.told import Told, Verdict

__all__ = [
    "ERRORS",
    "Answer",
    "Error",
    "FaultError",
    "Form",
    "Signing",
    "SigningPolicy",
    "Told",
    "Verdict",
    "Verification",
    "bounded",
    "check_head",
    "read_signing",
    "read_verification",
    "refused",
    "sign_call",
    "signed",
    "verified",
]
