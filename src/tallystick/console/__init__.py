"""The web pages people work in."""
