"""What can be paired: one package per domain, found by entry point."""
