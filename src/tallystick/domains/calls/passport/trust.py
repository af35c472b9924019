"""Whom we believe, country by country.

Source: spec/passport.md, "Trust lists".
"""

from dataclasses import dataclass

from cryptography import x509

from tallystick.model.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustList:
    """The anchors of one partner country.

    Attributes:
        country: Name of the list, such as "BY".
        anchors: Certificates at which a chain may end.
        codes: Digits with which calling numbers vouched for by these anchors begin,
            such as "375"; empty: any.
        providers: Service provider codes admitted; empty: any.
    """

    country: str
    anchors: tuple[x509.Certificate, ...]
    codes: tuple[str, ...] = ()
    providers: frozenset[str] = frozenset()


def load_trust_list(
    country: str,
    pem: bytes,
    *,
    codes: tuple[str, ...] = (),
    providers: frozenset[str] = frozenset(),
) -> TrustList:
    """Read the anchors of a country.

    Raises:
        ConfigError: The bytes hold no certificate, or a code is not digits.
    """
    if not all(code.isascii() and code.isdigit() for code in codes):
        raise ConfigError(
            "trust-codes",
            f"The trust list of {country} has a country code that is not digits.",
            advice="Write codes without + and spaces.",
        )
    try:
        anchors = tuple(x509.load_pem_x509_certificates(pem))
    except ValueError:
        raise ConfigError(
            "trust-anchors",
            f"The trust list of {country} holds no certificate that can be read; "
            "nothing of it was taken.",
            advice="Give the anchors as PEM certificates, one after the other.",
        ) from None
    return TrustList(country=country, anchors=anchors, codes=codes, providers=providers)
