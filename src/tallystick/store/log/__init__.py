"""Files of a log and of a witness, which survive whatever ends the program."""

from tallystick.store.log.disk import Disk
from tallystick.store.log.folder import (
    LogFolder,
    check_log,
    create_log,
    open_log,
    read_file,
    stop_log,
    stopped_by,
)
from tallystick.store.log.looking import LogLook, look_at_log
from tallystick.store.log.openings import Forgotten
from tallystick.store.log.seen import WitnessFolder
from tallystick.store.log.waiting import laid_in, lay_in, ref_of, take_waiting

__all__ = [
    "Disk",
    "Forgotten",
    "LogFolder",
    "LogLook",
    "WitnessFolder",
    "check_log",
    "create_log",
    "laid_in",
    "lay_in",
    "look_at_log",
    "open_log",
    "read_file",
    "ref_of",
    "stop_log",
    "stopped_by",
    "take_waiting",
]
