"""Calls out of packet captures."""

import gzip
import struct

import pytest

from tallystick.domains.calls.records import Mapping
from tallystick.domains.calls.records.capture import packets
from tallystick.domains.calls.records.capture.packets import Segment
from tallystick.domains.calls.records.capture.streams import Streams
from tallystick.model.errors import MalformedError

from .files import read, saved
from .sip import (
    CALLEE,
    CALLER,
    START_S,
    Packet,
    answered_call,
    datagram,
    ethernet,
    ipv4,
    ipv6,
    pcap,
    pcapng,
    request,
    tcp,
    udp,
)


def frames_of(packed: list[Packet]) -> list[tuple[float, bytes]]:
    return [(packet.at_s, datagram(packet)) for packet in packed]


FRAMES = frames_of(answered_call())


def wrapped(wrap) -> list[tuple[float, bytes]]:
    """Return the answered call with other link or network headers."""
    found = []
    for packet in answered_call():
        ends = (CALLER, CALLEE) if packet.forward else (CALLEE, CALLER)
        found.append((packet.at_s, wrap(ends, udp(packet.payload))))
    return found


def in_fragments(ends: tuple[str, str], payload: bytes, number: int) -> list[bytes]:
    """Return IPv4 fragments, the last one first."""
    parts = [(at, payload[at : at + 160]) for at in range(0, len(payload), 160)]
    return [
        ethernet(
            ipv4(
                *ends,
                17,
                part,
                number=number,
                flags=at // 8 | (0x2000 if at + 160 < len(payload) else 0),
            )
        )
        for at, part in reversed(parts)
    ]


CAPTURES = {
    "pcap": pcap(FRAMES),
    "pcap of the other order": pcap(FRAMES, order=">"),
    "pcap of nanoseconds": pcap(FRAMES, per_second=1_000_000_000),
    "pcapng": pcapng(FRAMES),
    "pcapng of the other order": pcapng(FRAMES, order=">"),
    "pcap.gz": gzip.compress(pcap(FRAMES)),
    "vlan": pcap(
        wrapped(
            lambda ends, data: ethernet(ipv4(*ends, 17, data), tag=b"\x81\x00\x00\x07")
        )
    ),
    "two vlans": pcap(
        wrapped(
            lambda ends, data: ethernet(
                ipv4(*ends, 17, data), tag=b"\x88\xa8\x00\x07\x81\x00\x00\x08"
            )
        )
    ),
    "linux cooked": pcap(
        wrapped(
            lambda ends, data: (
                struct.pack(">HHHQH", 0, 1, 6, 0, 0x0800) + ipv4(*ends, 17, data)
            )
        ),
        113,
    ),
    "linux cooked 2": pcap(
        wrapped(
            lambda ends, data: (
                struct.pack(">HHIHBB8s", 0x0800, 0, 1, 1, 0, 6, b"")
                + ipv4(*ends, 17, data)
            )
        ),
        276,
    ),
    "loopback": pcap(
        wrapped(lambda ends, data: struct.pack("=I", 2) + ipv4(*ends, 17, data)), 0
    ),
    "raw": pcap(wrapped(lambda ends, data: ipv4(*ends, 17, data)), 101),
    "raw ipv6": pcap(wrapped(lambda _, data: ipv6(17, data)), 101),
    "ipv6": pcap(wrapped(lambda _, data: ethernet(ipv6(17, data), 0x86DD))),
    "ip in ip": pcap(
        wrapped(
            lambda ends, data: ethernet(
                ipv4("198.51.100.1", "198.51.100.2", 4, ipv4(*ends, 17, data))
            )
        )
    ),
    "fragments": pcap(
        [
            (packet.at_s, fragment)
            for number, packet in enumerate(answered_call())
            for fragment in in_fragments(
                (CALLER, CALLEE) if packet.forward else (CALLEE, CALLER),
                udp(packet.payload),
                number,
            )
        ]
    ),
}


@pytest.mark.parametrize("name", CAPTURES)
def test_captures(name, tmp_path):
    """The same call in every container, link and network."""
    found = read(saved(tmp_path, CAPTURES[name], "border.pcap"))
    assert found.batches[0].format == "capture"
    (row,) = found.records.iter_rows(named=True)
    assert row["started_at_ms"] == START_S * 1000
    assert row["answered_at_ms"] == START_S * 1000 + 4000
    assert row["duration_ms"] == 30_000
    assert row["calling_number"] == "+375290000001"
    assert row["called_number"] == "+79160000011"
    assert row["record_id"] == row["sip_call_id"] == "c1"
    assert row["release_cause"] == 16
    assert row["presentation"] == "allowed"
    if "ipv6" not in name:
        assert (row["trunk"], row["sip_destination"]) == (CALLER, CALLEE)


def tcp_frames(cuts: int, order: list[int] | None = None) -> list[tuple[float, bytes]]:
    """Return the call over TCP, each direction cut into segments of `cuts` bytes."""
    sides = {True: b"", False: b""}
    for packet in answered_call():
        sides[packet.forward] += b"\r\n\r\n" + packet.payload
    frames = []
    for forward, content in sides.items():
        ends = (CALLER, CALLEE) if forward else (CALLEE, CALLER)
        ports = (40000, 5060) if forward else (5060, 40000)
        first = 2**32 - 100  # the sequence number passes its end on the way
        frames.append((0.0, ethernet(ipv4(*ends, 6, tcp(b"", first, ports, 0x02)))))
        frames += [
            (
                float(at) / 100,
                ethernet(
                    ipv4(*ends, 6, tcp(content[at : at + cuts], first + 1 + at, ports))
                ),
            )
            for at in range(0, len(content), cuts)
        ]
    return [frames[at] for at in order] if order else frames


@pytest.mark.parametrize("cuts", [7, 100, 1400, 100_000])
def test_tcp_in_any_cut(cuts, tmp_path):
    """Messages over TCP are put together, however they are cut."""
    found = read(saved(tmp_path, pcap(tcp_frames(cuts))))
    assert found.column("record_id") == ["c1"]
    assert not found.reasons


def test_tcp_out_of_order_and_repeated(tmp_path):
    """Segments that come late or twice change nothing."""
    count = len(tcp_frames(300))
    order = list(range(count))
    for at in range(1, count - 1, 3):
        order[at], order[at + 1] = order[at + 1], order[at]
    order = [at for at in order for _ in range(2)]
    found = read(saved(tmp_path, pcap(tcp_frames(300, order))))
    assert found.column("record_id") == ["c1"]


def messages(*segments: Segment) -> list[bytes]:
    streams = Streams()
    return [data for segment in segments for data in streams.messages(segment)]


def segment(payload: bytes, sequence: int) -> Segment:
    return Segment(("192.0.2.1", 40000), ("192.0.2.2", 5060), payload, sequence)


def test_tcp_joined_in_the_middle():
    """A capture that begins inside a message finds the next one."""
    whole = request("INVITE")
    assert messages(segment(whole[40:] + whole, 7)) == [whole]


def test_tcp_gap_is_given_up():
    """When a segment never comes, reading goes on behind it."""
    whole = request("INVITE")
    later = [segment(whole, 10_000 + n * len(whole)) for n in range(80)]
    found = messages(segment(whole[:50], 1), *later)
    assert found[-1] == whole
    assert len(found) >= 70


def test_tcp_that_is_not_sip_gives_nothing():
    """Other traffic on TCP is forgotten, even if it looks like SIP later on."""
    other = [segment(b"\x16\x03\x01" + b"x" * 997, n * 1000) for n in range(50)]
    assert not messages(*other, segment(b"\n" + request("INVITE"), 50_000))


def test_fragments_that_never_complete(monkeypatch, tmp_path):
    """Lost fragments do not pile up."""
    monkeypatch.setattr(packets, "MAX_FRAGMENTED", 3)
    lost = [
        (0.0, in_fragments((CALLER, CALLEE), udp(request("INVITE")), number)[0])
        for number in range(100, 120)
    ]
    found = read(saved(tmp_path, pcap(lost + FRAMES)))
    assert found.column("record_id") == ["c1"]


def test_truncated_capture(tmp_path):
    """Packets before the break are read; the break is named."""
    found = read(saved(tmp_path, pcap(FRAMES)[:-30]))
    assert found.column("duration_ms") == [30_000]
    ((line, _, reason),) = found.reasons
    assert line == len(FRAMES)
    assert "middle of a packet" in reason


@pytest.mark.parametrize("make", [pcap, pcapng])
def test_captures_cut_anywhere(make, tmp_path):
    """Wherever a capture is cut, there is a call or a sentence."""
    content = make(FRAMES)
    for end in [*range(4, 200, 7), *range(200, len(content), 97)]:
        path = saved(tmp_path, content[:end])
        if end < len(make(FRAMES[:1])):
            with pytest.raises(MalformedError, match="packets"):
                read(path)
        else:
            found = read(path)
            assert found.records.height == 1
            assert len(found.reasons) <= 1


def test_damaged_lengths(tmp_path):
    """A length that cannot be is damage, not a reason to take all memory."""
    for make in (pcap, pcapng):
        content = bytearray(make(FRAMES))
        at = len(make(FRAMES[:13]))
        content[at : at + 16] = b"\xff" * 16
        found = read(saved(tmp_path, bytes(content)))
        assert found.records.height == 1
        assert "damaged" in found.reasons[0][2]


NO_CALLS = {
    "empty capture": (pcap([]), "0 packets"),
    "no SIP": (pcap([(0.0, datagram(Packet(0.0, b"hello")))]), "no SIP message"),
    "registrations": (
        pcap([(0.0, datagram(Packet(0.0, request("REGISTER"))))]),
        "1 SIP messages, but no call",
    ),
    "unknown link": (pcap([(0.0, b"\0" * 40)], link=105), "link type"),
    "noise": (pcap([(0.0, bytes(range(n))) for n in range(60)]), "no SIP message"),
    "broken message": (
        pcap(
            [
                (
                    0.0,
                    datagram(
                        Packet(0.0, request("INVITE").replace(b"CSeq: 1", b"CSeq: x"))
                    ),
                )
            ]
        ),
        "CSeq",
    ),
}


@pytest.mark.parametrize("name", NO_CALLS)
def test_captures_without_calls(name, tmp_path):
    """A sentence says what was found instead."""
    content, sentence = NO_CALLS[name]
    with pytest.raises(MalformedError) as caught:
        read(saved(tmp_path, content))
    assert caught.value.code == "no-calls"
    assert sentence in str(caught.value)


def test_broken_message_beside_a_call(tmp_path):
    """A message that cannot be read is a reject with the number of its packet."""
    broken = request("BYE").replace(b"Call-ID", b"Call-It")
    frames = [(0.0, datagram(Packet(0.0, broken))), *FRAMES]
    found = read(saved(tmp_path, pcap(frames)))
    assert found.column("line") == [2]
    assert [line for line, _, _ in found.reasons] == [1]


def test_constants_of_a_capture(tmp_path):
    """A mapping may say the direction and the trunk."""
    mapping = Mapping(constants={"direction": "international_in", "trunk": "SBC-1"})
    found = read(saved(tmp_path, pcap(FRAMES)), mapping=mapping)
    assert found.column("trunk") == ["SBC-1"]
    assert found.column("direction") == ["international_in"]


EXPECTED_CALLS = {
    "ndpi_sip_hello.pcapng": 0,
    "sngrep_ipip.pcap": 1,
    "suricata_sip-body-frames_public-cloudshark-sip-s0.pcap": 2,
    "suricata_sip-body-large_sip-body-large.pcap": 1,
    "suricata_sip-tcp-method_sip-tcp.pcap": 0,
    "ws_sip.pcapng": 1,
    "ws_sipmsg.log": 0,
    "zeek_wireshark.pcap": 4,
}


@pytest.mark.parametrize("name", EXPECTED_CALLS)
def test_foreign_captures(name, shared_data):
    """Captures of other projects give their calls, or a sentence."""
    path = shared_data / "telephony" / "sip-captures" / name
    if not EXPECTED_CALLS[name]:
        with pytest.raises(MalformedError):
            read(path)
        return
    assert read(path).records.height == EXPECTED_CALLS[name]
