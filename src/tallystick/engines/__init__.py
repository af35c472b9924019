"""Executors of batch plans, and the working folder they use."""

from tallystick.engines.duck import DuckEngine
from tallystick.engines.workspace import SideWriter, Workspace

__all__ = ["DuckEngine", "SideWriter", "Workspace"]
