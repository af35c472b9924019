"""Halves told in small numbers instead of tokens."""

from tallystick.pairing.live import LiveHalf, LiveMatcher, LiveWindow

T0 = 1_800_000_000_000
WINDOW = LiveWindow(least_pairs=0)


def token(*parts):
    """Return 16 bytes that stand for some parts."""
    return repr(parts).encode().ljust(16, b".")[-16:]


def half(ident, at_ms, calling, called, **more):
    """Return a half of a call between two small numbers; `at_ms` counts from T0."""
    return LiveHalf(
        ident,
        T0 + at_ms,
        token("p", calling, called),
        token("b", called),
        token("a", calling),
        **more,
    )


def covered(until_ms=3_600_000, *, window=WINDOW):
    """Return a matcher whose peer has promised everything up to `until_ms`."""
    matcher = LiveMatcher(window)
    matcher.promise(T0 + until_ms, since_ms=T0 - 3_600_000)
    return matcher


def promised(matcher, until_ms):
    """Let the peer promise everything up to `until_ms`."""
    matcher.promise(T0 + until_ms, since_ms=T0 - 3_600_000)
    return matcher
