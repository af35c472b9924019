"""A small public key infrastructure with fixed keys."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from tallystick.domains.calls.passport import encode_authority
from tallystick.domains.calls.passport.chain import TN_AUTH_LIST

NOW_S = 1_790_000_000
DAY = timedelta(days=1)
LIST = encode_authority(providers=["1234"])
SIGNS = {"digital_signature": True}
ISSUES = {"digital_signature": True, "key_cert_sign": True, "crl_sign": True}
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def moment(days=0):
    return datetime.fromtimestamp(NOW_S, UTC) + days * DAY


def key_number(number):
    return ec.derive_private_key(number, ec.SECP256R1())


def key_pem(key):
    return key.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )


def pem(*certificates):
    return b"".join(c.public_bytes(Encoding.PEM) for c in certificates)


def raw(oid, data, *, critical=False):
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(str(oid)), data), critical


def issue(
    name,
    key,
    *,
    issuer=None,
    tn=None,
    ca=None,
    usage=None,
    extensions=(),
    days=(-1, 365),
    identifiers=True,
):
    """Return a certificate; issuer is (certificate, key), None: self-signed."""
    above, signing = issuer or (None, key)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above.subject if above else subject)
        .public_key(key.public_key())
        .serial_number(abs(hash(name)) % 10**12 + 1)
        .not_valid_before(moment(days[0]))
        .not_valid_after(moment(days[1]))
    )
    for extension, critical in [*_usual(key, signing, ca, usage, identifiers)]:
        builder = builder.add_extension(extension, critical)
    if tn is not None:
        builder = builder.add_extension(
            x509.UnrecognizedExtension(TN_AUTH_LIST, tn), critical=False
        )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signing, SHA256())


def _usual(key, signing, ca, usage, identifiers):
    if ca is not None:
        yield x509.BasicConstraints(ca=ca, path_length=None), True
    if usage is not None:
        yield x509.KeyUsage(**{u: usage.get(u, False) for u in _USAGES}), True
    if identifiers:
        yield x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
        yield (
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()),
            False,
        )


def revoke(issuer, *certificates, extensions=()):
    """Return a revocation list; issuer is (certificate, key)."""
    certificate, key = issuer
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(certificate.subject)
        .last_update(moment(-1))
        .next_update(moment(7))
    )
    for revoked in certificates:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(revoked.serial_number)
            .revocation_date(moment(-1))
            .build()
        )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)
