"""The topmost Via: whose transaction a request is, and where its answer goes.

Source: RFC 3261 sections 17.2.3, 18.2.1 and 18.2.2; RFC 3581 (rport).
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from tallystick.domains.calls.sip.text import TOKEN, split_list, split_params

MAGIC_COOKIE: Final = "z9hG4bK"
DEFAULT_PORTS: Final = {"TLS": 5061}
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
# What nearly every switch writes.
_USUAL: Final = re.compile(
    r"(SIP/2\.0/(?:UDP|TCP|TLS)) (([0-9A-Za-z.-]+)(?::([1-9][0-9]{0,3}))?)"
    r";branch=([0-9A-Za-z.!%*_+`'~-]+)(;rport)?"
)
_SPACED: Final = re.compile(r"SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*", re.IGNORECASE)


class Source(NamedTuple):
    """Where a message came from, and where its answer may go.

    Attributes:
        transport: "udp", "tcp" or "tls".
        host: IP address.
        connection: Which connection, for a stream.
        certificate_names: Names in the client's certificate, already verified.
    """

    transport: str
    host: str
    port: int
    connection: int = 0
    certificate_names: tuple[str, ...] = ()

    @property
    def is_stream(self) -> bool:
        """Whether the transport delivers for certain."""
        return self.transport != "udp"


class Via(NamedTuple):
    """One Via value.

    Attributes:
        sent_by: Host and port as stated, in lower case.
        port: As stated, or that of the transport.
        branch: Empty when there is none.
        has_rport: Whether rport is given without a value, which asks for one.
        params: As stated, in order.
        others: Values behind this one in the same header line.
    """

    protocol: str
    sent_by: str
    host: str
    port: int
    branch: str
    has_rport: bool
    params: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def is_unique(self) -> bool:
        """Whether the branch alone tells the transaction (RFC 3261)."""
        return len(self.branch) > 7 and self.branch[:7].lower() == "z9hg4bk"

    def answered(self, source: Source) -> str:
        """Return the value as the response must state it."""
        if not self.has_rport and self.host == source.host:
            return self.stated()
        kept = [
            part
            for part in self.params
            if part.partition("=")[0].strip().lower() not in {"received", "rport"}
        ]
        rport = f";rport={source.port}" if self.has_rport else ""
        tail = "".join([f";{part}" for part in kept])
        received = f";received={source.host}{rport}"
        return f"{self.protocol} {self.sent_by}{tail}{received}"

    def stated(self) -> str:
        """Return the value as it came, without its odd blanks."""
        tail = "".join([f";{part}" for part in self.params])
        return f"{self.protocol} {self.sent_by}{tail}"

    def destination(self, source: Source) -> Source:
        """Return where the response goes.

        Always the address the request came from: what a stranger writes into maddr or
        sent-by must not make us send to a third party.
        """
        if self.has_rport or source.transport != "udp" or self.port == source.port:
            return source
        return source._replace(port=self.port)


def parse_via(header: str) -> Via | None:
    """Return the first value of a Via header, or None when it breaks the grammar."""
    if usual := _USUAL.fullmatch(header):
        protocol, sent_by, host, stated_port, branch, rport = usual.groups()
        port = int(stated_port or DEFAULT_PORTS.get(protocol[8:], 5060))
        params = (f"branch={branch}", "rport") if rport else (f"branch={branch}",)
        return Via(protocol, sent_by, host, port, branch, rport is not None, params, ())
    return _parse_unusual(header)


def _parse_unusual(header: str) -> Via | None:
    first, *others = split_list(header) or ("",)
    if first[:8] == "SIP/2.0/":
        transport, _, rest = first[8:].partition(" ")
    elif spaced := _SPACED.match(first):
        transport, _, rest = first[spaced.end() :].partition(" ")
    else:
        return None
    sent_by, semicolon, text = rest.partition(";")
    place = _place(sent_by.strip(" \t"), transport.upper())
    if place is None or not TOKEN.fullmatch(transport):
        return None
    params = split_params(text) if '"' in text else text.split(";") if semicolon else []
    branch, has_rport, stated = "", False, []
    for part in params:
        name, equals, value = part.partition("=")
        name = name.strip(" \t")
        if not name:
            return None
        lowered, value = name.lower(), value.strip(" \t")
        if lowered == "branch":
            branch = value
        elif lowered == "rport":
            has_rport = not value
        stated.append(f"{name}={value}" if equals else name)
    spoken = sent_by.strip(" \t")
    return Via(
        f"SIP/2.0/{transport}",
        spoken,
        place[0],
        place[1],
        branch,
        has_rport,
        tuple(stated),
        tuple(others),
    )


@lru_cache(maxsize=1024)  # switches are few
def _place(sent_by: str, transport: str) -> tuple[str, int] | None:
    """Return host and port of sent-by."""
    if sent_by[:1] == "[":
        host, bracket, tail = sent_by.partition("]")
        host += bracket
        _, colon, port = tail.partition(":")
        if tail and not colon:
            return None
    else:
        host, colon, port = sent_by.partition(":")
        host, port = host.rstrip(" \t"), port.lstrip(" \t")
    if not _HOST.fullmatch(host):
        return None
    if not colon:
        return host.strip("[]"), DEFAULT_PORTS.get(transport, 5060)
    if not (port.isdecimal() and len(port) <= 5 and 0 < int(port) < 65536):
        return None
    return host.strip("[]"), int(port)
