"""Switches that ask by SIP: their calls to the node, its verdicts to them."""

from collections.abc import Callable, Iterable

from tallystick.domains.calls.live import LiveCall
from tallystick.domains.calls.sip import (
    Ask,
    AskedCall,
    Client,
    Clients,
    Decision,
    Passed,
    RedirectServer,
    Withdrawn,
)
from tallystick.net.sip import SipDoor
from tallystick.node.arrivals import Answered, Arrivals
from tallystick.node.departures import Departures
from tallystick.node.metrics import Metrics
from tallystick.node.settings import Switch


class Switches:
    """Answers the switches of a node.

    Attributes:
        door: Where they ask.
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
    ) -> None:
        """Know the switches; nobody else is answered.

        `missed` is called for each arrival that went on unasked.
        """
        known = tuple(switches)
        self._departing = _departing(known)
        self._departures = departures
        self._arrivals = arrivals
        self._missed = missed
        self._metrics = metrics
        self._now_ms = now_ms
        self._note_fault = failed
        server = RedirectServer([_client(one) for one in known], tag_key=tag_key)
        self.door = SipDoor(
            server,
            now_ms,
            asked=self._asked,
            passed=self._passed,
            withdrawn=self._withdrawn,
            failed=self._failed,
        )

    def know(self, clients: Clients, switches: Iterable[Switch]) -> None:
        """Answer these from the next request on; `clients_of` made the first."""
        self.door.server.admit(clients)
        self._departing = _departing(switches)

    def _asked(self, ask: Ask) -> None:
        call = _live(ask.call)
        if ask.call.client in self._departing:
            self._tell(call)
            self.door.answer(ask.ask_id, Decision())
            return

        def reply(answered: Answered) -> None:
            self.door.answer(ask.ask_id, _decision(answered))

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
        self._metrics.departures.inc()


def clients_of(switches: Iterable[Switch]) -> Clients:
    """Return who may ask."""
    return Clients(map(_client, switches))


def _departing(switches: Iterable[Switch]) -> set[str]:
    return {one.name for one in switches if one.side == "departures"}


def _client(switch: Switch) -> Client:
    return Client(
        name=switch.name,
        networks=switch.networks,
        dialect=switch.dialect,
        go_on_status=switch.go_on_status,
        contact=switch.contact,
        trunk=switch.trunk,
        carrier=switch.carrier,
        trusts_priority=switch.trusts_priority,
    )


def _live(call: AskedCall) -> LiveCall:
    return LiveCall(
        call_id=call.call_id,
        at_ms=call.at_ms,
        calling_number=call.calling_number,
        called_number=call.called_number,
        trunk=call.trunk,
        carrier=call.carrier,
        redirecting_number=call.redirecting_number,
        presentation=call.presentation,
        identity=call.identity,
        emergency=call.emergency,
        priority=call.priority,
    )


def _decision(answered: Answered) -> Decision:
    """Return a verdict in the words of a switch."""
    return Decision(action=answered.verdict.action)
