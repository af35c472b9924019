"""Role by page by action, walked as somebody who tries everything."""

import itertools
import re

import pytest

from store.simulated import CHANNEL
from tallystick.cases.reference import make_reference
from tallystick.console.pages.catalogue import HANDLERS
from tallystick.console.people.rights import MENU, RIGHTS, ROLES, may

from .planted import case_of, desk, object_to, plant, publish_reports

INSIDE = [one for one in RIGHTS if one.method and one.stage == "in"]
# What this console, without a side, has nothing of.
UNSAID = {
    (one.page, one.action)
    for one in RIGHTS
    if one.page == "agreement" or one.action in {"say", "prepare", "check"}
}
# What ends a session when it is allowed is tried elsewhere.
ENDING = {("account", "everywhere")}


def test_what_pages_do_and_what_the_table_allows_is_the_same():
    """Nothing is served that the table does not name, and nothing named is missing."""
    assert set(HANDLERS) == {(o.page, o.action) for o in RIGHTS if o.method}
    assert len({(one.method, one.path) for one in RIGHTS if one.method}) == len(
        HANDLERS
    )
    assert all(one.roles <= set(ROLES) and one.roles for one in RIGHTS)


@pytest.fixture
def everybody(world):
    """Return a browser of somebody of each role, signed in."""
    found = {}
    for role in ROLES:
        found[role] = world.visitor(f"{role}-1", role)
    return found


def path_of(right, world):
    """Return a path of a right, with somebody or some case in it."""
    if right.page == "objections":
        reference = make_reference(b"k" * 32, "call-1")
        return right.path.replace("{reference}", reference)
    if right.page in {"cases", "findings", "harm"}:
        case = case_of(world.store, object="T1").id
        there = {
            "cases": case,
            "findings": desk(world.store).cases.surest(case, most=1)[0],
            "harm": f"{CHANNEL[:8]}-2026-08",
        }
        path = right.path.replace("{id}", there[right.page])
        return path.replace("{form}", "txt" if right.page == "cases" else "csv")
    other = world.accounts().people.named("analyst-1")
    return right.path.replace("{id}", other.id if other else "0" * 32)


def test_every_role_at_every_page_by_every_method(world, everybody):
    """Allowed where the table says so; else 403 and a line in the audit log."""
    plant(world.store)
    publish_reports(world.store)
    object_to(world.store, "call-1")
    tried = 0
    for role, right in itertools.product(ROLES, INSIDE):
        if (right.page, right.action) in ENDING | {("today", "live")}:
            continue
        if role in right.roles and right.action in {"role", "lock", "reset"}:
            continue
        guest = everybody[role]
        world.clock.pass_s(1)  # nobody asks so much at once
        path = path_of(right, world)
        guest.get("/account")
        htmx = {"hx-request": "true"} if tried % 2 else {}
        if right.method == "GET":
            status = guest.get(path, **htmx).status_code
        else:
            status = guest.post(path, {"name": "?", "role": "?"}, **htmx).status_code
        if role in right.roles:
            # Where nothing can be said there is nothing to say it by.
            silent = {404} if (right.page, right.action) in UNSAID else set()
            assert status in {200, 303, 422} | silent, (role, right, status)
        else:
            assert status == 403, (role, right, status)
        tried += 1
    assert tried > 120


def test_only_administrators_change_people(world, everybody):
    """The forms of others are refused, and nothing is changed."""
    people = world.accounts().people
    before = people.all()
    for role in set(ROLES) - {"administrator"}:
        guest = everybody[role]
        target = people.named("auditor-1" if role != "auditor" else "analyst-1")
        guest.get("/account")
        token = guest.token()
        for action in ("role", "lock", "unlock", "reset"):
            fields = {"role": "administrator"}
            path = f"/people/{target.id}/{action}"
            assert guest.post(path, fields, token=token).status_code == 403
        fields = {"name": "intruder", "role": "administrator"}
        assert guest.post("/people", fields, token=token).status_code == 403
    assert people.all() == before


@pytest.mark.parametrize("right", INSIDE, ids=lambda one: f"{one.page}-{one.action}")
def test_nobody_sees_nothing(guest, right):
    """Without a session every page leads to the door, also for htmx and streams."""
    path = re.sub(r"\{\w+\}", "0" * 32, right.path)
    guest.get("/sign-in")
    token = guest.token()

    def ask(**headers):
        if right.method == "GET":
            return guest.get(path, **headers)
        return guest.post(path, {}, token=token, **headers)

    answer = ask()
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    answer = ask(**{"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in")
    assert ask(accept="text/event-stream").status_code == 401


def test_the_menu_shows_what_may_be_seen(everybody):
    """And nothing else."""
    for role, guest in everybody.items():
        guest.get("/account")
        menu = re.search(r'<nav class="menu".*?</nav>', guest.page.text, re.DOTALL)[0]
        shown = re.findall(r'<a href="([^"]+)"', menu)
        assert shown == [one.path for one in MENU if may(role, one.page, "read")]


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/people/",
        "//people",
        "/People",
        "/people/../audit/x",
        "/static/",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/style.css",
        "/.git/config",
        "/openapi.json",
        "/docs",
    ],
)
def test_there_is_nothing_else(guest, path):
    """No file, no description of an interface, no page by another spelling."""
    assert guest.get(path).status_code in {303, 404}
    if guest.page.status_code == 303:
        assert guest.page.headers["location"] == "/sign-in"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"])
def test_other_methods_are_refused(guest, method):
    """Whatever the page."""
    for path in ("/", "/people", "/sign-in"):
        answer = guest.http.request(method, path)
        assert answer.status_code == 405


def test_an_account_that_is_not_there(everybody):
    """Is 404 to who may see accounts, and 403 to who may not."""
    path = f"/people/{'0' * 32}"
    assert everybody["administrator"].get(path).status_code == 404
    assert everybody["analyst"].get(path).status_code == 403


def test_a_role_that_is_taken_away_is_gone_at_once(world, everybody):
    """Sessions of the former role end."""
    accounts = world.accounts()
    world.person("second", "administrator")
    accounts.set_role(accounts.people.named("administrator-1"), "analyst")
    assert everybody["administrator"].get("/people").status_code == 303
