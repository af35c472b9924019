"""Certificates for switches and nodes, made for one test."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from tallystick.node.service import now_ms

_LASTS = timedelta(days=2)


class Signer:
    """Somebody who signs certificates."""

    def __init__(self, folder: Path, name: str) -> None:
        """Make `NAME.pem` with the own certificate."""
        self.folder = folder
        self._name = _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        own = _unsigned(self._name, self._name, self._key)
        own = own.add_extension(x509.BasicConstraints(True, None), critical=True)
        _write(folder / f"{name}.pem", own.sign(self._key, SHA256()))

    def issue(self, name: str, *hosts: str) -> tuple[Path, Path]:
        """Return certificate and key of somebody who is known by these hosts."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        made = _unsigned(_named(name), self._name, key)
        made = made.add_extension(names, critical=False) if hosts else made
        certificate, where = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        _write(certificate, made.sign(self._key, SHA256()))
        form = PrivateFormat.TraditionalOpenSSL
        where.write_bytes(key.private_bytes(Encoding.PEM, form, NoEncryption()))
        return certificate, where


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _unsigned(
    name: x509.Name, by: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    today = datetime.fromtimestamp(now_ms() // 1000, UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - _LASTS)
        .not_valid_after(today + _LASTS)
    )


def _write(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
