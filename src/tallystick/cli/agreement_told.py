"""The state of an agreement in lines for a terminal."""

from collections.abc import Iterator
from datetime import UTC, datetime

from tallystick.agreement.life import Holding, Life, Wait


def told(life: Life, at_ms: int) -> Iterator[str]:
    """Tell where each text stands, what is waited for, and what is in force.

    Args:
        life: The agreement's state.
        at_ms: The moment.

    Yields:
        Lines.
    """
    yield f"{_day(at_ms)}  {' and '.join(life.parties)}"
    for one in life.versions:
        if one.at_ms <= at_ms:
            signed = [who for who, at in sorted(one.signed.items()) if at <= at_ms]
            by = f", signed by {' and '.join(signed)}" if signed else ""
            yield (
                f"text {one.digest[:12]}  version {one.value.version}, proposed by "
                f"{one.by} {_day(one.at_ms)}{by}: {life.phase(one, at_ms)}"
            )
    for remark in life.remarks:
        if remark.at_ms <= at_ms:
            word = "objection" if remark.objects else "comment"
            about = f" to {remark.rule}" if remark.rule else ""
            yield f"{word} {remark.id[:12]}{about} by {remark.whom}: {remark.text}"
            for answer in remark.answers:
                if answer.at_ms <= at_ms:
                    yield f"  answered by {answer.by}: {answer.text}"
    for held in life.suspensions:
        if held.at_ms <= at_ms and held.holds(at_ms):
            what = held.rule or "every rule"
            yield f"suspended {held.id[:12]}  {what}, by {held.by}: {held.why}"
    for ended in life.withdrawals:
        if ended.at_ms <= at_ms:
            what = f"text {ended.digest[:12]}" if ended.digest else "the agreement"
            yield f"withdrawn  {what}, by {ended.by}: {ended.why}"
    for wait in life.waits(at_ms):
        yield f"waits: {_wait(wait)}"
    yield from _in_force(life.in_force(at_ms))


def _wait(wait: Wait) -> str:
    who = " and ".join(wait.who)
    until = _day(wait.until_ms) if wait.until_ms is not None else ""
    return {
        "consultation": f"consultation on {wait.digest[:12]} ends {until}",
        "answer": f"an answer to objection {wait.of[:12]}, by {' or '.join(wait.who)}",
        "signature": f"the signature of {who} under {wait.digest[:12]}",
        "first-day": f"{wait.digest[:12]} comes into force {until}",
        "resume": f"{who} to lift suspension {wait.of[:12]}",
    }[wait.what]


def _in_force(held: Holding | None) -> Iterator[str]:
    if held is None:
        yield "in force: nothing; no call is acted on"
        return
    yield f"in force: text {held.version.digest[:12]}"
    for rule in held.table.rules:
        mark = "suspended" if rule.id in held.suspended else rule.mode
        yield f"  {rule.id:<24} {rule.action:<7} {mark}"


def _day(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
