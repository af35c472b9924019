"""Who gets into a session, and who does not."""

from dataclasses import replace

import pytest

from tallystick.blinding import PrivateKey
from tallystick.channel import (
    Answering,
    FrameReader,
    Opening,
    Position,
    Refusal,
    Refused,
    SessionError,
    Standing,
    encode_terms,
    parse_agreement,
    refuse,
    sign_terms,
    signing_key,
)
from tallystick.channel.frame import Frame, Hello, Proof, Welcome

from .parties import BY, DAY_MS, NOW_MS, RU, standing, terms

POSITION = Position(b"stream-0", 17)


def one(data: bytes) -> Frame:
    """Read one frame as a node does before the proof."""
    (frame,) = FrameReader().feed(data)
    return frame


def opening(own: PrivateKey = RU, **changes: bytes) -> Opening:
    """Return the subscriber's part."""
    values = {"nonce": bytes(32), "binding": b"tls"} | changes
    side = standing(own, binding=values["binding"])
    return Opening(side, nonce=values["nonce"], position=POSITION)


def answering(own: PrivateKey = BY, **changes: bytes) -> Answering:
    """Return the publisher's part."""
    values = {"nonce": b"n" * 32, "binding": b"tls"} | changes
    return Answering(standing(own, binding=values["binding"]), nonce=values["nonce"])


def refusal_of(hello: Frame, now_ms: int = NOW_MS) -> Refusal:
    """Return why the publisher refuses."""
    with pytest.raises(SessionError) as caught:
        answering().receive_hello(hello, now_ms=now_ms)
    assert one(refuse(caught.value.refusal)) == Refused(caught.value.refusal)
    return caught.value.refusal


def hello(**changes: object) -> Hello:
    """Return what RU says first, with changes."""
    frame = one(opening().hello())
    assert isinstance(frame, Hello)
    return frame._replace(**changes)


def test_both_sides_get_in() -> None:
    """Two honest nodes come to a session, from where the subscriber stopped."""
    ours, theirs = opening(), answering()
    welcome = one(theirs.receive_hello(one(ours.hello()), now_ms=NOW_MS))
    assert theirs.receive_proof(one(ours.receive(welcome))) == POSITION


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"oldest": 2, "newest": 9}, Refusal.VERSION),
        ({"channel": bytes(32)}, Refusal.CHANNEL),
        ({"terms": bytes(32)}, Refusal.AGREEMENT),
        ({"subscriber": "KZ"}, Refusal.PARTY),
        ({"subscriber": "BY", "publisher": "RU"}, Refusal.PARTY),
        ({"nonce": b"n" * 32}, Refusal.SIGNATURE),
    ],
)
def test_refused_hellos(changes: dict[str, object], refusal: Refusal) -> None:
    """Each rule that fails is told by its own code."""
    assert refusal_of(hello(**changes)) is refusal


@pytest.mark.parametrize("now_ms", [terms().from_ms - 1, terms().until_ms])
def test_an_agreement_holds_for_its_term(now_ms: int) -> None:
    """Before and after its term there is no session."""
    assert refusal_of(hello(), now_ms) is Refusal.TERM


def test_a_later_program_is_met_at_our_version() -> None:
    """A peer that knows more versions is answered with the newest common one."""
    welcome = one(answering().receive_hello(hello(newest=200), now_ms=NOW_MS))
    assert isinstance(welcome, Welcome)
    assert welcome.version == 1


def test_an_old_peer_is_told_which_side_should_update() -> None:
    """The refusal carries a sentence about versions."""
    with pytest.raises(SessionError, match="older program should update") as caught:
        opening().receive(Refused(Refusal.VERSION, 5, 7))
    assert caught.value.told


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (opening(binding=b"other"), answering()),
        (opening(nonce=b"x" * 32), answering()),
    ],
)
def test_what_was_changed_on_the_way_is_seen(ours: Opening, theirs: Answering) -> None:
    """Another connection beneath, or another hello, breaks the signature."""
    welcome = one(theirs.receive_hello(hello(), now_ms=NOW_MS))
    with pytest.raises(SessionError) as caught:
        ours.receive(welcome)
    assert caught.value.refusal is Refusal.SIGNATURE


def test_a_proof_of_another_session_does_not_serve() -> None:
    """A recorded hello and proof let nobody in: the publisher's nonce is new."""
    ours, first = opening(), answering()
    said = one(ours.hello())
    proof = one(ours.receive(one(first.receive_hello(said, now_ms=NOW_MS))))
    again = answering(nonce=b"m" * 32)
    again.receive_hello(said, now_ms=NOW_MS)
    with pytest.raises(SessionError) as caught:
        again.receive_proof(proof)
    assert caught.value.refusal is Refusal.SIGNATURE


def test_a_publisher_cannot_be_made_to_prove_a_subscriber() -> None:
    """The publisher's own signature, sent back to it, is no proof."""
    theirs = answering()
    welcome = one(theirs.receive_hello(hello(), now_ms=NOW_MS))
    assert isinstance(welcome, Welcome)
    with pytest.raises(SessionError):
        theirs.receive_proof(Proof(welcome.signature))


def test_a_key_of_another_agreement_does_not_serve() -> None:
    """Who signs with a key that the agreement does not name gets no session."""
    thief = PrivateKey(party="RU", secret=bytes(range(32)))
    keys = (signing_key(BY).public(), signing_key(thief).public())
    text = encode_terms(replace(terms(), verifying_keys=keys))
    text = sign_terms(sign_terms(text, signing_key(BY)), signing_key(thief))
    side = Standing(agreement=parse_agreement(text), own=signing_key(thief))
    forged = one(Opening(side, nonce=bytes(32), position=POSITION).hello())
    assert refusal_of(forged) is Refusal.AGREEMENT


@pytest.mark.parametrize("frame", [Proof(bytes(64)), Refused(Refusal.BUSY)])
def test_messages_out_of_order_are_refused(frame: Frame) -> None:
    """Nothing but a hello begins a session."""
    assert refusal_of(frame) is Refusal.ORDER
    with pytest.raises(SessionError):
        answering().receive_proof(frame)
    with pytest.raises(SessionError):
        opening().receive(hello())


def test_a_term_may_be_long() -> None:
    """Three months of hours have their epochs."""
    assert terms().epoch_index(terms().until_ms) == 92 * DAY_MS // 3_600_000
