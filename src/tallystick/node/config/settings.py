"""What a node is told: a file, the environment, the command line.

Of several that say the same, the command line counts before the environment, and that
before the file. Whatever is unknown or contradicts itself is explained before the node
starts; nothing is guessed.
"""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import (
    BaseModel,
    Field,
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
from tallystick.node.config.notify import Mail, Notify
from tallystick.node.config.outward import (
    AgreedList,
    Fetch,
    Proof,
    Roaming,
    Section,
)
from tallystick.node.config.people import Console, Office
from tallystick.node.config.sections import (
    Capture,
    Certificate,
    Keys,
    Limits,
    Listen,
    National,
    Numbers,
    Peer,
    Redress,
    Sharing,
    Signing,
    Stir,
    Switch,
    Trust,
)

PREFIX: Final = "TALLY_NODE_"
_BELOW: Final = ("proof", "office", "console", "mail", "fetch", "roaming")
"""Sections whose paths begin at the settings file's folder."""

_EXAMPLE: Final = (
    "The page `Run a node beside your switch` has an example of each value."
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
    proof: Proof | None = None
    office: Office | None = None
    console: Console | None = None
    notify: tuple[Notify, ...] = ()
    mail: Mail | None = None
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
    agreement: Path | None = Field(
        default=None,
        description="The book of the agreement with the peer; its rules count then.",
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
        if self.rules is not None and self.agreement is not None:
            raise ValueError("rules come from rules or from agreement, not from both")
        if bool(self.captures) != (self.listen.hep is not None):
            raise ValueError("captures need listen.hep, and listen.hep needs captures")
        needs = {one.refusal for one in self.switches} - {"603"}
        if needs and self.redress is None:
            raise ValueError(f"a switch refuses with {min(needs)}, which needs redress")
        if self.console is not None and self.office is None:
            raise ValueError("console shows what is in the store of office")
        if self.notify and self.office is None:
            raise ValueError("notify tells what is in the store of office")
        if self.mail is None and any(
            one.to.startswith("mailto:") for one in self.notify
        ):
            raise ValueError("notify names an e-mail address, which needs mail")
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

    def below(section: Section | None) -> Section | None:
        return None if section is None else section.below(folder)

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
            "agreement": whole(settings.agreement),
            "captures": captures,
            "redress": redress,
            **{name: below(getattr(settings, name)) for name in _BELOW},
            "notify": tuple(one.below(folder) for one in settings.notify),
            "folder": folder / settings.folder,
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
