"""Bundles prove what they hold, and nothing that was changed by a byte."""

import json
from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.model import MalformedError, TallystickError, VerificationError
from tallystick.proof import (
    LogPart,
    SigningKey,
    Statement,
    commit,
    cosign,
    encode_verifying_key,
    inclusion_proof,
    make_bundle,
    opened,
    sign_statement,
    verify_bundle,
)

from .logs import BY, NOW_S, RU, Kept, bundle, opening

SAID = sign_statement(
    Statement(
        channel="5b" * 32,
        by="RU",
        at_ms=NOW_S * 1000,
        about="case/3f2a",
        kind="answered",
        body={"answer": "explained"},
    ),
    RU,
)
OPENINGS = [opening(number, json.dumps({"n": number})) for number in range(300)]
OPENINGS[17] = opening(17, SAID.note.decode())
WHOLE = bundle(OPENINGS, [3, 17, 299])


def test_a_bundle_says_what_was_logged_by_whom_and_seen_by_whom():
    """Contents, statements, places, checkpoint, cosignature, keys."""
    proven = verify_bundle(WHOLE)
    (log,) = proven.logs
    assert (log.signed.by, dict(log.signed.seen)) == ("BY", {"RU": NOW_S})
    assert [one.index for one in log.entries] == [3, 17, 299]
    assert log.entries[0].opening == OPENINGS[3]
    assert log.entries[0].statement is None
    assert log.entries[1].statement == SAID
    assert set(proven.keys) == {BY.public(), RU.public()}


def test_a_bundle_need_not_be_witnessed():
    """It proves less, and says so by having nobody who saw it."""
    (log,) = verify_bundle(bundle(OPENINGS[:3], [1], witness=None)).logs
    assert dict(log.signed.seen) == {}


@pytest.mark.property
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_any_changed_byte_is_refused(at, change):
    """Wherever it lies, whatever it becomes."""
    spoilt = bytearray(WHOLE)
    spoilt[at] ^= change
    with pytest.raises(TallystickError):
        verify_bundle(bytes(spoilt))


def test_each_byte_of_a_small_bundle_may_not_change():
    """Every position, with a change that keeps letters letters."""
    small = bundle(OPENINGS[:2], [1])
    for at in range(len(small)):
        spoilt = bytearray(small)
        spoilt[at] ^= 1
        with pytest.raises(TallystickError):
            verify_bundle(bytes(spoilt))


@pytest.mark.property
@given(st.integers(0, len(WHOLE) - 1), st.binary(max_size=5))
def test_nothing_may_be_added_or_cut(at, more):
    """Not even white space."""
    for spoilt in (WHOLE[:at], WHOLE[:at] + b" " + more + WHOLE[at:]):
        with pytest.raises(TallystickError):
            verify_bundle(spoilt)


def _changed(change) -> bytes:
    whole = json.loads(WHOLE)
    change(whole)
    # As msgspec writes it, so that nothing but the change is refused.
    return json.dumps(whole, indent=1, ensure_ascii=False).encode() + b"\n"


def _set(path: list, value: object):
    def change(whole) -> None:
        for step in path[:-1]:
            whole = whole[step]
        whole[path[-1]] = value(whole[path[-1]]) if callable(value) else value

    return change


ENTRY = ["logs", 0, "entries", 0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set(["format"], "tallystick-bundle/2"), "version"),
        (_set([*ENTRY, "content"], '{"n": 4}'), "not in the log at that place"),
        (_set([*ENTRY, "kind"], "round"), "not in the log at that place"),
        (_set([*ENTRY, "index"], 4), "not in the log at that place"),
        (_set([*ENTRY, "salt"], "A" * 43 + "="), "not in the log at that place"),
        (_set([*ENTRY, "kind"], "opinion"), "known kind"),
        (_set([*ENTRY, "proof"], itemgetter(slice(-1))), "not in the log at that"),
        (_set(["keys"], itemgetter(slice(1))), "not signed by one log's party"),
        (
            _set(["logs", 0, "checkpoint"], lambda old: old.replace("\n300", "\n301")),
            "changed after BY had signed",
        ),
        (_set(["logs", 0, "entries"], []), "no evidence bundle"),
        (
            _set(["logs", 0, "entries"], lambda old: [*reversed(old)]),
            "no evidence bundle",
        ),
        (_set(["logs"], []), "no evidence bundle"),
        (_set(["more"], 1), "no evidence bundle"),
    ],
)
def test_each_tampering_is_refused_in_words(change, said):
    """A sentence for each."""
    with pytest.raises(TallystickError, match=said):
        verify_bundle(_changed(change))


def test_an_unchanged_bundle_is_written_alike():
    """So that the changes above are all that was changed."""
    assert _changed(dict) == WHOLE


def test_a_statement_must_be_signed_by_its_party():
    """One whose party has no key in the bundle is not shown as proven."""
    log = Kept([commit(one) for one in OPENINGS[:20]])
    read = log.hashes()
    part = LogPart(
        log.note.decode(), (opened(17, OPENINGS[17], inclusion_proof(17, 20, read)),)
    )
    with pytest.raises(VerificationError, match="not signed by RU"):
        make_bundle([BY.public()], [part])
    assert verify_bundle(make_bundle([BY.public(), RU.public()], [part])).logs


def test_a_key_that_signed_nothing_is_not_carried():
    """Nobody's name lends weight to what they never signed."""
    log = Kept([commit(one) for one in OPENINGS[:3]])
    part = LogPart(
        log.note.decode(),
        (opened(1, OPENINGS[1], inclusion_proof(1, 3, log.hashes())),),
    )
    with pytest.raises(MalformedError):
        make_bundle([BY.public(), RU.public()], [part])


def _part(note: str) -> LogPart:
    entry = opened(1, OPENINGS[1], inclusion_proof(1, 3, LOG.hashes()))
    return LogPart(note, (entry,))


LOG = Kept([commit(one) for one in OPENINGS[:3]])
TWIN = SigningKey(party="BY", seed=b"t" * 32)


def test_two_keys_of_one_party_are_refused():
    """Or a forged one would hide behind the one that was compared."""
    forged = Kept(LOG.entries, key=TWIN, origin="tallystick/log/BY/forged")
    parts = [_part(LOG.note.decode()), _part(forged.note.decode())]
    with pytest.raises(MalformedError):
        make_bundle([BY.public(), TWIN.public()], parts)


def test_a_key_is_written_in_one_way():
    """Nothing hides behind the end of its line."""
    for more in (b"==", b" ", b"\\n"):
        line = encode_verifying_key(RU.public()).encode()
        with pytest.raises(TallystickError):
            verify_bundle(WHOLE.replace(line, line + more))


def test_a_party_is_no_witness_of_its_own_log():
    """What it cosigned by itself is not shown as seen by anybody."""
    line = cosign(LOG.checkpoint.text, BY, at_s=NOW_S).line()
    with pytest.raises(VerificationError, match="witnesses alone"):
        make_bundle([BY.public()], [_part(LOG.note.decode() + line)])


def test_forged_keys_prove_only_for_themselves():
    """Whoever signs all anew gets another fingerprint: that is what to compare."""
    forged = {key.party: key.point for key in verify_bundle(WHOLE).keys}
    assert forged == {"BY": BY.public().point, "RU": RU.public().point}
    assert encode_verifying_key(BY.public()) in WHOLE.decode()
