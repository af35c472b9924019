"""What each dialect answers, walked along the tables of the specification."""

import pytest

from tallystick.domains.calls.sip import Decision, Reason, Redress
from tallystick.domains.calls.sip.dialect import DIALECTS, LADDER, REFUSALS, row_of

from .messages import CALLED, NOW_MS, SPEC, ask, header, request, sent, server, table

ROWS = {(row[0], row[1]): (row[2], row[3]) for row in table("Dialects", 0)}
REDRESS = Redress(
    url="https://redress.example/why",
    telephone="+375170000000",
    email="redress@example.by",
    card_url="https://redress.example/card.jws",
)
STALE = Reason("STIR", 403, "Stale Date", "..c2ln")


def answer(decision: Decision, *extra: str, **settings: object) -> str:
    node = server(**settings)
    question = ask(node, request("INVITE", *extra))
    (text,) = sent(node.answer(question.ask_id, decision, NOW_MS))
    return text


def test_the_tables_are_those_of_the_specification():
    """Row by row, and no more rows."""
    ours = {
        (dialect, action): (row.status, ", ".join(row.headers))
        for dialect, rows in DIALECTS.items()
        for action, row in rows.items()
    }
    assert ours == ROWS
    lines = {row[0]: row[1] for row in table("Dialects", 1)}
    assert lines == {
        name: f"{refused.status} {refused.phrase}" for name, refused in REFUSALS.items()
    }


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("can_divert", [True, False])
def test_never_harder_than_decided(dialect, can_divert):
    """An action without a row becomes a milder one; an unknown action passes."""
    for at, action in enumerate(LADDER):
        row = row_of(dialect, action, can_divert=can_divert)
        found = [name for name, known in DIALECTS[dialect].items() if known is row]
        assert LADDER.index(found[0]) <= at
        assert can_divert or found[0] != "divert"
    unknown = row_of(dialect, "explode", can_divert=True)
    assert unknown is DIALECTS[dialect]["pass"]


def test_redirect():
    """302 with Contact, verstat, label, new Identity headers and reasons."""
    decision = Decision(
        "label",
        verstat="TN-Validation-Failed",
        identity=("x.y.z;info=<https://c>",),
        reasons=(STALE, Reason("SIP", 436, 'Bad "Info"')),
        label="Possibly not the number's own",
    )
    text = answer(decision)
    assert text.startswith("SIP/2.0 302 Moved Temporarily\r\n")
    assert header(text, "Contact") == [f"<sip:{CALLED}@192.0.2.9;user=phone>"]
    (asserted,) = header(text, "P-Asserted-Identity")
    assert asserted.startswith('"Possibly not the number\'s own" <sip:+375291234567;')
    assert ";verstat=TN-Validation-Failed@" in asserted
    assert header(text, "Identity") == ["x.y.z;info=<https://c>"]
    assert header(text, "Reason") == [
        'STIR;cause=403;text="Stale Date";ppi="..c2ln"',
        'SIP;cause=436;text="Bad \\"Info\\""',
    ]
    assert header(answer(Decision()), "P-Asserted-Identity") == []


def test_contact_and_embedded_headers():
    """The call is sent to the client's own place, headers inside the URI."""
    settings = {"contact": "[2001:db8::7]:5080", "embeds_headers": True}
    (contact,) = header(answer(Decision(verstat="X"), **settings), "Contact")
    target, _, embedded = contact.strip("<>").partition("?")
    assert target == f"sip:{CALLED}@[2001:db8::7]:5080;user=phone"
    assert embedded.startswith("P-Asserted-Identity=%3Csip%3A%2B375291234567%3Bverstat")
    (contact,) = header(answer(Decision("mask"), **settings), "Contact")
    assert contact.endswith("&Privacy=user%3Bid>")


def test_mask():
    """The number is taken away, by header and by privacy."""
    text = answer(Decision("mask", verstat="TN-Validation-Failed"))
    (asserted,) = header(text, "P-Asserted-Identity")
    assert asserted == '"Anonymous" <sip:anonymous@anonymous.invalid>'
    assert header(text, "Privacy") == ["user;id"]


def test_divert():
    """To the client's target; without one, the milder mask."""
    target = "sip:announcement@192.0.2.8"
    for dialect in DIALECTS:
        text = answer(Decision("divert"), dialect=dialect, divert_to=target)
        assert header(text, "Contact") == [f"<{target}>"]
    assert header(answer(Decision("divert")), "Privacy") == ["user;id"]


def test_the_example_of_the_specification():
    """The request there gets the response there, but for the tag."""
    blocks = SPEC.read_text("utf-8").split("```\n")
    asked, expected = (block.replace("\n", "\r\n") + "\r\n" for block in blocks[1:4:2])
    node = server()
    question = ask(node, asked.encode())
    decision = Decision(verstat="TN-Validation-Passed")
    (text,) = sent(node.answer(question.ask_id, decision, NOW_MS))
    (to,), (stated,) = header(text, "To"), header(expected, "To")
    assert text == expected.replace(stated, to)
    assert len(to) == len(stated)


GO_ON = {"pass": (404, 503), "log": (404, 503), "label": (404, 503), "mask": (404, 503)}


@pytest.mark.parametrize("action", GO_ON)
def test_next_route(action):
    """404 or 503 for all that is not a rejection."""
    for status in GO_ON[action]:
        text = answer(Decision(action), dialect="next-route", go_on_status=status)
        assert text.startswith(f"SIP/2.0 {status} ")
        assert not header(text, "Retry-After")
    assert answer(Decision("reject"), dialect="next-route").startswith("SIP/2.0 603 D")


def test_reason():
    """A rejection has the status the verdict names, if it may be one."""
    for stated, status in ((438, 438), (0, 403), (200, 403), (302, 403), (607, 607)):
        decision = Decision("reject", status=stated, reasons=(STALE,))
        text = answer(decision, dialect="reason")
        assert text.startswith(f"SIP/2.0 {status} ")
        assert header(text, "Reason")
    assert answer(Decision(), dialect="reason").startswith("SIP/2.0 302 ")


def test_redress():
    """608 points to the card, 603+ states the ways in its Reason."""
    text = answer(Decision("reject"), refusal="608", redress=REDRESS)
    assert text.startswith("SIP/2.0 608 Rejected\r\n")
    assert header(text, "Call-Info") == [
        "<https://redress.example/card.jws>;purpose=jwscard"
    ]
    text = answer(Decision("reject"), refusal="603+", redress=REDRESS)
    assert text.startswith("SIP/2.0 603 Network Blocked\r\n")
    ways = "url=https://redress.example/why;tel=+375170000000;email=redress@example.by"
    assert header(text, "Reason") == [
        f'SIP;cause=603;text="v=analytics1;{ways}";location=LN'
    ]


def test_a_verdict_cannot_break_out_of_its_header():
    """Line ends, quotation marks and letters beyond ASCII are made harmless."""
    nasty = 'a\r\nX-Evil: 1\r\n\r\n"\\ Проверка'
    decision = Decision(
        "label",
        verstat=nasty,
        identity=(nasty,),
        reasons=(Reason(nasty, 1, nasty, nasty), Reason("STIR", 1, nasty, nasty)),
        label=nasty,
    )
    for dialect in DIALECTS:
        text = answer(decision, dialect=dialect, embeds_headers=True)
        assert not header(text, "X-Evil")
        assert text.count("\r\n\r\n") == 1
        assert len(header(text, "Reason")) == 1
    assert "Проверка" in answer(decision).encode("latin-1").decode()


def test_a_verdict_too_long_to_send_is_cut_to_what_to_do():
    """Rather than a datagram that nobody can send."""
    decision = Decision(identity=("x;" * 8192,) * 4, verstat="X")
    text = answer(decision, embeds_headers=True)
    assert header(text, "Contact") == [f"<sip:{CALLED}@192.0.2.9;user=phone>"]
    assert not header(text, "Identity")
    assert len(header(answer(decision), "Identity")) == 0
    short = Decision(identity=("x;" * 1000,) * 9)
    assert len(header(answer(short), "Identity")) == 4
