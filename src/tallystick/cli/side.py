"""A party's side of a channel, as commands are told of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tallystick.office import Side


@contextmanager
def open_told_side(
    config: Path | None,
    store: str,
    key: Path | None,
    channel: Path | None,
    peer_key: str,
    log: Path | None,
) -> Generator[Side]:
    """Open a side out of a settings file, or out of the other options.

    Yields:
        It, once.

    Raises:
        ConfigError: "office-settings" where neither says enough.
    """
    from tallystick.blinding import read_channel, read_private_key
    from tallystick.cases.course import Terms
    from tallystick.cli.agreement_text import read_signing_key
    from tallystick.model import ConfigError
    from tallystick.node.config.flags import parse_flags
    from tallystick.node.config.settings import load_settings
    from tallystick.office import OfficeSettings, office_settings, open_side

    if config is not None:
        told = office_settings(load_settings(config, parse_flags(())).settings)
    elif key is None or channel is None or not store or not peer_key:
        raise ConfigError(
            "office-settings",
            "It was not said whose store, key, channel and peer this is about.",
            advice="Give --config, or --store, --key, --channel, --peer-key and --log.",
        )
    else:
        told = OfficeSettings(
            store=store,
            own=read_private_key(key),
            channel=read_channel(channel),
            peer_key=read_signing_key(peer_key),
            listen=("127.0.0.1", 0),
            peer="",
            book=None,
            days=Terms(),
            certificate=None,
            authorities=None,
            log=log,
        )
    with open_side(told) as side:
        yield side
