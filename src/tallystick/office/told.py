"""What an office is told in a node's settings file."""

from tallystick.blinding import read_private_key
from tallystick.blinding.channel import Channel
from tallystick.cases.course import parse_days
from tallystick.model import ConfigError
from tallystick.node.config.secrets import Secrets
from tallystick.node.config.settings import NodeSettings
from tallystick.office.running import OfficeSettings


def office_settings(settings: NodeSettings) -> OfficeSettings:
    """Return what a settings file tells the office.

    Keys and terms that cannot be read are refused as in `Secrets.read`.

    Args:
        settings: The whole file.

    Raises:
        ConfigError: "office-settings" where it tells an office nothing.
    """
    told = settings.office
    if told is None:
        raise ConfigError(
            "office-settings",
            "The settings file has no [office].",
            advice='Write [office] with store = "sqlite:///store.db" into it.',
        )
    secrets = Secrets.read(settings.keys.own, settings.keys.terms)
    terms = secrets.signed.terms
    host, _, port = told.listen.rpartition(":")
    return OfficeSettings(
        store=told.url,
        own=read_private_key(settings.keys.own),
        channel=Channel(keys=terms.keys),
        peer_key=next(k for k in terms.verifying_keys if k.party == secrets.peer),
        listen=(host.strip("[]"), int(port)),
        peer=told.peer,
        book=settings.agreement,
        days=parse_days(told.days),
        certificate=told.pair,
        authorities=told.authorities,
        log=settings.proof.log if settings.proof else None,
        witness=settings.proof.peer_witness if settings.proof else "",
        verdicts=settings.folder,  # those of all its processes lie below it
    )
