"""Two parties' sides, each with a store, and references that one of them gave."""

import os

from tallystick.blinding import new_private_key
from tallystick.blinding.channel import channel_between
from tallystick.cases.course import Terms
from tallystick.cases.reference import make_reference, reference_secret
from tallystick.office import Side
from tallystick.proof import signing_key
from tallystick.store.cases import ObjectionRow

from .world import STARTS_MS

MINUTE_MS = 60_000


def sides(own_store, peer_store):
    """Return the two sides of a channel, BY's first."""
    by, ru = (new_private_key(party, draw=os.urandom) for party in ("BY", "RU"))
    channel = channel_between(by.public(), ru.public())
    return tuple(
        Side(
            store=store,
            own=own,
            channel=channel,
            peer_key=signing_key(peer).public(),
            days=Terms(),
        )
        for store, own, peer in ((own_store, by, ru), (peer_store, ru, by))
    )


def give(side, call_id, *, action="reject", rule="no-initiation"):
    """Give a reference as a node and its office do; return it."""
    secret = reference_secret(side.own, bytes.fromhex(side.identifier))
    reference = make_reference(secret, call_id)
    row = ObjectionRow(
        reference=reference,
        verdict=call_id,
        action=action,
        rule=rule,
        verdict_ms=STARTS_MS - MINUTE_MS,
    )
    side.cases().objections.give(row)
    return reference


def carry(one, other, *, now_ms):
    """Bring what one side said to the other, as their offices do."""
    for about in one.statements.in_room("objection/"):
        for kept in one.statements.about(about):
            other.cases().hear(kept.note, keys=other.keys, now_ms=now_ms)
