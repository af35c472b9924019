"""Whatever comes, a request is understood or refused, and nothing of it comes back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport.pki import NOW_S
from passport.world import A, B, C, context
from tallystick.domains.calls.passport import verify_call

from .requests import FORMS, atis, read, sign, signing, three_gpp

MARK = "4471"  # stands in every text that is put in
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20).map(lambda text: text + MARK)
    | st.sampled_from([A, B, C, "A", "shaken", "div", "rcd", "sip:a@b.example"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tn", "uri", "hi", "nam", "jcd", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
NAMES = [
    *("attest", "orig", "dest", "iat", "origid", "ppt", "div", "rcd", "requestId"),
    *("identity", "identityHeader", "identityHeaders", "from", "to", "time", "rph"),
]
CHANGES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3)
pytestmark = pytest.mark.property


def spoilt(request, changes):
    (whole,) = request
    return {whole: {**request[whole], **changes}}


@given(changes=CHANGES, form=st.sampled_from(FORMS))
def test_a_request_for_a_signature_is_signed_or_refused(changes, form):
    """What is signed is believed by our own verifier, or by nobody for a reason."""
    status, said = sign(spoilt(signing(), changes), default=form)
    if status == 200:
        answer = said["signingResponse"]
        token = answer.get("identity") or answer["identityHeader"]
        call = verify_call([token], context=context(), now_s=NOW_S)
        assert call.rule in {"", "orig-differs", "dest-differs", "div-gap"}
    else:
        assert status == 400
        assert MARK not in json.dumps(said)


@given(changes=CHANGES, form=st.sampled_from(FORMS), make=st.sampled_from([0, 1]))
def test_a_request_for_a_verification_is_understood_or_refused(changes, form, make):
    """And a refusal repeats nothing of it."""
    answer = read(spoilt((atis, three_gpp)[make](), changes), default=form)
    if isinstance(answer, tuple):
        assert answer[0] == 400
        assert MARK not in json.dumps(answer[1])
    else:
        assert all(answer.called)
        assert answer.calling


@given(body=st.binary(max_size=60))
def test_any_bytes_are_refused(body):
    """Noise is no request."""
    for answer in (sign(body), read(body)):
        assert answer[0] == 400
