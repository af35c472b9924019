"""Packet captures: from a file of frames to the SIP messages in it."""
