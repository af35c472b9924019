"""From the bytes behind `info` to a credential, once for each certificate.

1. Read the certificates, signer first (RFC 9060, section 5).
2. Walk: stop at an anchor or at a certificate an anchor issued; otherwise the next
   one must have issued this one.
3. Check each certificate of the path, and each against its issuer.
4. Check the signer's own extensions, and put the path into one credential.

Source: RFC 5280, section 6; RFC 8226; RFC 9060; spec/passport.md, "Certificate".
"""

import warnings
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeVar, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.utils import CryptographyDeprecationWarning

from tallystick.domains.calls.passport.authority import Authority, parse_authority
from tallystick.domains.calls.passport.constraints import (
    UNCONSTRAINED,
    Constraints,
    parse_constraints,
)
from tallystick.domains.calls.passport.credential import Credential
from tallystick.domains.calls.passport.refusal import Refusal
from tallystick.domains.calls.passport.trust import TrustList

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificateIssuerPublicKeyTypes,
    )

MAX_CHAIN: Final = 8  # certificates
MAX_CHAIN_BYTES: Final = 32_768

TN_AUTH_LIST: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.26")
CONSTRAINTS: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.27")
ENHANCED: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.33")

_UNREADABLE: Final = (
    CryptographyDeprecationWarning,
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
# Extensions whose meaning is heeded here, so that they may be critical.
_HEEDED: Final = frozenset(
    {
        x509.BasicConstraints.oid,
        x509.KeyUsage.oid,
        x509.ExtendedKeyUsage.oid,
        x509.CertificatePolicies.oid,
        TN_AUTH_LIST,
        CONSTRAINTS,
        ENHANCED,
    }
)

Path = tuple[x509.Certificate, ...]
_E = TypeVar("_E", bound=x509.ExtensionType)


def read_chain(data: bytes) -> Path:
    """Read the certificates of a file.

    Args:
        data: PEM, signer first, or one certificate as DER.

    Raises:
        Refusal: certificate-malformed.
    """
    if not 1 <= len(data) <= MAX_CHAIN_BYTES:
        raise Refusal("certificate-malformed")
    try:
        found = _read(data)
    except _UNREADABLE:
        raise Refusal("certificate-malformed") from None
    if len(found) > MAX_CHAIN:
        raise Refusal("certificate-malformed")
    return found


def _read(data: bytes) -> Path:
    """Read certificates; what the library only warns of is refused too.

    So a serial number that is not positive, which RFC 5280 forbids, is not printed as
    a warning into the log of a node.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", CryptographyDeprecationWarning)
        if b"-----BEGIN" in data:
            return tuple(x509.load_pem_x509_certificates(data))
        return (x509.load_der_x509_certificate(data),)


def follow_chain(
    chain: Path,
    *,
    trust: Sequence[TrustList],
    lists: Iterable[x509.CertificateRevocationList],
) -> Credential:
    """Follow a chain to an anchor.

    Args:
        chain: As read.
        trust: Whom we believe.
        lists: Revocation lists. One whose issuer and signature do not fit is passed
            over.

    Returns:
        What is needed to judge tokens of this signer.

    Raises:
        Refusal: By a rule of spec/passport.md, "Certificate".
    """
    try:
        path = _path(chain, [anchor for entry in trust for anchor in entry.anchors])
        _check_path(path)
        _check_revoked(path, tuple(lists))
        return _credential(path, trust)
    except _UNREADABLE:
        raise Refusal("certificate-malformed") from None


def _path(chain: Path, anchors: Sequence[x509.Certificate]) -> Path:
    """Return the certificates from the signer to the anchor.

    Raises:
        Refusal: chain-order or certificate-untrusted.
    """
    path: list[x509.Certificate] = []
    for at, certificate in enumerate(chain):
        path.append(certificate)
        if certificate in anchors:
            return tuple(path)
        for anchor in anchors:
            if anchor.subject == certificate.issuer and _issued(certificate, anchor):
                return (*path, anchor)
        if at + 1 < len(chain) and not _issued(certificate, chain[at + 1]):
            raise Refusal("chain-order")
    raise Refusal("certificate-untrusted")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if not isinstance(certificate.signature_hash_algorithm, SHA256 | SHA384 | SHA512):
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (*_UNREADABLE, InvalidSignature):
        return False
    return True


def _check_path(path: Path) -> None:
    for certificate in path:
        if any(e.critical and e.oid not in _HEEDED for e in certificate.extensions):
            raise Refusal("certificate-extension")
    for below, (certificate, issuer) in enumerate(pairwise(path)):
        _check_issuer(issuer, below)
        _check_identifiers(certificate, issuer)
        _check_delegation(certificate, issuer)


def _check_issuer(issuer: x509.Certificate, below: int) -> None:
    """Check that a certificate may issue others, with so many between it and us.

    Raises:
        Refusal: chain-issuer.
    """
    basic = _extension(issuer, x509.BasicConstraints)
    usage = _extension(issuer, x509.KeyUsage)
    if basic is None or not basic.ca or (usage and not usage.key_cert_sign):
        raise Refusal("chain-issuer")
    if basic.path_length is not None and below > basic.path_length:
        raise Refusal("chain-issuer")


def _check_identifiers(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    named = _extension(certificate, x509.AuthorityKeyIdentifier)
    own = _extension(issuer, x509.SubjectKeyIdentifier)
    if named and own and named.key_identifier not in {None, own.digest}:
        raise Refusal("chain-identifiers")


def _check_delegation(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    """Check that a delegate is not given more than its issuer has (RFC 9060).

    Raises:
        Refusal: chain-authority.
    """
    above = _authority(issuer)
    if above is not None:
        held = _authority(certificate)
        if held is None or not above.encompasses(held):
            raise Refusal("chain-authority")


def _check_revoked(
    path: Path, lists: tuple[x509.CertificateRevocationList, ...]
) -> None:
    for certificate, issuer in pairwise(path):
        serial = certificate.serial_number
        for revoked in lists:
            if revoked.issuer != issuer.subject:
                continue
            if revoked.get_revoked_certificate_by_serial_number(serial) is None:
                continue
            # It has issued a certificate of the path, so its key is one that signs.
            key = cast("CertificateIssuerPublicKeyTypes", issuer.public_key())
            if revoked.is_signature_valid(key):
                raise Refusal("certificate-revoked")


def _credential(path: Path, trust: Sequence[TrustList]) -> Credential:
    signer, anchor = path[0], path[-1]
    key = signer.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise Refusal("certificate-key")
    usage = _extension(signer, x509.KeyUsage)
    if usage and not usage.digital_signature:
        raise Refusal("certificate-usage")
    authority = _authority(signer)
    if authority is None:
        raise Refusal("certificate-no-tnauthlist")
    admitting = [
        entry
        for entry in trust
        if anchor in entry.anchors
        and (not entry.providers or authority.providers <= entry.providers)
    ]
    if not admitting:
        raise Refusal("certificate-untrusted")
    codes = [] if any(not e.codes for e in admitting) else [e.codes for e in admitting]
    return Credential(
        key=key,
        not_before_s=max(int(c.not_valid_before_utc.timestamp()) for c in path),
        not_after_s=min(int(c.not_valid_after_utc.timestamp()) for c in path),
        authority=authority,
        constraints=_constraints(path),
        codes=tuple(code for several in codes for code in several),
        countries=tuple(entry.country for entry in admitting),
        lists=_lists(path),
    )


def _authority(certificate: x509.Certificate) -> Authority | None:
    data = _raw(certificate, TN_AUTH_LIST)
    return None if data is None else parse_authority(data)


def _constraints(path: Path) -> tuple[Constraints, ...]:
    """Return the demands of all certificates of the path: each issuer's bind too.

    Raises:
        Refusal: constraints-both, or constraints-malformed.
    """
    found: list[Constraints] = []
    for certificate in path:
        plain, enhanced = _raw(certificate, CONSTRAINTS), _raw(certificate, ENHANCED)
        if plain is not None and enhanced is not None:
            raise Refusal("constraints-both")
        if plain is not None:
            found.append(parse_constraints(plain, enhanced=False))
        elif enhanced is not None:
            found.append(parse_constraints(enhanced, enhanced=True))
    return tuple(entry for entry in found if entry != UNCONSTRAINED)


def _lists(path: Path) -> tuple[str, ...]:
    """Return where the chain says that revocations are told.

    Points that name another issuer of the list are passed over: such lists are not
    heeded. The anchor is believed as it is.
    """
    found: list[str] = []
    for certificate in path[:-1]:
        points = _extension(certificate, x509.CRLDistributionPoints) or ()
        found += [
            name.value
            for point in points
            if point.crl_issuer is None
            for name in point.full_name or ()
            if isinstance(name, x509.UniformResourceIdentifier)
        ]
    return tuple(dict.fromkeys(found))[:MAX_CHAIN]


def _raw(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> bytes | None:
    try:
        value = certificate.extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return None
    if not isinstance(value, x509.UnrecognizedExtension):
        raise Refusal("certificate-extension")
    return value.value


def _extension(certificate: x509.Certificate, kind: type[_E]) -> _E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
