"""Where the subscriber of an own number is, by the home network's word.

The answers of CAMARA's Device Roaming Status, what they mean, and for how long. Nothing
here asks: a call looks up what is `known`; whoever asks brings answers with `take`.

Source: CAMARA Device Roaming Status; spec/verdict.md, "Evidence", `roaming`.
"""

import datetime as dt
from collections import OrderedDict
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from tallystick.pairing.live.breaker import Breaker, BreakerSettings

SCOPE: Final = "device-roaming-status:read"
CLOCK_MS: Final = 60_000
"""So far ahead of ours may the network's clock be."""

MAX_KNOWN: Final = 1 << 16
MAX_QUESTIONS: Final = 64
USUAL_TOKEN_S: Final = 300
SILENT_STATUSES: Final = frozenset({400, 404, 422})
"""The network answers, and says nothing of this number."""

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    last_status_time: Annotated[dt.datetime, msgspec.Meta(tz=True)]
    roaming: bool


class _Token(msgspec.Struct, frozen=True):
    access_token: Annotated[str, msgspec.Meta(pattern=r"^[\x21-\x7e]{1,16384}$")]
    token_type: str
    expires_in: Annotated[int, msgspec.Meta(ge=1)] = USUAL_TOKEN_S


@dataclass(frozen=True, slots=True, kw_only=True)
class RoamingSettings:
    """What bounds an answer.

    Attributes:
        max_age_ms: How old the network's knowledge may be.
        keep_ms: How long an answer is used again.
        failures: So many failures
        within_ms: in so short a time end the asking
        open_ms: for so long.
    """

    max_age_ms: int = 3_600_000
    keep_ms: int = 60_000
    failures: int = 5
    within_ms: int = 10_000
    open_ms: int = 15_000


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the network said.

    Attributes:
        is_abroad: Whether the subscriber roams.
        at_ms: When that was last confirmed, UTC.
    """

    is_abroad: bool
    at_ms: int

    def word(self, *, now_ms: int, max_age_ms: int) -> str:
        """Return it in the words of the evidence."""
        age_ms = now_ms - self.at_ms
        if age_ms < -CLOCK_MS:
            return "unknown"
        if age_ms > max_age_ms:
            return "stale"
        return "abroad" if self.is_abroad else "home"


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What the network wants to see before it answers (RFC 6749, section 5.1).

    Attributes:
        text: For the Authorization header field.
        lasts_s: For how long it holds.
    """

    text: str
    lasts_s: int

    @property
    def renew_s(self) -> float:
        """After how long to have a new one: at four fifths of its time."""
        return max(1.0, 0.8 * self.lasts_s)


@dataclass(frozen=True, slots=True)
class _Known:
    said: Whereabouts | None
    asked_ms: int


class RoamingBook:
    """What the home network said of late.

    Attributes:
        asking: Questions under way.

    Bounds: `MAX_KNOWN` numbers, `MAX_QUESTIONS` questions.
    """

    def __init__(self, settings: RoamingSettings) -> None:
        """Know nothing."""
        self._settings = settings
        self._known: OrderedDict[int, _Known] = OrderedDict()
        self._breaker = Breaker(
            BreakerSettings(
                failures=settings.failures,
                within_ms=settings.within_ms,
                open_ms=settings.open_ms,
            )
        )
        self.asking: set[int] = set()

    def known(self, number: int, *, now_ms: int) -> str | None:
        """Return the word for a number if it was asked about of late."""
        known = self._known.get(number)
        if known is None or not 0 <= now_ms - known.asked_ms < self._settings.keep_ms:
            return None
        if known.said is None:
            return "unknown"
        return known.said.word(now_ms=now_ms, max_age_ms=self._settings.max_age_ms)

    def may_ask(self, number: int, *, now_ms: int) -> bool:
        """Tell whether to begin a question; it is under way until `take` or `fail`."""
        self._breaker.hear(now_ms=now_ms)  # silence is told by failures here
        closed = self._breaker.may_wait(now_ms=now_ms)
        if not closed or len(self.asking) >= MAX_QUESTIONS or number in self.asking:
            return False
        self.asking.add(number)
        return True

    def take(self, number: int, status: int, body: bytes, *, now_ms: int) -> str:
        """Take an answer.

        Args:
            number: About which number.
            status: Of the HTTP answer.
            body: Its body.
            now_ms: The time.

        Returns:
            The word; `unknown` for every error.
        """
        said = parse_whereabouts(body) if status == 200 else None
        if said is None and status not in SILENT_STATUSES:
            return self.fail(number, now_ms=now_ms)
        self.asking.discard(number)
        self._known[number] = _Known(said, now_ms)
        self._known.move_to_end(number)
        while len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
        if said is None:
            return "unknown"
        return said.word(now_ms=now_ms, max_age_ms=self._settings.max_age_ms)

    def fail(self, number: int, *, now_ms: int) -> str:
        """Note that no answer came; return `unknown`."""
        self.asking.discard(number)
        self._breaker.fail(now_ms=now_ms)
        return "unknown"


def parse_whereabouts(body: bytes) -> Whereabouts | None:
    """Read the body of an answer; None where it is not as documented."""
    try:
        status = msgspec.json.decode(body, type=_Status)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    since = status.last_status_time - _EPOCH
    return Whereabouts(status.roaming, since // dt.timedelta(milliseconds=1))


def parse_token(body: bytes) -> AccessToken | None:
    """Read the answer of a token endpoint; None where it gives none."""
    try:
        token = msgspec.json.decode(body, type=_Token)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if token.token_type.lower() != "bearer":
        return None
    return AccessToken(token.access_token, token.expires_in)


def question(number: int) -> bytes:
    """Return the body of a question about a number."""
    return msgspec.json.encode({"device": {"phoneNumber": f"+{number}"}})
