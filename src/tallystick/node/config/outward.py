"""Settings of what a node asks of others, and of what it is told of numbers."""

from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tallystick.domains.calls.passport import Places

_LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}


def _is_place(url: str) -> str:
    if not Places().accept(url):
        raise ValueError("is not a place that may be fetched from")
    return url


def _is_guarded(url: str) -> str:
    parts = urlsplit(url)
    guarded = parts.scheme == "https" or parts.hostname in _LOOPBACK
    if not guarded or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must begin with https://, as numbers go there")
    return url.rstrip("/")


Host = Annotated[str, Field(pattern=r"^[a-z0-9_-]+(\.[a-z0-9_-]+)+$", max_length=253)]
Place = Annotated[str, AfterValidator(_is_place)]
Guarded = Annotated[str, AfterValidator(_is_guarded)]


class Section(BaseModel):
    """A table of the settings file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def below(self, folder: Path) -> Self:
        """Return the section with its paths from a folder."""
        here = {name: getattr(self, name) for name in type(self).model_fields}
        paths: dict[str, object] = {
            name: folder / value
            for name, value in here.items()
            if isinstance(value, Path)
        }
        paths |= {
            name: value.below(folder)
            for name, value in here.items()
            if isinstance(value, Section)
        }
        return self.model_copy(update=paths)


class Proof(Section):
    """The log that the node serves, and the peer's that it watches."""

    listen: str = Field(
        pattern=r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$",
        description="Where, apart from the switches: host:port.",
    )
    log: Path | None = Field(
        default=None,
        description="Folder of the own log: served read-only, kept by the office.",
    )
    peer_witness: str = Field(
        default="",
        pattern=r"^(https?://[^\s?#]+)?$",
        description="URL of the peer's witness, which cosigns the own log.",
    )
    witness: Path | None = Field(
        default=None, description="Where it remembers what it cosigned for the peer."
    )
    peer_log: str | None = Field(
        default=None, description="Origin of the peer's log, if not by its key."
    )


class Fetch(Section):
    """Whether signers' certificates are fetched, between calls."""

    enabled: bool = Field(
        default=False, description="Whether anything is fetched at all."
    )
    hosts: tuple[Host, ...] = Field(
        default=(),
        description="From where alone, with those of `trust`; empty: any public host.",
    )
    authorities: Path | None = Field(
        default=None,
        description="Who may vouch for them, PEM; else whom the system believes.",
    )
    revocation_lists: tuple[Place, ...] = Field(
        default=(), description="URLs of revocation lists, beside those named."
    )


class Roaming(Section):
    """The home network's CAMARA Device Roaming Status, for own numbers."""

    url: Guarded = Field(description="The API, up to and without `/retrieve`.")
    token_url: Guarded = Field(description="Where access tokens are had (OAuth 2).")
    client_id: str = Field(min_length=1, max_length=256, description="Of this node.")
    client_secret_file: Path = Field(description="The client's secret, one line.")
    authorities: Path | None = Field(
        default=None, description="Who may vouch for both, PEM; else the system's."
    )
    max_age_s: int = Field(
        default=3_600,
        ge=1,
        le=86_400,
        description="How old the network's knowledge may be; older is `stale`.",
    )
    keep_s: int = Field(
        default=60, ge=0, le=3_600, description="How long an answer is used again."
    )
    wait_ms: int = Field(
        default=150, ge=0, le=400, description="How long a call may wait for it."
    )


class AgreedList(Section):
    """A list of trunks, carriers or numbers on which both sides agreed."""

    name: str = Field(min_length=1, max_length=64, description="For people.")
    meaning: Literal["trusted", "suspect"] = Field(description="Of whom it names.")
    of: Literal["numbers", "trunks", "carriers"] = Field(
        default="numbers", description="What it names: calling numbers, or roads."
    )
    file: Path = Field(description="Ranges, or names, one a line.")
