"""How the tables of an earlier version become today's."""
