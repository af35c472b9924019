"""The life of an agreement: proposed, discussed, signed, in force, suspended, ended.

Source: spec/agreement.md, "Life".
"""

from tallystick.agreement.life.bodies import AT_ONCE, BODIES
from tallystick.agreement.life.fold import fold, in_force
from tallystick.agreement.life.saying import lifts, proposal, say
from tallystick.agreement.life.state import (
    PHASES,
    Answer,
    Holding,
    Life,
    PassedOver,
    Phase,
    Remark,
    Suspension,
    Version,
    Wait,
    Withdrawal,
    bound_by,
    holding_of,
)

__all__ = [
    "AT_ONCE",
    "BODIES",
    "PHASES",
    "Answer",
    "Holding",
    "Life",
    "PassedOver",
    "Phase",
    "Remark",
    "Suspension",
    "Version",
    "Wait",
    "Withdrawal",
    "bound_by",
    "fold",
    "holding_of",
    "in_force",
    "lifts",
    "proposal",
    "say",
]
