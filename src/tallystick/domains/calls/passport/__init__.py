"""PASSporTs: Identity header fields signed and verified, certificates, contacts.

Nothing here fetches, waits, reads a clock or draws randomness.

Source: spec/passport.md.
"""

from tallystick.domains.calls.passport.authority import Authority, encode_authority
from tallystick.domains.calls.passport.claims import Claims
from tallystick.domains.calls.passport.contact import (
    Contact,
    call_info,
    read_contact,
    sign_contact,
)
from tallystick.domains.calls.passport.context import Policy, VerifyContext
from tallystick.domains.calls.passport.divert import MAX_IDENTITIES, verify_call
from tallystick.domains.calls.passport.number import canonical_number, canonical_uri
from tallystick.domains.calls.passport.place import Places, is_public_address
from tallystick.domains.calls.passport.refusal import RULES, Rule
from tallystick.domains.calls.passport.replay import ReplayCache
from tallystick.domains.calls.passport.sign import (
    Signer,
    load_signer,
    sign,
    sign_div,
    sign_rcd,
    sign_shaken,
)
from tallystick.domains.calls.passport.store import CertificateStore
from tallystick.domains.calls.passport.trust import TrustList, load_trust_list
from tallystick.domains.calls.passport.verdict import CallVerdict, PassportVerdict
from tallystick.domains.calls.passport.verify import verify

__all__ = [
    "MAX_IDENTITIES",
    "RULES",
    "Authority",
    "CallVerdict",
    "CertificateStore",
    "Claims",
    "Contact",
    "PassportVerdict",
    "Places",
    "Policy",
    "ReplayCache",
    "Rule",
    "Signer",
    "TrustList",
    "VerifyContext",
    "call_info",
    "canonical_number",
    "canonical_uri",
    "encode_authority",
    "is_public_address",
    "load_signer",
    "load_trust_list",
    "read_contact",
    "sign",
    "sign_contact",
    "sign_div",
    "sign_rcd",
    "sign_shaken",
    "verify",
    "verify_call",
]
