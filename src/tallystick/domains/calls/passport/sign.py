"""Make Identity header fields: shaken, div, rcd.

What is signed is read back by the rules of the verifier first, so that nothing leaves
that our own side would refuse.

Source: RFC 8225, sections 4 to 9; RFC 8588; RFC 8946; RFC 9795.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tallystick.domains.calls.passport.claims import parse_claims
from tallystick.domains.calls.passport.encoding import (
    base64url_from_bytes,
    json_from_object,
)
from tallystick.domains.calls.passport.jose import ALGORITHM
from tallystick.domains.calls.passport.place import Places
from tallystick.domains.calls.passport.refusal import Refusal
from tallystick.model.errors import ConfigError, RefusedError

# RFC 6979: the same claims give the same signature, and no randomness is drawn.
_SIGNING: Final = ec.ECDSA(SHA256(), deterministic_signing=True)
_ADVICE: Final = "spec/passport.md says what the rule demands."


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Signer:
    """A key, and where its certificate lies.

    Attributes:
        key: ECDSA, P-256.
        info: URL of the chain, signer first.
    """

    key: ec.EllipticCurvePrivateKey
    info: str


def load_signer(pem: bytes, *, info: str, places: Places | None = None) -> Signer:
    """Read a private key.

    Args:
        pem: PEM, not encrypted.
        info: URL of the certificate.
        places: What is accepted as one.

    Raises:
        ConfigError: The key or the URL cannot be used.
    """
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise ConfigError(
            "passport-key",
            "The signing key is not an ECDSA key on P-256 in PEM without a password; "
            "nothing will be signed.",
            advice="Make one with: openssl ecparam -name prime256v1 -genkey -noout",
        )
    if not (places or Places()).accept(info):
        raise ConfigError(
            "passport-info",
            "Verifiers would not fetch the certificate from the URL given as info.",
            advice="Use https on port 443 or 8443 and a public host, without query, "
            "fragment and user.",
        )
    return Signer(key=key, info=info)


def sign_shaken(
    signer: Signer,
    *,
    orig: str,
    dest: Sequence[str],
    iat_s: int,
    attest: str,
    origid: str,
    rcd: Mapping[str, object] | None = None,
) -> str:
    """Return an Identity header field with a `shaken` token.

    Args:
        signer: The key.
        orig: Calling number, as `canonical_number` gives it.
        dest: Called numbers, the same.
        iat_s: The time.
        attest: "A", "B" or "C".
        origid: A UUID, one for each call: others must not learn which calls belong
            together (RFC 8588, section 10).
        rcd: Rich call data to carry along.

    Raises:
        RefusedError: A verifier would refuse these claims.
    """
    claims = {**_base(orig, dest, iat_s), "attest": attest, "origid": origid}
    return sign(signer, "shaken", {**claims, "rcd": rcd} if rcd else claims)


def sign_div(
    signer: Signer, *, orig: str, dest: Sequence[str], iat_s: int, div: str
) -> str:
    """Return an Identity header field with a `div` token.

    Args:
        signer: A key with authority over `div`.
        orig: Calling number of the token received.
        dest: Where the call goes now.
        iat_s: `iat` of the token received, or the time.
        div: The destination the call had.

    Raises:
        RefusedError: The destination has not changed, or a verifier would refuse.
    """
    if div in dest:
        raise RefusedError("passport-claims", _sentence("div-loop"), advice=_ADVICE)
    return sign(signer, "div", {**_base(orig, dest, iat_s), "div": {"tn": div}})


def sign_rcd(
    signer: Signer,
    *,
    orig: str,
    dest: Sequence[str],
    iat_s: int,
    rcd: Mapping[str, object],
) -> str:
    """Return an Identity header field with an `rcd` token.

    Args:
        signer: The key.
        orig: Calling number.
        dest: Called numbers.
        iat_s: The time.
        rcd: `nam`, and where known `apn`, `icn`, and one of `jcd` and `jcl`.

    Raises:
        RefusedError: A verifier would refuse these claims.
    """
    return sign(signer, "rcd", {**_base(orig, dest, iat_s), "rcd": rcd})


def sign(signer: Signer, ppt: str, claims: Mapping[str, object]) -> str:
    """Return an Identity header field with a token of any kind known here.

    Args:
        signer: The key.
        ppt: "shaken", "div", "rcd", or "" for none.
        claims: All claims.

    Raises:
        RefusedError: A verifier would refuse these claims.
    """
    header = {"alg": ALGORITHM, "typ": "passport", "x5u": signer.info}
    payload = base64url_from_bytes(json_from_object(claims))
    try:
        parse_claims(payload, ppt, tolerant=False)
    except Refusal as refusal:
        rule = refusal.rule.name
        raise RefusedError("passport-claims", _sentence(rule), advice=_ADVICE) from None
    token = sign_jws(signer, {**header, "ppt": ppt} if ppt else header, payload)
    extension = f";ppt={ppt}" if ppt else ""
    return f"{token};info=<{signer.info}>;alg={ALGORITHM}{extension}"


def sign_jws(signer: Signer, header: Mapping[str, object], payload: str) -> str:
    """Return a JWS in its compact serialization (RFC 7515, section 7.1).

    Args:
        signer: The key.
        header: The JOSE header.
        payload: Already base64url.
    """
    signed = f"{base64url_from_bytes(json_from_object(header))}.{payload}"
    r, s = decode_dss_signature(signer.key.sign(signed.encode("ascii"), _SIGNING))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return f"{signed}.{base64url_from_bytes(signature)}"


def _base(orig: str, dest: Sequence[str], iat_s: int) -> dict[str, object]:
    return {"dest": {"tn": list(dest)}, "iat": iat_s, "orig": {"tn": orig}}


def _sentence(rule: str) -> str:
    return (
        "These claims were not signed, because every verifier would refuse them by "
        f"the rule {rule}."
    )
