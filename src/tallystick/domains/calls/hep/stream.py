"""Finds HEP3 packets in a byte stream, by the length in their heads.

Source: spec/hep.md, "Streams".
"""

from tallystick.domains.calls.hep.packet import HEAD_BYTES, MAGIC


class PacketReader:
    """Turns the bytes of one connection into packets.

    Where the stream is no HEP3, nothing behind it can be understood: `is_broken` tells
    the driver to close.

    Bounds: holds less than one packet and one piece that was fed.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self.is_broken = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take in bytes and return the packets that are complete, in order."""
        if self.is_broken:
            return []
        held = self._held
        held += data
        found: list[bytes] = []
        place = 0
        while len(held) - place >= HEAD_BYTES:
            size = int.from_bytes(held[place + 4 : place + 6])
            if held[place : place + 4] != MAGIC or size < HEAD_BYTES:
                self.is_broken = True
                held.clear()
                return found
            if len(held) - place < size:
                break
            found.append(bytes(held[place : place + size]))
            place += size
        del held[:place]
        return found
