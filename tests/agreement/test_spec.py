"""The specification of agreements names what the program does, and no more."""

from pathlib import Path

from spec_tables import cells_below
from tallystick.agreement.guard import REASONS
from tallystick.agreement.life import BODIES, PHASES
from tallystick.agreement.life.fold import _WHY
from tallystick.engines.trial import _EXPLAINED, _KINDS

SPEC = (Path(__file__).parents[2] / "spec" / "agreement.md").read_text(encoding="utf-8")


def names(begins: str) -> list[str]:
    """Return the first column of a table."""
    return [row[0].strip("`") for row in cells_below(SPEC, begins)]


def test_statements_are_those_of_the_table():
    """Kinds, and what each body holds and may hold."""
    for kind, body, _ in cells_below(SPEC, "kind | body"):
        needed, _, optional = body.partition("may have")
        table = BODIES[kind.strip("`")].fields
        for part, must in ((needed, True), (optional, False)):
            said = {word.strip(" `,") for word in part.split(",")} - {""}
            assert said == {one.name for one in table if one.needed is must}, kind
    assert names("kind | body") == list(BODIES)


def test_words_are_those_of_the_tables():
    """Why statements are passed over, phases, reasons to stop."""
    assert names("code | a statement") == list(_WHY)
    assert names("phase | a text") == list(PHASES)
    assert names("reason | when") == list(REASONS)


def test_kinds_of_findings_are_those_of_the_table():
    """As a node would have seen them."""
    told = " ".join(row[0] for row in cells_below(SPEC, "of | `half`"))
    assert all(f"`{kind}`" in told for kind in (*_KINDS, *_EXPLAINED))
