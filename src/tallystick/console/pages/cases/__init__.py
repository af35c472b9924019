"""Cases: all that there are; one with all that is known of it; what is said of it."""
