"""Two countries at work: a visitor comes in by what the terminal says."""

import re

from cli.at_work import at_work

from .visit import running, until


def test_a_case_is_carried_from_finding_to_done(folder):
    """By printed codes at both sides; and Ctrl-C leaves nothing behind."""
    with (
        running(folder) as shown,
        shown.signed_in("officer", "Belarus") as by,
        shown.signed_in("officer", "Russia") as ru,
    ):
        listed = shown.cases("BY", "list", "--kind", "sim-boxes")
        name = re.search(r"\b[0-9A-Z]{16}\b", listed)[0]

        def stands(state):
            pages = [one.get(f"/cases/{name}").text for one in (by, ru)]
            return all(f"<dd>{state}" in page for page in pages)

        until(lambda: stands("found"))
        words = ("--question", "whose-cards", "--crossings", "5")
        shown.cases("BY", "ask", name, *words)
        until(lambda: stands("asked"))
        assert "opened" in shown.cases("RU", "open", name)
        shown.cases("RU", "answer", name, "confirmed")
        until(lambda: stands("answered"))
        shown.cases("BY", "decide", name, "confirmed")
        until(lambda: stands("decided"))
        shown.cases("RU", "close", name)
        until(lambda: stands("done"))
        page = by.get(f"/cases/{name}").text
        assert "confirmed" in page
        assert not re.search(r"\+\d{7,}", page)
        assert shown.end() == 0
    assert at_work(folder) == []
    assert "Traceback" not in shown.text
    assert not re.search(r"\d{7,}", shown.text)
    assert "done" in shown.cases("RU", "show", name)
