"""Reading call records."""
