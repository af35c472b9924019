"""Settings of what works for people beside a node: its office and its console."""

from pathlib import Path
from typing import Final, Self

from pydantic import Field, SecretStr, model_validator

from tallystick.node.config.outward import Section
from tallystick.node.config.sections import Address

_SQLITE: Final = "sqlite:///"


class Office(Section):
    """Where what the party says to its peer, and the peer to it, comes and goes."""

    store: SecretStr = Field(
        description="sqlite:///PATH or postgresql://USER@HOST/DATABASE."
    )
    listen: Address = Field(default="127.0.0.1:8460", description="The peer's office.")
    peer: str = Field(default="", description="The peer's office, https://HOST:PORT.")
    certificate: Path | None = Field(default=None, description="TLS, PEM.")
    certificate_key: Path | None = Field(default=None, description="Its key, PEM.")
    authorities: Path | None = Field(
        default=None, description="Who vouches for the peer's server, PEM."
    )
    days: str = Field(
        default="",
        description="Days of a case's steps where no agreement says: ask=14,answer=30.",
    )

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.certificate is None) != (self.certificate_key is None):
            raise ValueError("needs certificate and certificate_key, or neither")
        return self

    @property
    def pair(self) -> tuple[Path, Path] | None:
        """Certificate and key; None: the office listens without TLS."""
        if self.certificate is None or self.certificate_key is None:
            return None
        return self.certificate, self.certificate_key

    @property
    def url(self) -> str:
        """The store's URL, which may hold a password."""
        return self.store.get_secret_value()

    def below(self, folder: Path) -> Self:
        """Return the section with its paths, and that of its store, from a folder."""
        here = super().below(folder)
        if not self.url.startswith(_SQLITE):
            return here
        path = (folder / self.url.removeprefix(_SQLITE)).absolute()
        return here.model_copy(update={"store": SecretStr(f"{_SQLITE}{path}")})


class Oidc(Section):
    """An identity provider that lets people into the console (OpenID Connect)."""

    name: str = Field(
        default="OpenID Connect", max_length=40, description="As people call it."
    )
    issuer: str = Field(
        pattern="^https://[^?#]+$", description="Its URL, as it writes it itself."
    )
    client: str = Field(min_length=1, description="Our client id there.")
    secret_file: Path | None = Field(
        default=None, description="Our client secret; without it PKCE alone."
    )
    scopes: tuple[str, ...] = Field(
        default=("profile",), description="What is asked for beside openid."
    )
    name_claim: str = Field(
        default="preferred_username", description="What says the account's name."
    )
    role_claim: str = Field(
        default="groups", description="What says groups; dots lead into objects."
    )
    roles: dict[str, str] = Field(
        default={},
        description="A role for each group, the first that fits; without any, accounts"
        " are made beforehand.",
    )
    trunks_claim: str = Field(default="", description="What says an operator's trunks.")
    factors: tuple[str, ...] = Field(
        default=(), description="Words of amr that say: a second factor was asked for."
    )
    levels: tuple[str, ...] = Field(
        default=(), description="Values of acr that say so."
    )
    algorithms: tuple[str, ...] = Field(
        default=("ES256", "ES384", "PS256", "RS256"),
        description="How its ID tokens may be signed.",
    )
    authorities: Path | None = Field(
        default=None, description="Who vouches for its server, PEM."
    )


class Console(Section):
    """The web pages people work in."""

    listen: Address = Field(default="127.0.0.1:8443", description="Browsers.")
    address: str = Field(
        default="", description="What people type, if not https:// and `listen`."
    )
    certificate: Path | None = Field(default=None, description="TLS, PEM.")
    certificate_key: Path | None = Field(default=None, description="Its key, PEM.")
    secrets: Path | None = Field(
        default=None,
        description="The key that seals the secrets of authenticators; made where it"
        " is not there. Else beside the store, with .key behind its name.",
    )
    oidc: Oidc | None = None
    insecure_http: bool = Field(
        default=False, description="Without TLS; for demonstrations on this machine."
    )
    objections: bool = Field(
        default=True, description="Whether callers who were stopped may object here."
    )
    public: Address | None = Field(
        default=None, description="Where they do, apart from the pages of who signs in."
    )
    public_address: str = Field(
        default="", description="What they type, if not https:// and `public`."
    )

    @model_validator(mode="after")
    def _open(self) -> Self:
        if self.public is not None and not self.objections:
            raise ValueError("public is for objections, which are switched off")
        return self
