"""How far apart two halves may lie, and how much is held.

Source: spec/verdict.md, "Window".
"""

from dataclasses import dataclass, field

from tallystick.model import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveWindow:
    """The numbers of one channel direction.

    Attributes:
        before_ms: How long before its arrival a departure may have begun.
        usual_ms: How long a crossing usually takes at most. Of several departures
            the first that is no older is taken; older ones were lost on the way.
        after_ms: How much later than its arrival a departure may be stamped: what
            the clocks may disagree. The watermark must reach so far beyond an
            arrival before anything rests on absence.
        horizon_ms: How far outside the window a departure of the same numbers still
            keeps its arrival from being called missing, and so long after it an
            arrival may be judged.
        busy: With more departures than these to (or from) a number held at once, a
            shared number proves nothing.
        least_pairs: Pairs to have been seen before the clocks count as known; until
            then nothing rests on absence.
        capacity: Departures held at most; the oldest go first.
        keep_ms: How old a departure may be to be taken in.
        life_ms: How long a departure is held after it came: so long that one which is
            sent again after it was let go is too old to be taken in a second time.

    Units: milliseconds.
    """

    before_ms: int = 8_000
    usual_ms: int = 3_000
    after_ms: int = 100
    horizon_ms: int = 12_000
    busy: int = 3
    least_pairs: int = 8
    capacity: int = 500_000
    keep_ms: int = field(init=False)
    life_ms: int = field(init=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            ConfigError: "live-window".
        """
        ordered = 0 < self.usual_ms <= self.before_ms and self.after_ms > 0
        if not ordered or self.horizon_ms < 0 or self.busy < 1 or self.capacity < 1:
            raise ConfigError(
                "live-window",
                "The live window cannot be used: it needs 0 < usual_ms <= before_ms,"
                " after_ms > 0, horizon_ms >= 0, busy >= 1 and capacity >= 1.",
                advice="See spec/verdict.md, Window.",
            )
        object.__setattr__(self, "keep_ms", self.before_ms + self.horizon_ms)
        object.__setattr__(self, "life_ms", self.keep_ms + self.after_ms)
