"""What a node counts, notes and shows of itself."""
