"""What `bench/fuzz.py` feeds to every parser that reads from a network.

Each target is valid messages, a way to spoil them that knows how they are built, and
a function that takes bytes and raises where a law is broken. A case follows from its
seed and number alone, so that each can be made again.
"""
