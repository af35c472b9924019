"""Several nodes of one party that answer as one."""
