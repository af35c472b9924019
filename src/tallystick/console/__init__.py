"""The web pages people work in."""

from tallystick.console.app import app
from tallystick.console.settings import ConsoleSettings

__all__ = ["ConsoleSettings", "app"]
