"""What trials of live nodes share: nodes, switches' lines, calls whose truth is known.

Nothing here is a program of its own; `load.py` and `faults.py` are.
"""
