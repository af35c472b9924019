"""The page of what an agreement may hold, made from the parser's own table."""

from collections.abc import Iterator

from tallystick.agreement.text import STARTING, starting_rules, tables

HEAD = """# The text of an agreement

For whoever writes or reads an agreement between two parties, format
`tallystick-agreement/1`.
This page is made from the table that the parser uses: `tests/docs/refresh.py` writes
it.

`tally agreement new` writes a draft that holds all of it, `tally agreement check`
explains every mistake, `tally agreement schema` prints the same as JSON Schema for an
editor.
How it is agreed: [Agree rules with the other side](../how-to/agree-rules.md).
What holds when: `spec/agreement.md`.
"""
TAIL = """
## Tables to start from

`tally agreement new --from NAME` begins with one of these.
Each rule names what it carries out, and begins as a dry run wherever a caller could
notice it.
They are a reading of the rules of others, no legal advice: compare them with the law
before you sign.

| name | what it is |
|---|---|
"""


def agreement_page() -> str:
    """Return the whole page."""
    return HEAD + "\n".join(_sections()) + TAIL + "\n".join(_starting()) + "\n"


def _sections() -> Iterator[str]:
    for place, table in tables():
        yield f"\n## `{place}`\n\n{table.title}\n"
        yield "| member | needed | what may stand there | what it says |"
        yield "|---|---|---|---|"
        for one in table.fields:
            needed = "yes" if one.needed else ""
            yield f"| `{one.name}` | {needed} | {one.kind.told} | {one.says} |"


def _starting() -> Iterator[str]:
    for name in STARTING:
        lines = starting_rules(name).splitlines()
        words = []
        for line in lines:
            if not line.startswith("# ") or line.startswith("# What has its half"):
                break
            words.append(line.removeprefix("# "))
        yield f"| `{name}` | {' '.join(words)} |"
