"""The console: people, pages, and those who should not come in."""
