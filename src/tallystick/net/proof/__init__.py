"""Logs over HTTP: served read-only, fetched, and shown to a witness."""

from tallystick.net.proof.fetching import ask_witness, reader_of
from tallystick.net.proof.serving import proof_door, serve_proofs, shows_key

__all__ = ["ask_witness", "proof_door", "reader_of", "serve_proofs", "shows_key"]
