"""Files of a log and of a witness, which survive whatever ends the program."""

from tallystick.store.log.disk import Disk
from tallystick.store.log.folder import LogFolder, create_log, open_log, read_file
from tallystick.store.log.seen import WitnessFolder

__all__ = [
    "Disk",
    "LogFolder",
    "WitnessFolder",
    "create_log",
    "open_log",
    "read_file",
]
