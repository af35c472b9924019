"""Switches that ask by SIP: their calls to the node, its verdicts to them."""

import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from tallystick.domains.calls.live import LiveCall
from tallystick.domains.calls.sip import (
    Ask,
    AskedCall,
    Client,
    Clients,
    Decision,
    Passed,
    RedirectServer,
    Redress,
    Withdrawn,
)
from tallystick.net.sip import SipDoor
from tallystick.node.calls.arrivals import Answered, Arrivals
from tallystick.node.calls.departures import Departures
from tallystick.node.calls.words import decision_of
from tallystick.node.config.sections import Redress as RedressDesk
from tallystick.node.config.sections import Switch
from tallystick.node.watch.metrics import Metrics

Signed = Callable[[LiveCall], tuple[str, ...]]
"""Signs a call that leaves: its Identity headers, none where it is not signed."""


class Switches:
    """Answers the switches of a node.

    Attributes:
        door: Where they ask.
        tls: What those are shown who ask by TLS; None: that door stays shut.
    """

    def __init__(
        self,
        switches: Iterable[Switch],
        *,
        departures: Departures,
        arrivals: Arrivals,
        metrics: Metrics,
        now_ms: Callable[[], int],
        tag_key: bytes,
        failed: Callable[[], None],
        missed: Callable[[], None] = lambda: None,
        redress: RedressDesk | None = None,
        tls: ssl.SSLContext | None = None,
        signed: Signed = lambda _: (),
    ) -> None:
        """Know the switches; nobody else is answered.

        Args:
            switches: Who may ask.
            departures: Where calls that leave are told.
            arrivals: Who answers for calls that arrive.
            metrics: Counts them.
            now_ms: Tells the time.
            tag_key: Random bytes, for the tags of answers.
            failed: Called where a turn met a fault of the program.
            missed: Called for each arrival that went on unasked.
            redress: Where a refused caller turns.
            tls: What those are shown who ask by TLS.
            signed: Signs a call that leaves. This is where a signer is put in; it must
                return at once, and raise nothing.
        """
        known = tuple(switches)
        self.tls = tls
        self._signed = signed
        self._labels = {one.name: one.label for one in known}
        self._departing = _departing(known)
        self._departures = departures
        self._arrivals = arrivals
        self._missed = missed
        self._metrics = metrics
        self._now_ms = now_ms
        self._note_fault = failed
        server = RedirectServer(
            [_client(one, redress) for one in known], tag_key=tag_key
        )
        self.door = SipDoor(
            server,
            now_ms,
            asked=self._asked,
            passed=self._passed,
            withdrawn=self._withdrawn,
            failed=self._failed,
        )

    def know(self, clients: Clients, switches: Sequence[Switch]) -> None:
        """Answer these from the next request on; `clients_of` made the first."""
        self.door.server.admit(clients)
        self._departing = _departing(switches)
        self._labels = {one.name: one.label for one in switches}

    def _asked(self, ask: Ask) -> None:
        call = _live(ask.call)
        if ask.call.client in self._departing:
            self._tell(call)
            self.door.answer(ask.ask_id, Decision(identity=self._signed(call)))
            return
        label = self._labels[ask.call.client]

        def reply(answered: Answered) -> None:
            self.door.answer(ask.ask_id, decision_of(answered, label=label))

        self._arrivals.ask(call, reply, now_ms=self._now_ms())

    def _passed(self, passed: Passed) -> None:
        """Tell the peer of calls that went on unasked, too: it may ask for them."""
        if passed.why == "in-dialog":
            return
        if passed.call.client in self._departing:
            self._tell(_live(passed.call))
        else:
            self._missed()

    def _withdrawn(self, withdrawn: Withdrawn) -> None:
        """Let the verdict come to nothing; it is kept like any other."""

    def _failed(self) -> None:
        """Promise nothing of a call that a fault may have kept from being told."""
        self._note_fault()
        self._departures.miss_now()

    def _tell(self, call: LiveCall) -> None:
        self._departures.tell(call, now_ms=self._now_ms())
        self._metrics.departures.add()


def clients_of(switches: Iterable[Switch], redress: RedressDesk | None) -> Clients:
    """Return who may ask."""
    return Clients([_client(one, redress) for one in switches])


def _departing(switches: Iterable[Switch]) -> set[str]:
    return {one.name for one in switches if one.side == "departures"}


def _client(switch: Switch, redress: RedressDesk | None) -> Client:
    return Client(
        name=switch.name,
        networks=switch.networks,
        dialect=switch.dialect,
        go_on_status=switch.go_on_status,
        contact=switch.contact,
        trunk=switch.trunk,
        carrier=switch.carrier,
        trusts_priority=switch.trusts_priority,
        certificate_names=frozenset(map(str.lower, switch.certificate_names)),
        refusal=switch.refusal,
        redress=_NO_REDRESS if redress is None else _redress(redress),
        divert_to=switch.divert_to,
        embeds_headers=switch.embeds_headers,
    )


_NO_REDRESS: Final = Redress()


def _redress(desk: RedressDesk) -> Redress:
    return Redress(
        url=desk.url,
        email=desk.email,
        telephone=desk.tel,
        card_url=desk.card,
        location=desk.location,
    )


def _live(call: AskedCall) -> LiveCall:
    return LiveCall(
        call.call_id,
        call.at_ms,
        call.calling_number,
        call.called_number,
        call.trunk,
        call.carrier,
        call.redirecting_number,
        call.presentation,
        call.identity,
        call.emergency,
        call.priority,
    )
