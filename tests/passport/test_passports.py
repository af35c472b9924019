"""What is believed, for all that might be doubted in it."""

import pytest

from tallystick.domains.calls.passport import (
    Policy,
    ReplayCache,
    canonical_number,
    canonical_uri,
    sign_div,
    sign_rcd,
    sign_shaken,
)
from tallystick.domains.calls.passport.encoding import json_from_object
from tallystick.model.errors import RefusedError

from .cases import call, div, shaken
from .pki import NOW_S
from .world import (
    CLAIMS,
    HEADER,
    INFO,
    LEAF_KEY,
    ORIGID,
    A,
    B,
    C,
    D,
    changed,
    field,
    judge,
    new_store,
    signer,
    trust,
)

SPACED = (
    b'{"orig": {"tn": "375291234567"}, "iat": %d, "attest": "A", "origid": "%s", '
    b'"dest": {"tn": ["79031112233", "79161234567"], "uri": ["sip:x@example.org"]}}'
) % (NOW_S, ORIGID.encode())

GOOD = {
    "as signed": field(),
    "ppt in quotes": field(parameters=f';info=<{INFO}>;ppt="shaken";alg="ES256"'),
    "info alone": field(parameters=f";info=<{INFO}>"),
    "spaces and other parameters": field(
        parameters=f' ; info = <{INFO}> ;\tppt=shaken;x="a;b";y'
    ),
    "other order, spaces, several called": field(SPACED),
    "claims nobody knows": changed(mky=[{"alg": "sha-256", "dig": "02"}], foo=1),
    "escaped text": changed(foo="\u2028\\u"),
    "no extension": field(
        {k: CLAIMS[k] for k in ("dest", "iat", "orig")},
        {k: v for k, v in HEADER.items() if k != "ppt"},
        f";info=<{INFO}>",
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_fields_pass(name):
    """Whatever RFCs leave open is accepted."""
    verdict = judge(GOOD[name])
    assert (verdict.rule, verdict.verstat) == ("", "TN-Validation-Passed")
    assert verdict.countries == ("BY",)
    assert verdict.reason_value() == ""


def test_compact_form_without_extension_passes():
    """Header and payload are made from the signalling, and only verified there."""
    claims = {"dest": {"tn": [B]}, "iat": NOW_S, "orig": {"tn": A}}
    header = {k: v for k, v in HEADER.items() if k != "ppt"}
    token = field(claims, header, "")
    compact = f"..{token.rpartition('.')[2]};info=<{INFO}>"
    assert judge(compact, date_s=NOW_S).is_passed
    assert judge(compact, date_s=NOW_S + 1).rule == "signature-wrong"


def test_either_form_of_s_verifies_and_neither_hides_a_replay():
    """The same claims under the other signature are the same token."""
    replays = ReplayCache(window_s=120)
    identity = field()
    token, _, parameters = identity.partition(";")
    signed, _, text = token.rpartition(".")
    other = f"{signed}.{_mirrored(text)};{parameters}"
    assert judge(identity, replays=replays, call_id="1").is_passed
    assert judge(identity, replays=replays, call_id="1").is_passed
    assert judge(other).is_passed
    assert judge(other, replays=replays, call_id="2").rule == "replayed"


def _mirrored(text):
    from tallystick.domains.calls.passport.encoding import (
        base64url_from_bytes,
        bytes_from_base64url,
    )

    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    raw = bytes_from_base64url(text)
    s = order - int.from_bytes(raw[32:], "big")
    return base64url_from_bytes(raw[:32] + s.to_bytes(32, "big"))


def test_refused_tokens_are_not_remembered():
    """A forger cannot make an honest token look like a replay."""
    replays = ReplayCache(window_s=120)
    token = field().partition(";")[0]
    broken = token[:-86] + "A" * 86 + f";info=<{INFO}>;ppt=shaken"
    assert not judge(broken, replays=replays, call_id="9").is_passed
    assert len(replays) == 0
    assert judge(field(), replays=replays, call_id="1").is_passed


def test_replays_are_forgotten_after_their_window_and_bounded():
    """Memory stays within two generations; what was lost is counted."""
    replays = ReplayCache(window_s=120, max_tokens=3)
    origids = [f"{ORIGID[:-2]}{n:02d}" for n in range(20)]
    for number, origid in enumerate(origids):
        assert judge(
            changed(origid=origid), replays=replays, call_id=str(number)
        ).is_passed
    assert len(replays) <= 6
    assert replays.dropped + len(replays) == 20
    again = changed(origid=origids[-1], iat=NOW_S + 500)
    assert judge(again, replays=replays, now_s=NOW_S + 500, call_id="x").is_passed


@pytest.mark.parametrize("offset_s", [-60, 0, 60])
def test_iat_is_believed_within_its_bounds(offset_s):
    """A minute to either side is fresh."""
    assert judge(changed(iat=NOW_S + offset_s)).is_passed


def test_date_is_looked_at_only_where_wished():
    """A Date far off does not matter by default."""
    assert judge(field(), date_s=1).is_passed
    assert judge(field(), date_s=1, policy=Policy(check_date=True)).code == 403


def test_diverted_call():
    """Two diversions lead from the number called first to the one that rings."""
    verdict = call(shaken(C, iat_s=NOW_S - 3600), div(C, D), div(D, B))
    assert (verdict.verstat, verdict.attest) == ("TN-Validation-Passed", "A")
    assert [p.rule for p in verdict.passports] == ["", "", ""]


@pytest.mark.parametrize(
    ("identities", "rules"),
    [
        ([shaken(C), div(D, B)], ["div-gap", ""]),
        ([div(C, B)], [""]),
        ([shaken(C), div(C, B, iat_s=NOW_S - 61)], ["div-gap", "iat-stale"]),
        ([shaken(C), div(C, D), div(D, B)[:-30]], ["div-gap", "div-gap", None]),
        ([shaken(C, orig=D), div(C, B, orig=D)], ["orig-differs", "orig-differs"]),
        ([field(key=LEAF_KEY), "rubbish"], ["", "field-no-parameters"]),
    ],
)
def test_several_fields(identities, rules):
    """Each field gets a verdict of its own."""
    verdict = call(*identities)
    found = [p.rule for p in verdict.passports]
    assert [f for f, r in zip(found, rules, strict=True) if r is not None] == [
        r for r in rules if r is not None
    ]
    assert verdict.is_passed == (identities[0] == field())


def test_a_diversion_alone_proves_nothing():
    """Without the caller's token there is a gap."""
    assert call(div(C, B)).rule == "div-gap"


def test_reasons_name_the_token_by_its_signature():
    """One Reason for each token that does not hold, without any number."""
    verdict = call(changed(attest="X"), field(), "rubbish")
    assert verdict.is_passed
    first, second = verdict.reason_values()
    signature = changed(attest="X").partition(";")[0].rpartition(".")[2]
    text = 'STIR ;cause=438 ;text="Invalid Identity Header"'
    assert first == f'{text} ;ppi="..{signature}"'
    assert second == text
    assert "eyJ" in verdict.passports[0].reason_value(full=True)


def test_an_unsupported_extension_beside_a_good_token_does_not_matter():
    """It is as if it were not there."""
    other = field(header={**HEADER, "ppt": "rph"}, parameters=f";info=<{INFO}>")
    assert call(other, field()).is_passed
    assert call(other, other).code == 428


def test_rich_call_data():
    """A name, a card and its digest are read from a token that holds."""
    card = ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Bank"]]]
    identity = sign_rcd(
        signer(), orig=A, dest=[B], iat_s=NOW_S, rcd={"nam": "Bank", "jcd": card}
    )
    verdict = judge(identity)
    assert (verdict.rule, verdict.claims.name) == ("", "Bank")
    assert call(identity, field()).attest == "A"


@pytest.mark.parametrize(
    "claims",
    [
        {"rcdi": {"/jcd": "sha256-" + "A" * 43 + "="}},
        {"rcd": {"nam": "x", "jcd": [], "jcl": "https://a.example/"}},
        {"rcd": {"nam": "x", "icn": "http://a.example/"}},
        {"rcd": {"nam": "x", "apn": "+1"}},
        {"rcd": {"nam": "x", "jcd": []}, "rcdi": {"/jcd": "sha256-" + "A" * 43 + "="}},
        {"rcd": {"nam": "x"}, "rcdi": {"icn": "sha256-" + "A" * 43 + "="}},
    ],
)
def test_bad_rich_call_data(claims):
    """Each member is held against RFC 9795."""
    assert judge(changed(**claims)).rule == "rcd-malformed"


def test_nothing_is_signed_that_would_be_refused():
    """The signer reads its own claims by the rules of the verifier."""
    options = {"orig": A, "dest": [B], "iat_s": NOW_S, "origid": ORIGID}
    with pytest.raises(RefusedError, match="attest-wrong"):
        sign_shaken(signer(), attest="Z", **options)
    with pytest.raises(RefusedError, match="div-loop"):
        sign_div(signer(), orig=A, dest=[B], iat_s=NOW_S, div=B)
    with pytest.raises(RefusedError, match="orig-malformed") as caught:
        sign_shaken(signer(), attest="A", **{**options, "orig": "+" + A})
    assert A not in str(caught.value)
    assert judge(sign_shaken(signer(), attest="C", **options)).attest == "C"


def test_no_number_is_shown():
    """What is printed by mistake tells a kind only."""
    verdict = judge(field())
    for value in (verdict, verdict.claims, call(field())):
        assert A not in repr(value)
        assert B not in str(value)


NUMBERS = {
    "+375 29 123-45-67": A,
    "375291234567": A,
    "+1 (215) 555-1212": "12155551212",
    "112": "112",
    "*100#": "*100#",
    "anonymous": "",
    "": "",
    "1234567890123456": "",
    "٣٧٥٢٩": "",
    "²": "",
}


@pytest.mark.parametrize("text", NUMBERS)
def test_canonical_numbers(text):
    """Separators go, everything else is no number."""
    assert canonical_number(text) == NUMBERS[text]


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("SIP:Alice@EXAMPLE.com:5060;transport=tcp?x=y", "sip:Alice@example.com"),
        ("sip:example.org", "sip:example.org"),
        ("sips:a@[2001:DB8::1]:5061", "sips:a@[2001:db8::1]"),
    ],
)
def test_canonical_uris(text, uri):
    """Port, parameters and headers go."""
    assert canonical_uri(text) == uri


def test_a_country_vouches_for_its_own_numbers():
    """Digits of the trust list admit the caller."""
    store = new_store(lists=(lambda: trust(codes=("7", "375")),))
    assert judge(field(), store=store).is_passed


def test_deep_nesting_is_refused():
    """Objects without end do not reach the interpreter's stack."""
    deep = b'{"a":' + b"[" * 1500 + b"]" * 1500 + b"}"
    assert judge(field(deep, parameters=f";info=<{INFO}>")).rule == "json-malformed"
    assert json_from_object({"b": 1, "a": [2]}) == b'{"a":[2],"b":1}'
