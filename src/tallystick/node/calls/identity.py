"""What the signature that a call carries is worth, in the words of the evidence.

Nothing is fetched while a call rings: certificates come from files, or were fetched
after an earlier call.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from tallystick.domains.calls.live import CallNumbers, LiveCall
from tallystick.domains.calls.passport import (
    CallVerdict,
    CertificateStore,
    Places,
    ReplayCache,
    TrustList,
    VerifyContext,
    load_trust_list,
    verify_call,
)
from tallystick.domains.calls.passport.context import DEFAULT_POLICY
from tallystick.domains.calls.passport.field import Field
from tallystick.domains.calls.stir import Verification
from tallystick.node.config.files import read_bytes
from tallystick.node.config.sections import Certificate, Trust

REFRESH_S: Final = 3_600
_SIGNATURE: Final = re.compile(r"[A-Za-z0-9_-]{86}").fullmatch  # RFC 7518, 3.4
_WORDS: Final = {
    "date-stale": "expired",
    "iat-stale": "expired",
    "iat-ahead": "expired",
    "div-stale": "expired",
    "certificate-expired": "expired",
    "certificate-untrusted": "untrusted",
    "certificate-not-for-country": "untrusted",
    "certificate-not-for-number": "untrusted",
}
_NOT_SAID: Final = "No-TN-Validation"


class Broken(NamedTuple):
    """A token that does not hold, in what the caller's side may be told (RFC 9410).

    Attributes:
        code: SIP response code.
        phrase: Its reason phrase.
        token: Which one, by its signature, ".." in front; "" if it cannot be told.
    """

    code: int
    phrase: str
    token: str


class Judged(NamedTuple):
    """What the signatures of a call are worth.

    Attributes:
        word: As `identity` in `agreement.FACTS`.
        attestation: As there.
        verstat: What STIR calls it.
        code: SIP response code, where the call is refused for it; 0: it holds.
        broken: Tokens that do not hold, none twice.
    """

    word: str
    attestation: str
    verstat: str = _NOT_SAID
    code: int = 0
    broken: tuple[Broken, ...] = ()


UNSIGNED: Final = Judged("none", "none")


class Identities:
    """Looks at the signatures of calls.

    Attributes:
        store: Certificates.
        wanted: Is told of certificates that a call named and that are not there.

    Bounds: those of `CertificateStore` and `ReplayCache`.
    """

    def __init__(
        self,
        trust: Iterable[Trust],
        certificates: Iterable[Certificate],
        *,
        now_s: int,
        places: Places | None = None,
    ) -> None:
        """Read trust lists and certificates.

        Args:
            trust: Whom we believe.
            certificates: Those that lie in files.
            now_s: The time.
            places: From where others may be fetched.

        Raises:
            ConfigError: "node-trust": a file cannot be read.
        """
        self._files = tuple(certificates)
        self.store = CertificateStore(
            trust=[_trusted(one) for one in trust], places=places
        )
        self.wanted: Callable[[str], None] | None = None
        self.replays = ReplayCache(window_s=DEFAULT_POLICY.window_s)
        self._refreshed_s = 0
        self.refresh(now_s=now_s)

    def refresh(self, *, now_s: int) -> None:
        """Read the certificates again, so that they stay fresh.

        Raises:
            ConfigError: "node-trust": a file cannot be read; those read before stay.
        """
        if now_s - self._refreshed_s < REFRESH_S:
            return
        self._refreshed_s = now_s
        for one in self._files:
            data = read_bytes(one.file, code="node-trust", what="The certificate")
            self.store.add(one.url, data, now_s=now_s)

    def inherit(self, before: "Identities") -> None:
        """Know what another one has seen, and want certificates as it did."""
        self.replays, self.wanted = before.replays, before.wanted

    def judge(self, call: LiveCall, numbers: CallNumbers, *, now_s: int) -> Judged:
        """Return what the signatures are worth, and what the signer vouches for."""
        if not call.identity:
            return UNSIGNED
        context = VerifyContext(
            store=self.store,
            calling=_digits(numbers.calling),
            called=(_digits(numbers.called),),
            replays=self.replays,
            call_id=call.call_id,
        )
        verdict = self._look(call.identity, context, now_s)
        return Judged(
            _word(verdict),
            verdict.attest or "none",
            verdict.verstat,
            verdict.code,
            _broken(verdict),
        )

    def verify(
        self, request: Verification, *, call_id: str, replays: ReplayCache, now_s: int
    ) -> CallVerdict:
        """Return what signatures are worth that somebody else asks about.

        Args:
            request: The signatures and the call.
            call_id: What stands for the call's id.
            replays: Signatures that were asked about in the same way. Those seen
                with `judge` are others: one call may be asked about in both ways.
            now_s: The time.
        """
        context = VerifyContext(
            store=self.store,
            calling=request.calling,
            called=request.called,
            replays=replays,
            call_id=call_id,
            date_s=request.time_s,
        )
        return self._look(request.identities, context, now_s)

    def _look(
        self, identities: Sequence[str], context: VerifyContext, now_s: int
    ) -> CallVerdict:
        """Verify, and tell of certificates that would be needed."""
        verdict = verify_call(identities, context=context, now_s=now_s)
        if self.wanted is not None and not verdict.is_passed:
            for url in verdict.needs:
                self.wanted(url)
        return verdict


def _word(verdict: CallVerdict) -> str:
    if verdict.is_passed:
        return "valid"
    usual = "unchecked" if verdict.verstat == _NOT_SAID else "invalid"
    return _WORDS.get(verdict.rule, usual)


def _broken(verdict: CallVerdict) -> tuple[Broken, ...]:
    found = [
        Broken(one.code, one.reason, _compact(one.field))
        for one in verdict.passports
        if one.rule
    ]
    return tuple(dict.fromkeys(found))


def _compact(field: Field | None) -> str:
    """Name a token by its signature; what is none could be anything, also a number."""
    if field is None or not _SIGNATURE(field.signature):
        return ""
    return f"..{field.signature}"


def _digits(number: int) -> str:
    return str(number) if number > 0 else ""


def _trusted(trust: Trust) -> TrustList:
    pem = read_bytes(trust.file, code="node-trust", what="The trust list")
    return load_trust_list(trust.country, pem, codes=trust.codes)
