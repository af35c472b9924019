"""What was done to calls, and to how many honest ones: the harm report."""
