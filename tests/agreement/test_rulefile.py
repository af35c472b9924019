"""Rule files: what is read, and what is refused with its place."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.agreement import parse_rules
from tallystick.agreement.rulefile import BYTES_LIMIT, RULES_LIMIT
from tallystick.model import ConfigError, RefusedError

HEAD = 'format = "tallystick-rules/1"\nname = "x"\nversion = 3\n'
RULE = '[[rules]]\nid = "a"\naction = "log"\nmode = "live"\n'
NUMBER = "375291234567"


def test_a_rule_file_is_read():
    """Name, version, facts, action, mode and confidence."""
    table = parse_rules(
        HEAD
        + '[[rules]]\nid = "a"\naction = "mask"\nmode = "dry-run"\nconfidence = 0.9\n'
        'when = { half = ["no_departure"] }\nunless = { identity = ["valid"] }\n'
    )
    (rule,) = table.rules
    assert (table.name, table.version) == ("x", 3)
    assert rule.when == {"half": {"no_departure"}}
    assert rule.unless == {"identity": {"valid"}}
    assert (rule.action, rule.mode, rule.confidence) == ("mask", "dry-run", 0.9)


BAD = {
    "no TOML": ("= =", "rules-file", ""),
    "long": ("#" * (BYTES_LIMIT + 1), "rules-file", ""),
    "nested": ("a = " + "[" * 5_000, "rules-file", ""),
    "long number": ("a = " + "9" * 5_000, "rules-file", ""),
    "no format": ("name = 1", "rules-version", "$.format"),
    "other format": ('format = "tallystick-rules/2"', "rules-version", "$.format"),
    "key": (f"{HEAD}x{NUMBER} = 1", "rules-key", "$ has"),
    "name": (HEAD.replace('"x"', f'"{NUMBER}"'), "rules-value", "$.name"),
    "version": (HEAD.replace("3", "0"), "rules-value", "$.version"),
    "rules": (HEAD + "rules = 3", "rules-value", "$.rules"),
    "many": (HEAD + RULE * (RULES_LIMIT + 1), "rules-value", "$.rules"),
    "twice": (HEAD + RULE * 2, "rules-value", "same id"),
    "a rule": (HEAD + "rules = [3]", "rules-value", "$.rules[0]"),
    "rule key": (f"{HEAD}{RULE}x = 1", "rules-key", "$.rules[0]"),
    "action": (HEAD + RULE.replace("log", NUMBER), "rules-value", "$.rules[0].action"),
    "mode": (HEAD + RULE.replace("live", "x"), "rules-value", "$.rules[0].mode"),
    "fact": (
        HEAD + RULE + 'when = { colour = ["red"] }',
        "rules-key",
        "$.rules[0].when",
    ),
    "word": (
        HEAD + RULE + f'when = {{ half = ["{NUMBER}"] }}',
        "rules-value",
        "$.rules[0].when.half",
    ),
    "no words": (
        HEAD + RULE + "when = { half = [] }",
        "rules-value",
        "$.rules[0].when.half",
    ),
    "confidence": (
        HEAD + RULE + "confidence = 2",
        "rules-value",
        "$.rules[0].confidence",
    ),
}


@pytest.mark.parametrize(("text", "code", "place"), BAD.values(), ids=BAD)
def test_what_is_no_rule_file_is_refused_with_its_place(text, code, place):
    """The error names the place and never repeats what stands there."""
    with pytest.raises(ConfigError) as caught:
        parse_rules(text)
    assert caught.value.code == code
    assert place in str(caught.value)
    assert NUMBER not in str(caught.value)


LAWLESS = {
    "everybody": ("", "rule-groundless"),
    "the unsigned": ('when = { identity = ["none"] }', "rule-groundless"),
    "a whole country": ('when = { origin = ["third"] }', "rule-groundless"),
    "those without number": ('when = { number = ["absent"] }', "rule-groundless"),
    "the unproven": ('when = { half = ["unproven"] }', "rule-groundless"),
    "the missing and the unproven": (
        'when = { half = ["no_departure", "unproven"] }',
        "rule-groundless",
    ),
    "own numbers unless paired": (
        'when = { origin = ["own"] }\nunless = { half = ["paired"] }',
        "rule-unproven",
    ),
    "suspects that are unproven": (
        'when = { half = ["unproven"], listed = ["suspect"] }',
        "rule-unproven",
    ),
}


@pytest.mark.parametrize(("facts", "code"), LAWLESS.values(), ids=LAWLESS)
def test_rules_against_the_laws_are_refused(facts, code):
    """No two parties can sign a rule that acts on silence or on want of proof."""
    with pytest.raises(RefusedError) as caught:
        parse_rules(HEAD + RULE.replace("log", "reject") + facts)
    assert caught.value.code == code
    parse_rules(HEAD + RULE + facts)  # to log is nobody's harm


@pytest.mark.property
@given(st.text() | st.text(alphabet='[]{}="#.,\n abrulesid0').map(HEAD.__add__))
def test_no_text_raises_anything_else(text):
    """Whatever the file holds, the errors are our own."""
    with suppress(ConfigError, RefusedError):
        parse_rules(text)
