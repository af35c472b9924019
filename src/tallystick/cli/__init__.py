"""The command line: `tally NOUN VERB`."""

from tallystick.cli.app import main, make_app

__all__ = ["main", "make_app"]
