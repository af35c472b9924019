"""What is shown to whoever looks for the first time: a day, and two countries."""
