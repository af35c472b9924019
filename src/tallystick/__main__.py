"""Run the command line: `python -m tallystick`."""

from tallystick.cli import main

main()
