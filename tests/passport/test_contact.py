"""The signed contact of a 608."""

import pytest

from tallystick.domains.calls.passport import (
    Contact,
    call_info,
    read_contact,
    sign_contact,
)
from tallystick.domains.calls.passport.encoding import (
    base64url_from_bytes,
    json_from_object,
)
from tallystick.domains.calls.passport.sign import sign_jws
from tallystick.model.errors import ConfigError, VerificationError

from .pki import NOW_S, key_number
from .world import INFO, field, new_store, signer

DESK = Contact(name="Desk", email="desk@example.org", url="https://example.org/608")


def credential():
    return new_store().find(INFO, now_s=NOW_S)


def test_contact_there_and_back():
    """What was signed is read, and names the ways to get in touch."""
    card = read_contact(
        sign_contact(signer(), DESK, iat_s=NOW_S), credential(), now_s=NOW_S + 60
    )
    assert card == DESK.card()
    assert [entry[0] for entry in card[1]] == ["version", "fn", "url", "email"]
    assert call_info("https://example.org/608.jws") == (
        "<https://example.org/608.jws>;purpose=jwscard"
    )


def _jws(payload, **header):
    header = {"alg": "ES256", "typ": "vcard+json", "x5u": INFO, **header}
    return sign_jws(signer(), header, base64url_from_bytes(json_from_object(payload)))


GOOD = {"iat": NOW_S, "jcard": DESK.card()}


@pytest.mark.parametrize(
    ("jws", "rule"),
    [
        (sign_contact(signer(), DESK, iat_s=NOW_S - 61), "iat-stale"),
        (sign_contact(signer(key_number(7)), DESK, iat_s=NOW_S), "signature-wrong"),
        (_jws(GOOD, typ="passport"), "typ-wrong"),
        (_jws(GOOD, alg="none"), "alg-unsupported"),
        (_jws({**GOOD, "iat": "1"}), "iat-malformed"),
        (
            _jws({**GOOD, "jcard": ["vcard", [["fn", {}, "text", "x"]]]}),
            "rcd-malformed",
        ),
        (field().partition(";")[0], "typ-wrong"),
        ("a.b", "token-parts"),
        ("", "token-parts"),
    ],
)
def test_contacts_that_do_not_hold(jws, rule):
    """Each is refused with a sentence."""
    with pytest.raises(VerificationError, match=rule):
        read_contact(jws, credential(), now_s=NOW_S)


def test_a_contact_without_a_way_is_refused():
    """A 608 without redress is not to be sent."""
    with pytest.raises(ConfigError, match="no way to get in touch"):
        sign_contact(signer(), Contact(name="Desk"), iat_s=NOW_S)
