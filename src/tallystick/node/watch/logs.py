"""What a node writes down of itself: one JSON object a line, without numbers.

Events are words of this module's table; whatever else is logged is a count, a name of
a party, or a sentence of the program. Nothing a switch or a peer sent is repeated.
"""

import contextlib
import sys
from typing import Final, TextIO

import structlog

EVENTS: Final = {
    "started": "The node answers.",
    "stopped": "The node was told to stop, and has.",
    "worker-ended": "One of the processes has ended; another takes its place.",
    "beside-ended": "The office or the console has ended; it is started again.",
    "peer-connected": "The peer's stream is open.",
    "peer-lost": "The peer's stream has ended; calls are unproven until it is back.",
    "clock": "The clock was set, or the node stood still: calls are unproven at first.",
    "fault": "A turn or a request met a fault of the program; the node goes on.",
    "answer-failed": "Answers could not be given to a switch; the others got theirs.",
    "reloaded": "Settings and files were read again and are in force.",
    "reload-refused": "What was read again cannot be used; all is as it was.",
    "terms-changed": "The terms that follow have begun and are in force.",
    "list-refused": "A changed file of numbers cannot be used; the old one stays.",
    "agreement-refused": "The agreement's book cannot be read; what held before does.",
    "rule-suspended": "A rule went beyond its harm budget, and acts no more.",
    "common-away": "The store where machines meet does not answer: guards count alone "
    "and suspensions wait, until it is back.",
    "roaming-lost": "The home network gives no access token; it is asked again.",
    "watermark-refused": "What was complete of an epoch could not be laid in to be "
    "logged.",
    "verdicts-stay": "Verdicts older than agreed cannot be deleted; it is tried again.",
    "verdicts-lost": "Verdicts could not be kept on disk; calls went on.",
}


class Log:
    """Writes events."""

    def __init__(self, to: TextIO | None = None) -> None:
        """Write to standard error, unless told otherwise."""
        self._log = structlog.wrap_logger(
            structlog.PrintLogger(to or sys.stderr),
            processors=[
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )

    def note(self, event: str, **facts: str | float) -> None:
        """Write an event of the table, or pass it over where nothing can be written.

        A disk that is full or a reader that is gone must not end what the node does.

        Args:
            event: One of `EVENTS`.
            facts: Counts, names of parties, sentences of the program.
        """
        with contextlib.suppress(OSError, ValueError):
            self._log.msg(event, says=EVENTS[event], **facts)
