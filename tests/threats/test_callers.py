"""Somebody at the page for callers, who wants more than to object."""

import random
import secrets

import pytest

from console.conftest import certificate as certificate  # ruff: ignore[useless-import-alias] (a fixture)
from console.redress import give, sides
from console.world import running
from stores import new_store
from tallystick.cases.reference import ALPHABET, DIGITS, make_reference
from tallystick.console.desk import words
from tallystick.console.security.limits import ADDRESSES, Buckets, network_of

EN = words("en")
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def page(tmp_path, certificate):
    """Return a console with the page, and the side that gives references."""
    store = new_store(tmp_path / "store.db")
    side, _ = sides(store, store)
    with running(store, *certificate, party="BY", side=side) as world:
        yield world, side
    store.close()


def main_of(answer):
    """Return what a page says, without the reference that was typed."""
    text = answer.text.partition("<main")[2].partition("</main>")[0]
    typed = answer.url.path.rpartition("/")[2]
    return answer.status_code, text.replace(typed, "…")


def test_guesses_find_nothing_and_all_sound_alike(page):
    """The nearest guess is told the same as the farthest; a check digit tells nothing.

    Who asks from one place for a year finds one of a million references with a chance
    of less than one in ten thousand.
    """
    world, side = page
    given = {give(side, f"call-{number}") for number in range(50)}
    guest, draw = world.guest(), random.Random(1)  # ruff: ignore[suspicious-non-cryptographic-random-usage]
    near = [make_reference(b"other" * 7, one) for one in given]
    far = [make_reference(secrets.token_bytes(32), "x") for _ in range(10)]
    unknown = set()
    for one in [*near[:15], *far]:
        world.clock.pass_s(20)
        unknown.add(main_of(guest.get(f"/objection/{one}")))
    assert len(unknown) == 1
    assert next(iter(unknown))[0] == 404
    misread = set()
    for one in [*sorted(given)[:8], *far[:8]]:
        at = draw.randrange(14)
        wrong = draw.choice([sign for sign in ALPHABET if sign != one[at]])
        if one[at] == "-":
            continue
        world.clock.pass_s(20)
        misread.add(main_of(guest.get(f"/objection/{one[:at]}{wrong}{one[at + 1 :]}")))
    assert len(misread) == 1
    assert next(iter(misread))[0] == 422
    asked_a_year, references = 31_536_000 / 10, 1_000_000
    assert asked_a_year * references / len(ALPHABET) ** (DIGITS - 1) < 1e-4


def test_a_reference_tells_nothing_of_its_call(page):
    """Whoever finds or overhears one sees the same page for any two calls."""
    world, side = page
    guest, forms, standing = world.guest(), set(), set()
    for call_id, action in (("call-1", "reject"), ("7f3a@sbc", "mask")):
        reference = give(side, call_id, action=action, rule=f"rule-{action}")
        for shown in (forms, standing):
            answer = guest.get(f"/objection/{reference}")
            text = main_of(answer)[1].replace(reference, "…")
            shown.add(text)
            for secret in (call_id, action, f"rule-{action}"):
                assert secret not in text
            guest.post("/objection", {"reference": reference, "text": f"I {call_id}"})
    assert len(forms) == len(standing) == 1


def test_a_flood_from_one_place_is_held_back(page):
    """Twenty at once, then one every ten seconds; another place is not kept waiting."""
    world, side = page
    guest = world.guest()
    taken = 0
    for number in range(40):
        form = {"reference": give(side, f"call-{number}"), "text": ""}
        taken += guest.post("/objection", form, token="").status_code == 303
    assert taken == 20
    assert guest.page.status_code == 429
    assert EN.say("problem.too_many") in guest.page.text
    world.clock.pass_s(10)
    form = {"reference": give(side, "call-39"), "text": ""}
    assert guest.post("/objection", form).status_code == 303


def test_many_addresses_of_one_household_are_one_place():
    """IPv6 gives everybody as many as they like; and no number fills the memory."""
    first = network_of("2001:db8:1:2::1")
    assert first == network_of("2001:db8:1:2:ffff:ffff:ffff:ffff")
    assert first != network_of("2001:db8:1:3::1")
    assert network_of("::ffff:192.0.2.7") == network_of("192.0.2.7")
    assert network_of("192.0.2.7") != network_of("192.0.2.8")
    assert network_of("a socket") == "a socket"
    buckets = Buckets(per_s=0.1, at_most=2)
    for number in range(ADDRESSES + 100):
        buckets.take(f"net-{number}", now_ms=0)
    assert len(buckets) == ADDRESSES


def test_another_site_cannot_make_a_visitor_object(page):
    """A browser says where a form comes from; nothing is kept then."""
    world, side = page
    reference = give(side, "call-1")
    form = {"reference": reference, "text": ""}
    guest = world.guest()
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        answer = guest.http.post("/objection", data=form, headers=headers)
        assert answer.status_code == 403
    assert side.cases().objections.find(reference).state == "given"


def test_words_of_a_caller_are_shown_as_words(page):
    """No markup of theirs is one at the officer's, on either page or in the file."""
    world, side = page
    reference = give(side, "call-1")
    guest = world.guest()
    for path in (f"/objection?reference={SCRIPT}", f"/objection/{SCRIPT}"):
        assert SCRIPT not in guest.get(path).text
    form = {"reference": reference, "text": SCRIPT}
    assert guest.post("/objection", form).status_code == 303
    officer = world.visitor("olga", "officer")
    text = officer.get(f"/objections/{reference}").text
    assert SCRIPT not in text
    assert "&lt;script&gt;" in text
