"""People who were sent to an identity provider, until they come back."""

from dataclasses import dataclass, field

from sqlalchemy import delete, insert, select

from tallystick.store.opening import Store
from tallystick.store.tables import SIGN_INS


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One who was sent there.

    Attributes:
        state: Hash of what the answer must hold, 64 hexadecimal digits.
        visitor: Hash of the id of the browser that was sent.
        nonce: What the ID token must hold.
        verifier: What is shown when the code is handed in.
        made_ms: When they were sent.
    """

    state: str
    visitor: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    made_ms: int


class SignIns:
    """Those in a store."""

    def __init__(self, store: Store) -> None:
        """Look into a store."""
        self._store = store

    def begin(self, one: SignIn, *, since_ms: int) -> None:
        """Keep one, and forget those of before a moment."""
        values = {name: getattr(one, name) for name in SignIn.__slots__}
        with self._store.write() as connection:
            connection.execute(delete(SIGN_INS).where(SIGN_INS.c.made_ms < since_ms))
            connection.execute(insert(SIGN_INS).values(values))

    def take(self, state: str) -> SignIn | None:
        """Return one and forget it; None where there is none, or it was taken."""
        here = SIGN_INS.c.state == state
        with self._store.write() as connection:
            row = connection.execute(select(SIGN_INS).where(here)).mappings().first()
            gone = connection.execute(delete(SIGN_INS).where(here)).rowcount
        return SignIn(**row) if row is not None and gone == 1 else None
