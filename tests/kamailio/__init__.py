"""Two real switches, two nodes, callers and callees: all of it on the loopback."""
