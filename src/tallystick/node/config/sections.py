"""The tables of a settings file: each value, its bounds, and what it means."""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from tallystick.node.config.outward import Host

_ADDRESS: Final = r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$"
MAX_PORT: Final = 65_535


def _has_port(address: str) -> str:
    if int(address.rpartition(":")[2]) > MAX_PORT:
        raise ValueError(f"has a port above {MAX_PORT}")
    return address


Address = Annotated[
    str,
    Field(pattern=_ADDRESS, description="host:port"),
    AfterValidator(_has_port),
]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Keys(_Section):
    """Files of keys and of what was agreed; paths from the settings file's folder."""

    own: Path = Field(description="The private key file of `tally keys new`.")
    terms: Path = Field(description="The channel's terms, signed by both parties.")
    next_terms: Path | None = Field(
        default=None, description="Terms that follow; taken when they begin."
    )


class Listen(_Section):
    """Where the node listens; a door that is not named stays shut."""

    http: Address | None = Field(
        default="127.0.0.1:8080", description="Switches, by HTTP."
    )
    sip: Address | None = Field(default=None, description="Switches, by SIP.")
    sips: Address | None = Field(default=None, description="Switches, by SIP on TLS.")
    sip_certificate: Path | None = Field(
        default=None, description="TLS to switches, PEM; else `certificate`."
    )
    sip_certificate_key: Path | None = Field(default=None, description="Its key, PEM.")
    sip_client_ca: Path | None = Field(
        default=None, description="Who signs certificates of switches, PEM."
    )
    hep: Address | None = Field(default=None, description="Captures of SIP, by HEP.")
    channel: Address | None = Field(default=None, description="The peer.")
    certificate: Path | None = Field(default=None, description="TLS to the peer, PEM.")
    certificate_key: Path | None = Field(default=None, description="Its key, PEM.")

    @model_validator(mode="after")
    def _both(self) -> "Listen":
        if (self.certificate is None) != (self.certificate_key is None):
            raise ValueError("needs certificate and certificate_key, or neither")
        if (self.sip_certificate is None) != (self.sip_certificate_key is None):
            raise ValueError(
                "needs sip_certificate and sip_certificate_key, or neither"
            )
        if self.sips is not None and self.sip_pair is None:
            raise ValueError(
                "has sips, and needs sip_certificate and sip_certificate_key for it"
            )
        return self

    @property
    def sip_pair(self) -> tuple[Path, Path] | None:
        """Certificate and key that switches are shown."""
        for pair in (
            (self.sip_certificate, self.sip_certificate_key),
            (self.certificate, self.certificate_key),
        ):
            if pair[0] is not None and pair[1] is not None:
                return pair[0], pair[1]
        return None


class Switch(_Section):
    """A switch that asks by SIP, or several that are alike."""

    name: str = Field(min_length=1, max_length=64, description="For metrics.")
    networks: tuple[str, ...] = Field(
        min_length=1, description="From where it asks, as 192.0.2.0/28."
    )
    side: Literal["departures", "arrivals"] = Field(
        description="Whether it sends calls abroad or receives them."
    )
    dialect: Literal["redirect", "next-route", "reason"] = Field(
        default="redirect", description="How it wants to be answered."
    )
    go_on_status: Literal[404, 503] = Field(
        default=404, description="What `next-route` answers for: go on."
    )
    contact: str = Field(default="", description="Where a 302 sends the call.")
    trunk: str = Field(default="", description="Of its calls that name none.")
    carrier: str = Field(default="", description="Of its calls.")
    trusts_priority: bool = Field(
        default=False,
        description="Whether its Resource-Priority and Priority can be believed.",
    )
    certificate_names: tuple[str, ...] = Field(
        default=(), description="Names of which its TLS certificate has one."
    )
    refusal: Literal["603", "603+", "608"] = Field(
        default="603", description="How `redirect` and `next-route` reject."
    )
    divert_to: str = Field(
        default="", description="Where `divert` sends a call, as sip:desk@192.0.2.8."
    )
    label: str = Field(
        default="Unverified caller",
        max_length=64,
        description="What `label` shows as the caller's name.",
    )
    embeds_headers: bool = Field(
        default=False, description="Whether it wants headers inside a 302's Contact."
    )


class Redress(_Section):
    """Where somebody turns whose call was refused by mistake."""

    name: str = Field(
        default="Refused calls",
        min_length=1,
        max_length=128,
        description="Its desk.",
    )
    url: str = Field(
        default="",
        max_length=256,
        description="A page, https; {reference} in it stands for the call's.",
    )
    email: str = Field(default="", max_length=256, description="An address.")
    tel: str = Field(default="", max_length=32, description="A number, as +375….")
    location: Literal["LN", "TN", "LPN", "RPN", "RLN"] = Field(
        default="LN", description="Who refuses, as a 603+ says it."
    )
    card: str = Field(
        default="",
        max_length=256,
        description="Where callers fetch the signed card of a 608, https; with"
        " ?reference={reference} each gets a card of its own.",
    )
    key: Path | None = Field(default=None, description="Signs the card, P-256, PEM.")
    certificate: str = Field(
        default="", max_length=256, description="URL of that key's certificate."
    )

    @model_validator(mode="after")
    def _whole(self) -> "Redress":
        if not (self.url or self.email or self.tel):
            raise ValueError("needs one of url, email and tel")
        parts = (self.card, self.key, self.certificate)
        if any(parts) and not all(parts):
            raise ValueError("needs card, key and certificate, or none of them")
        return self


class Capture(_Section):
    """What is watched by captures, and who may send them."""

    name: str = Field(min_length=1, max_length=64, description="For metrics.")
    networks: tuple[str, ...] = Field(
        min_length=1, description="From where captures come, as 192.0.2.0/28."
    )
    trunks: tuple[str, ...] = Field(
        min_length=1, description="The far ends of trunks that cross the border."
    )
    side: Literal["departures", "arrivals", "both"] = Field(
        default="both", description="Which calls on these trunks are watched."
    )
    trunk: str = Field(default="", description="Of its calls.")
    carrier: str = Field(default="", description="Of its calls.")
    key: Path | None = Field(
        default=None, description="A file with the word that captures must carry."
    )


class Trust(_Section):
    """Whose signatures are believed, for which numbers."""

    country: str = Field(pattern="^[A-Z]{2}$", description="ISO 3166.")
    file: Path = Field(description="Its anchors, PEM.")
    codes: tuple[str, ...] = Field(
        default=(), description="First digits of numbers it may vouch for."
    )
    hosts: tuple[Host, ...] = Field(
        default=(), description="From where its certificates are fetched."
    )


class Certificate(_Section):
    """A signer's certificate, fetched beforehand."""

    url: str = Field(description="As it stands in `info`.")
    file: Path = Field(description="The chain, PEM, signer first.")


class Peer(_Section):
    """Where the peer's departures come from."""

    address: Address | None = Field(
        default=None, description="The peer's `listen.channel`."
    )
    addresses: tuple[Address, ...] = Field(
        default=(), description="The same of several nodes, tried in turn."
    )
    tls: bool = Field(default=False, description="Whether the peer listens with TLS.")

    @model_validator(mode="after")
    def _somewhere(self) -> "Peer":
        if bool(self.address) == bool(self.addresses):
            raise ValueError("needs either address or addresses")
        return self

    @property
    def places(self) -> tuple[str, ...]:
        """Where the peer's nodes are, in the order in which they are tried."""
        return (self.address,) if self.address else self.addresses


MemberName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,24}$")]


class Sharing(_Section):
    """How this node works together with others of its party."""

    name: MemberName = Field(description="Its own name among them.")
    members: tuple[MemberName, ...] = Field(
        min_length=1,
        max_length=16,
        description="Names of all; without any of them nothing is promised.",
    )
    store: SecretStr = Field(
        description="Where they meet, as redis://:password@192.0.2.1:6379/0."
    )
    failover_ms: int = Field(
        default=0,
        ge=0,
        le=600_000,
        description="After what silence every switch asks another node; 0: never.",
    )

    @model_validator(mode="after")
    def _known(self) -> "Sharing":
        if self.name not in self.members or len({*self.members}) < len(self.members):
            raise ValueError("needs its own name among members, each of them once")
        return self


class Stir(_Section):
    """How switches that speak STIR/SHAKEN by HTTP are answered."""

    form: Literal["atis", "3gpp"] = Field(
        default="atis", description="Of requests that do not show which they have."
    )
    attestation_suffix: bool = Field(
        default=False, description="Whether verstat ends with -A, -B or -C."
    )
    asks: bool = Field(
        default=False, description="Whether a verification asks for the other half."
    )
    tells: bool = Field(
        default=False, description="Whether a signed call is told as a departure."
    )


class Signing(_Section):
    """With what calls are signed, and what is vouched for."""

    key: Path = Field(description="The private key, PEM, ECDSA on P-256.")
    certificate_url: str = Field(description="Where verifiers find the chain.")
    highest: Literal["A", "B", "C"] = Field(
        default="A", description="The highest attestation given."
    )
    codes: tuple[str, ...] = Field(
        default=(), description="First digits of own numbers; others get C."
    )


class National(_Section):
    """The pair of doors of a national verification node."""

    enabled: bool = Field(default=False, description="Whether they are open.")


class Numbers(_Section):
    """How the switch writes numbers."""

    own: str = Field(pattern="^[A-Z]{2}$", description="Own country, ISO 3166.")
    peer: str = Field(pattern="^[A-Z]{2}$", description="The peer's country.")
    file: Path | None = Field(default=None, description="As for `tally pair`.")
    do_not_originate: Path | None = Field(
        default=None, description="Ranges of numbers that never call."
    )
    unallocated: Path | None = Field(
        default=None, description="Ranges nobody has been given, beyond the plan's."
    )
    special: Path | None = Field(
        default=None, description="Ranges of services that never call."
    )
    emergency: tuple[Annotated[str, Field(pattern=r"^[0-9]{2,6}$")], ...] = Field(
        default=(), description="Emergency numbers beyond those of the plan."
    )

    @model_validator(mode="after")
    def _border(self) -> "Numbers":
        if self.own == self.peer:
            raise ValueError("names one country twice: no call would cross a border")
        return self


class Limits(_Section):
    """What bounds a verdict and the memory behind it."""

    deadline_ms: int = Field(default=450, ge=50, le=450, description="Of a verdict.")
    departures: int = Field(
        default=2_000_000,
        ge=1_000,
        le=50_000_000,
        description="Peer's departures in memory.",
    )
    verdicts_mb: int = Field(
        default=512, ge=8, le=1 << 20, description="Kept verdicts; the oldest go first."
    )
