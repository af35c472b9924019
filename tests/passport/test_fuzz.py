"""Whatever the bytes, a verdict and nothing else."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.domains.calls.passport import verify_call
from tallystick.domains.calls.passport.authority import parse_authority
from tallystick.domains.calls.passport.claims import _read, _read_usual
from tallystick.domains.calls.passport.constraints import parse_constraints
from tallystick.domains.calls.passport.encoding import json_from_object
from tallystick.domains.calls.passport.refusal import RULES, Refusal

from .pki import LIST, NOW_S
from .world import CLAIMS, HEADER, INFO, context, field, judge, new_store

STORE = new_store()
GOOD = field()
TOKEN = GOOD.partition(";")[0]
PIECES = [
    ".",
    ";",
    "=",
    "A",
    "\\",
    '"',
    "<",
    ">",
    "é",
    "\0",
    "",
    "..",
    "{",
    "info",
    ",",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*CLAIMS, "tn", "uri", "rcd", "nam", "div"]), inner
        )
    ),
    max_leaves=8,
)


@st.composite
def altered(draw):
    """Draw a field spoilt in a few places."""
    text = GOOD
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        gone = draw(st.integers(0, 3))
        text = text[:at] + draw(st.sampled_from(PIECES)) + text[at + gone :]
    return text


@pytest.mark.property
@settings(max_examples=2000, deadline=None)
@given(st.one_of(altered(), st.text(max_size=400)))
def test_altered_fields(text):
    """No byte of a token may change, and nothing is raised."""
    verdict = judge(text, store=STORE)
    assert verdict.rule in {"", *RULES}
    if verdict.is_passed:
        assert text.strip(" \t").partition(";")[0].rstrip(" \t") == TOKEN
    both = verify_call([text, GOOD], context=context(store=STORE), now_s=NOW_S)
    assert both.is_passed


@pytest.mark.property
@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from([*CLAIMS, "div", "rcd", "rcdi"]), JSON))
def test_claims_of_any_shape(claims):
    """Claims signed by a believed signer are refused by a rule or pass."""
    for ppt in ("shaken", "div", "rcd"):
        payload = json.dumps({**CLAIMS, **claims}).encode()
        header = {**HEADER, "ppt": ppt}
        verdict = judge(field(payload, header, f";info=<{INFO}>"), store=STORE)
        assert verdict.rule in {"", *RULES}


@pytest.mark.property
@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(list(CLAIMS)), JSON))
def test_the_two_readers_agree(claims):
    """What the short way reads, the long way reads alike."""
    payload = json_from_object({**CLAIMS, **claims})
    usual = _read_usual(payload)
    if usual is not None:
        assert usual == _read(payload, "shaken", False)
    assert _read_usual(json_from_object(CLAIMS)) is not None


@pytest.mark.property
@settings(max_examples=500, deadline=None)
@given(
    st.binary(max_size=60) | st.integers(0, 70).map(lambda n: LIST[:n] + LIST[n + 1 :])
)
def test_extensions_of_any_bytes(data):
    """Lists and constraints are read or refused."""
    for read in (parse_authority, lambda d: parse_constraints(d, enhanced=True)):
        with suppress(Refusal):
            read(data)


@pytest.mark.property
@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_certificates_of_any_bytes(data):
    """Whatever lies behind info is taken in or refused."""
    url = "https://fuzz.example.org/x.pem"
    assert STORE.add(url, data, now_s=NOW_S) in {"", *RULES}
