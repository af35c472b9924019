"""The agreement's folder and the store are kept alike, and only this channel's."""

import os
from datetime import date

import pytest

from stores import new_store
from tallystick.agreement.text import digest_of, draft_text, parse_text, starting_rules
from tallystick.blinding import new_private_key
from tallystick.blinding.channel import channel_between
from tallystick.blinding.keyfile import write_private_key
from tallystick.cases.course import Terms
from tallystick.model import ConfigError
from tallystick.node.kept.book import notes_in, open_book, say, start_book
from tallystick.office import Mirror, OfficeSettings, open_office
from tallystick.proof import signing_key
from tallystick.store import StatementBook

NOW_MS = 1_795_348_800_000
KEYS = {party: new_private_key(party, draw=os.urandom) for party in ("BY", "RU")}
CHANNEL = channel_between(*(key.public() for key in KEYS.values()))


def signers(keys):
    return tuple(signing_key(key).public() for key in keys.values())


def text(keys=KEYS, channel=CHANNEL):
    return draft_text(
        name="by-ru-calls",
        keys=list(signers(keys)),
        channel=channel.identifier,
        first_day=date(2026, 1, 1),
        rules=starting_rules("bilateral"),
    )


def mirror(folder, store, own):
    return Mirror(
        folder=folder,
        statements=StatementBook(store, CHANNEL.identifier),
        channel=CHANNEL.identifier,
        keys=signers(KEYS),
        own=own,
        now_ms=lambda: NOW_MS,
    )


def propose(folder, party, keys=KEYS, channel=CHANNEL):
    """Let a party propose a text in its book."""
    own = folder.parent / f"{party}.key"
    write_private_key(own, keys[party])
    made = text(keys, channel)
    book = start_book(folder, parse_text(made))
    body = {"text": made, "digest": digest_of(made)}
    return say(book, own, "proposed", body, NOW_MS)


@pytest.fixture
def store(tmp_path):
    opened = new_store(tmp_path / "store.db")
    yield opened
    opened.close()


def test_what_is_in_the_folder_comes_into_the_store_and_back(tmp_path, store):
    """Once; looking again moves nothing."""
    by = mirror(tmp_path / "by", store, "BY")
    assert by.look() == 0
    propose(tmp_path / "by", "BY")
    assert (by.look(), by.look(), by.look()) == (1, 0, 0)
    assert len(by.statements.unsent()) == 1
    # The same store stands for the peer's, which has taken it.
    ru = mirror(tmp_path / "ru", store, "RU")
    assert (ru.look(), ru.look()) == (1, 0)
    books = [open_book(tmp_path / party).statements for party in ("by", "ru")]
    assert books[0] == books[1]
    assert len(notes_in([tmp_path / "ru"])) == 1


def test_what_the_peer_wrote_by_hand_is_not_sent_to_it(tmp_path, store):
    """A stick brought it; the peer has it."""
    propose(tmp_path / "ru", "BY")
    ru = mirror(tmp_path / "ru", store, "RU")
    assert ru.look() == 1
    assert ru.statements.unsent() == []


def test_a_book_of_other_keys_is_refused(tmp_path, store):
    """Nothing of it comes into the store."""
    others = {party: new_private_key(party, draw=os.urandom) for party in KEYS}
    strange = channel_between(*(key.public() for key in others.values()))
    propose(tmp_path / "by", "BY", others, strange)
    by = mirror(tmp_path / "by", store, "BY")
    with pytest.raises(ConfigError) as caught:
        by.look()
    assert caught.value.code == "office-book"
    assert by.statements.in_room("agreement/") == {}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"listen": ("192.0.2.1", 8460)}, "office-tls"),
        ({"peer_key": signing_key(KEYS["BY"]).public()}, "office-key"),
        ({"store": "nothing"}, "store-url"),
    ],
)
def test_an_office_that_would_not_be_safe_does_not_open(tmp_path, change, code):
    """It says what is wrong."""
    given = {
        "store": f"sqlite:///{tmp_path / 'store.db'}",
        "own": KEYS["BY"],
        "channel": CHANNEL,
        "peer_key": signing_key(KEYS["RU"]).public(),
        "listen": ("127.0.0.1", 8460),
        "peer": "",
        "book": None,
        "days": Terms(),
        "certificate": None,
        "authorities": None,
    } | change
    with pytest.raises(ConfigError) as caught, open_office(OfficeSettings(**given)):
        pass
    assert caught.value.code == code
