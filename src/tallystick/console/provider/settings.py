"""What a console is told of an identity provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tallystick.console.people.rights import ROLES
from tallystick.model import ConfigError

ALGORITHMS: Final = ("ES256", "ES384", "PS256", "RS256", "Ed25519", "EdDSA")
"""How ID tokens may be signed: by a key whose public half the provider shows. A
signature by the client's secret, and none, are no signatures here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """What a console is told of an identity provider.

    Attributes:
        name: What people call it.
        issuer: Its URL, as it writes it itself.
        client: As what the console is known there.
        secret: By what it proves that; empty: by PKCE alone.
        scopes: What is asked for, beside `openid`.
        name_claim: What says the name of an account.
        role_claim: What says somebody's groups there, dots leading into objects.
        roles: Which role goes with which group, the first that fits; empty: accounts
            are made beforehand.
        trunks_claim: What says an operator's trunks; empty: nobody becomes an operator
            by a group.
        factors: Words of `amr` that say that a second factor was asked for.
        levels: Values of `acr` that say so.
        algorithms: How ID tokens may be signed, of `ALGORITHMS`.
        authorities: Who may vouch for its server, PEM; None: whom this machine
            believes.
    """

    name: str
    issuer: str
    client: str
    secret: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ("profile",)
    name_claim: str = "preferred_username"
    role_claim: str = "groups"
    roles: Mapping[str, str] = field(default_factory=dict)
    trunks_claim: str = ""
    factors: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()
    algorithms: tuple[str, ...] = ALGORITHMS[:4]
    authorities: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what could let somebody in by mistake.

        Raises:
            ConfigError: "console-oidc".
        """
        wrong = next((said for said, fits in self._checks() if not fits), None)
        if wrong is not None:
            raise ConfigError(
                "console-oidc",
                f"The identity provider's settings cannot be used: {wrong}.",
                advice="See the page `Sign in by your identity provider`.",
            )

    def claims_wanted(self) -> tuple[str, ...]:
        """Return the claims that say who somebody is here."""
        wanted = (
            self.name_claim,
            self.role_claim if self.roles else "",
            self.trunks_claim if "operator" in self.roles.values() else "",
        )
        return tuple(one for one in wanted if one)

    def _checks(self) -> tuple[tuple[str, bool], ...]:
        roles = set(self.roles.values())
        return (
            ("issuer is no https:// address", self.issuer.startswith("https://")),
            ("client is missing", bool(self.client)),
            ("roles names one that there is not", roles <= set(ROLES)),
            (
                "roles makes operators, which needs trunks_claim",
                "operator" not in roles or bool(self.trunks_claim),
            ),
            (
                f"algorithms are some of {', '.join(ALGORITHMS)}",
                bool(self.algorithms) and set(self.algorithms) <= set(ALGORITHMS),
            ),
        )
