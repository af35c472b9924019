"""Tokens and certificates printed in RFCs."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)

from tallystick.domains.calls.passport import Policy, Signer, sign
from tallystick.domains.calls.passport.authority import parse_authority
from tallystick.domains.calls.passport.encoding import (
    bytes_from_base64url,
    json_from_object,
)
from tallystick.domains.calls.passport.field import Parameters
from tallystick.domains.calls.passport.jose import parse_header
from tallystick.domains.calls.passport.refusal import Refusal

from .world import CLAIMS, HEADER, judge

# RFC 8225, Appendix A: the private key of A.1 and the public key of A.2 are not a
# pair, and the signature printed there verifies with neither.
PRIVATE = b"""-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgi7q2TZvN9VDFg8Vy
qCP06bETrR2v8MRvr89rn4i+UAahRANCAAQWfaj1HUETpoNCrOtp9KA8o0V79IuW
ARKt9C1cFPkyd3FBP4SeiNZxQhDrD0tdBHls3/wFe8++K2FrPyQF9vuh
-----END PRIVATE KEY-----
"""
PUBLIC = b"""-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8HNbQd/TmvCKwPKHkMF9fScavGeH
78YTU8qLS8I5HLHSSmlATLcslQMhNC/OhlWBYC626nIlo7XeebYS7Sb37g==
-----END PUBLIC KEY-----
"""
INFO = "https://cert.example.org/passport.cer"
SIGNED = (
    "eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9j"
    "ZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0LmNlciJ9."
    "eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI"
    "6MTQ3MTM3NTQxOCwib3JpZyI6eyJ0biI6IjEyMTU1NTUxMjEyIn19"
)
PRINTED = (
    "VLBCIVDCaeK6M4hLJb6SHQvacAQVvoiiEOWQ_iUkqk79UD81fHQ0E1b3_GluIkb"
    "a7UWYRM47ZbNFdOJquE35cw"
)
# RFC 8225, section 7.1, with `iat` as a text; it verifies with the key of A.2.
TEXT_IAT = (
    "eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9j"
    "ZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0LmNlciJ9."
    "eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI"
    "6IjE0NDMyMDgzNDUiLCJvcmlnIjp7InRuIjoiMTIxNTU1NTEyMTIifX0."
    "rq3pjT1hoRwakEGjHCnWSwUnshd0-zJ6F1VOgFWSjHBr8Qjpjlk-cpFYpFYsojN"
    "CpTzO3QfPOlckGaS6hEck7w"
)


def holds(token, key):
    """Verify a token with a key alone."""
    signed, _, text = token.rpartition(".")
    raw = bytes_from_base64url(text)
    r, s = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
    try:
        key.verify(encode_dss_signature(r, s), signed.encode(), ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def test_signing_input_of_rfc_8225():
    """The bytes that are signed are those of Appendix A."""
    key = load_pem_private_key(PRIVATE, password=None)
    claims = {
        "orig": {"tn": "12155551212"},
        "iat": 1471375418,
        "dest": {"uri": ["sip:alice@example.com"]},
    }
    identity = sign(Signer(key=key, info=INFO), "", claims)
    token, _, parameters = identity.partition(";")
    assert token.rpartition(".")[0] == SIGNED
    assert parameters == f"info=<{INFO}>;alg=ES256"
    assert holds(token, key.public_key())
    assert sign(Signer(key=key, info=INFO), "", claims) == identity


def test_printed_signatures():
    """The token of section 7.1 verifies; that of Appendix A does not."""
    public = load_pem_public_key(PUBLIC)
    own = load_pem_private_key(PRIVATE, password=None).public_key()
    assert holds(TEXT_IAT, public)
    assert not holds(f"{SIGNED}.{PRINTED}", public)
    assert not holds(f"{SIGNED}.{PRINTED}", own)


def test_iat_as_a_text_is_read_where_that_is_allowed():
    """What section 7.1 of RFC 8225 shows is refused unless the setting allows it."""
    identity = f"{TEXT_IAT};info=<{INFO}>"
    options = {"calling": "12155551212", "called": ("sip:alice@example.com",)}
    at = {"now_s": 1443208345}
    assert judge(identity, **options, **at).rule == "iat-malformed"
    tolerant = judge(identity, **options, **at, policy=Policy(tolerant=True))
    assert tolerant.rule == "certificate-unknown"
    assert tolerant.needs == INFO


def test_rfc_7515_appendix_a3():
    """The ES256 vector of JSON Web Signatures verifies."""
    x, y = (
        int.from_bytes(bytes_from_base64url(half), "big")
        for half in (
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        )
    )
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    printed = (
        "eyJhbGciOiJFUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
        "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
        "pmWQxfKTUJqPP3-Kg6NU1Q"
    )
    assert holds(printed, key)


def test_order_of_shaken_claims_of_rfc_8588():
    """Header and claims come in the order of their names."""
    assert list(CLAIMS) == sorted(CLAIMS)
    assert json_from_object(HEADER).startswith(b'{"alg":"ES256","ppt":"shaken","typ"')


def test_tnauthlist_of_rfc_9118():
    """The list in the example certificate names one provider."""
    held = parse_authority(bytes.fromhex("3008a006160431323334"))
    assert held.providers == {"1234"}


def test_a_header_is_read_by_the_field_it_came_in():
    """The same header is refused under another `info`."""
    text = SIGNED.partition(".")[0]
    assert parse_header(text, Parameters(INFO)).x5u == INFO
    with pytest.raises(Refusal, match="info-differs"):
        parse_header(text, Parameters(INFO + "x"))
