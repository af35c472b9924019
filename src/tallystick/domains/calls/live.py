"""A call while it rings: its numbers, its tokens, and what its number tells.

Source: spec/verdict.md, "Calls"; spec/numbers.md; spec/tokens.md.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Final, NamedTuple

from phonenumbers import shortnumberinfo

from tallystick.agreement import Evidence
from tallystick.blinding import Maker, TokenKey
from tallystick.domains.calls.numbers import Numbering
from tallystick.domains.calls.numbers.context import Context, choose, make_context
from tallystick.domains.calls.numbers.plan import (
    MAX_DIGITS,
    MIN_DIGITS,
    country_of,
    main_country,
    split_code,
)
from tallystick.domains.calls.numbers.reading import explicit, is_allocated
from tallystick.domains.calls.numbers.side import Column, Side
from tallystick.domains.calls.numbers.text import clean
from tallystick.model import ConfigError
from tallystick.pairing.live import (
    ABSENT,
    DIVERTED,
    PRESENT,
    RESTRICTED,
    UNREADABLE,
    LiveHalf,
    Match,
)

TEXT_LIMIT: Final = 256
"""Characters of a number field that are read; a longer one is no number."""

REMEMBERED_TEXTS: Final = 1 << 16
"""Texts whose number is remembered by one reader: 15 MB, or 30 if all are long."""

REMEMBERED_BLOCKS: Final = 1 << 14
BLOCK: Final = 10_000
"""Numbers that share all but four digits are of one country."""

SHORT_DIGITS: Final = 6
"""Emergency numbers have no more (116117)."""

_LONG: Final = re.compile(r"\+?[0-9]{7,}").fullmatch

RANGES_LIMIT: Final = 1_000_000


class LiveCall(NamedTuple):
    """A call as a switch tells or asks about it.

    Attributes:
        call_id: The switch's own id.
        at_ms: When it began, UTC.
        calling_number: As signalled; "" where there is none.
        called_number: The same.
        trunk: Which trunk it came or goes by.
        carrier: Whose trunk it is.
        redirecting_number: Who diverted it; "" where nobody did.
        presentation: "allowed", "restricted" or "".
        identity: Its Identity headers.
        emergency: The switch says it is a call to an emergency service.
        priority: Its authorised priority; "" where it has none, or where nobody
            vouches for it: anybody can write a Resource-Priority header, and calls
            with priority always pass.
    """

    call_id: str
    at_ms: int
    calling_number: str
    called_number: str
    trunk: str = ""
    carrier: str = ""
    redirecting_number: str = ""
    presentation: str = ""
    identity: tuple[str, ...] = ()
    emergency: bool = False
    priority: str = ""


class CallNumbers(NamedTuple):
    """A call's numbers as spec/numbers.md reads them: digits, 0 or negative."""

    calling: int
    called: int
    redirecting: int


class NumberReader:
    """Reads the numbers of one side's calls, each text that leaves a choice once.

    Two nodes must be given the same numbering, or they read ambiguous texts apart.

    Bounds: REMEMBERED_TEXTS texts; a context for each trunk of the numbering.
    """

    __slots__ = ("_contexts", "_countries", "_known", "_numbering", "_side")

    def __init__(self, numbering: Numbering, *, side: Side) -> None:
        """Read the numbers of `side` by the numbering of the channel.

        Raises:
            ConfigError: "live-countries".
        """
        left, reached = numbering.departures.country, numbering.arrivals.country
        if left is None or reached is None:
            raise ConfigError(
                "live-countries",
                "A channel for live calls must name the country the calls leave and"
                " the one they reach; single calls do not show them.",
                advice="See spec/numbers.md, The numbering file.",
            )
        self._numbering = numbering
        self._side = side
        self._countries = (left, reached)
        self._contexts: dict[tuple[str, Column], Context] = {}
        self._known: dict[tuple[str, Column, str], int] = {}

    def __len__(self) -> int:
        return len(self._known)

    def read(self, call: LiveCall) -> CallNumbers:
        """Return the call's numbers."""
        # A trunk that the numbering does not name is like any other such trunk, so
        # that invented names cannot fill the memory.
        trunks = self._numbering.side(self._side).trunks
        trunk = call.trunk if call.trunk in trunks else ""
        return CallNumbers(
            self.number(call.calling_number, trunk, "calling"),
            self.number(call.called_number, trunk, "called"),
            self.number(call.redirecting_number, trunk, "redirecting")
            if call.redirecting_number
            else 0,
        )

    def number(self, text: str, trunk: str, column: Column) -> int:
        """Return what one text is read as."""
        if plain := explicit(text):
            return plain
        text = text[:TEXT_LIMIT]
        key = (trunk, column, text)
        number = self._known.get(key)
        if number is None:
            number = choose(text, self._context(trunk, column))
            if len(self._known) >= REMEMBERED_TEXTS:
                self._known.clear()
            self._known[key] = number
        return number

    def _context(self, trunk: str, column: Column) -> Context:
        context = self._contexts.get((trunk, column))
        if context is None:
            context = self._made(trunk, column)
            self._contexts[trunk, column] = context
        return context

    def _made(self, trunk: str, column: Column) -> Context:
        said = self._numbering.side(self._side)
        away = self._side != "domestic" and column != "called"
        near = self._countries if away else self._countries[::-1]
        return make_context(
            near=tuple(dict.fromkeys(near)),
            country=said.country,
            declared=said.form(trunk, column),
            missing_plus=said.missing_plus(trunk),
            counts={},
            side_counts={},
            code_counts={},
            countries=tuple(sorted({*near, *self._numbering.countries()})),
        )


def with_plus(name: str) -> str:
    """Return digits that are known to begin with a country code as a switch has them.

    Args:
        name: E.164 digits; anything else, a short number among it, stays as it is.
    """
    digits = name.isascii() and name.isdigit() and name[0] != "0"
    return f"+{name}" if digits and MIN_DIGITS <= len(name) <= MAX_DIGITS else name


class LiveKeys:
    """The three token keys of one epoch, ready for use."""

    __slots__ = ("_called", "_calling", "_pair", "epoch")

    def __init__(self, *, pair: TokenKey, called: TokenKey, calling: TokenKey) -> None:
        """Take the keys of the purposes.

        Raises:
            ConfigError: "live-keys": the wrong purpose, or of several epochs.
        """
        keys = (pair, called, calling)
        purposes = tuple(key.purpose for key in keys)
        if (
            purposes != ("pair", "called", "calling")
            or len({k.epoch for k in keys}) > 1
        ):
            raise ConfigError(
                "live-keys", "The token keys are not those of one epoch and purpose."
            )
        self.epoch = pair.epoch
        self._pair, self._called, self._calling = (Maker(key).make for key in keys)

    def pair(self, calling: int, called: int) -> bytes:
        """Return the token of a calling and a called number."""
        return self._pair(b"%d:%d" % (calling, called))

    def called(self, number: int) -> bytes:
        """Return the token of a called number."""
        return self._called(b"%d" % number)

    def calling(self, number: int) -> bytes:
        """Return the token of a calling number."""
        return self._calling(b"%d" % number)


def state(number: int) -> int:
    """Return ABSENT, PRESENT or UNREADABLE for a number as read."""
    if number > 0:
        return PRESENT
    return UNREADABLE if number else ABSENT


def live_half(
    call: LiveCall,
    numbers: CallNumbers,
    keys: LiveKeys,
    *,
    ident: int | bytes,
    arrives: bool,
) -> LiveHalf:
    """Return the half of a call, blinded.

    Args:
        call: The call.
        numbers: Its numbers.
        keys: The keys of the epoch.
        ident: The handle: a departure's sequence number, an arrival's call id.
        arrives: Whether it is an arrival: only these are looked for by a second key,
            and by single numbers only where the pair is not known; so tokens of
            single numbers are made when they are wanted.

    Bounds: three HMACs, four for a diverted arrival.
    """
    flags = RESTRICTED if call.presentation == "restricted" else 0
    calling, called, redirecting = numbers
    flags |= DIVERTED if redirecting else 0
    diverted = arrives and redirecting > 0
    return LiveHalf(
        ident,
        call.at_ms,
        keys.pair(calling, called),
        partial(keys.called, called) if arrives else keys.called(called),
        partial(keys.calling, calling) if arrives else keys.calling(calling),
        PRESENT if calling > 0 else state(calling),
        PRESENT if called > 0 else state(called),
        flags,
        keys.pair(redirecting, called) if diverted else None,
    )


class Ranges:
    """Numbers from one to another, many times.

    Bounds: RANGES_LIMIT ranges; a look-up halves them some twenty times.
    """

    __slots__ = ("_highs", "_lows")

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Take ranges in any order, overlapping or not; both ends belong."""
        self._lows: list[int] = []
        self._highs: list[int] = []
        for low, high in sorted(ranges):
            if self._highs and low <= self._highs[-1] + 1:
                self._highs[-1] = max(self._highs[-1], high)
            else:
                self._lows.append(low)
                self._highs.append(high)

    def __len__(self) -> int:
        return len(self._lows)

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self._lows, number) - 1
        return place >= 0 and number <= self._highs[place]


def parse_ranges(text: str, *, origin: str = "The range file") -> Ranges:
    """Read ranges, one a line: a number, `low-high`, or a beginning and `*`.

    Numbers are E.164 digits, with or without +; empty lines and what follows `#`
    are passed over.

    Args:
        text: The file's text.
        origin: How to name it in errors.

    Raises:
        ConfigError: "ranges": the sentence names the line, and no number.
    """
    ranges: list[tuple[int, int]] = []
    for count, line in enumerate(text.splitlines(), start=1):
        said = line.partition("#")[0].replace("+", "").replace(" ", "").strip()
        found = _range(said) if said else []
        if found is None or len(ranges) + len(found) > RANGES_LIMIT:
            raise ConfigError(
                "ranges",
                f"{origin} cannot be used: line {count} is no range of numbers, or"
                " there are too many.",
                advice="Write a number, low-high, or the first digits and *.",
            )
        ranges += found
    return Ranges(ranges)


def _range(said: str) -> list[tuple[int, int]] | None:
    low, dash, high = said.partition("-")
    if said.endswith("*"):
        return _beginning(said[:-1])
    high = high if dash else low
    if not (_is_number(low) and _is_number(high)) or int(low) > int(high):
        return None
    return [(int(low), int(high))]


def _beginning(digits: str) -> list[tuple[int, int]] | None:
    if not _is_number(digits):
        return None
    first = int(digits)
    rests = (10**n for n in range(MAX_DIGITS - len(digits) + 1))
    return [(first * rest, (first + 1) * rest - 1) for rest in rests]


def _is_number(text: str) -> bool:
    digits = text.isascii() and text.isdigit()
    return digits and len(text) <= MAX_DIGITS and text[0] != "0"


_NO_RANGES: Final = Ranges(())


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberKnowledge:
    """What a country's border knows of numbers.

    Attributes:
        own: ISO 3166 code of the own country.
        peer: The peer's.
        do_not_originate: Numbers that never call.
        unallocated: Numbers nobody has been given, beyond what the plan says.
        special: Numbers of services that never call.
        emergency: Emergency numbers beyond those of the plan, as dialled.
    """

    own: str
    peer: str
    do_not_originate: Ranges = _NO_RANGES
    unallocated: Ranges = _NO_RANGES
    special: Ranges = _NO_RANGES
    emergency: frozenset[str] = frozenset()
    _named: tuple[tuple[str, Ranges], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Note which ranges there are: most calls are looked for in none."""
        named = (
            ("do_not_originate", self.do_not_originate),
            ("special", self.special),
            ("unallocated", self.unallocated),
        )
        held = tuple((word, ranges) for word, ranges in named if len(ranges))
        object.__setattr__(self, "_named", held)

    def is_emergency(self, called_number: str) -> bool:
        """Tell whether a call goes to an emergency service."""
        if _LONG(called_number) or len(called_number) > TEXT_LIMIT:
            return False
        digits = clean(called_number).digits
        if not digits or len(digits) > SHORT_DIGITS:
            return False
        return digits in self.emergency or is_emergency_number(digits, self.own)

    def origin(self, calling: int) -> str:
        """Return whose plan a calling number is of, in the words of the evidence."""
        country = _country_of_block(calling // BLOCK) if calling > 0 else ""
        if country == self.peer:
            return "peer"
        if country == self.own:
            return "own"
        return "third" if country else "none"

    def number(self, calling: int, text: str, origin: str = "") -> str:
        """Return what is known of a calling number, in the words of the evidence.

        Args:
            calling: The number as read.
            text: As signalled.
            origin: What `origin` says of it, where that is known already.
        """
        if calling == 0:
            return "absent"
        if calling < 0:
            return "special" if self.is_emergency(text) else "unreadable"
        for word, ranges in self._named:
            if calling in ranges:
                return word
        # Of third countries the plan may be out of date; nobody here can ask them.
        near = (origin or self.origin(calling)) in {"own", "peer"}
        return "unallocated" if near and not is_allocated(calling) else "ordinary"


def evidence_of(
    call: LiveCall,
    numbers: CallNumbers,
    match: Match | None,
    knowledge: NumberKnowledge,
    *,
    identity: str = "none",
    attestation: str = "none",
    roaming: str = "unknown",
    listed: str = "none",
) -> Evidence:
    """Put together all that is known of an arriving call.

    Args:
        call: The call.
        numbers: Its numbers.
        match: What the live matcher says; None: no channel with that party.
        knowledge: What is known of numbers.
        identity: What its signature is worth; words as in `agreement.FACTS`.
        attestation: What the signer vouches for.
        roaming: Where the subscriber of an own number is.
        listed: What agreed lists say.
    """
    origin = knowledge.origin(numbers.calling)
    return Evidence(
        match.outcome if match else "not_asked",
        match.why if match else "",
        match.covered if match else False,
        match.differs[0] if match and match.differs else "none",
        identity,
        attestation,
        origin,
        knowledge.number(numbers.calling, call.calling_number, origin),
        roaming,
        listed,
        call.emergency or knowledge.is_emergency(call.called_number),
        bool(call.priority),
    )


@lru_cache(maxsize=1 << 12)
def is_emergency_number(digits: str, country: str) -> bool:
    """Tell whether digits are an emergency number of a country's plan."""
    return bool(shortnumberinfo.is_emergency_number(digits, country))


@lru_cache(maxsize=REMEMBERED_BLOCKS)
def _country_of_block(block: int) -> str:
    """Return the country of a block of numbers; of an unheld one, its code's."""
    number = block * BLOCK
    split = split_code(str(number))
    if split is None:
        return ""
    return country_of(number) or main_country(split[0])
