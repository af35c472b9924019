"""What is read of a request for a verification, and what is answered."""

import json

import pytest

from passport.pki import NOW_S
from passport.world import ORIGID, A, B, C, D, context, field, signer
from tallystick.domains.calls.passport import sign_div, sign_shaken, verify_call
from tallystick.domains.calls.stir import verified

from .requests import atis, fault_of, read, three_gpp


def said(request, *identities, **how):
    """Return what is answered to a request whose tokens are those given."""
    asked = read(request)
    call = verify_call(
        identities or asked.identities,
        context=context(calling=asked.calling, called=asked.called),
        now_s=NOW_S,
    )
    answer = verified(asked, call, **how)
    assert answer.status == 200
    return json.loads(answer.body)["verificationResponse"]


def shaken(dest):
    return sign_shaken(
        signer(), orig=A, dest=[dest], iat_s=NOW_S, attest="A", origid=ORIGID
    )


def test_a_good_call_in_the_atis_form():
    """Only the verstat: there is nothing to explain."""
    assert said(atis(identity=field())) == {"verstat": "TN-Validation-Passed"}


def test_a_bad_call_in_the_atis_form():
    """Code, phrase and rule."""
    assert said(atis(identity=field(), from_={"tn": C})) == {
        "verstat": "TN-Validation-Failed",
        "reasoncode": 438,
        "reasontext": "Invalid Identity Header",
        "reasondesc": "rule orig-differs",
    }


def test_a_good_call_in_the_3gpp_form():
    """The claims that hold are told."""
    found = said(three_gpp(identityHeader=field(), requestId="r1"))
    assert found["verstatValue"] == "TN-Validation-Passed"
    assert found["requestId"] == "r1"
    (result,) = found["verifyResults"]
    assert result["verifyResult"]["status"] == "pass"
    assert result["verifyResult"]["validClaims"]["orig"] == {"tn": A}
    assert "divResult" not in found


def test_a_bad_call_in_the_3gpp_form():
    """The token that does not hold is told, and why."""
    found = said(three_gpp(identityHeader=field(), from_={"tn": C}))
    assert found["verstatValue"] == "TN-Validation-Failed"
    (result,) = found["verifyResults"]
    assert result["verifyResult"] == {
        "ppt": "shaken",
        "status": "fail",
        "reasonCode": 438,
        "reasonText": "Invalid Identity Header",
        "reasonDescription": "rule orig-differs",
        "passport": field().partition(";")[0],
    }


def test_a_diverted_call():
    """From the number that rings back to the one that was called; each is told."""
    token = sign_div(signer(), orig=A, dest=[B], iat_s=NOW_S, div=C)
    request = three_gpp(
        identityHeader=shaken(C), identityHeaders=[token], to={"tn": C}, dest={"tn": B}
    )
    found = said(request)
    assert found["verstatValue"] == "TN-Validation-Passed"
    assert found["divResult"] == [
        {"div": {"tn": C}, "verstatValue": "TN-Validation-Passed"}
    ]
    elsewhere = said(
        {"verificationRequest": request["verificationRequest"] | {"dest": {"tn": D}}}
    )
    assert elsewhere["verstatValue"] == "TN-Validation-Failed"
    assert elsewhere["divResult"][0]["verstatValue"] == "TN-Validation-Failed"


def test_without_diversions_a_call_is_held_against_to():
    """Request-URI may be another by then; the token names whom the caller called."""
    request = three_gpp(identityHeader=field(), to={"tn": B}, dest={"tn": C})
    assert said(request)["verstatValue"] == "TN-Validation-Passed"


def test_rph_is_refused_and_the_call_is_not():
    """A token of a kind that is not supported is as if it were not there."""
    other = field(header={"alg": "ES256", "ppt": "rph", "typ": "passport", "x5u": "x"})
    found = said(three_gpp(identityHeader=field(), identityHeaders=[other]))
    assert found["verstatValue"] == "TN-Validation-Passed"
    assert [one["verifyResult"]["status"] for one in found["verifyResults"]] == [
        "pass",
        "fail",
    ]


@pytest.mark.parametrize("make", [atis, three_gpp])
@pytest.mark.parametrize(
    "party",
    [
        {"tn": A},
        {"tn": [A]},
        {"tn": f"+{A}"},
        A,
        f"+{A}",
        f"sip:+{A}@example.by;user=phone",
        f"tel:+{A}",
        f'"Anna" <sip:{A}@example.by>;tag=1',
        {"uri": f"sip:+{A}@example.by"},
        {"uri": [f"sip:+{A}@example.by"]},
    ],
    ids=range(10),
)
def test_however_a_caller_is_written(make, party):
    """A text, an object, a list, an address: the number is the same."""
    assert read(make(from_=party)).calling == A


def test_a_caller_without_a_number_is_a_uri():
    """As RFC 8224 compares it."""
    assert read(atis(from_="<sip:Anna@Example.BY:5060>")).calling == (
        "sip:Anna@example.by"
    )


def test_several_destinations():
    """A call to a conference; each may be the one signed."""
    assert read(atis(to={"tn": [C, B]})).called == (C, B)
    assert said(atis(identity=field(), to={"tn": [C, B]}))["verstat"].endswith("Passed")


@pytest.mark.parametrize(
    ("request_", "parameter"),
    [
        (atis(identity=None, identityHeader=None), "identityHeader"),
        (atis(from_=None), "from"),
        (atis(to=None), "to"),
        (atis(time=None), "time"),
        (atis(from_={}), "from.tn"),
        (atis(to={"tn": []}), "to.tn"),
        ({}, "verificationRequest"),
    ],
)
def test_a_missing_parameter_is_named(request_, parameter):
    """The first that is missed."""
    default = "3gpp" if parameter == "identityHeader" else "atis"
    answer = read(request_, default=default)
    assert answer[0] == 400
    if default == "3gpp":
        assert answer[1]["parameter"] == parameter
    else:
        assert fault_of(answer) == ("SVC4001", parameter)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("identity", 5),
        ("identity", ["x"]),
        ("time", "now"),
        ("time", -1),
        ("from", 375291234567),
        ("from", {"tn": "x"}),
        ("from", "Anna"),
        ("from", ""),
        ("to", {"tn": [5]}),
        ("to", {"tn": [B] * 33}),
        ("to", {"uri": "Anna"}),
        ("to", {"tn": [""]}),
    ],
)
def test_an_invalid_parameter_is_named(parameter, value):
    """And its value is not repeated."""
    answer = read(
        {"verificationRequest": atis()["verificationRequest"] | {parameter: value}}
    )
    assert fault_of(answer) == ("SVC4005", parameter)
    assert "Anna" not in str(answer)


def test_identities_of_any_length_and_number_are_the_verifiers_affair():
    """It has its own rules for them, and its own answers."""
    long = said(atis(identity="x" * 9_000))
    assert (long["reasoncode"], long["reasondesc"]) == (438, "rule field-size")
    many = said(three_gpp(identityHeaders=["x"] * 8))
    assert many["verstatValue"] == "TN-Validation-Failed"


def test_a_request_never_shows_what_it_holds():
    """Wherever it is printed by mistake."""
    assert repr(read(atis())) == "<Verification>"
