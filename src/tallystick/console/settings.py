"""What a console is told when it is put together."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from tallystick.cases.course import Terms
from tallystick.console.people.sealing import Sealer
from tallystick.console.provider.settings import ProviderSettings
from tallystick.model import ConfigError
from tallystick.node.service import now_ms
from tallystick.office import Side

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """What a console is told.

    Attributes:
        address: What people type to come here, such as `https://console.example`;
            requests for any other are refused.
        sealer: Seals the secrets of authenticators.
        node: Where a node answers, such as `http://127.0.0.1:8080`; empty: none.
        node_settings: The settings file of that node, to be shown; None: it is not.
        verdicts: The folder in which that node keeps verdicts, or below; None: none
            is counted or shown.
        party: Our own name, as people see it.
        terms: Days that the steps of a case may take, where there is no side.
        provider: The identity provider that lets people in, too; None: there is none.
        side: The party's side of its channel, to say something from; None: the console
            shows, and says nothing.
        witness: Folder in which it remembers what it cosigned for the peer; None: none.
        peer_log: Origin of the peer's log; empty: by its key.
        log_at: Where the party's log is served, host and port; empty: nowhere.
        idle_ms: After so long without use a session ends.
        session_ms: So long after sign-in it ends in any case.
        entering_ms: So long may somebody take from password to code.
        now_ms: Tells the time, UTC milliseconds.
        serves: What it shows: the pages of those who sign in (`inside`), those for
            callers who were stopped (`public`), or `all`.
        stopping: Tells whether the process is to end; live pages then do.
    """

    address: str
    sealer: Sealer = field(repr=False)
    node: str = ""
    node_settings: Path | None = None
    verdicts: Path | None = None
    party: str = ""
    terms: Terms = field(default_factory=Terms)
    provider: ProviderSettings | None = None
    side: Side | None = None
    witness: Path | None = None
    peer_log: str = ""
    log_at: str = ""
    idle_ms: int = 30 * MINUTE_MS
    session_ms: int = 12 * HOUR_MS
    entering_ms: int = 10 * MINUTE_MS
    now_ms: Callable[[], int] = now_ms
    serves: Literal["all", "inside", "public"] = "all"
    stopping: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        """Refuse an address that no browser could have.

        Raises:
            ConfigError: "console-address".
        """
        at = urlsplit(self.address)
        if at.scheme not in {"https", "http"} or not at.netloc or at.path or at.query:
            raise ConfigError(
                "console-address",
                "The console's address is none.",
                advice="Give what people type, such as https://console.example, "
                "without a path.",
            )

    @property
    def is_secure(self) -> bool:
        """Whether it is reached by HTTPS."""
        return self.address.startswith("https://")

    @property
    def host(self) -> str:
        """The host and port of its address, as a browser sends them."""
        return urlsplit(self.address).netloc.lower()
