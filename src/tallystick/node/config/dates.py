"""Until when certificates hold: for whoever must renew them in time."""

from collections.abc import Iterator
from itertools import starmap
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

from tallystick.model import ConfigError
from tallystick.node.config.files import read_bytes
from tallystick.node.config.settings import NodeSettings


class Dated(NamedTuple):
    """A file of certificates.

    Attributes:
        kind: `tls`, `trust` or `signer`.
        path: The file.
        from_s: When the last of them begins to hold, UTC seconds.
        until_s: When the first of them ends.
    """

    kind: str
    path: Path
    from_s: float
    until_s: float


def certificate_dates(settings: NodeSettings) -> list[Dated]:
    """Return the dates of all certificates a node is told of.

    Raises:
        ConfigError: "node-certificate": a file cannot be read, or is no certificate.
    """
    return list(starmap(_dated, _files(settings)))


def earliest(dates: list[Dated]) -> dict[str, float]:
    """Return when the first certificate of each kind ends."""
    return {
        kind: min(one.until_s for one in dates if one.kind == kind)
        for kind in sorted({one.kind for one in dates})
    }


def _files(settings: NodeSettings) -> Iterator[tuple[str, Path]]:
    if settings.listen.certificate is not None:
        yield "tls", settings.listen.certificate
    for trusted in settings.trust:
        yield "trust", trusted.file
    for signer in settings.certificates:
        yield "signer", signer.file


def _dated(kind: str, path: Path) -> Dated:
    data = read_bytes(path, code="node-certificate", what="The certificate")
    try:
        found = x509.load_pem_x509_certificates(data)
    except ValueError:
        raise ConfigError(
            "node-certificate",
            f"{path} holds no certificate in PEM.",
            advice="Give the file that begins with BEGIN CERTIFICATE.",
        ) from None
    return Dated(
        kind,
        path,
        max(one.not_valid_before_utc.timestamp() for one in found),
        min(one.not_valid_after_utc.timestamp() for one in found),
    )
