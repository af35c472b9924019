"""What an office works with."""

from dataclasses import dataclass, field
from pathlib import Path

from tallystick.blinding import Channel, PrivateKey
from tallystick.cases.course import Terms
from tallystick.office.notices import Mail, Recipient
from tallystick.proof import VerifyingKey


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeSettings:
    """What an office is told.

    Attributes:
        store: URL of its store.
        own: The party's key.
        channel: The two parties' keys.
        peer_key: What the peer signs with.
        listen: Where the peer's statements come in, host and port.
        peer: Where the peer's office is; empty: own statements wait.
        book: Folder of the agreement's book; None: agreements stay in the store.
        days: Days that the steps of a case may take where no agreement says it.
        log: Folder of the party's log; None: there is none.
        witness: Where the peer's witness is; empty: nobody cosigns the log.
        verdicts: Below which the node keeps verdicts; None: no counts are logged.
        folders: Of the processes of the node beside it; none: there is no node.
        guard: Where that node reads what was upheld of callers' objections.
        certificate: TLS, chain and key; None: on loopback only.
        authorities: Who may vouch for the peer's server, PEM; None: whom this machine
            believes.
        recipients: Who is told what happens.
        mail: By whom e-mail goes out; None: nobody is told by it.
        console: Where our console is; empty: there is none.
    """

    store: str = field(repr=False)
    own: PrivateKey
    channel: Channel
    peer_key: VerifyingKey
    listen: tuple[str, int]
    peer: str
    book: Path | None
    days: Terms
    certificate: tuple[Path, Path] | None
    authorities: Path | None
    log: Path | None = None
    witness: str = ""
    verdicts: Path | None = None
    recipients: tuple[Recipient, ...] = ()
    mail: Mail | None = None
    console: str = ""
    folders: tuple[Path, ...] = ()
    guard: Path | None = None
