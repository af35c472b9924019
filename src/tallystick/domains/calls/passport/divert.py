"""Verify all Identity header fields of a call, and follow its diversions.

A diverted call carries the caller's token, addressed to the first number, and one
`div` token for each diversion, addressed to the next and naming the former one:

    shaken  dest 375...1        the caller called this number
    div     dest 375...2        div 375...1: its holder sent the call on

1. Read every token; one that cannot be read drops out.
2. With diversions, all tokens must name the same caller.
3. Authenticate each: those addressed to the called number must be fresh, those
   before a diversion may be hours old.
4. From the called number walk back from `dest` to `div`; a token that is not reached
   has a gap before it, one that leads back to where we were is a loop.

Source: RFC 8946, sections 4 and 6; spec/passport.md, "Diverted calls".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tallystick.domains.calls.passport.context import VerifyContext
from tallystick.domains.calls.passport.field import Field, parse_field
from tallystick.domains.calls.passport.refusal import Refusal
from tallystick.domains.calls.passport.token import (
    Token,
    authenticate,
    check_calling,
    check_fresh,
    check_new,
    is_addressed,
    read_token,
)
from tallystick.domains.calls.passport.verdict import (
    CallVerdict,
    PassportVerdict,
    refused_call,
    sum_up,
)
from tallystick.domains.calls.passport.verify import (
    passed,
    refused,
    verify,
)

MAX_IDENTITIES: Final = 8  # five diversions, the caller's, and room for rich data


@dataclass(slots=True)
class _Link:
    field: Field | None = None
    token: Token | None = None
    refusal: Refusal | None = None
    countries: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        return self.token is not None and self.refusal is None


def verify_call(
    identities: Sequence[str], *, context: VerifyContext, now_s: int
) -> CallVerdict:
    """Verify all Identity header fields of a call.

    Args:
        identities: Values of the fields, in order.
        context: The call, and what its tokens are held against.
        now_s: Seconds since 1970.

    Returns:
        The verdict. Nothing is raised, whatever the bytes.

    Bounds: 8 fields, one ECDSA verification each.
    """
    if not identities:
        return refused_call("identity-missing")
    if len(identities) > MAX_IDENTITIES:
        return refused_call("identities-too-many")
    if len(identities) == 1:
        return sum_up([verify(identities[0], context=context, now_s=now_s)])
    links = [_read(identity, context) for identity in identities]
    diverted = any(_is_diversion(link) for link in links)
    if diverted:
        _check_same_caller(links)
    for link in links:
        _authenticate(link, context, diverted=diverted, now_s=now_s)
    if diverted:
        _walk_back(links, context)
    return sum_up([_verdict(link, context, now_s=now_s) for link in links])


def _read(identity: str, context: VerifyContext) -> _Link:
    link = _Link()
    try:
        link.field = parse_field(identity)
        link.token = read_token(link.field, context)
    except Refusal as refusal:
        link.refusal = refusal
    return link


def _is_diversion(link: _Link) -> bool:
    return link.token is not None and link.token.jose.ppt == "div"


def _check_same_caller(links: list[_Link]) -> None:
    callers = {link.token.claims.orig for link in links if link.token}
    if len(callers) > 1:
        for link in links:
            link.refusal = link.refusal or Refusal("div-orig")


def _authenticate(
    link: _Link, context: VerifyContext, *, diverted: bool, now_s: int
) -> None:
    token = link.token
    if token is None or link.refusal is not None:
        return
    try:
        link.countries = _judge(token, context, diverted, now_s)
    except Refusal as refusal:
        link.refusal = refusal


def _judge(
    token: Token, context: VerifyContext, diverted: bool, now_s: int
) -> tuple[str, ...]:
    check_calling(token, context)
    outermost = is_addressed(token, context)
    if outermost:
        check_fresh(token.claims.iat_s, context, now_s=now_s)
    elif diverted:
        _check_recent(token, context, now_s=now_s)
    else:
        raise Refusal("dest-differs")
    credential = authenticate(token, context, now_s=now_s)
    # The caller's token may come by several ways once a call is diverted.
    if outermost:
        check_new(token, context, now_s=now_s)
    return credential.countries


def _check_recent(token: Token, context: VerifyContext, *, now_s: int) -> None:
    age_s = now_s - token.claims.iat_s
    if age_s > context.policy.max_chain_age_s:
        raise Refusal("div-stale")
    if -age_s > context.policy.max_ahead_s:
        raise Refusal("iat-ahead")


def _walk_back(links: list[_Link], context: VerifyContext) -> None:
    """Mark what is not reached from the called number through sound diversions."""
    behind = dict.fromkeys(context.called, frozenset(context.called))
    reached: set[int] = set()
    grows = True
    while grows:
        grows = False
        for link in links:
            token = link.token
            if not link.is_sound or token is None or id(link) in reached:
                continue
            number = next((n for n in token.claims.dest if n in behind), None)
            if number is None:
                continue
            reached.add(id(link))
            grows = True
            if token.jose.ppt == "div":
                _step(link, token.claims.div, number, behind)
    for link in links:
        if link.is_sound and id(link) not in reached:
            link.refusal = Refusal("div-gap")


def _step(
    link: _Link, former: str, number: str, behind: dict[str, frozenset[str]]
) -> None:
    """Go from a destination to the one before it."""
    visited = behind[number] | {number}
    if former in visited:
        link.refusal = Refusal("div-loop")
    elif former not in behind:
        behind[former] = visited


def _verdict(link: _Link, context: VerifyContext, *, now_s: int) -> PassportVerdict:
    field, token = link.field, link.token
    if link.refusal is not None or field is None or token is None:
        refusal = link.refusal or Refusal("token-parts")
        return refused(refusal, field, token, context, now_s=now_s)
    return passed(field, token, link.countries)
