"""Saying something to the other side: what is asked for, and what it then says."""
