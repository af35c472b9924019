"""A whole store in one file, and back, into either kind of database."""

from tallystick.store.backup.copying import Copied, back_up, restore
from tallystick.store.backup.file import check_backup
from tallystick.store.backup.looking import Looked, look_at

__all__ = ["Copied", "Looked", "back_up", "check_backup", "look_at", "restore"]
