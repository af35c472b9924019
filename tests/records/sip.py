"""SIP messages and packet captures made by hand."""

import struct
from dataclasses import dataclass

CALLER, CALLEE, THIRD = "192.0.2.1", "192.0.2.2", "192.0.2.3"
START_S = 1_772_345_600  # 2026-03-01T06:13:20Z


def request(
    method: str,
    *extra: str,
    call_id: str = "c1",
    cseq: int = 1,
    branch: str = "z9hG4bK1",
    tags: tuple[str, str] = ("a", ""),
    called: str = "+79160000011",
) -> bytes:
    """Return a request of the caller, or of the callee when the tags are turned."""
    return _message(
        f"{method} sip:{called}@example.invalid SIP/2.0",
        method,
        extra,
        call_id,
        cseq,
        branch,
        tags,
    )


def response(
    status: int,
    *extra: str,
    method: str = "INVITE",
    call_id: str = "c1",
    cseq: int = 1,
    branch: str = "z9hG4bK1",
    tags: tuple[str, str] = ("a", "b"),
) -> bytes:
    """Return a response to a request of the caller."""
    return _message(
        f"SIP/2.0 {status} Reason", method, extra, call_id, cseq, branch, tags
    )


def _message(
    start: str,
    method: str,
    extra: tuple[str, ...],
    call_id: str,
    cseq: int,
    branch: str,
    tags: tuple[str, str],
) -> bytes:
    named = {line.partition(":")[0].lower() for line in extra}
    lines = [start, f"Via: SIP/2.0/UDP h.invalid;branch={branch}"]
    if "from" not in named:
        lines.append(f"From: <sip:+375290000001@example.invalid>;tag={tags[0]}")
    lines += [
        "To: <sip:+79160000011@example.invalid>" + (f";tag={tags[1]}" * bool(tags[1])),
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {method}",
        *extra,
        "Content-Length: 0",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass(frozen=True)
class Packet:
    """A packet of a capture: when, between whom, with what."""

    at_s: float
    payload: bytes
    forward: bool = True


def ipv4(
    source: str,
    destination: str,
    protocol: int,
    payload: bytes,
    *,
    number: int = 1,
    flags: int = 0,
) -> bytes:
    """Return an IPv4 packet; `flags` holds the flags and the fragment offset."""
    ends = b"".join(
        bytes(map(int, address.split("."))) for address in (source, destination)
    )
    head = struct.pack(
        ">BBHHHBBH", 0x45, 0, 20 + len(payload), number, flags, 64, protocol, 0
    )
    return head + ends + payload


def ipv6(protocol: int, payload: bytes) -> bytes:
    """Return an IPv6 packet between two documentation addresses."""
    ends = bytes.fromhex("20010db8" + "0" * 23 + "1" + "20010db8" + "0" * 23 + "2")
    return struct.pack(">IHBB", 0x60000000, len(payload), protocol, 64) + ends + payload


def udp(payload: bytes, ports: tuple[int, int] = (5060, 5060)) -> bytes:
    """Return a UDP datagram."""
    return struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload


def tcp(
    payload: bytes,
    sequence: int,
    ports: tuple[int, int] = (40000, 5060),
    flags: int = 0x18,
) -> bytes:
    """Return a TCP segment."""
    head = struct.pack(
        ">HHIIBBHHH", *ports, sequence % 2**32, 0, 0x50, flags, 8192, 0, 0
    )
    return head + payload


def ethernet(packet: bytes, kind: int = 0x0800, tag: bytes = b"") -> bytes:
    """Return an Ethernet frame, with a VLAN tag when one is given."""
    return b"\2" * 6 + b"\4" * 6 + tag + struct.pack(">H", kind) + packet


def datagram(packet: Packet) -> bytes:
    """Return a frame with a UDP datagram between caller and callee."""
    ends = (CALLER, CALLEE) if packet.forward else (CALLEE, CALLER)
    return ethernet(ipv4(*ends, 17, udp(packet.payload)))


def pcap(frames: list[tuple[float, bytes]], link: int = 1, *, order: str = "<",
         per_second: int = 1_000_000) -> bytes:  # fmt: skip
    """Return a pcap file of frames with their seconds after START_S."""
    magic = 0xA1B2C3D4 if per_second == 1_000_000 else 0xA1B23C4D
    content = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    for at_s, frame in frames:
        ticks = round((START_S + at_s) * 1000) * (per_second // 1000)
        content += struct.pack(
            order + "IIII",
            ticks // per_second,
            ticks % per_second,
            len(frame),
            len(frame),
        )
        content += frame
    return content


def pcapng(
    frames: list[tuple[float, bytes]], link: int = 1, *, order: str = "<"
) -> bytes:
    """Return a pcapng file whose interface counts nanoseconds."""
    resolution = struct.pack(order + "HHB3x", 9, 1, 9) + struct.pack(order + "HH", 0, 0)
    content = _block(
        order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)
    )
    content += _block(order, 1, struct.pack(order + "HHI", link, 0, 0) + resolution)
    content += _block(order, 5, b"\0" * 12)  # statistics, to be skipped
    for at_s, frame in frames:
        ticks = round((START_S + at_s) * 1000) * 1_000_000
        head = struct.pack(
            order + "IIIII", 0, ticks >> 32, ticks % 2**32, len(frame), len(frame)
        )
        content += _block(order, 6, head + frame)
    return content


def _block(order: str, kind: int, body: bytes) -> bytes:
    body += b"\0" * (-len(body) % 4)
    length = 12 + len(body)
    return (
        struct.pack(order + "II", kind, length)
        + body
        + struct.pack(order + "I", length)
    )


def answered_call() -> list[Packet]:
    """Return a call: asked again for a password, answered after 4 s, 30 s long."""
    return [
        Packet(0.0, request("INVITE")),
        Packet(0.5, request("INVITE")),
        Packet(0.6, response(407), forward=False),
        Packet(0.7, request("ACK")),
        Packet(1.0, request("INVITE", cseq=2, branch="z9hG4bK2")),
        Packet(1.1, response(100, cseq=2, branch="z9hG4bK2"), forward=False),
        Packet(2.0, response(180, cseq=2, branch="z9hG4bK2"), forward=False),
        Packet(4.0, response(200, cseq=2, branch="z9hG4bK2"), forward=False),
        Packet(4.5, response(200, cseq=2, branch="z9hG4bK2"), forward=False),
        Packet(4.6, request("ACK", cseq=2)),
        Packet(9.0, request("INVITE", cseq=3, branch="z9hG4bK3", tags=("a", "b"))),
        Packet(9.1, response(200, cseq=3, branch="z9hG4bK3"), forward=False),
        Packet(34.0, request("BYE", cseq=7, tags=("b", "a")), forward=False),
        Packet(34.1, response(200, method="BYE", cseq=7, tags=("b", "a"))),
    ]
