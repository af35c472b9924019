"""The redirect server: transactions, deadlines, who may ask, what is asked."""

import pytest

from tallystick.domains.calls.sip import (
    Ask,
    Client,
    Decision,
    Passed,
    RedirectServer,
    Source,
    Withdrawn,
)
from tallystick.model.errors import ConfigError

from .messages import (
    CALLED,
    CALLING,
    NOW_MS,
    SWITCH,
    ask,
    header,
    request,
    sent,
    server,
    statuses,
    table,
)

INVITE, ACK, CANCEL = request(), request("ACK"), request("CANCEL")
REJECT = Decision("reject")
STREAM = Source("tcp", "192.0.2.1", 40_000, connection=7)


def at(seconds: float) -> int:
    return NOW_MS + round(seconds * 1000)


class Walk:
    """Brings a server into a state of the table and lets one event happen."""

    def __init__(self, state: str) -> None:
        self.node = server()
        self.now_s = 0.0
        self.outputs = []
        if state != "none":
            self.ask_id = ask(self.node, INVITE).ask_id
        if state in {"completed", "confirmed"}:
            self.node.answer(self.ask_id, REJECT, NOW_MS)
        if state == "confirmed":
            self.node.receive(ACK, SWITCH, NOW_MS)

    def happen(self, event: str) -> list[int]:
        steps = {
            "INVITE": self._invite,
            "INVITE again": self._invite,
            "ACK": lambda: self.node.receive(ACK, SWITCH, NOW_MS),
            "CANCEL": lambda: self.node.receive(CANCEL, SWITCH, NOW_MS),
            "verdict": lambda: self.node.answer(self.ask_id, REJECT, NOW_MS),
            "200 ms": lambda: self.node.tick(at(0.2)),
            "deadline": lambda: self._late(0.45),
            "T1, then twice as long, up to T2": lambda: self.node.tick(at(0.5)),
            "64 T1": lambda: self._late(36),
            "T4": lambda: self.node.tick(at(5)),
        }
        return statuses(steps[event]())

    def _invite(self):
        return self.node.receive(INVITE, SWITCH, NOW_MS)

    def _late(self, seconds: float):
        """Let so much time pass, and return what is sent at its end."""
        outputs = []
        for step in range(1, round(seconds * 20) + 1):
            outputs = self.node.tick(at(step / 20))
        return outputs

    def state(self) -> str:
        """Tell the state by how the server behaves."""
        again = self.node.receive(INVITE, SWITCH, at(36))
        if any(isinstance(out, Ask) for out in again):
            return "none"
        if statuses(again) == [100] or self.node.answer(self.ask_id, REJECT, at(36)):
            return "proceeding"
        return "completed" if again else "confirmed"


FINAL = {"final": [603], "go on": [302], "-": [], "200": [200], "100": [100]}
FINAL |= {"200, 487": [200, 487], "100, if it was sent": []}


@pytest.mark.parametrize("row", table("Transactions"), ids=" / ".join)
def test_transaction_table(row):
    """Every row of the table: what is sent, and which state follows."""
    state, event, answer, following = row
    walk = Walk(state)
    assert walk.happen(event) == FINAL[answer]
    if (state, event) != ("none", "INVITE"):
        assert walk.state() == following


def test_a_repeated_invite_gets_the_very_same_answer():
    """From memory, byte for byte, and is not asked again."""
    node = server()
    first = node.answer(ask(node, INVITE).ask_id, Decision(), NOW_MS)
    for seconds in (0.1, 0.4, 3.9):
        assert node.receive(INVITE, SWITCH, at(seconds)) == first
    assert node.counts["asked"] == 1


def test_answers_are_sent_again_until_the_ack():
    """At 0.5, 1.5, 3.5, then every 4 s, over UDP; over a stream never."""
    node = server()
    node.answer(ask(node, INVITE).ask_id, REJECT, NOW_MS)
    times = [step / 10 for step in range(400) if node.tick(at(step / 10))]
    assert times == [0.5, 1.5, *(3.5 + 4 * step for step in range(8))]
    node = server()
    (question,) = node.receive(INVITE, STREAM, NOW_MS)
    (out,) = node.answer(question.ask_id, REJECT, NOW_MS)
    assert out.to == STREAM
    assert not [step for step in range(400) if node.tick(at(step / 10))]


def test_trying():
    """100 after 200 ms, with the Timestamp and without Reason; repeated if asked."""
    node = server()
    question = ask(node, request("INVITE", "Timestamp: 5.4"))
    assert node.next_timer_ms() == at(0.2)
    (text,) = sent(node.tick(at(0.2)))
    assert text.startswith("SIP/2.0 100 Trying\r\n")
    assert header(text, "Timestamp") == ["5.4"]
    again = node.receive(INVITE, SWITCH, at(0.3))
    assert sent(again) == [text]
    assert statuses(node.answer(question.ask_id, REJECT, at(0.4))) == [603]


@pytest.mark.parametrize(
    ("dialect", "status"), [("redirect", 302), ("next-route", 404), ("reason", 302)]
)
def test_without_a_verdict_the_call_goes_on(dialect, status):
    """At the deadline; a verdict after it changes nothing."""
    node = server(dialect=dialect)
    question = ask(node, INVITE)
    assert question.deadline_ms == at(0.45)
    node.tick(at(0.449))
    outputs = node.tick(at(0.45))
    assert statuses(outputs) == [status]
    assert outputs[-1] == Withdrawn(question.ask_id, "deadline")
    assert node.answer(question.ask_id, REJECT, at(0.451)) == []
    assert node.counts["late"] == 1


def test_deadlines_survive_a_clock_set_back():
    """An hour back: the call goes on after the same time as ever."""
    node = server()
    ask(node, INVITE)
    hour_ms = 3_600_000
    assert node.tick(NOW_MS - hour_ms) == []
    assert node.next_timer_ms() == at(0.2) - hour_ms
    assert statuses(node.tick(at(0.2) - hour_ms)) == [100]
    assert statuses(node.tick(at(0.45) - hour_ms)) == [302]


def test_cancel():
    """200 with the tag of the INVITE's answer, 487, and nobody need answer."""
    node = server()
    question = ask(node, INVITE)
    outputs = node.receive(CANCEL, SWITCH, at(0.1))
    ok, ended = sent(outputs)
    assert (ok[:11], ended[:11]) == ("SIP/2.0 200", "SIP/2.0 487")
    assert header(ok, "To") == header(ended, "To")
    assert header(ok, "CSeq") == ["1 CANCEL"]
    assert outputs[-1] == Withdrawn(question.ask_id, "cancelled")
    assert sent(node.receive(CANCEL, SWITCH, at(0.2))) == [ok]
    assert node.answer(question.ask_id, REJECT, at(0.3)) == []
    assert statuses(server().receive(CANCEL, SWITCH, NOW_MS)) == [481]


def test_transactions_without_branch():
    """As before RFC 3261: told by Via, tags, Call-ID, CSeq and Request-URI."""
    node = server()
    plain = {"branch": "1"}
    question = ask(node, request(**plain))
    (text,) = sent(node.answer(question.ask_id, REJECT, NOW_MS))
    to = header(text, "To")[0]
    assert sent(node.receive(request(**plain), SWITCH, NOW_MS)) == [text]
    node.receive(request("ACK", target=f"<sip:{CALLED}@x>;tag=z", **plain), SWITCH, 0)
    assert node.receive(request(**plain), SWITCH, NOW_MS)
    node.receive(request("ACK", target=to, **plain), SWITCH, NOW_MS)
    assert node.receive(request(**plain), SWITCH, NOW_MS) == []
    ask(node, request(cseq="2 INVITE", **plain))
    assert node.counts["asked"] == 2


def test_options():
    """Health: 200 with what is supported, 503 while not ready, the same again."""
    node = server()
    outputs = node.receive(request("OPTIONS"), SWITCH, NOW_MS)
    (text,) = sent(outputs)
    assert text.startswith("SIP/2.0 200 OK\r\n")
    assert header(text, "Allow") == ["INVITE, ACK, CANCEL, OPTIONS"]
    node.is_ready = False
    assert node.receive(request("OPTIONS"), SWITCH, at(1)) == outputs
    other = request("OPTIONS", branch="z9hG4bK8")
    assert statuses(node.receive(other, SWITCH, at(1))) == [503]
    ask(node, INVITE)


def test_other_methods():
    """Known ones are not allowed, others not implemented."""
    answers = {"BYE": 405, "REGISTER": 405, "FANCY": 501}
    for method, status in answers.items():
        outputs = server().receive(request(method), SWITCH, NOW_MS)
        assert statuses(outputs) == [status]
        assert header(sent(outputs)[0], "Allow")


def test_tags_follow_from_the_request():
    """Equal after a restart with the same key, else different."""

    def tag(key: bytes, call_id: str) -> str:
        client = Client(name="switch", networks=("192.0.2.1",))
        node = RedirectServer([client], tag_key=key)
        data = request("OPTIONS", call_id=call_id)
        return header(sent(node.receive(data, SWITCH, NOW_MS))[0], "To")[0]

    assert tag(b"1", "a") == tag(b"1", "a")
    assert len({tag(b"1", "a"), tag(b"2", "a"), tag(b"1", "b")}) == 3


def test_strangers_get_nothing():
    """Neither an answer nor a question."""
    node = server()
    for host in ("198.51.100.1", "2001:db8::1", "::ffff:198.51.100.1", "no address"):
        assert node.receive(INVITE, Source("udp", host, 5060), NOW_MS) == []
    assert node.counts["stranger"] == 4


def test_the_narrowest_network_decides():
    """And a client with certificates needs one of them."""
    clients = [
        Client(name="wide", networks=("192.0.2.0/24", "2001:db8::/32")),
        Client(name="narrow", networks=("192.0.2.1",), trunk="t1", carrier="c1"),
        Client(
            name="secure",
            networks=("198.51.100.0/24",),
            certificate_names=frozenset({"sbc.example"}),
        ),
    ]
    node = RedirectServer(clients, tag_key=b"")
    found = {}
    for host, name in (
        ("192.0.2.1", ""),
        ("192.0.2.2", ""),
        ("::ffff:192.0.2.1", ""),
        ("2001:db8::9", ""),
        ("198.51.100.1", "sbc.example"),
        ("198.51.100.1", "other.example"),
        ("198.51.100.1", ""),
    ):
        source = Source("tls", host, 5061, certificate_names=(name,))
        data = request(branch=f"z9hG4bK{len(found)}")
        for out in node.receive(data, source, NOW_MS):
            found[host, name] = out.call.client, out.call.trunk, out.call.carrier
    assert found == {
        ("192.0.2.1", ""): ("narrow", "t1", "c1"),
        ("192.0.2.2", ""): ("wide", "", ""),
        ("::ffff:192.0.2.1", ""): ("narrow", "t1", "c1"),
        ("2001:db8::9", ""): ("wide", "", ""),
        ("198.51.100.1", "sbc.example"): ("secure", "", ""),
    }


def test_one_client_cannot_touch_the_calls_of_another():
    """An equal branch is another transaction; a CANCEL finds nothing."""
    clients = [Client(name=f"c{n}", networks=(f"192.0.2.{n}",)) for n in (1, 2)]
    node = RedirectServer(clients, tag_key=b"")
    ask(node, INVITE)
    other = Source("udp", "192.0.2.2", 5060)
    assert statuses(node.receive(CANCEL, other, NOW_MS)) == [481]
    assert isinstance(node.receive(INVITE, other, NOW_MS)[0], Ask)


def test_too_many_questions():
    """Beyond the bound the call goes on at once, and is told."""
    client = Client(name="switch", networks=("192.0.2.1",))
    node = RedirectServer([client], tag_key=b"", max_pending=2)
    for number in range(2):
        ask(node, request(branch=f"z9hG4bK{number}"))
    outputs = node.receive(request(branch="z9hG4bKx"), SWITCH, NOW_MS)
    assert statuses(outputs) == [302]
    assert isinstance(outputs[1], Passed)
    assert outputs[1].why == "too-many"


def test_too_many_transactions():
    """The oldest that is answered is forgotten; open ones never are."""
    client = Client(name="switch", networks=("192.0.2.1",))
    node = RedirectServer([client], tag_key=b"", max_transactions=3)
    invites = [request(branch=f"z9hG4bK{number}") for number in range(4)]
    questions = [ask(node, data) for data in invites[:3]]
    node.answer(questions[1].ask_id, REJECT, NOW_MS)
    ask(node, invites[3])
    assert node.receive(invites[0], SWITCH, NOW_MS) == []
    ask(node, invites[1])


def test_memory_comes_back():
    """After all timers, nothing of ten thousand calls is left."""
    node = server()
    for number in range(10_000):
        branch = f"z9hG4bK{number}"
        question = ask(node, request(branch=branch), NOW_MS + number)
        node.answer(question.ask_id, REJECT, NOW_MS + number)
        if number % 2:
            node.receive(request("ACK", branch=branch), SWITCH, NOW_MS + number)
    for second in range(60):
        node.tick(at(second))
    assert node.next_timer_ms() is None
    assert (node.held_transactions, node.open_questions) == (0, 0)


def test_pings():
    """Over a stream answered, over UDP ignored."""
    node = server()
    (pong,) = node.receive(b"\r\n\r\n", STREAM, NOW_MS)
    assert pong.data == b"\r\n"
    assert node.receive(b"\r\n\r\n", SWITCH, NOW_MS) == []
    assert node.receive(b"", SWITCH, NOW_MS) == []


CALLS = {
    "plain": ((), {"calling_number": CALLING, "called_number": CALLED}),
    "asserted": (
        ("P-Asserted-Identity: <sip:alice@x>, <tel:+375-29-000-00-05>", "Privacy: id"),
        {
            "calling_number": "+375290000005",
            "from_number": CALLING,
            "presentation": "restricted",
        },
    ),
    "diverted": (
        ("Diversion: <tel:+375290000009>;reason=no-answer",),
        {"redirecting_number": "+375290000009"},
    ),
    "signed": (
        ("Identity: a.b.c;info=<https://x/y,z>", "Identity: d", "Date: today"),
        {"identity": ("a.b.c;info=<https://x/y,z>", "d"), "date": "today"},
    ),
    "priority": (("Resource-Priority: wps.1, ets.0",), {"priority": "wps.1"}),
    "callback": (
        ("Priority: PSAP-callback",),
        {"priority": "psap-callback", "emergency": False},
    ),
    "not urgent": (("Priority: urgent",), {"priority": ""}),
    "To and Priority": (("Priority: emergency",), {"emergency": False}),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_is_asked(name):
    """The values of a call, from the headers that state them."""
    extra, expected = CALLS[name]
    call = ask(server(), request("INVITE", *extra)).call
    assert (call.call_id, call.at_ms, call.client) == ("1@192.0.2.1", NOW_MS, "switch")
    assert {key: getattr(call, key) for key in expected} == expected


TRUNKS = {
    "<sip:1@x;otg=t5>;tag=a": "t5",
    "<sip:1@x>;tag=a;otg=t6": "t6",
    "<sip:1;tgrp=t7;trunk-context=x@x>;tag=a": "t7",
    "<sip:1@x>;tag=a": "own",
}


@pytest.mark.parametrize("sender", TRUNKS)
def test_trunks(sender):
    """As the switch names it, else that of the client."""
    assert ask(server(trunk="own"), request(sender=sender)).call.trunk == TRUNKS[sender]


EMERGENCIES = {
    "urn": ({"uri": "urn:service:sos"}, True),
    "kind": ({"uri": "URN:service:SOS.police"}, True),
    "other service": ({"uri": "urn:service:sossage"}, False),
    "number": ({"uri": "sip:112@x"}, True),
    "number in national form": ({"uri": "tel:112;phone-context=x.example"}, True),
    "only in To": ({"target": "<urn:service:sos>"}, False),
}


@pytest.mark.parametrize("name", EMERGENCIES)
def test_emergencies(name):
    """They go on unasked; what a caller can write into To makes none."""
    changes, is_emergency = EMERGENCIES[name]
    outputs = server().receive(request(**changes), SWITCH, NOW_MS)
    if not is_emergency:
        assert isinstance(outputs[0], Ask)
        return
    assert statuses(outputs) == [302]
    assert outputs[1].why == "emergency"
    assert outputs[1].call.emergency


def test_emergency_priority():
    """esnet counts if the client's header is trusted, and no priority if it is not."""
    data = request("INVITE", "Resource-Priority: esnet.0")
    assert statuses(server().receive(data, SWITCH, NOW_MS)) == [302]
    for stated in ("Resource-Priority: esnet.0", "Priority: emergency"):
        data = request("INVITE", stated)
        call = ask(server(trusts_priority=False), data).call
        assert (call.emergency, call.priority) == (False, "")


def test_inside_a_dialog():
    """A re-INVITE that strays here goes on: an error would end the call."""
    data = request(target=f"<sip:{CALLED}@x>;tag=z")
    outputs = server(dialect="next-route").receive(data, SWITCH, NOW_MS)
    assert statuses(outputs) == [404]
    assert outputs[1].why == "in-dialog"


def test_a_broken_invite_may_go_on():
    """If the client is configured so, and the request line is whole."""
    node = server(goes_on_if_malformed=True)
    broken = request(sender="Bell, A <sip:1@x>;tag=a")
    (text,) = sent(node.receive(broken, SWITCH, NOW_MS))
    assert text.startswith("SIP/2.0 302 ")
    assert header(text, "Contact") == [f"<sip:{CALLED}@192.0.2.9;user=phone>"]
    hopeless = request(uri="<sip:1@x>")
    assert statuses(node.receive(hopeless, SWITCH, NOW_MS)) == [400]
    assert node.receive(broken.replace(b"INVITE", b"ACK"), SWITCH, NOW_MS) == []


BAD_CLIENTS = {
    "name": {"name": ""},
    "dialect": {"dialect": "polite"},
    "go on": {"go_on_status": 486},
    "refusal": {"refusal": "607"},
    "deadline": {"deadline_ms": 0},
    "contact": {"contact": "a>;b"},
    "divert": {"divert_to": "http://x"},
    "603+ without redress": {"refusal": "603+"},
    "608 without card": {"refusal": "608"},
    "network": {"networks": ("192.0.2.1/24",)},
}


@pytest.mark.parametrize("name", BAD_CLIENTS)
def test_clients_that_contradict_themselves(name):
    """Are refused with a sentence before anything is served."""
    settings = {"name": "x", "networks": ("192.0.2.1",)} | BAD_CLIENTS[name]
    with pytest.raises(ConfigError, match="SIP client"):
        RedirectServer([Client(**settings)], tag_key=b"")


def test_a_request_repeated_elsewhere_is_answered_there():
    """A switch whose connection broke asks again on another one."""
    node = server()
    first, second = (Source("tls", "192.0.2.1", 40_000 + n, n) for n in (1, 2))
    (question,) = node.receive(INVITE, first, NOW_MS)
    assert node.receive(INVITE, second, NOW_MS) == []
    (answer,) = node.answer(question.ask_id, Decision(), NOW_MS)
    assert answer.to == second
    (again,) = node.receive(INVITE, first, NOW_MS)
    assert (again.to, again.data) == (first, answer.data)
    options = request("OPTIONS", branch="z9hG4bKo")
    for place in (first, second):
        assert [out.to for out in node.receive(options, place, NOW_MS)] == [place]
