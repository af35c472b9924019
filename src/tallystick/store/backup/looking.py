"""Whether a store is sound: what its database says of itself."""

from dataclasses import dataclass

from tallystick.model import VerificationError
from tallystick.store.backup.copying import count, known_tables
from tallystick.store.opening import opening, revision_of, revisions


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen of a store.

    Attributes:
        revision: Which tables it has.
        today: Whether they are today's.
        rows: How many, by table.
    """

    revision: str
    today: bool
    rows: dict[str, int]


def look_at(url: str) -> Looked:
    """Look at a store without changing it.

    Args:
        url: Of the store.

    Returns:
        What was seen.

    Raises:
        VerificationError: "store-empty"; "store-damaged" where SQLite finds its file
            damaged, or a row refers to one that is not there.

    A store that is newer or out of reach is refused as in `open_store`.
    """
    with opening(url) as engine:
        with engine.connect() as connection:
            revision = revision_of(connection)
            if revision is None:
                raise VerificationError(
                    "store-empty",
                    "There is no store at that URL.",
                    advice="See that the URL is right.",
                )
            if engine.dialect.name == "sqlite":
                sound = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
                lost = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                if sound != "ok" or lost is not None:
                    raise VerificationError(
                        "store-damaged",
                        "The store's file is damaged.",
                        advice="Keep it aside, and restore the last backup; the peer "
                        "brings back its statements (`tally office resend`).",
                    )
            rows = {
                one.name: count(connection, one) for one in known_tables(connection)
            }
        engine.dispose()
    return Looked(revision, revision == revisions()[0], rows)
