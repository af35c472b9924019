"""What a token is held against: the call, and what is known beforehand.

Source: spec/passport.md, "What is checked for each token".
"""

from dataclasses import dataclass
from typing import Final

from tallystick.domains.calls.passport.private import Private
from tallystick.domains.calls.passport.replay import ReplayCache
from tallystick.domains.calls.passport.store import CertificateStore

MAX_AGE_S: Final = 60  # RFC 8224, section 4.1
MAX_AHEAD_S: Final = 60  # the signer's clock may be as wrong as the call is slow
MAX_CHAIN_AGE_S: Final = 10_800  # RFC 8946: a call may be diverted for hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a party may set.

    Attributes:
        max_age_s: How old `iat` may be.
        max_ahead_s: How far it may lie ahead.
        max_chain_age_s: How old tokens before a diversion may be.
        check_date: Whether the Date header field is to be fresh too. Date is changed
            in transit; `iat` is signed.
        tolerant: Whether `iat` and `dest.tn` as plain texts, and separators in
            numbers, are read, as some examples in RFCs have them.
    """

    max_age_s: int = MAX_AGE_S
    max_ahead_s: int = MAX_AHEAD_S
    max_chain_age_s: int = MAX_CHAIN_AGE_S
    check_date: bool = False
    tolerant: bool = False

    @property
    def window_s(self) -> int:
        """How long a token may be replayed: what a `ReplayCache` has to cover."""
        return self.max_age_s + self.max_ahead_s


DEFAULT_POLICY: Final = Policy()


class VerifyContext(Private, frozen=True, kw_only=True):
    """One call, and what its tokens are held against.

    Attributes:
        store: Certificates.
        replays: Tokens seen of late; None: replays are not looked for.
        calling: Calling number as `canonical_number` gives it, or URI as
            `canonical_uri` does; "" where the caller is anonymous.
        called: The same of the called number, in every form it is known by.
        call_id: Call-ID; the same token in the same call is no replay.
        date_s: Date header field, where there is one.
        policy: What may be set.
    """

    store: CertificateStore
    calling: str
    called: tuple[str, ...]
    replays: ReplayCache | None = None
    call_id: str = ""
    date_s: int | None = None
    policy: Policy = DEFAULT_POLICY
