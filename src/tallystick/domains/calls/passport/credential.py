"""A certificate whose chain was followed to an anchor, ready to judge tokens.

Source: spec/passport.md, "Certificate" and "What is checked for each token".
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

from tallystick.domains.calls.passport.authority import Authority
from tallystick.domains.calls.passport.claims import Claims
from tallystick.domains.calls.passport.constraints import Constraints
from tallystick.domains.calls.passport.refusal import Refusal

# Hashing apart saves one per cent of a verification.
ES256: Final = ec.ECDSA(Prehashed(SHA256()))
SIGNATURE_BYTES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What remains of a chain once it is followed.

    Attributes:
        key: Of the signer.
        not_before_s: When the last certificate of the chain becomes valid.
        not_after_s: When the first of them ends.
        authority: Whom the signer may speak for.
        constraints: What it may claim.
        codes: First digits of numbers the trust list vouches for; empty: any.
        countries: Names of the trust lists that hold the anchor.
        lists: URLs at which the certificates of the chain say that revocations are
            told.
    """

    key: ec.EllipticCurvePublicKey
    not_before_s: int
    not_after_s: int
    authority: Authority
    constraints: tuple[Constraints, ...]
    codes: tuple[str, ...]
    countries: tuple[str, ...]
    lists: tuple[str, ...] = ()

    def check(self, number: str, claims: Claims, *, now_s: int) -> None:
        """Hold a token against the certificate.

        Args:
            number: For whom the signer speaks: `orig`, or `div` of a diversion.
            claims: Of the token.
            now_s: The time.

        Raises:
            Refusal: certificate-expired, certificate-not-for-number,
                certificate-not-for-country, or a constraint.
        """
        if not (
            self.not_before_s <= claims.iat_s <= self.not_after_s
            and self.not_before_s <= now_s <= self.not_after_s
        ):
            raise Refusal("certificate-expired")
        if not number[:1].isdigit() or not self.authority.covers(number):
            raise Refusal("certificate-not-for-number")
        if self.codes and not number.startswith(self.codes):
            raise Refusal("certificate-not-for-country")
        for constraints in self.constraints:
            constraints.check(claims.members)

    def verify(self, signature: bytes, signed: bytes) -> None:
        """Verify an ES256 signature.

        Args:
            signature: 64 bytes, R and S. S may lie in either half of its range; what
                is replayed is told by its claims, not by its signature.
            signed: The bytes as received.

        Raises:
            Refusal: signature-size or signature-wrong.
        """
        if len(signature) != SIGNATURE_BYTES:
            raise Refusal("signature-size")
        r = int.from_bytes(signature[:32], "big")
        s = int.from_bytes(signature[32:], "big")
        try:
            self.key.verify(encode_dss_signature(r, s), sha256(signed).digest(), ES256)
        except InvalidSignature:
            raise Refusal("signature-wrong") from None
