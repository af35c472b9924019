"""What the report says, and how it looks."""
