"""What is signed, and what is not."""

import json

import pytest

from passport.pki import NOW_S
from passport.world import ORIGID, A, B, C, context
from tallystick.domains.calls.passport import verify_call

from .requests import FORMS, fault_of, sign, signing

BRANCH = {"tn": C}


def identity(answer):
    status, body = answer
    assert status == 200
    said = body["signingResponse"]
    return said.get("identity") or said["identityHeader"]


def judged(*identities, **options):
    return verify_call(identities, context=context(**options), now_s=NOW_S)


@pytest.mark.parametrize("default", FORMS)
def test_a_signed_call_is_believed(default):
    """What one door signs, the verifier believes; each form has its own name."""
    answer = sign(signing(), default=default)
    name = "identity" if default == "atis" else "identityHeader"
    assert set(answer[1]["signingResponse"]) == {name}
    call = judged(identity(answer))
    assert (call.verstat, call.attest) == ("TN-Validation-Passed", "A")


def test_the_same_request_has_the_same_signature():
    """Nothing is drawn but `origid`, and that only where there is none."""
    assert sign(signing()) == sign(signing())
    token = judged(identity(sign(signing(origid=None)))).passports[0]
    assert token.claims.origid == ORIGID


@pytest.mark.parametrize(
    "orig", ["+375 29 123-45-67", "375(29)123.45.67", A], ids=range(3)
)
def test_numbers_are_signed_as_tokens_have_them(orig):
    """Separators are dropped, as RFC 8224 has it."""
    assert judged(identity(sign(signing(orig={"tn": orig})))).is_passed


def test_a_request_id_is_sent_back():
    """And shows that the form is that of 3GPP."""
    _, body = sign(signing(requestId="12378"))
    assert body["signingResponse"]["requestId"] == "12378"
    assert "identityHeader" in body["signingResponse"]


def test_a_diversion_is_signed():
    """The caller's token and ours lead to the number that rings."""
    first = identity(sign(signing(dest=BRANCH | {"tn": [C]})))
    second = identity(sign(signing(ppt="div", div=BRANCH, attest=None)))
    call = judged(first, second)
    assert call.is_passed
    assert [one.ppt for one in call.passports] == ["shaken", "div"]
    with_index = sign(signing(ppt="div", div={"tn": C, "hi": "1.1"}))
    assert judged(first, identity(with_index)).is_passed


def test_rich_call_data_are_signed():
    """In a token of their own, and in that of the caller."""
    rich = {"nam": "Anna"}
    alone = judged(identity(sign(signing(ppt="rcd", rcd=rich, attest=None))))
    assert alone.passports[0].claims.name == "Anna"
    within = judged(identity(sign(signing(rcd=rich))))
    assert (within.attest, within.passports[0].claims.name) == ("A", "Anna")


def test_a_destination_may_be_a_uri():
    """Whom a caller reaches need not have a number; he himself must."""
    call = judged(
        identity(sign(signing(dest={"uri": ["sip:b@Example.org;user=x"]}))),
        called=("sip:b@example.org",),
    )
    assert call.is_passed
    both = {"tn": [B], "uri": ["sip:b@example.org"]}
    assert judged(identity(sign(signing(dest=both)))).is_passed


MISSING = {
    "attest": signing(attest=None),
    "orig": signing(orig=None),
    "orig.tn": signing(orig={}),
    "dest": signing(dest=None),
    "dest.tn": signing(dest={"tn": []}),
    "iat": signing(iat=None),
    "signingRequest": {},
    "div": signing(ppt="div"),
    "rcd": signing(ppt="rcd"),
    "div.tn": signing(ppt="div", div={}),
}


@pytest.mark.parametrize("parameter", MISSING)
def test_a_missing_parameter_is_named(parameter):
    """In both forms, by its place."""
    request = MISSING[parameter]
    status, said = sign(request, default="3gpp")
    assert (status, said["error"]) == (400, "Missing Mandatory Parameter")
    assert said["parameter"] == parameter
    if "ppt" not in request.get("signingRequest", {}):
        assert fault_of(sign(request)) == ("SVC4001", parameter)


INVALID = [
    ("attest", "D"),
    ("attest", {"type": "A"}),
    ("attest", ""),
    ("iat", "1790000000"),
    ("iat", -1000),
    ("iat", 1.5),
    ("iat", 10**30),
    ("iat", NOW_S - 61),
    ("iat", NOW_S + 61),
    ("orig", {"tn": "+375x"}),
    ("orig", {"tn": [A]}),
    ("orig", {"tn": A, "uri": "sip:a@b"}),
    ("orig", {"uri": "sip:a@example.by"}),
    ("dest", {"uri": ["nonsense"]}),
    ("dest", {"uri": ["a:"]}),
    ("orig", {"tn": "1" * 16}),
    ("orig", A),
    ("dest", {"tn": B}),
    ("dest", {"tn": [B] * 33}),
    ("dest", {"tn": [""]}),
    ("dest", {"tn": ["x"]}),
    ("dest", {"uri": ["\x01:b"]}),
    ("dest", [B]),
    ("origid", "not-a-uuid"),
    ("origid", [1]),
    ("ppt", "rph"),
    ("ppt", "mky"),
    ("div", {"tn": B}),
    ("div", {"uri": "sip:a@example.by"}),
    ("div", {"tn": "y"}),
    ("rcd", {"nam": 1}),
    ("rcd", {"nam": "a", "n": 1.5}),
    ("rcd", "name"),
    ("requestId", 5),
]


@pytest.mark.parametrize(("parameter", "value"), INVALID)
def test_an_invalid_parameter_is_named_and_its_value_is_not(parameter, value):
    """Type, size, range and word."""
    more = {"ppt": "div"} if parameter == "div" else {}
    status, said = sign(signing(**{parameter: value}, **more), default="3gpp")
    assert (status, said) == (
        400,
        {"error": "Invalid Parameter Value", "parameter": parameter},
    )


@pytest.mark.parametrize("value", [NOW_S - 60, NOW_S + 60])
def test_a_minute_off_is_signed(value):
    """RFC 8224, section 6.1."""
    assert judged(identity(sign(signing(iat=value)))).is_passed


def test_nobody_is_named_as_diverting_for_whom_the_party_does_not_speak():
    """The signer of a div token speaks for the number in it."""
    request = signing(ppt="div", div=BRANCH)
    assert sign(request, codes=("7",))[0] == 200
    status, said = sign(request, codes=("375",))
    assert (status, said["parameter"]) == (400, "div")


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"7", b"\xff\xfe", b'{"signingRequest": ', b"[" * 200_000, b"NaN"],
    ids=range(7),
)
def test_what_is_no_json_object_is_told(body):
    """And nothing of it is repeated."""
    assert fault_of(sign(body))[0] == "SVC4006"


def test_what_is_deep_is_refused():
    """However deep it lies."""
    text = json.dumps(signing(rcd={"nam": "DEEP"})).replace(
        '"DEEP"', '{"a":' * 900 + "1" + "}" * 900
    )
    assert sign(text.encode(), default="3gpp")[0] == 400


def test_no_value_of_a_request_comes_back_in_a_refusal():
    """Numbers stay where they are."""
    for parameter, value in INVALID:
        more = {"ppt": "div"} if parameter == "div" else {}
        body = json.dumps(sign(signing(**{parameter: value}, **more))[1])
        for number in (A, B, C):
            assert number not in body
