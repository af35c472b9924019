"""RFC 4475: a documented answer for each of its messages."""

import json
from pathlib import Path

import pytest

from tallystick.domains.calls.sip import Ask, Passed

from .messages import NOW_MS, SWITCH, sent, server, statuses, table

MESSAGES = json.loads(Path(__file__).with_name("torture.json").read_text("utf-8"))
TABLE = {row[0]: row[2] for row in table("Torture messages")}


def test_every_message_has_its_row():
    """The table names each message of the RFC once."""
    assert set(TABLE) == set(MESSAGES["messages"])
    assert len(table("Torture messages")) == len(TABLE) == 49


@pytest.mark.parametrize("name", TABLE)
def test_answers(name):
    """Each message is answered as the table says."""
    data = MESSAGES["messages"][name].encode("latin-1")
    outputs = server().receive(data, SWITCH, NOW_MS)
    kinds = {type(out) for out in outputs}
    if TABLE[name] == "ask":
        assert kinds == {Ask}
    elif TABLE[name] == "go on":
        assert Passed in kinds
        assert statuses(outputs) == [302]
    else:
        expected = [] if TABLE[name] == "none" else [int(TABLE[name])]
        assert statuses(outputs) == expected


def test_unsupported_names_what_was_required():
    """Of bext01, the tags of Require come back, those of Proxy-Require do not."""
    data = MESSAGES["messages"]["bext01"].encode("latin-1")
    (text,) = sent(server().receive(data, SWITCH, NOW_MS))
    assert "Unsupported: nothingSupportsThis, nothingSupportsThisEither\r\n" in text


def test_the_stored_messages_are_those_of_the_rfc(shared_data):
    """Byte for byte."""
    folder = shared_data / "telephony" / "sip-torture-rfc4475"
    found = {path.stem: path.read_bytes() for path in folder.glob("*.dat")}
    stored = MESSAGES["messages"].items()
    assert found == {name: text.encode("latin-1") for name, text in stored}
