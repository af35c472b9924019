"""Files that operators take from `deploy/`."""
