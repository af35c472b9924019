"""The text of an agreement: one table makes parser, schema and draft."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tallystick.agreement import parse_rules
from tallystick.agreement.text import (
    AGREEMENT,
    STARTING,
    digest_of,
    json_schema,
    parse_text,
    read_text,
    starting_rules,
    tables,
)
from tallystick.agreement.text.kinds import Listed, Table
from tallystick.agreement.text.parse import TEXT_LIMIT
from tallystick.model import ConfigError

from .agreed import KEYS, live, text

SCHEMA = Draft202012Validator(json_schema())


def mistakes(made: str) -> list[str]:
    """Return place and sentence of each mistake."""
    value, found = read_text(made)
    assert (value is None) == bool(found)
    return [str(one) for one in found]


def plain(made: str) -> object:
    """Return a text's content as JSON has it: days as texts."""
    content = tomllib.loads(made)
    content["in_force_from"] = str(content["in_force_from"])
    return content


@pytest.mark.parametrize("start", STARTING)
def test_every_table_to_start_from_makes_a_draft_that_may_be_signed(start):
    """Each rule beyond `log` names its law and its budget, and begins as a dry run."""
    made = text().split("[[rules]]", maxsplit=1)[0] + starting_rules(start)
    value = parse_text(made)
    assert value.keys == KEYS
    assert not list(SCHEMA.iter_errors(plain(made)))
    acting = [one for one in value.rules if one.harm]
    assert acting
    for one in acting:
        assert one.rule.mode == "dry-run"
        assert one.reference
    assert value.rules[0].rule.id == "paired"


def test_starting_tables_are_those_that_are_shipped():
    """No file without a name, no name without a file."""
    import tallystick.agreement

    folder = Path(tallystick.agreement.__file__).parent / "starting"
    assert sorted(one.stem for one in folder.glob("*.toml")) == sorted(STARTING)
    with pytest.raises(ConfigError, match="bilateral, de, fi"):
        starting_rules("xx")


def test_every_mistake_is_told_at_once_with_its_place():
    """Not only the first."""
    made = live(text(version=0, channel='"5b"'))
    made = made.replace("share = 0.01", "share = 2")
    made = made.replace('action = "mask"', 'action = "msk"')
    made = made.replace("before_ms = 8000", "before_ms = 800")
    made = made.replace('id = "unproven"', 'id = "altered"')
    made = made.replace('party = "RU"', 'party = "XY"')
    made = made.replace('title = "', 'titel = "')
    found = mistakes(made)
    assert [one.split()[0] for one in found] == [
        "$",
        "$.version",
        "$.title",
        "$.channel",
        "$.window.usual_ms",
        "$.rules[1].action",
        "$.rules[1].harm.share",
        "$.numbering[1].party",
        "$.rules[5].id",
    ]
    assert found[6].endswith("must be a number from 0.000001 to 1.")


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (r"harm = .*", "", "$.rules[1].harm is missing"),
        (r"reference = .*", "", "$.rules[1].reference is missing"),
        (r'name = "BY"', 'name = "AB"', "$.parties[0].key must be the key of"),
        (r"when = \{ half = \[\"no_departure\"\], origin.*", "", "$.rules[1] cannot"),
        (r"when = \{ half = \[\"paired\"\] \}", 'when = { x = ["y"] }', "$.rules[0]"),
        (r"in_force_from = \S+", 'in_force_from = "soon"', "$.in_force_from must be"),
        (r"consultation_days = \S+", "consultation_days = true", "$.consultation_days"),
        (r"version = 1", "version = ", "$ is not TOML at line 4"),
    ],
)
def test_a_mistake_is_named_by_its_place(old, new, where):
    """In a sentence that says what must stand there."""
    made, times = re.subn(old, new, text(), count=1)
    assert times == 1
    assert any(one.startswith(where) for one in mistakes(made))


def test_no_mistake_repeats_what_was_written():
    """It may be a number that was pasted there."""
    number = "375291234567"
    made = text(title=number, channel=number).replace(
        "share = 0.01", f"share = {number}"
    )
    made = made.replace(
        'when = { half = ["paired"] }', f'when = {{ a{number} = ["x"] }}'
    )
    found = mistakes(f"a{number} = 1\n{made}")
    assert len(found) >= 5
    assert number not in " ".join(found)


def test_a_text_that_is_too_long_is_not_read():
    """However well it is made."""
    assert mistakes(text() + "#" * TEXT_LIMIT) == [
        f"$ is longer than {TEXT_LIMIT:,} characters."
    ]


def test_the_first_mistake_is_the_error_and_the_rest_are_counted():
    """For whoever reads only one line."""
    with pytest.raises(ConfigError, match=r"\$\.version.*There are 1 more") as caught:
        parse_text(text(version=0, consultation=-1))
    assert caught.value.code == "agreement-text"


def members() -> list[tuple[str, ...]]:
    """Return the path of every member of every table of the draft."""
    found: list[tuple[str, ...]] = []

    def walk(table: Table, path: tuple[str, ...]) -> None:
        for one in table.fields:
            found.append((*path, one.name))
            kind = one.kind.of if isinstance(one.kind, Listed) else one.kind
            if isinstance(kind, Table):
                walk(kind, (*path, one.name))

    walk(AGREEMENT, ())
    return found


def spoilt(content: object, path: tuple[str, ...], value: object) -> object:
    """Return content with a member replaced, or gone where `value` is None."""
    if isinstance(content, list):
        at = 1 if len(content) > 2 else 0  # of the rules the one that acts
        return [
            spoilt(one, path, value) if i == at else one
            for i, one in enumerate(content)
        ]
    assert isinstance(content, dict)
    if len(path) > 1:
        return content | {path[0]: spoilt(content[path[0]], path[1:], value)}
    kept = {name: one for name, one in content.items() if name != path[0]}
    return kept if value is None else kept | {path[0]: value}


values = (
    st.none() | st.integers(-5, 10**9) | st.text(max_size=8) | st.floats() | st.just([])
)


@pytest.mark.property
@given(st.sampled_from(members()), values)
def test_parser_and_schema_agree(path, value):
    """What the schema refuses the parser refuses too, at that place."""
    content = spoilt(tomllib.loads(text()), path, value)
    shown = spoilt(plain(text()), path, value)
    found: list = []
    AGREEMENT.read(content, "$", found)
    errors = list(SCHEMA.iter_errors(shown))
    if errors and path != ("in_force_from",):
        assert any(path[-1] in one.where for one in found)
    elif not found:
        assert not errors


def test_every_field_says_what_it_says():
    """In a sentence, for the reference page."""
    for place, table in tables():
        assert table.title.endswith("."), place
        for one in table.fields:
            assert one.says.endswith("."), (place, one.name)


def test_the_digest_names_the_text_to_the_byte():
    """A space more is another text."""
    assert digest_of(text()) != digest_of(text() + " ")
    assert re.fullmatch(r"[0-9a-f]{64}", digest_of(text()))


def test_rules_are_those_of_a_rule_file():
    """The same lines, but for what an agreement adds."""
    lines = [
        line
        for line in starting_rules("bilateral").splitlines()
        if not line.startswith(("reference", "harm"))
    ]
    head = 'format = "tallystick-rules/1"\nname = "by-ru-calls"\nversion = 1\n'
    assert parse_rules(head + "\n".join(lines)) == parse_text(text()).table()
