"""What a node is told: a file, the environment, the command line.

Of several that say the same, the command line counts before the environment, and that
before the file. Whatever is unknown or contradicts itself is explained before the node
starts; nothing is guessed.
"""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.exceptions import SettingsError

from tallystick.model import ConfigError
from tallystick.node.config.files import read_text
from tallystick.node.config.outward import AgreedList, Fetch, Host, Roaming

PREFIX: Final = "TALLY_NODE_"
_ADDRESS: Final = r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$"

MAX_PORT: Final = 65_535
_EXAMPLE: Final = (
    "The page `Run a node beside your switch` has an example of each value."
)


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
    url: str = Field(default="", max_length=256, description="A page, https.")
    email: str = Field(default="", max_length=256, description="An address.")
    tel: str = Field(default="", max_length=32, description="A number, as +375….")
    location: Literal["LN", "TN", "LPN", "RPN", "RLN"] = Field(
        default="LN", description="Who refuses, as a 603+ says it."
    )
    card: str = Field(
        default="",
        max_length=256,
        description="Where callers fetch the signed card of a 608, https.",
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


class NodeSettings(BaseSettings):
    """All that a node is told."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    party: str = Field(min_length=1, max_length=32, description="Its own name.")
    keys: Keys
    listen: Listen = Listen()
    peer: Peer | None = None
    switches: tuple[Switch, ...] = ()
    captures: tuple[Capture, ...] = ()
    redress: Redress | None = None
    trust: tuple[Trust, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    fetch: Fetch = Fetch()
    stir: Stir = Stir()
    signing: Signing | None = None
    national: National = National()
    numbers: Numbers
    lists: tuple[AgreedList, ...] = ()
    roaming: Roaming | None = None
    rules: Path | None = Field(
        default=None, description="Decision tables; else the default."
    )
    every_arrival: bool = Field(
        default=False,
        description="Whether this node alone is asked about every call that arrives;"
        " only then an answered departure that never came is noted.",
    )
    folder: Path = Field(default=Path("node"), description="Verdicts and state.")
    workers: int = Field(
        default=1, ge=1, le=16, description="Processes that share the work."
    )
    cluster: Sharing | None = None
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _agrees(self) -> "NodeSettings":
        named = any(one.certificate_names for one in self.switches)
        if named and (self.listen.sips is None or self.listen.sip_client_ca is None):
            raise ValueError(
                "a switch has certificate_names, which needs listen.sips and"
                " listen.sip_client_ca"
            )
        if bool(self.captures) != (self.listen.hep is not None):
            raise ValueError("captures need listen.hep, and listen.hep needs captures")
        needs = {one.refusal for one in self.switches} - {"603"}
        if needs and self.redress is None:
            raise ValueError(f"a switch refuses with {min(needs)}, which needs redress")
        if "608" in needs and self.redress is not None and not self.redress.card:
            raise ValueError("a switch refuses with 608, which needs redress.card")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what `load_settings` gives, in the order it gives it, and no more."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and where each came from.

    Attributes:
        settings: With paths made whole.
        origins: For each value in force, by its dotted name: `flag`, `environment`,
            `file` or `default`.
    """

    settings: NodeSettings
    origins: dict[str, str]


def load_settings(path: Path, flags: dict[str, Any] | None = None) -> Loaded:
    """Read a settings file, and what outweighs it.

    Args:
        path: A TOML file.
        flags: What the command line said, nested as in the file.

    Raises:
        ConfigError: "node-settings": the file is not there or is no TOML, or a value
            is missing, unknown or of the wrong kind; every mistake is named.
    """
    layers = {
        "flag": InitSettingsSource(NodeSettings, flags or {})(),
        "environment": _environment(),
        "file": _read(path),
    }
    told: dict[str, Any] = {}
    for layer in reversed(layers.values()):
        told = _over(told, layer)
    try:
        settings = NodeSettings(**told)
    except ValidationError as error:
        raise ConfigError(
            "node-settings",
            f"The settings cannot be used. {_explained(error, layers, path)}",
            advice=_EXAMPLE,
        ) from None
    origins = {
        name: next((o for o, layer in layers.items() if _holds(layer, name)), "default")
        for name in _names(settings)
    }
    return Loaded(_whole(settings, path.parent), origins)


def meanings() -> dict[str, str]:
    """Return what each value means, by its dotted name."""
    return _meanings(NodeSettings)


def _meanings(model: type[BaseModel], above: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, field in model.model_fields.items():
        kinds = getattr(field.annotation, "__args__", (field.annotation,))
        section = next(
            (k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None
        )
        if section is None:
            found[f"{above}{name}"] = field.description or ""
        else:
            found |= _meanings(section, f"{above}{name}.")
    return found


def _environment() -> dict[str, Any]:
    """Return what the environment says.

    Raises:
        ConfigError: "node-settings": a variable is not known, or is no JSON where
            it must be.
    """
    for name in os.environ:
        if name.startswith(PREFIX):
            first = name.removeprefix(PREFIX).partition("__")[0].lower()
            if first not in NodeSettings.model_fields:
                raise ConfigError(
                    "node-settings",
                    f"The variable {name} is not known; is it a slip of the pen?",
                    advice="`tally node config show` lists every value.",
                )
    try:
        return EnvSettingsSource(NodeSettings)()
    except SettingsError as error:
        raise ConfigError(
            "node-settings",
            f"The environment cannot be read: {error}.",
            advice="Lists are written as JSON, or better in the settings file.",
        ) from None


def _read(path: Path) -> dict[str, Any]:
    text = read_text(path, code="node-settings", what="The settings", advice=_EXAMPLE)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            "node-settings", f"{path} is not TOML: {error}.", advice=_EXAMPLE
        ) from None


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Lay one layer of nested values over another."""
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        if isinstance(value, dict) and isinstance(under, dict):
            merged[name] = _over(under, value)
        else:
            merged[name] = value
    return merged


def _holds(layer: dict[str, Any], name: str) -> bool:
    """Tell whether a layer says something of a dotted name."""
    value: Any = layer
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            return False
        value = value[part]
    return True


def _names(model: BaseModel, above: str = "") -> list[str]:
    """Return the dotted names of all values in force."""
    names = []
    for name in type(model).model_fields:
        value = getattr(model, name)
        names += (
            _names(value, f"{above}{name}.")
            if isinstance(value, BaseModel)
            else [f"{above}{name}"]
        )
    return names


def _whole(settings: NodeSettings, folder: Path) -> NodeSettings:
    """Return the settings with paths from the folder of the settings file."""

    def whole(path: Path | None) -> Path | None:
        return None if path is None else folder / path

    keys = {name: whole(getattr(settings.keys, name)) for name in Keys.model_fields}
    listen = {
        name: whole(getattr(settings.listen, name))
        for name in (
            *("certificate", "certificate_key"),
            *("sip_certificate", "sip_certificate_key", "sip_client_ca"),
        )
    }
    captures = tuple(
        one.model_copy(update={"key": whole(one.key)}) for one in settings.captures
    )
    redress = settings.redress
    if redress is not None:
        redress = redress.model_copy(update={"key": whole(redress.key)})
    files = {
        name: tuple(
            one.model_copy(update={"file": folder / one.file})
            for one in getattr(settings, name)
        )
        for name in ("trust", "certificates", "lists")
    }
    numbers = {
        name: whole(getattr(settings.numbers, name))
        for name in ("file", "do_not_originate", "unallocated", "special")
    }
    roaming = settings.roaming
    signing = settings.signing
    if signing is not None:
        signing = signing.model_copy(update={"key": folder / signing.key})
    return settings.model_copy(
        update={
            "keys": settings.keys.model_copy(update=keys),
            "listen": settings.listen.model_copy(update=listen),
            "numbers": settings.numbers.model_copy(update=numbers),
            "signing": signing,
            "rules": whole(settings.rules),
            "captures": captures,
            "redress": redress,
            "folder": folder / settings.folder,
            "fetch": settings.fetch.below(folder),
            "roaming": None if roaming is None else roaming.below(folder),
            **files,
        }
    )


def _explained(
    error: ValidationError, layers: dict[str, dict[str, Any]], path: Path
) -> str:
    """Say every mistake in a sentence, and where it stands."""
    places = {"flag": "the command line", "file": str(path)}
    lines = []
    for one in error.errors(include_url=False, include_input=False):
        name = ".".join(str(part) for part in one["loc"]) or "settings"
        origin = next((o for o, layer in layers.items() if _holds(layer, name)), "file")
        variable = f"the environment, {PREFIX}{name.upper().replace('.', '__')}"
        place = places.get(origin, variable)
        said = _said(one["type"], one["msg"])
        lines.append(f"{name} ({place}): {said}{'' if said.endswith('?') else '.'}")
    return " ".join(lines)


def _said(kind: str, message: str) -> str:
    """Return a mistake in plain words."""
    plain = {
        "missing": "is needed and is not there",
        "extra_forbidden": "is not known; is it a slip of the pen?",
        "string_pattern_mismatch": "does not have the form that is needed: host:port"
        " for an address, two capital letters for a country",
    }
    message = message.removeprefix("Value error, ")
    return plain.get(kind, message[:1].lower() + message[1:])
