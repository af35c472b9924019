"""Telling people elsewhere what happened: by webhook and e-mail."""

from tallystick.office.notices.events import EVENTS
from tallystick.office.notices.recipients import Mail, Recipient
from tallystick.office.notices.teller import Teller

__all__ = ["EVENTS", "Mail", "Recipient", "Teller"]
