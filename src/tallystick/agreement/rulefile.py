"""The decision table as TOML.

Source: spec/verdict.md, "The rule file".
"""

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Final, NoReturn, cast

from tallystick.agreement.evidence import FACTS
from tallystick.agreement.rule import ACTIONS, MODES, Action, Mode, Rule, RuleTable
from tallystick.model import ConfigError

FORMAT: Final = "tallystick-rules/1"
RULES_LIMIT: Final = 256
BYTES_LIMIT: Final = 262_144

_KEYS: Final = frozenset({"format", "name", "version", "rules"})
_RULE_KEYS: Final = frozenset({"id", "when", "unless", "action", "mode", "confidence"})
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")


def default_rules() -> RuleTable:
    """Return the table that is shipped: whatever would touch a call is a dry run."""
    source = files("tallystick.agreement") / "default.toml"
    return parse_rules(source.read_text(encoding="utf-8"), origin="The default table")


def parse_rules(text: str, *, origin: str = "The rule file") -> RuleTable:
    """Read a decision table.

    Args:
        text: The file's text.
        origin: How to name it in errors.

    What is no such table is refused with ConfigError ("rules-file", "rules-version",
    "rules-key" or "rules-value"), which names the place; a rule that a law forbids,
    as in `Rule`.
    """
    content = _table(text, origin)
    if content.get("format") != FORMAT:
        _refuse(
            code="rules-version", origin=origin, what=f'$.format must be "{FORMAT}"'
        )
    _only(content, _KEYS, origin, "$")
    version, rules = content.get("version"), content.get("rules", [])
    if type(version) is not int or version < 1:
        _refuse(
            code="rules-value",
            origin=origin,
            what="$.version must be a whole number from 1",
        )
    if not isinstance(rules, list) or len(rules) > RULES_LIMIT:
        _refuse(
            code="rules-value",
            origin=origin,
            what=f"$.rules must be a list of at most {RULES_LIMIT} tables",
        )
    parsed = [_rule(one, origin, f"$.rules[{i}]") for i, one in enumerate(rules)]
    if len({rule.id for rule in parsed}) < len(parsed):
        _refuse(
            code="rules-value", origin=origin, what="two of $.rules have the same id"
        )
    name = _name(content.get("name"), origin, "$.name")
    return RuleTable(name=name, version=version, rules=tuple(parsed))


def _table(text: str, origin: str) -> dict[str, object]:
    if len(text) > BYTES_LIMIT:
        _refuse(
            code="rules-file",
            origin=origin,
            what=f"it is longer than {BYTES_LIMIT} characters",
        )
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):  # also of a number too long for one
        _refuse(code="rules-file", origin=origin, what="it is not TOML")


def _rule(one: object, origin: str, where: str) -> Rule:
    if not isinstance(one, dict):
        _refuse(code="rules-value", origin=origin, what=f"{where} must be a table")
    _only(one, _RULE_KEYS, origin, where)
    confidence = one.get("confidence")
    if confidence is not None and not _is_share(confidence):
        _refuse(
            code="rules-value",
            origin=origin,
            what=f"{where}.confidence must lie between 0 and 1",
        )
    return Rule(
        id=_name(one.get("id"), origin, f"{where}.id"),
        when=_words(one.get("when", {}), origin, f"{where}.when"),
        unless=_words(one.get("unless", {}), origin, f"{where}.unless"),
        action=cast("Action", _one_of(ACTIONS, one, "action", origin, where)),
        mode=cast("Mode", _one_of(MODES, one, "mode", origin, where)),
        confidence=cast("float | None", confidence),
    )


def _words(value: object, origin: str, where: str) -> Mapping[str, frozenset[str]]:
    if not isinstance(value, dict):
        _refuse(
            code="rules-value", origin=origin, what=f"{where} must be a table of facts"
        )
    _only(value, frozenset(FACTS), origin, where)
    result: dict[str, frozenset[str]] = {}
    for fact, words in value.items():
        allowed = FACTS[fact]
        if (
            not isinstance(words, list)
            or not words
            or any(word not in allowed for word in words)
        ):
            _refuse(
                code="rules-value",
                origin=origin,
                what=f"{where}.{fact} must be a list of one or more of "
                f"{', '.join(allowed)}",
            )
        result[fact] = frozenset(words)
    return result


def _one_of(
    allowed: tuple[str, ...],
    one: Mapping[str, object],
    key: str,
    origin: str,
    where: str,
) -> str:
    value = one.get(key)
    if not isinstance(value, str) or value not in allowed:
        _refuse(
            code="rules-value",
            origin=origin,
            what=f"{where}.{key} must be one of {', '.join(allowed)}",
        )
    return value


def _name(value: object, origin: str, where: str) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        _refuse(
            code="rules-value",
            origin=origin,
            what=f"{where} must be a name of lower-case letters, digits and dashes",
        )
    return value


def _is_share(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 0 <= value <= 1
    )


def _only(
    table: Mapping[str, object], known: frozenset[str], origin: str, where: str
) -> None:
    """Refuse keys that are not known."""
    unknown = set(table) - known
    if unknown:
        # The key itself is not repeated: a number may have been pasted there.
        _refuse(
            code="rules-key",
            origin=origin,
            what=f"{where} has a key that is not known; known are "
            f"{', '.join(sorted(known))}",
        )


def _refuse(*, code: str, origin: str, what: str) -> NoReturn:
    raise ConfigError(
        code,
        f"{origin} cannot be used: {what}.",
        advice="See spec/verdict.md, The rule file. The rules before it stay in force.",
    )
