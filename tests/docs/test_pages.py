"""Links lead somewhere, decisions are numbered, specifications are listed."""

import re
from pathlib import Path

import pytest

from .places import DOCS, ROOT, SPEC

LINK = re.compile(r"\]\(([^)\s#]*)(#[^)\s]*)?\)")
FENCE = re.compile(r"```.*?```", re.DOTALL)
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
DECISION_PARTS = ["Context", "Decision", "Options", "What would reopen it"]
PAGES = sorted(
    [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *SPEC.rglob("*.md")]
)  # not what lies in folders made by the build


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as its readers make them."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    labels = re.findall(r"^\((.+)\)=$", text, re.MULTILINE)
    return set(labels) | {
        re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-")
        for title in titles
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file, and every anchor a heading in it."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for target, anchor in LINK.findall(text):
        if ":" in target:
            continue
        there = (page.parent / target).resolve() if target else page
        known = there.exists() and (
            not anchor or there.suffix != ".md" or anchor[1:] in anchors(there)
        )
        if not known:
            broken.append(f"{target}{anchor}")
    assert broken == []


def test_decisions_are_numbered_without_a_hole() -> None:
    """0001, 0002, ...; the title carries the same number."""
    numbers = [path.name[:4] for path in DECISIONS]
    assert numbers == [f"{at:04}" for at in range(1, len(DECISIONS) + 1)]
    titles = [path.read_text(encoding="utf-8").splitlines()[0] for path in DECISIONS]
    assert [title[2:6] for title in titles] == numbers


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.name[:4])
def test_decisions_have_all_parts_on_one_screen(decision: Path) -> None:
    """Status, context, decision, options, and what would reopen it."""
    text = decision.read_text(encoding="utf-8")
    assert re.search(r"^- Status: (accepted|superseded by \d{4})$", text, re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == DECISION_PARTS
    assert len(text.splitlines()) <= 48


def test_specifications_are_listed() -> None:
    """The index of spec/ names every document there, and no other."""
    listed = set(re.findall(r"\]\(([a-z-]+\.md)\)", (SPEC / "README.md").read_text()))
    assert listed == {path.name for path in SPEC.glob("*.md")} - {"README.md"}


def test_pages_name_no_machine() -> None:
    """No page speaks of where it was written."""
    assert [
        page
        for page in PAGES
        if str(Path(__file__).parents[2]) in page.read_text(encoding="utf-8")
    ] == []
