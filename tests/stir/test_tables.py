"""The tables of spec/stir-http.md, row by row."""

import json
from operator import itemgetter
from pathlib import Path

import pytest

from passport.pki import NOW_S
from passport.world import B, C, context, field
from spec_tables import cells_below
from tallystick.domains.calls.passport import CallVerdict, verify_call
from tallystick.domains.calls.sip.dialect import LADDER
from tallystick.domains.calls.stir import (
    ERRORS,
    FaultError,
    Verdict,
    check_head,
    read_signing,
    read_verification,
    refused,
    verified,
)
from tallystick.domains.calls.stir.read import (
    ONLY_3GPP,
    ONLY_3GPP_SIGNING,
    ONLY_ATIS,
)

from .requests import FORMS, atis, sign, signing, three_gpp

SPEC = (Path(__file__).parents[2] / "spec" / "stir-http.md").read_text(encoding="utf-8")
ERROR_ROWS = cells_below(SPEC, "error |")
FORM_ROWS = cells_below(SPEC, "resource |")
ATTESTED = cells_below(SPEC, "asked |")
ACTIONS = [[cell.strip("`") for cell in row] for row in cells_below(SPEC, "action |")]
HEADS = cells_below(SPEC, "the head |")


def test_the_errors_are_those_of_the_specification():
    """Every error is a row, and the other way round."""
    ours = [
        [f"`{name}`", str(one.status), one.message_id, one.text, one.error]
        for name, one in ERRORS.items()
    ]
    assert sorted(ours) == sorted(ERROR_ROWS)


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("form", FORMS)
def test_an_error_is_told_in_either_form(name, form):
    """Status, id, text and variables stand where the form has them."""
    status, body = refused(FaultError(name, "iat", "why"), default=form)
    said, row = json.loads(body), ERRORS[name]
    assert status == row.status
    if form == "3gpp":
        named = {"parameter": "iat"} if name.startswith("parameter-") else {}
        assert said == {"error": row.error, **named}
    else:
        kind = "policy" if row.message_id.startswith("POL") else "service"
        assert said == {
            "requestError": {
                f"{kind}Exception": {
                    "messageId": row.message_id,
                    "text": row.text,
                    "variables": ["iat", "why"],
                }
            }
        }


def test_the_members_that_tell_the_form_are_those_of_the_specification():
    """No more and no fewer."""
    listed = {(row[0], row[1].strip("`"), row[2]) for row in FORM_ROWS}
    ours = {
        *(("verification", name, "3gpp") for name in ONLY_3GPP),
        *(("verification", name, "atis") for name in ONLY_ATIS),
        *(("signing", name, "3gpp") for name in ONLY_3GPP_SIGNING),
    }
    assert listed == ours


@pytest.mark.parametrize(("resource", "member", "form"), FORM_ROWS)
@pytest.mark.parametrize("default", FORMS)
def test_a_member_tells_the_form_whatever_is_set(resource, member, form, default):
    """A request with only that member is refused, or answered, in its form."""
    member = member.strip("`")
    whole = f"{resource}Request"
    body = json.dumps({whole: {member: "x"}}).encode()
    read = read_signing if resource == "signing" else read_verification
    with pytest.raises(FaultError) as raised:
        read(body, default=default)
    assert raised.value.form == form


@pytest.mark.parametrize("default", FORMS)
def test_without_such_a_member_the_form_is_as_set(default):
    """Signing looks alike in both; so does an empty verification."""
    assert read_signing(json.dumps(signing()).encode(), default=default)[0] == default
    with pytest.raises(FaultError) as raised:
        read_verification(b'{"verificationRequest": {}}', default=default)
    assert raised.value.form == default
    both = {**atis()["verificationRequest"], "identityHeader": "y"}
    body = json.dumps({"verificationRequest": both}).encode()
    assert read_verification(body, default=default).form == "3gpp"


LENGTH = {b"content-length": b"2"}
SPOILT = {
    "length-missing": ({}, b""),
    "body-missing": (LENGTH, b" \n"),
    "body-type": (LENGTH | {b"content-type": b"text/xml"}, b"{}"),
    "answer-type": (LENGTH | {b"accept": b"text/html, text/plain;q=0.5"}, b"{}"),
}


def test_heads_are_those_of_the_specification_and_looked_at_in_its_order():
    """The first row that does not hold is told."""
    names = [row[-1].strip("`") for row in HEADS]
    assert names == list(SPOILT)
    for name, (headers, body) in SPOILT.items():
        with pytest.raises(FaultError) as raised:
            check_head(headers, body)
        assert raised.value.name == name
    everything = SPOILT["body-type"][0] | SPOILT["answer-type"][0]
    with pytest.raises(FaultError, match="body-type"):
        check_head(everything, b"{}")
    with pytest.raises(FaultError, match="body-missing"):
        check_head(everything, b"")


@pytest.mark.parametrize(
    "headers",
    [
        {b"transfer-encoding": b"chunked"},
        LENGTH,
        LENGTH | {b"content-type": b"Application/JSON; charset=utf-8"},
        LENGTH | {b"accept": b"text/html, application/*;q=0.1"},
        LENGTH | {b"accept": b"*/*"},
    ],
)
def test_heads_that_are_taken(headers):
    """Liberal where nothing is lost by it."""
    check_head(headers, b"{}")


@pytest.mark.parametrize("weight", [b"0", b"0.0", b" 0.000"])
def test_a_kind_without_weight_is_not_accepted(weight):
    """RFC 9110, section 12.4.2."""
    accept = b"application/json; q=" + weight
    with pytest.raises(FaultError, match="answer-type"):
        check_head(LENGTH | {b"accept": accept}, b"{}")


@pytest.mark.parametrize(("asked", "highest", "own", "given"), ATTESTED)
def test_what_is_vouched_for(asked, highest, own, given):
    """Never more than is asked for, and never more than is allowed."""
    codes = ("375",) if own == "yes" else ("7",)
    status, said = sign(signing(attest=asked), highest=highest, codes=codes)
    assert status == 200
    call = verify_call(
        [said["signingResponse"]["identity"]], context=context(), now_s=NOW_S
    )
    assert (call.is_passed, call.attest) == (True, given)


SIGNED = cells_below(SPEC, "parameter | in a")
VERIFIED = cells_below(SPEC, "parameter | ATIS")
KINDS = {
    "shaken": {},
    "div": {"ppt": "div", "div": {"tn": C}, "attest": None, "origid": None},
    "rcd": {"ppt": "rcd", "rcd": {"nam": "A"}, "attest": None, "origid": None},
}


@pytest.mark.parametrize("row", SIGNED, ids=itemgetter(0))
@pytest.mark.parametrize(("place", "ppt"), list(enumerate(KINDS, start=1)))
def test_what_is_needed_to_sign(row, place, ppt):
    """Without a mandatory parameter nothing is signed; without another, all is."""
    name, need = row[0].strip("`"), row[place]
    if name == "ppt":
        return  # it is what makes the kind
    status, said = sign(signing(**(KINDS[ppt] | {name: None})), default="3gpp")
    if need == "mandatory":
        assert (status, said["parameter"]) == (400, name)
    else:
        assert status == 200


@pytest.mark.parametrize("row", VERIFIED, ids=itemgetter(0))
@pytest.mark.parametrize("form", FORMS)
def test_what_is_needed_to_verify(row, form):
    """The mandatory parameters of each form, and no others."""
    name, need = row[0].strip("`"), row[1 if form == "atis" else 2]
    make = atis if form == "atis" else three_gpp
    body = json.dumps(make(**{name: None})).encode()
    if need == "mandatory":
        with pytest.raises(FaultError) as raised:
            read_verification(body, default=form)
        assert (raised.value.name, raised.value.variables) == (
            "parameter-missing",
            (name,),
        )
    else:
        assert read_verification(body, default=form).form == form


def _weakened(action: str, call: CallVerdict, **how) -> dict[str, object]:
    request = read_verification(json.dumps(atis()).encode(), default="atis")
    verdict = Verdict("c", "no_departure", action, "missing", ("half_no_departure",))
    answer = verified(request, call, verdict=verdict, **how)
    said = json.loads(answer.body)["verificationResponse"]
    assert said.pop("verdict")["action"] == action
    return said


@pytest.mark.parametrize(("action", "verstat", "reason"), ACTIONS)
def test_what_both_halves_make_of_a_verstat(action, verstat, reason):
    """An action in force weakens what is said, and never strengthens it."""
    good = verify_call([field()], context=context(), now_s=NOW_S)
    said = _weakened(action, good)
    assert said["verstat"] == verstat
    told = (str(said.get("reasoncode", "")), said.get("reasontext", ""))
    assert " ".join(told).strip() == reason
    bad = verify_call(["rubbish"], context=context(), now_s=NOW_S)
    said = _weakened(action, bad)
    assert said["verstat"] == "TN-Validation-Failed"
    assert said["reasoncode"] == (608 if action == "reject" else 438)


def test_every_action_has_its_row():
    """The ladder of actions, and no more."""
    assert tuple(row[0] for row in ACTIONS) == LADDER


def test_a_weakened_verstat_has_no_attestation():
    """What is no longer vouched for is not shown as vouched for."""
    good = verify_call([field()], context=context(), now_s=NOW_S)
    assert _weakened("pass", good, suffix=True)["verstat"] == "TN-Validation-Passed-A"
    assert _weakened("mask", good, suffix=True)["verstat"] == "No-TN-Validation"


def test_both_forms_say_the_same_of_a_call():
    """The called side is shown one verstat, whoever asks."""
    for identity in (field(), "rubbish", field()[:-9]):
        shown = set()
        for request, name in ((atis(), "verstat"), (three_gpp(to=B), "verstatValue")):
            asked = read_verification(json.dumps(request).encode(), default="atis")
            call = verify_call([identity], context=context(), now_s=NOW_S)
            said = json.loads(verified(asked, call).body)["verificationResponse"]
            shown.add(said[name])
        assert len(shown) == 1
