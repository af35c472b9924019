"""The page of roles, made from the table that the router reads."""

from tallystick.console.desk import words
from tallystick.console.people.rights import RIGHTS, ROLES

HEAD = """# Roles and pages

For whoever gives people accounts, and for whoever checks who may do what.
This page is made from the program: `tests/docs/refresh.py` writes it from the table
that the console's router itself reads.

A path without a session leads to the door; one that a role may not use is refused
with 403 and noted in the audit log, and a record that is not there is 404.
Every form needs a token of its session, and an `Origin` that is the console's address;
the form for callers, who have no session, needs the `Origin` of a browser only.
"""


def rights_page() -> str:
    """Return the whole page."""
    t = words("en")
    inside = [one for one in RIGHTS if one.stage == "in"]
    before = [one for one in RIGHTS if one.stage != "in"]
    heads = " | ".join(t.say(f"role.{one}") for one in ROLES)
    lines = [
        f"| page | action | how | {heads} |",
        "|---|---|---|" + "---|" * len(ROLES),
    ]
    for one in inside:
        marks = " | ".join("yes" if role in one.roles else "" for role in ROLES)
        how = f"`{one.method} {one.path}`" if one.method else "part of the page"
        lines.append(
            f"| {t.say(f'page.{one.page}')} | {one.action} | {how} | {marks} |"
        )
    steps = ["| page | action | how | who is how far in |", "|---|---|---|---|"]
    steps += [
        f"| {t.say(f'page.{one.page}')} | {one.action} | `{one.method} {one.path}` | "
        f"{_FAR[one.stage]} |"
        for one in before
    ]
    parts = (HEAD, "## Signed in\n", *lines, "\n## Before\n", *steps)
    return "\n".join(parts) + "\n"


_FAR = {
    "public": "anybody, without a session",
    "out": "anybody",
    "code": "the password was right, a code is awaited",
    "enrol": "a given password was right, an own one and an authenticator are awaited",
}
