"""What a console is told in a node's settings file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallystick.console.people.sealing import key_place, open_sealer
from tallystick.console.provider import ProviderSettings
from tallystick.console.serving import Listening
from tallystick.console.settings import ConsoleSettings
from tallystick.model import ConfigError
from tallystick.node.config.files import read_text
from tallystick.node.config.outward import Proof
from tallystick.node.config.people import Oidc
from tallystick.node.config.settings import NodeSettings
from tallystick.office import OfficeSettings, Side, office_settings
from tallystick.store import People

_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # ruff: ignore[hardcoded-bind-all-interfaces] (where a node listens, not we)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a settings file tells the console.

    Attributes:
        office: The party's side, as its office has it.
        listening: Where.
        public: Where the pages for callers are apart from the others; None: nowhere.
        objections: Whether callers may object.
        file: The settings file, to be shown.
        node: Where the node answers; empty: it answers nobody by HTTP.
        verdicts: Where it keeps its verdicts.
        party: Our own name.
        proof: Where its log is served, and what it saw of the peer's; None: nowhere.
        provider: The identity provider; None: there is none.
        secrets: Where the key lies that seals the secrets of authenticators.
    """

    office: OfficeSettings
    listening: Listening
    public: Listening | None
    objections: bool
    file: Path
    node: str
    verdicts: Path
    party: str
    proof: Proof | None
    provider: ProviderSettings | None
    secrets: Path

    def settings(self, side: Side) -> ConsoleSettings:
        """Return the console's settings.

        Args:
            side: As `open_side` opened it.
        """
        beside = self.objections and self.public is None
        proof = self.proof
        return ConsoleSettings(
            serves="all" if beside else "inside",
            witness=proof.witness if proof else None,
            peer_log=(proof.peer_log if proof else None) or "",
            log_at=proof.listen if proof else "",
            address=self.listening.address,
            sealer=open_sealer(self.secrets, People(side.store)),
            node=self.node,
            node_settings=self.file,
            verdicts=self.verdicts,
            party=self.party,
            side=side,
            provider=self.provider,
        )


def console_told(settings: NodeSettings, *, file: Path) -> Told:
    """Return what a settings file tells the console.

    What it tells the office is refused as in `office_settings`, and where to listen as
    in `Listening.read`.

    Args:
        settings: The whole file.
        file: Where it stands.

    Raises:
        ConfigError: "console-settings" where it tells a console nothing.
    """
    console = settings.console
    if console is None:
        raise ConfigError(
            "console-settings",
            "The settings file has no [console].",
            advice="Write [console] and [office] into it, or give --store.",
        )
    host, _, port = (settings.listen.http or "").rpartition(":")

    def read(listen: str, address: str) -> Listening:
        return Listening.read(
            listen,
            cert=console.certificate,
            key=console.certificate_key,
            address=address,
            insecure_http=console.insecure_http,
        )

    office = office_settings(settings)
    return Told(
        office=office,
        listening=read(console.listen, console.address),
        public=read(console.public, console.public_address) if console.public else None,
        objections=console.objections,
        file=file,
        node=f"http://{_EVERYWHERE.get(host, host)}:{port}" if port else "",
        verdicts=settings.folder,  # those of all its processes lie below it
        party=settings.party,
        proof=settings.proof,
        provider=_provider(console.oidc),
        secrets=key_place(console.secrets, office.store),
    )


def _provider(told: Oidc | None) -> ProviderSettings | None:
    if told is None:
        return None
    secret = ""
    if told.secret_file is not None:
        secret = read_text(
            told.secret_file, code="console-oidc", what="The client secret"
        ).strip()
    return ProviderSettings(
        name=told.name,
        issuer=told.issuer,
        client=told.client,
        secret=secret,
        scopes=told.scopes,
        name_claim=told.name_claim,
        role_claim=told.role_claim,
        roles=told.roles,
        trunks_claim=told.trunks_claim,
        factors=frozenset(told.factors),
        levels=frozenset(told.levels),
        algorithms=told.algorithms,
        authorities=told.authorities,
    )
