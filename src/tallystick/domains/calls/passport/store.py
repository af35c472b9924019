"""Certificates by their place, fed from outside, each chain followed once.

Nothing here fetches. Whoever does asks `needs(url)` and `aging()`, fetches between
calls, and brings the bytes with `add`, or says with `fail` that they could not be had.

Source: spec/passport.md, "Store".
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from tallystick.domains.calls.passport.chain import Path, follow_chain, read_chain
from tallystick.domains.calls.passport.credential import Credential
from tallystick.domains.calls.passport.pauses import Pauses
from tallystick.domains.calls.passport.place import Places
from tallystick.domains.calls.passport.refusal import Refusal
from tallystick.domains.calls.passport.trust import TrustList
from tallystick.model.errors import MalformedError

MAX_CERTIFICATES: Final = 2048  # places; 64 MB at the very most, some 16 as a rule
MAX_LISTS: Final = 64
MAX_LIST_BYTES: Final = 16 << 20
KEEP_S: Final = 86_400  # ATIS-1000074: a day, where HTTP says nothing else
# A place that does not answer any more must not stop calls at once.
GRACE_S: Final = 86_400
LEAST_KEEP_S: Final = 300  # so that nobody makes us fetch at every call
FIRST_PAUSE_S: Final = 300  # after a fetch that failed; doubled each time
LONGEST_PAUSE_S: Final = 3_600
AHEAD: Final = 10  # fetched again when a tenth of its time is left
IN_USE_S: Final = 86_400

_LIST_EXTENSIONS: Final = frozenset(
    {x509.CRLNumber.oid, x509.AuthorityKeyIdentifier.oid}
)


@dataclass(slots=True)
class _Held:
    chain: Path
    fresh_until_s: int
    ahead_s: int
    used_s: int
    credential: Credential | None = None
    refusal: Refusal | None = None
    generation: int = -1


class CertificateStore:
    """What is known of the certificates behind `info`.

    Bounds: 2,048 places of at most 32 KB, the least used one gives way; as many
    failures; 64 revocation lists of at most 16 MB.
    """

    def __init__(
        self,
        *,
        trust: Iterable[TrustList],
        places: Places | None = None,
        max_certificates: int = MAX_CERTIFICATES,
    ) -> None:
        self._trust = tuple(trust)
        self._places = places or Places()
        self._max = max_certificates
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._failed = Pauses(
            first_s=FIRST_PAUSE_S, longest_s=LONGEST_PAUSE_S, most=max_certificates
        )
        self._lists: OrderedDict[bytes, x509.CertificateRevocationList] = OrderedDict()
        # Grows whenever a chain might be judged otherwise than before.
        self._generation = 0

    def needs(self, url: str, *, now_s: int) -> bool:
        """Tell whether the certificate behind a URL should be fetched now."""
        held = self._held.get(url)
        if held is not None and now_s < held.fresh_until_s:
            return False
        return not self._failed.holds(url, now_s=now_s) and self._places.accept(url)

    def due(self, *, now_s: int) -> list[str]:
        """Return the URLs held whose certificates should be fetched again.

        Bounds: one pass over what is held; for a timer, not for a call.
        """
        return [url for url in self._held if self.needs(url, now_s=now_s)]

    def aging(self, *, now_s: int) -> list[str]:
        """Return the URLs in use whose certificates should be fetched ahead.

        Those of which a call made use within a day, and of whose time at most a tenth
        is left.

        Bounds: as for `due`.
        """
        return [
            url
            for url, held in self._held.items()
            if now_s >= held.fresh_until_s - held.ahead_s
            and now_s - held.used_s < IN_USE_S
            and not self._failed.holds(url, now_s=now_s)
            and self._places.accept(url)
        ]

    def list_urls(self) -> list[str]:
        """Return where believed certificates say that revocations are told.

        Bounds: as for `due`.
        """
        found = (
            url
            for held in self._held.values()
            if held.credential is not None
            for url in held.credential.lists
        )
        return [url for url in dict.fromkeys(found) if self._places.accept(url)]

    def add(self, url: str, data: bytes, *, now_s: int, keep_s: int = KEEP_S) -> str:
        """Take in what was fetched from a URL, or found in a bundle.

        Args:
            url: As it stands in `info`.
            data: PEM, signer first, or DER.
            now_s: The time.
            keep_s: For how long it is fresh, by HTTP or by default.

        Returns:
            The rule by which tokens of this signer are refused; "" for none.
        """
        try:
            chain = read_chain(data)
        except Refusal as refusal:
            self.fail(url, now_s=now_s)
            return refusal.rule.name
        keep_s = min(max(keep_s, LEAST_KEEP_S), KEEP_S)
        held = _Held(chain, now_s + keep_s, keep_s // AHEAD, now_s)
        self._held[url] = held
        self._held.move_to_end(url)
        while len(self._held) > self._max:
            self._held.popitem(last=False)
        self._failed.succeed(url)
        self._follow(held)
        return held.refusal.rule.name if held.refusal else ""

    def fail(self, url: str, *, now_s: int) -> None:
        """Note that the certificate behind a URL could not be had.

        It is left alone for 300 s, and twice as long after each further failure, up to
        an hour.

        Args:
            url: As it stands in `info`.
            now_s: The time.
        """
        self._failed.fail(url, now_s=now_s)

    def find(self, url: str, *, now_s: int) -> Credential:
        """Return what is needed to judge tokens of a signer.

        Raises:
            Refusal: info-refused, certificate-unknown, certificate-unreachable, or
                why the chain is not believed.

        Bounds: constant; a chain is followed again only after `revoke` or
            `believe`.
        """
        held = self._held.get(url)
        if held is None or now_s >= held.fresh_until_s + GRACE_S:
            raise self._missing(url, now_s)
        self._held.move_to_end(url)
        held.used_s = now_s
        if held.generation != self._generation:
            self._follow(held)
        if held.credential is None:
            raise Refusal(held.refusal.rule.name if held.refusal else "chain-order")
        return held.credential

    def believe(self, trust: Iterable[TrustList]) -> None:
        """Replace the trust lists; every chain is judged anew when next needed."""
        self._trust = tuple(trust)
        self._generation += 1

    def revoke(self, data: bytes) -> None:
        """Take in a revocation list; it replaces an older one of the same issuer.

        Its signature is checked against each issuer it is held against, so that a
        list nobody signed revokes nothing. A list past its next update goes on to
        revoke what it revoked.

        Args:
            data: PEM or DER.

        Raises:
            MalformedError: It cannot be read, is too large, or names certificates of
                other issuers (an indirect list).
        """
        revoked = _read_list(data)
        name = revoked.issuer.public_bytes()
        known = self._lists.get(name)
        if known is not None and revoked.last_update_utc < known.last_update_utc:
            return
        self._lists[name] = revoked
        self._lists.move_to_end(name)
        while len(self._lists) > MAX_LISTS:
            self._lists.popitem(last=False)
        self._generation += 1

    def _missing(self, url: str, now_s: int) -> Refusal:
        if self._failed.holds(url, now_s=now_s):
            return Refusal("certificate-unreachable")
        known = self._places.accept(url)
        return Refusal("certificate-unknown" if known else "info-refused")

    def _follow(self, held: _Held) -> None:
        held.generation = self._generation
        held.credential = held.refusal = None
        try:
            held.credential = follow_chain(
                held.chain, trust=self._trust, lists=self._lists.values()
            )
        except Refusal as refusal:
            held.refusal = refusal.with_traceback(None)


def _read_list(data: bytes) -> x509.CertificateRevocationList:
    try:
        return _heeded(data)
    except (ValueError, TypeError, x509.DuplicateExtension, x509.InvalidVersion):
        raise MalformedError(
            "revocation-list",
            "A revocation list cannot be read, is larger than 16 MB, or is of a kind "
            "that is not heeded; the lists known before stay in force.",
            advice="Fetch it again; indirect lists have to be split by issuer.",
        ) from None


def _heeded(data: bytes) -> x509.CertificateRevocationList:
    if len(data) > MAX_LIST_BYTES:
        raise ValueError("too large")
    pem = b"-----BEGIN" in data[:64]
    revoked = x509.load_pem_x509_crl(data) if pem else x509.load_der_x509_crl(data)
    if any(e.critical and e.oid not in _LIST_EXTENSIONS for e in revoked.extensions):
        raise ValueError("an extension that is not heeded")
    revoked.issuer.public_bytes()  # read only when asked for
    return revoked
