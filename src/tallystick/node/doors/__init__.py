"""What is asked of a node by HTTP: each set of doors in a module of its own."""
