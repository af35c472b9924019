"""What an office is told in a node's settings file."""

from tallystick.blinding import read_private_key
from tallystick.blinding.channel import Channel
from tallystick.cases.course import parse_days
from tallystick.model import ConfigError
from tallystick.node.cluster.membership import folders_of
from tallystick.node.config import notify as config
from tallystick.node.config.files import read_text
from tallystick.node.config.notify import Notify
from tallystick.node.config.people import Console
from tallystick.node.config.secrets import Secrets
from tallystick.node.config.settings import NodeSettings
from tallystick.node.guarding import guard_folder
from tallystick.office.notices import EVENTS, Mail, Recipient
from tallystick.office.notices.recipients import read_secret
from tallystick.office.settings import OfficeSettings


def office_settings(settings: NodeSettings) -> OfficeSettings:
    """Return what a settings file tells the office.

    Keys and terms that cannot be read are refused as in `Secrets.read`, recipients of
    notices as in `Recipient` and `Mail`.

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
        recipients=tuple(map(_recipient, settings.notify)),
        mail=_mail(settings.mail),
        console=_console(settings.console),
        folders=folders_of(settings),
        guard=guard_folder(settings, is_worker=False),
    )


def _recipient(told: Notify) -> Recipient:
    secret = b""
    if told.secret_file is not None:
        what = "The secret of a webhook"
        secret = read_secret(
            read_text(told.secret_file, code="notify-secret", what=what)
        )
    return Recipient(
        to=told.to,
        events=frozenset(told.events or EVENTS),
        language=told.language,
        secret=secret,
        private=told.private,
        authorities=told.authorities,
    )


def _mail(told: config.Mail | None) -> Mail | None:
    if told is None:
        return None
    password = ""
    if told.password_file is not None:
        what = "The password of the mail server"
        password = read_text(told.password_file, code="notify-mail", what=what).strip()
    host, _, port = told.server.rpartition(":")
    return Mail(
        host=host.strip("[]"),
        port=int(port),
        sender=told.sender,
        security=told.security,
        user=told.user,
        password=password,
        authorities=told.authorities,
    )


def _console(told: Console | None) -> str:
    if told is None:
        return ""
    return told.address or f"https://{told.listen}"
