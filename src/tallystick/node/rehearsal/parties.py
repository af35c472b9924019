"""Two parties on one machine, ready to be run: keys, signed terms, rules, settings.

For demonstrations and for tests with real switches. Everything is as two operators
would have it, each in a folder of its own; only both are on one machine.
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallystick.blinding import PrivateKey, new_private_key
from tallystick.blinding.keyfile import write_private_key
from tallystick.channel import Terms, encode_terms, sign_terms, signing_key
from tallystick.node.config.terms import USUAL
from tallystick.node.service import now_ms

PARTIES: Final = ("BY", "RU")
"""Where calls leave, and where they arrive."""

HALF_DAY_MS: Final = 43_200_000
WINDOW_MS: Final = 2_000
"""Shorter than real terms have it, so that nobody waits long after a start."""

RULES: Final = """\
# What both parties agreed for this rehearsal: all of it live, so calls are refused.
# The table that comes with the program (spec/verdict.md) only notes what it would do.
format = "tallystick-rules/1"
name = "rehearsal"
version = 1

[[rules]]
id = "missing"
when = { half = ["no_departure"], origin = ["peer"] }
action = "reject"
mode = "live"

[[rules]]
id = "own-number-missing"
when = { half = ["no_departure"], origin = ["own"] }
action = "reject"
mode = "live"

[[rules]]
id = "altered"
when = { half = ["altered"] }
action = "reject"
mode = "live"
"""

_SETTINGS: Final = """party = "{party}"
folder = "kept"            # verdicts
{rules}

[keys]
own = "{party}.key"
terms = "terms.toml"

[listen]
http = "{http}"
sip = "{sip}"
channel = "{channel}"
{peer}
[numbers]
own = "{party}"
peer = "{other}"

[[switches]]
name = "gateway"
networks = ["{switch}"]
side = "{side}"
dialect = "next-route"     # 404: go on, 603: refuse
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Where a party's node listens.

    Attributes:
        http: For switches, `host:port`.
        sip: For switches.
        channel: For the peer.
        switch: From where its switch asks.
    """

    http: str
    sip: str
    channel: str
    switch: str = "127.0.0.1"


def prepare(folder: Path, posts: Mapping[str, Post]) -> dict[str, Path]:
    """Make both parties' folders; RU follows BY.

    Args:
        folder: Where they are made.
        posts: Where each party's node listens.

    Returns:
        The settings file of each party.
    """
    make_parties(folder)
    made: dict[str, Path] = {}
    for party in posts:
        rules = 'rules = "rules.toml"' if party == "RU" else ""
        (folder / party / "rules.toml").write_text(RULES, encoding="ascii")
        made[party] = folder / party / "node.toml"
        made[party].write_text(settings_text(party, posts, rules), encoding="utf-8")
    return made


def make_parties(folder: Path) -> None:
    """Make a folder for each party, with its key and the terms that both signed.

    Args:
        folder: Where they are made.
    """
    keys = {p: new_private_key(p, draw=os.urandom) for p in PARTIES}
    terms = signed_terms(keys, window_ms=WINDOW_MS)
    for party in PARTIES:
        own = folder / party
        own.mkdir(parents=True)
        write_private_key(own / f"{party}.key", keys[party])
        (own / "terms.toml").write_text(terms, encoding="ascii", newline="\n")


def signed_terms(
    keys: Mapping[str, PrivateKey], *, from_ms: int | None = None, **changes: int
) -> str:
    """Return terms with both signatures, in force for a month.

    Args:
        keys: Both parties' private keys.
        from_ms: When they begin; None: so long ago that no epoch ends for hours.
        changes: What is agreed otherwise than usual, by the names of `Terms`.
    """
    if from_ms is None:
        from_ms = now_ms() // 60_000 * 60_000 - HALF_DAY_MS
    signers = [signing_key(keys[party]) for party in PARTIES]
    text = encode_terms(
        Terms(
            keys=(keys["BY"].public(), keys["RU"].public()),
            verifying_keys=(signers[0].public(), signers[1].public()),
            domain="calls",
            tokens="hmac-sha256/1",
            from_ms=from_ms,
            until_ms=from_ms + 60 * HALF_DAY_MS,
            **(USUAL | changes),
        )
    )
    for signer in signers:
        text = sign_terms(text, signer)
    return text


def settings_text(
    party: str,
    posts: Mapping[str, Post],
    rules: str,
    *,
    follows: Collection[str] = ("RU",),
) -> str:
    """Return a party's settings.

    Args:
        party: Whose.
        posts: Where each party's node listens.
        rules: The line that says where its rules are; "" for none.
        follows: The parties where calls arrive: those that follow the other's node.
    """
    asks, post = party == "RU", posts[party]
    (other,) = set(PARTIES) - {party}
    peer = f'\n[peer]\naddress = "{posts[other].channel}"\n'
    return _SETTINGS.format(
        party=party,
        other=other,
        rules=rules,
        http=post.http,
        sip=post.sip,
        channel=post.channel,
        switch=post.switch,
        peer=peer if party in follows else "",
        side="arrivals" if asks else "departures",
    )
