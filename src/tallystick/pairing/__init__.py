"""The engine: specs, the batch plan and its SQL, and the statistics."""
