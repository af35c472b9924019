"""Packets, byte by byte, walked along the tables of the specification."""

import random
from pathlib import Path

import pytest

from spec_tables import cells_below
from tallystick.domains.calls.hep import (
    MAX_PACKET_BYTES,
    Packet,
    PacketReader,
    Unread,
    parse_packet,
)
from tallystick.domains.calls.hep import packet as hep_packet

from .packets import ABROAD, NOW_MS, OWN, chunk, chunks, framed, packet, sip

SPEC = Path(__file__).parents[2] / "spec" / "hep.md"
INVITE = sip("INVITE")


def rebuilt(changes: dict[int, bytes | None], **said) -> bytes:
    """Return the usual packet with chunks changed, or left out."""
    known = chunks(INVITE, **said) | changes
    return framed(*(chunk(k, d) for k, d in known.items() if d is not None))


def test_the_example_of_the_specification():
    """Its bytes give what it says."""
    text = SPEC.read_text("utf-8").split("```hex\n")[1].split("```")[0]
    data = bytes.fromhex("".join(line.partition("#")[0] for line in text.splitlines()))
    found = parse_packet(data)
    assert isinstance(found, Packet)
    assert found.source == "198.51.100.7"
    assert found.destination == "192.0.2.10"
    assert found.at_ms == 1_800_000_000_250
    assert found.payload == b"OPTIONS sip:192.0.2.10 SIP/2.0\r\n\r\n"


@pytest.mark.parametrize(
    ("source", "destination"),
    [(ABROAD, OWN), ("2001:db8::7", "2001:db8::10")],
)
def test_a_packet_there_and_back(source, destination):
    """Addresses, time, payload, correlation, key; all else is passed over."""
    data = packet(
        INVITE,
        chunk(17, b"corr"),
        chunk(14, b"word"),
        chunk(19, b"group"),
        chunk(15, b"not ours", vendor=5),
        source=source,
        destination=destination,
        at_ms=NOW_MS + 7,
    )
    assert parse_packet(data) == Packet(
        source, destination, NOW_MS + 7, INVITE, b"corr", b"word"
    )


def test_an_address_mapped_into_six_is_one_of_four():
    found = parse_packet(
        packet(INVITE, source="::ffff:198.51.100.7", destination="::1")
    )
    assert isinstance(found, Packet)
    assert found.source == ABROAD


REFUSED = {
    "not-hep3": [b"", b"HEP", b"HEP2" + b"\0" * 40, b"\x02\x10" + b"\0" * 40],
    "length": [b"HEP3", b"HEP3\0", b"HEP3\0\7", packet(INVITE) + b"x"],
    "chunk": [
        framed(b"\0\0\0\1\0"),
        framed(b"\0\0\0\1\0\5\2"),
        framed(b"\0\0\0\1\0\x09\2"),
        framed(*[chunk(99, b"", vendor=7)] * 65),
    ],
    "repeated": [packet(INVITE, chunk(15, b"other")), packet(INVITE, chunk(1, b"\2"))],
    "chunk-size": [
        rebuilt({kind: data + b"\0"})
        for kind, data in chunks(INVITE).items()
        if kind != 15
    ]
    + [rebuilt({3: b"\1\2\3"}), rebuilt({9: b""}), rebuilt({11: b""})],
    "missing": [rebuilt({kind: None}) for kind in (1, 3, 4, 9, 11, 15)]
    + [rebuilt({15: b""}), framed(), rebuilt({1: b"\x0a"})],
    "other-protocol": [rebuilt({11: bytes([kind])}) for kind in (0, 5, 34, 100)],
    "compressed": [rebuilt({16: b"x\x9c"}), rebuilt({16: b"x\x9c", 15: None})],
    "family": [rebuilt({1: b"\0"}), rebuilt({1: b"\3"})],
    "time": [rebuilt({10: (1_000_000).to_bytes(4)}), rebuilt({10: b"\xff" * 4})],
}


def test_every_rule_of_the_specification_is_tried():
    rows = cells_below(SPEC.read_text("utf-8"), "word")
    assert {row[0].strip("`") for row in rows} == set(REFUSED)


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_not_used_is_named(why):
    for data in REFUSED[why]:
        assert parse_packet(data) == Unread(why), data


def test_what_may_be_left_out():
    """Ports, transport, agent and microseconds."""
    found = parse_packet(rebuilt(dict.fromkeys((2, 7, 8, 10, 12))))
    assert isinstance(found, Packet)
    assert found.at_ms == NOW_MS


def test_chunk_sizes_are_those_of_the_specification():
    rows = cells_below(SPEC.read_text("utf-8"), "chunk")
    said = {int(row[0]): int(row[1]) for row in rows if row[1].isdigit()}
    assert said == dict(hep_packet.SIZES)


def test_whatever_the_bytes_nothing_is_raised():
    """Cut, flipped, repeated, and drawn: 60,000 packets."""
    draw = random.Random(7)  # ruff: ignore[suspicious-non-cryptographic-random-usage]
    good = packet(INVITE, chunk(17, b"c"), chunk(14, b"k"))
    for data in (good[:n] for n in range(len(good))):
        assert isinstance(parse_packet(data), Unread)
    for _ in range(60_000):
        data = bytearray(good)
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        if draw.random() < 0.3:
            at = draw.randrange(6, len(data))
            data[at:at] = draw.randbytes(draw.randrange(9))
        if draw.random() < 0.8:
            data[4:6] = len(data).to_bytes(2)
        found = parse_packet(bytes(data))
        assert isinstance(found, Packet | Unread)


def test_a_stream_in_any_pieces():
    """Packets come out whole and in order, however the bytes were cut."""
    draw = random.Random(3)  # ruff: ignore[suspicious-non-cryptographic-random-usage]
    sent = [packet(sip("INVITE", call=n)) for n in range(200)]
    data, reader, got = b"".join(sent), PacketReader(), []
    while data:
        size = draw.choice([1, 5, 6, 7, 400, 3000])
        got += reader.feed(data[:size])
        data = data[size:]
    assert got == sent
    assert not reader.is_broken


@pytest.mark.parametrize("bad", [b"HEP2\0\x06", b"HEP3\0\x05", b"GET / HTTP/1.1\r\n"])
def test_a_stream_that_is_none_ends(bad):
    """What came before counts, and nothing after."""
    reader = PacketReader()
    good = packet(INVITE)
    assert reader.feed(good + bad + good) == [good]
    assert reader.is_broken
    assert reader.feed(good) == []


def test_the_largest_packet_of_a_stream():
    reader = PacketReader()
    head = b"HEP3\xff\xff"
    assert reader.feed(head + b"x" * 60_000) == []
    (one,) = reader.feed(b"x" * 60_000)
    assert len(one) == MAX_PACKET_BYTES
    assert reader.is_broken
