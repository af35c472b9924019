"""What a witness remembers: the last checkpoint that it cosigned of each log.

One file a log, named by the SHA-256 of its origin; beside it, under `evidence/`,
whatever a log's party signed that does not go together with it.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from tallystick.model import TallystickError, UnavailableError
from tallystick.proof import (
    EVIDENCE,
    SIZE_TYPE,
    STATUSES,
    Checkpoint,
    Request,
    SigningKey,
    VerifyingKey,
    consider,
    cosign,
    log_of,
    parse_note,
    parse_request,
    read_checkpoint,
)
from tallystick.store.log.disk import Disk, locked
from tallystick.store.log.folder import read_file

Answer = tuple[int, bytes, str]


class WitnessFolder:
    """A witness of some logs.

    Attributes:
        logs: Keys of the logs that are watched, by origin.

    Bounds: one checkpoint a log, and as much evidence as was tried.
    """

    def __init__(
        self,
        folder: Path,
        key: SigningKey,
        logs: Mapping[str, VerifyingKey],
        disk: Disk | None = None,
    ) -> None:
        """Remember in `folder`, cosign with `key`."""
        self.logs = logs
        self._folder = folder
        self._key = key
        self._disk = disk or Disk()
        self._disk.make(folder)

    def seen(self, origin: str) -> Checkpoint | None:
        """Return what was last seen of a log.

        Raises:
            UnavailableError: "witness-memory" when it was changed or damaged.
        """
        note = read_file(self._path(origin))
        if note is None:
            return None
        try:
            return read_checkpoint(note, self.logs[origin], log=origin).checkpoint
        except TallystickError:
            raise UnavailableError(
                "witness-memory",
                "What the witness remembers of this log is damaged, or was changed.",
                advice="Restore the file. Without it a forked log would not be seen.",
            ) from None

    def seen_ms(self, origin: str) -> int:
        """Return when that was written down, by this machine's clock; 0: never."""
        try:
            return self._path(origin).stat().st_mtime_ns // 1_000_000
        except FileNotFoundError:
            return 0

    def answer(self, body: bytes, *, now_s: int) -> Answer:
        """Answer a request: see `consider`; a refusal says why in its sentence.

        Args:
            body: As it came.
            now_s: Seconds since 1970.

        Returns:
            Status, content and its media type.
        """
        try:
            line = self.cosign(body, now_s=now_s)
        except TallystickError as error:
            status = STATUSES.get(error.code, 400)
            if error.code in {"witness-old", "log-rolled-back"}:
                known = self.seen(log_of(parse_request(body)))
                return status, b"%d\n" % (known.size if known else 0), SIZE_TYPE
            return status, f"{error}\n".encode(), "text/plain; charset=utf-8"
        return 200, line, "text/plain; charset=utf-8"

    def cosign(self, body: bytes, *, now_s: int) -> bytes:
        """Return the cosignature line for a request.

        Raises:
            TallystickError: As in `consider`; evidence is kept.
        """
        request = parse_request(body)
        origin = log_of(request)
        with locked(self._folder / "lock"):
            seen = self.seen(origin) if origin in self.logs else None
            try:
                signed = consider(request, self.logs, seen)
            except TallystickError as error:
                if error.code in EVIDENCE:
                    self._keep_evidence(request)
                raise
            if seen != signed.checkpoint:
                self._disk.put(self._path(origin), request.note)
            line = cosign(signed.checkpoint.text, self._key, at_s=now_s).line()
        return line.encode()

    def _keep_evidence(self, request: Request) -> None:
        """Keep what was signed against what was seen: together they show it."""
        origin, note = log_of(request), request.note
        folder = self._folder / "evidence" / self._path(origin).name
        # By what was signed: others may put lines below it, as many as they like.
        signed = parse_note(note).text.encode()
        name = hashlib.sha256(signed).hexdigest()[:16]
        seen = read_file(self._path(origin)) or b""
        self._disk.put(folder / f"{name}-seen", seen)
        self._disk.put(folder / f"{name}-shown", note)

    def _path(self, origin: str) -> Path:
        return self._folder / hashlib.sha256(origin.encode()).hexdigest()[:32]
