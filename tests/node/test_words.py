"""What a switch is answered on the wire, for every action in every dialect."""

import asyncio
import contextlib
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passport import pki
from passport.world import INFO, LEAF_KEY, trust
from spec_tables import cells_below
from tallystick.agreement import LANGUAGES, Evidence, Verdict, explain
from tallystick.domains.calls.passport import CertificateStore, read_contact
from tallystick.node.calls.arrivals import Answered
from tallystick.node.calls.identity import Broken, Judged
from tallystick.node.calls.switches import Switches
from tallystick.node.calls.words import decision_of, status_of, told_of, verstat_of
from tallystick.node.doors import redress
from tallystick.node.doors.calls import answer_of
from tallystick.node.doors.told import ArrivalAnswer
from tallystick.node.service import Node, now_ms

from .pair import agreed, node_of, send
from .test_identity import SETTINGS, identity, signed
from .test_switches import Gateway, invite, status
from .test_two_nodes import A, B, C

__all__ = ["signed"]

SPEC = Path(__file__).parents[2] / "spec" / "sip.md"
ACTIONS = ("pass", "log", "label", "mask", "divert", "reject")
ADDRESSES = {
    "redirect": "127.0.0.2",
    "next-route": "127.0.0.3",
    "reason": "127.0.0.4",
    "card": "127.0.0.5",
    "stated": "127.0.0.6",
}
SWITCHES = "".join(
    f"""
[[switches]]
name = "{name}"
networks = ["{address}"]
side = "arrivals"
dialect = "{name if name in {"redirect", "next-route", "reason"} else "redirect"}"
divert_to = "sip:desk@192.0.2.8"
label = "Unverified"
refusal = "{ {"card": "608", "stated": "603+"}.get(name, "603") }"
"""
    for name, address in ADDRESSES.items()
)
REDRESS = """
[redress]
name = "Desk"
url = "https://desk.example/why"
email = "desk@example.by"
tel = "+375170000000"
card = "https://desk.example/608.jws"
key = "desk.key"
certificate = "https://desk.example/desk.pem"
"""
NOBODY = "+375000000000"  # of nobody, by the plan


def rules(when: str, action: str) -> str:
    return (
        'format = "tallystick-rules/1"\nname = "test"\nversion = 1\n'
        f'[[rules]]\nid = "it"\nwhen = {{ {when} }}\n'
        f'action = "{action}"\nmode = "live"\n'
    )


@contextlib.asynccontextmanager
async def running(folder: Path, action: str, when: str, more: str = ""):
    """Run a node without a peer whose one rule does `action`."""
    (folder / "rules.toml").write_text(rules(when, action), encoding="utf-8")
    (folder / "desk.key").write_bytes(pki.key_pem(LEAF_KEY))
    agreed(folder)
    node = node_of(
        folder,
        "RU",
        peer=None,
        first='rules = "rules.toml"\n',
        listens='sip = "127.0.0.1:0"\n',
        more=SWITCHES + REDRESS + more,
    )
    await node.start()
    try:
        yield node
    finally:
        await node.stop()


async def asked(node: Node, data: bytes, name: str) -> str:
    """Ask as one of the switches and return the final answer."""
    loop = asyncio.get_running_loop()
    transport, gateway = await loop.create_datagram_endpoint(
        Gateway,
        remote_addr=node.addresses["sip"],
        local_addr=(ADDRESSES[name], 0),
    )
    try:
        transport.sendto(data)
        async with asyncio.timeout(3):
            return (await gateway.answers.get()).decode("latin-1")
    finally:
        transport.close()


def values(answer: str, name: str) -> list[str]:
    return re.findall(rf"^{name}: (.*)\r$", answer, re.MULTILINE)


CALLED = f"<sip:{B}@127.0.0.1;user=phone>"
DESK = ["<sip:desk@192.0.2.8>"]
NAMED = "sip:%2B375000000000;verstat=TN-Validation-Failed@anonymous.invalid;user=phone"
NAMED = NAMED.replace("%2B", "+")
LABEL = [f'"Unverified" <{NAMED}>']
UNSAID = [f"<{NAMED.replace('TN-Validation-Failed', 'No-TN-Validation')}>"]
HIDDEN = ['"Anonymous" <sip:anonymous@anonymous.invalid>']
# Dialect and action -> status, Contact, P-Asserted-Identity, Privacy.
WIRE = {
    ("redirect", "pass"): (302, [CALLED], UNSAID, []),
    ("redirect", "log"): (302, [CALLED], UNSAID, []),
    ("redirect", "label"): (302, [CALLED], LABEL, []),
    ("redirect", "mask"): (302, [CALLED], HIDDEN, ["user;id"]),
    ("redirect", "divert"): (302, DESK, [], []),
    ("redirect", "reject"): (603, [], [], []),
    ("next-route", "pass"): (404, [], [], []),
    ("next-route", "log"): (404, [], [], []),
    ("next-route", "label"): (404, [], LABEL, []),
    ("next-route", "mask"): (404, [], HIDDEN, ["user;id"]),
    ("next-route", "divert"): (302, DESK, [], []),
    ("next-route", "reject"): (603, [], [], []),
    ("reason", "pass"): (302, [CALLED], [], []),
    ("reason", "log"): (302, [CALLED], [], []),
    ("reason", "label"): (302, [CALLED], LABEL, []),
    ("reason", "mask"): (302, [CALLED], HIDDEN, ["user;id"]),
    ("reason", "divert"): (302, DESK, [], []),
    ("reason", "reject"): (403, [], [], []),
}


def test_every_row_of_the_specification_is_tried():
    """No dialect and no action is left out."""
    rows = cells_below(SPEC.read_text("utf-8"), "dialect")
    assert {(row[0], row[1]) for row in rows} == set(WIRE)


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_on_the_wire(tmp_path: Path, action):
    """A call of a number nobody holds, under a live rule, asked by all dialects."""

    async def run():
        async with running(tmp_path, action, 'number = ["unallocated"]') as node:
            found = {}
            for number, (dialect, acted) in enumerate(WIRE):
                if acted != action:
                    continue
                answer = await asked(node, invite(number, calling=NOBODY), dialect)
                found[dialect, action] = (
                    status(answer.encode("latin-1")),
                    *(
                        values(answer, name)
                        for name in ("Contact", "P-Asserted-Identity", "Privacy")
                    ),
                )
                assert not values(answer, "Reason")
            assert found == {key: row for key, row in WIRE.items() if key[1] == action}
            # An honest number goes on under the same rule.
            honest = await asked(node, invite(99, calling=A), "next-route")
            assert status(honest.encode("latin-1")) == 404

    asyncio.run(run())


def test_a_withheld_number_is_not_asserted(tmp_path: Path):
    """Nothing is said of who wants not to be known."""

    async def run():
        async with running(tmp_path, "label", 'number = ["unallocated"]') as node:
            data = invite(1).replace(
                f"<sip:{A}@127.0.0.1;user=phone>".encode(),
                b"<sip:anonymous@anonymous.invalid>",
            )
            return await asked(node, data, "redirect")

    answer = asyncio.run(run())
    assert answer.startswith("SIP/2.0 302 ")
    assert not values(answer, "P-Asserted-Identity")


def with_identity(number: int, *tokens: str) -> bytes:
    lines = "".join(f"Identity: {token}\r\n" for token in tokens)
    return invite(number).replace(b"Content-Length", lines.encode() + b"Content-Length")


def test_a_call_that_goes_on_carries_why_its_signature_does_not_hold(signed: Path):
    """RFC 9410: a reason for each token, told by its signature; none for a good one."""
    stale, other, good = identity(age_s=600), identity(calling=C), identity()
    later = identity(age_s=1)  # the same token with another call is a replay

    async def run():
        more = SETTINGS
        async with running(signed, "log", 'number = ["unallocated"]', more) as node:
            return [
                await asked(node, with_identity(number, *tokens), "redirect")
                for number, tokens in enumerate(
                    [(stale,), (stale, other), (good,), (later, other), ("nonsense",)]
                )
            ]

    told = asyncio.run(run())
    signature = {
        one: one.partition(";")[0].rpartition(".")[2] for one in (stale, other)
    }
    old = f'STIR;cause=403;text="Stale Date";ppi="..{signature[stale]}"'
    wrong = f'STIR;cause=438;text="Invalid Identity Header";ppi="..{signature[other]}"'
    assert [values(one, "Reason") for one in told] == [
        [old],
        [old, wrong],
        [],
        [wrong],
        ['STIR;cause=438;text="Invalid Identity Header"'],
    ]
    assert [one.split(" ")[1] for one in told] == ["302"] * 5
    verstats = [re.findall(r"verstat=([A-Za-z-]+)@", one)[0] for one in told]
    failed, passed = "TN-Validation-Failed", "TN-Validation-Passed"
    assert verstats == [failed, failed, passed, passed, failed]


def test_a_call_refused_for_its_signature_gets_the_code_of_its_error(signed: Path):
    """In the dialect that states codes: 438; a call without signature goes on."""

    async def run():
        when = 'identity = ["invalid"]'
        async with running(signed, "reject", when, SETTINGS) as node:
            broken = with_identity(1, identity(calling=C))
            return [
                await asked(node, broken, "reason"),
                await asked(node, invite(2), "reason"),
            ]

    refused, plain = asyncio.run(run())
    assert refused.startswith("SIP/2.0 438 Invalid Identity Header\r\n")
    assert values(refused, "Reason")[0].startswith("STIR;cause=438;")
    assert plain.startswith("SIP/2.0 302 ")


def test_who_is_refused_learns_where_to_turn(tmp_path: Path, monkeypatch):
    """608 names a card that holds; 603+ says the ways itself."""

    async def run():
        async with running(tmp_path, "reject", 'number = ["unallocated"]') as node:
            by_card = await asked(node, invite(1, calling=NOBODY), "card")
            stated = await asked(node, invite(2, calling=NOBODY), "stated")
            cards = [(await send(node, "GET", "/v1/redress"))[1] for _ in range(2)]
            monkeypatch.setattr(redress, "FRESH_S", 0)
            await asyncio.sleep(1.01)
            cards.append((await send(node, "GET", "/v1/redress"))[1])
            return by_card, stated, cards

    by_card, stated, cards = asyncio.run(run())
    assert by_card.startswith("SIP/2.0 608 Rejected\r\n")
    assert values(by_card, "Call-Info") == [
        "<https://desk.example/608.jws>;purpose=jwscard"
    ]
    assert stated.startswith("SIP/2.0 603 Network Blocked\r\n")
    assert values(stated, "Reason") == [
        (
            'SIP;cause=603;text="v=analytics1;url=https://desk.example/why;'
            'tel=+375170000000;email=desk@example.by";location=LN'
        )
    ]
    assert cards[0] == cards[1] != cards[2]
    now_s = now_ms() // 1000
    days = (now_s - pki.NOW_S) // 86_400
    pinned = pki.issue("desk", LEAF_KEY, tn=pki.LIST, days=(days - 1, days + 2))
    store = CertificateStore(trust=[trust(anchors=(pinned,))])
    store.add(INFO, pki.pem(pinned), now_s=now_s)
    card = read_contact(cards[2].decode(), store.find(INFO, now_s=now_s), now_s=now_s)
    assert ["tel", {}, "uri", "tel:+375170000000"] in card[1]


@pytest.mark.parametrize("dialect", ["redirect", "next-route", "reason"])
def test_a_call_that_leaves_carries_what_a_signer_made_for_it(tmp_path: Path, dialect):
    """Every dialect hands the switch its Identity header, and the call is told."""
    agreed(tmp_path)
    more = SWITCHES.replace('"arrivals"', '"departures"') + REDRESS
    (tmp_path / "desk.key").write_bytes(pki.key_pem(LEAF_KEY))
    node = node_of(tmp_path, "BY", peer=None, more=more)

    async def run():
        switches = Switches(
            node.settings.switches,
            departures=node.departures,
            arrivals=node.arrivals,
            metrics=node.metrics,
            now_ms=now_ms,
            tag_key=b"test",
            failed=lambda: None,
            redress=node.settings.redress,
            signed=lambda call: (f"signed {call.calling_number}", "and diverted"),
        )
        node.addresses["sip"] = await switches.door.open("127.0.0.1", 0)
        try:
            return await asked(node, invite(1), dialect)
        finally:
            await switches.door.close()

    answer = asyncio.run(run())
    assert values(answer, "Identity") == [f"signed {A}", "and diverted"]
    assert node.departures.publisher.next_sequence == 2


def answered(**changes) -> Answered:
    words = {
        "half": "unproven",
        "why": "",
        "covered": True,
        "differs": "none",
        "identity": "none",
        "attestation": "none",
        "origin": "peer",
        "number": "ordinary",
        "roaming": "unknown",
        "listed": "none",
        "emergency": False,
        "priority": False,
    }
    action = changes.pop("action", "pass")
    signature = changes.pop("signature", Judged("none", "none"))
    evidence = Evidence(**(words | {"identity": signature.word} | changes))
    verdict = Verdict(
        outcome="unproven",
        action=action,
        rule="r",
        mode="live",
        would=action,
        acting="r",
        reasons=(f"half_{evidence.half}",),
    )
    return Answered(
        call_id="1",
        at_ms=0,
        trunk="",
        carrier="",
        verdict=verdict,
        evidence=evidence,
        waited_ms=0,
        offset_ms=None,
        signature=signature,
    )


PASSED, FAILED, UNKNOWN = (
    "TN-Validation-Passed",
    "TN-Validation-Failed",
    "No-TN-Validation",
)
VALID = Judged("valid", "A", PASSED)
BROKEN = Judged("invalid", "none", FAILED, 438, (Broken(438, "Invalid", "..x"),))


@pytest.mark.parametrize(
    ("found", "verstat"),
    [
        ({"half": "paired", "why": "key"}, PASSED),
        ({"half": "paired", "why": "key", "signature": BROKEN}, PASSED),
        ({"half": "paired", "why": "other_number"}, UNKNOWN),
        ({"half": "paired", "why": "withheld"}, UNKNOWN),
        ({"half": "paired", "why": "unreadable"}, UNKNOWN),
        ({"half": "paired", "why": "unreadable", "signature": VALID}, PASSED),
        ({"half": "unproven"}, UNKNOWN),
        ({"signature": VALID}, PASSED),
        ({"signature": BROKEN}, FAILED),
        # A dry run, or a rule that only notes, changes nothing.
        ({"half": "no_departure"}, UNKNOWN),
        ({"half": "no_departure", "action": "log"}, UNKNOWN),
        ({"half": "no_departure", "signature": VALID}, PASSED),
        ({"half": "altered", "action": "label"}, FAILED),
        ({"half": "no_departure", "action": "mask"}, FAILED),
        ({"half": "no_departure", "action": "reject", "signature": VALID}, FAILED),
        ({"roaming": "home", "action": "divert"}, FAILED),
        ({"number": "do_not_originate", "action": "reject"}, FAILED),
        # On a list is who calls, not the number they show.
        ({"listed": "suspect", "action": "label"}, UNKNOWN),
        ({"listed": "suspect", "action": "label", "signature": VALID}, PASSED),
    ],
)
def test_what_is_said_of_a_number(found, verstat):
    """Line by line as in the specification."""
    one = answered(**found)
    assert verstat_of(one) == verstat
    assert decision_of(one).verstat == told_of(one)["verstat"] == verstat


@pytest.mark.property
@settings(max_examples=50)
@given(
    st.text(min_size=1, max_size=40),
    st.integers(0, 450),
    st.sampled_from(["paired", "no_departure", "unproven"]),
    st.sampled_from([Judged("none", "none"), VALID, BROKEN]),
    st.sampled_from(["", "K7QF-2M9X-T4C3"]),
)
def test_answers_share_all_but_the_call(call_id, waited_ms, half, signature, reference):
    """Whatever a call is named and how long it took, its answer says the same of it."""
    one = answered(half=half, why="key", signature=signature)
    given = {"call_id": call_id, "waited_ms": waited_ms, "reference": reference}
    one = one._replace(**given)
    said = json.loads(answer_of(one))
    assert list(said) == list(ArrivalAnswer.__struct_fields__)
    assert {name: said[name] for name in given} == given
    verdict = one.verdict
    assert (said["outcome"], said["action"]) == (verdict.outcome, verdict.action)
    assert said["sentences"] == {one: explain(verdict, one) for one in LANGUAGES}
    assert {name: said[name] for name in told_of(one)} == told_of(one)


def test_a_status_is_named_only_where_the_signature_is_the_ground():
    """A call refused for its half gets no code of STIR, whatever it carries."""
    half = answered(half="no_departure", action="reject", signature=BROKEN)
    assert status_of(half) == 0
    reasons = ("half_unproven", "identity_invalid")
    for action, acting, code in (
        ("reject", "r", 438),
        ("mask", "r", 0),
        ("reject", "other", 0),
    ):
        changed = half.verdict._replace(action=action, acting=acting, reasons=reasons)
        one = half._replace(verdict=changed)
        assert status_of(one) == code
        assert told_of(one)["refuse_with"] == code
        assert told_of(one)["stir"] == ['STIR;cause=438;text="Invalid";ppi="..x"']
