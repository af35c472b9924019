"""Real switches for rehearsals: Kamailio at the border, a carrier between, callees."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallystick.testing.programs import find_program

_MEMORY: Final = ("-m", "32", "-M", "4")
ALTERED: Final = "+7495777"
"""Calls to numbers that begin so are altered by the carrier between."""

SHOWN: Final = "+375291110000"
"""What the carrier puts in the calling number's place."""

_CARRIER: Final = f"""#!KAMAILIO
# A carrier between the two countries. It passes everything on, and shows another
# calling number for calls to {ALTERED}...
debug=0
log_stderror=yes
children=2
auto_aliases=no
dns=no
rev_dns=no
listen=LISTEN
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
request_route {{
    if (is_method("INVITE") && has_totag() == 0 && $rU =~ "^\\{ALTERED}") {{
        $fU = "{SHOWN}";
    }}
    $du = NEXT;
    forward();
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A gateway that asks a node about every call.

    Attributes:
        config: Its configuration, as shipped.
        listen: Where it listens, `host:port`.
        node: How it reaches the node: a SIP URI, or the beginning of an HTTP one.
        next_hop: Where calls go on to, `host:port`.
        more: Further definitions.
    """

    config: Path
    listen: str
    node: str
    next_hop: str
    more: tuple[str, ...] = ()


def shipped(name: str) -> Path:
    """Return a file of `deploy/`, which is part of the package."""
    return Path(__file__).parents[1] / "deploy" / name


def gateway_command(gateway: Gateway, folder: Path) -> list[str]:
    """Return how a gateway is run; `folder` takes its pid file."""
    defined = (
        f"LISTEN=udp:{gateway.listen}",
        f'NODE="{gateway.node}"',
        f'NEXT="sip:{gateway.next_hop}"',
        *gateway.more,
    )
    return _kamailio(gateway.config, gateway.listen, defined, folder)


def carrier_command(listen: str, next_hop: str, folder: Path) -> list[str]:
    """Return how the carrier between the two countries is run."""
    config = folder / "carrier.cfg"
    config.write_text(_CARRIER, encoding="ascii")
    defined = (f"LISTEN=udp:{listen}", f'NEXT="sip:{next_hop}"')
    return _kamailio(config, listen, defined, folder)


def callee_command(listen: str) -> list[str]:
    """Return how somebody is run who answers every call."""
    host, _, port = listen.rpartition(":")
    program = find_program("sipp") or "sipp"
    return [program, "-sn", "uas", "-i", host, "-p", port, "-nostdin"]


def _kamailio(
    config: Path, listen: str, defined: tuple[str, ...], folder: Path
) -> list[str]:
    program = find_program("kamailio") or "kamailio"
    pid = folder / f"kamailio-{listen.rpartition(':')[2]}.pid"
    defines = [word for one in defined for word in ("-A", one)]
    places = ["-P", str(pid), "-Y", str(folder)]
    return [program, "-DD", "-E", *_MEMORY, "-f", str(config), *defines, *places]
