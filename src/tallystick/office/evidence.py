"""The evidence of one case or objection, for whoever must be shown it.

Everything both parties said about it, and the agreement under which they did, each
opened with its place in the party's log, under one checkpoint that the peer cosigned.

Source: spec/proof.md, "The bundle of a case".
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from tallystick.model import ConfigError, RefusedError
from tallystick.office.side import AGREEMENTS, Side
from tallystick.proof import LogPart, Signed, kept_statement, make_bundle
from tallystick.store.log import LogFolder, open_log
from tallystick.store.logged import LoggedBook

_TEXTS: Final = frozenset({"proposed", "amended", "signed"})
_ENDS: Final = frozenset({"suspended", "resumed", "withdrawn"})


def case_bundle(side: Side, about: str, *, uncosigned: bool = False) -> bytes:
    """Return the evidence bundle of a case or an objection.

    Args:
        side: The party's side of the channel, with its log.
        about: `case/…` or `objection/…`.
        uncosigned: Whether it may be without the peer's cosignature, and so prove
            less.

    Raises:
        ConfigError: "evidence-log" where the party keeps no log.
        RefusedError: "evidence-none", "evidence-unlogged" or "evidence-uncosigned".
    """
    if side.log is None:
        raise ConfigError(
            "evidence-log",
            "There is no log in which anything of this case could be shown.",
            advice="Keep one: `tally proof log init`, and the office with --log.",
        )
    said = _said(side, about)
    if not said:
        raise RefusedError(
            "evidence-none",
            "Nothing was said about a case or an objection of that name.",
            advice="`tally cases list` shows those that there are.",
        )
    said += _agreed(side, said)
    with open_log(side.log, side.key) as log:
        part = _part(side, log, [one.id for one in said], uncosigned=uncosigned)
    signers = {one.statement.by for one in said} | {side.party}
    if f"\n— {side.peer} " in part.checkpoint:
        signers.add(side.peer)
    return make_bundle([key for key in side.keys if key.party in signers], [part])


def _part(
    side: Side, log: LogFolder, idents: Sequence[str], *, uncosigned: bool
) -> LogPart:
    book = LoggedBook(side.store, side.identifier)
    book.catch_up(log)
    places = book.places(log.signed.checkpoint.origin, idents)
    if missing := len(idents) - len(places):
        raise RefusedError(
            "evidence-unlogged",
            "{missing} of the {n} statements are not in the log yet.",
            advice="A running office logs them within seconds; what keeps it from that "
            "it says, and `tally proof log show` does.",
            missing=missing,
            n=len(idents),
        )
    seen = log.cosigned([side.peer_key])
    known = seen.checkpoint.size if seen else 0
    latest = max(places.values())
    if known <= latest and not uncosigned:
        raise RefusedError(
            "evidence-uncosigned",
            "{peer} has cosigned {n} entries of the log, and the latest of this case "
            "is entry {latest}: that the log shows others the same would not be "
            "proven.",
            advice="A running office asks the peer's witness by itself; try again "
            "once it has answered, or take a bundle that proves less "
            "(--without-cosignature).",
            peer=side.peer,
            n=known,
            latest=latest,
        )
    return log.part(list(places.values()), [side.peer_key])


def _said(side: Side, about: str) -> list[Signed]:
    return [kept_statement(one.note) for one in side.statements.about(about)]


def _agreed(side: Side, said: Iterable[Signed]) -> list[Signed]:
    """Return what shows which rules were in force while the case went on.

    The texts, their signatures, what stopped or ended them, and whatever these follow:
    without it nobody could read whether they counted.
    """
    lives = {name: side.life(name) for name in side.agreements()}
    found: list[Signed] = []
    for name, life in lives.items():
        holdings = (life.in_force(at_ms) for at_ms in moments(said))
        digests = {one.version.digest for one in holdings if one is not None}
        if digests:
            every = _said(side, f"{AGREEMENTS}{name}")
            wanted = [
                one
                for one in every
                if one.statement.kind in _ENDS or _is_of(one, digests)
            ]
            found += _with_earlier(wanted, every)
    return found


def _is_of(one: Signed, digests: Collection[object]) -> bool:
    body = one.statement.body
    return one.statement.kind in _TEXTS and body.get("digest") in digests


def _with_earlier(wanted: Iterable[Signed], every: Sequence[Signed]) -> list[Signed]:
    """Return statements with all that they follow, directly or not."""
    by_id = {one.id: one for one in every}
    found: dict[str, Signed] = {}
    waiting = [one.id for one in wanted]
    while waiting:
        one = by_id.get(waiting.pop())
        if one is not None and one.id not in found:
            found[one.id] = one
            waiting += one.statement.after
    return list(found.values())


def moments(said: Iterable[Signed]) -> list[int]:
    """Return when what a case is about happened, and when something was said of it."""
    found = set()
    for one in said:
        body: Any = one.statement.body
        times = (one.statement.at_ms, body.get("first_ms"), body.get("last_ms"))
        found |= {at for at in times if type(at) is int}
    return sorted(found)
