"""Two nodes rehearse on one machine: real programs, real calls, nobody's numbers."""
