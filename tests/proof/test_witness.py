"""A witness lets a log grow, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.model import MalformedError, TallystickError
from tallystick.proof import (
    STATUSES,
    Checkpoint,
    Request,
    consider,
    consistency_proof,
    encode_request,
    parse_request,
    sign_checkpoint,
)

from .logs import BY, ORIGIN, RU, Kept, entries

LOGS = {ORIGIN: BY.public()}


def ask(log: Kept, old: int) -> Request:
    """Return what a log asks that had so many entries."""
    proof = ()
    if old <= len(log.entries):
        proof = consistency_proof(old, len(log.entries), log.hashes())
    return Request(old=old, proof=proof, note=log.note)


def seen(size: int, seed: int = 0) -> Checkpoint:
    """Return the checkpoint of a log of so many entries."""
    return Kept(entries(size, seed)).checkpoint


def test_the_published_request_is_read_to_the_byte():
    """The example of C2SP tlog-witness."""
    body = (
        "old 20852014\n"
        "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
        "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
        "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
        "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"
        "\n"
        "example.com/behind-the-sofa\n"
        "20852163\n"
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
        "\n"
        "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe"
        "4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        "— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVG"
        "lCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n"
    ).encode()
    request = parse_request(body)
    assert (request.old, len(request.proof)) == (20852014, 4)
    assert encode_request(request) == body


@pytest.mark.property
@given(st.integers(0, 600), st.integers(0, 600))
def test_a_log_that_grew_is_seen(one, other):
    """Whatever the sizes, also if it did not grow."""
    old, new = sorted((one, other))
    log = Kept(entries(new))
    request = parse_request(encode_request(ask(log, old)))
    before = seen(old) if old else None
    assert consider(request, LOGS, before).checkpoint == log.checkpoint


@pytest.mark.parametrize(
    ("request_", "before", "code", "status"),
    [
        (ask(Kept(entries(5), origin="else"), 0), None, "witness-log", 404),
        (ask(Kept(entries(5), key=RU), 0), None, "checkpoint-unsigned", 403),
        (Request(old=9, proof=(), note=Kept(entries(5)).note), None, "", 400),
        (ask(Kept(entries(5)), 3), seen(4), "witness-old", 409),
        (ask(Kept(entries(5)), 0), seen(4), "witness-old", 409),
        (ask(Kept(entries(5)), 5), seen(9), "log-rolled-back", 409),
        (ask(Kept([]), 0), seen(9), "log-rolled-back", 409),
        (ask(Kept(entries(5, 1)), 5), seen(5), "log-forked", 409),
        (ask(Kept(entries(9, 1)), 5), seen(5), "log-rewritten", 422),
        (Request(old=5, proof=(), note=Kept(entries(9)).note), seen(5), "", 422),
    ],
)
def test_each_refusal_has_its_code_and_status(request_, before, code, status):
    """C2SP tlog-witness: one status for each; a sentence, and no number of a call."""
    with pytest.raises(TallystickError) as caught:
        consider(request_, LOGS, before)
    assert caught.value.code == code or not code
    assert STATUSES.get(caught.value.code, 400) == status
    assert "." in str(caught.value)


def test_a_first_look_takes_no_proof():
    """There is nothing that it could be consistent with."""
    log = Kept(entries(3))
    with pytest.raises(MalformedError):
        consider(Request(old=0, proof=(bytes(32),), note=log.note), LOGS, None)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"old 1", b"old 01\n\nx", b"old -1\n\nx", b"new 1\n\nx"),
        *(b"old 1\nAAAA\n\nx", b"old 1\n" + b"A" * 43 + b"\n\nx"),
        b"old 1\n" + (b"A" * 43 + b"=\n") * 64 + b"\nx",
        b"old 1\n" + b"A" * 42 + b"B=\n\nx",
    ],
)
def test_what_is_no_request_is_refused(body):
    """In one way to write it only."""
    with pytest.raises(MalformedError, match="tlog-witness"):
        parse_request(body)


def test_an_old_signature_over_the_same_size_is_no_growth():
    """What was signed for a fork is refused whichever branch comes later."""
    first, second = Kept(entries(8)), Kept(entries(8, 1))
    for ours, theirs in ((first, second), (second, first)):
        with pytest.raises(TallystickError, match="two histories"):
            consider(ask(theirs, 8), LOGS, ours.checkpoint)
    again = sign_checkpoint(first.checkpoint, BY)
    request = Request(old=8, proof=(), note=again)
    assert consider(request, LOGS, first.checkpoint).checkpoint == first.checkpoint
