"""The certificates under which a node listens: read, or refused with a sentence."""

import ssl

from tallystick.model import ConfigError
from tallystick.net.link import door_tls
from tallystick.net.sip_tls import switch_tls
from tallystick.node.config.files import read_bytes
from tallystick.node.config.sections import Listen


def peer_certificate(listen: Listen) -> bytes:
    """Return the certificate under which the peer is served; empty without TLS.

    Raises:
        ConfigError: "node-certificate".
    """
    if listen.certificate is None or listen.certificate_key is None:
        return b""
    for path, what in (
        (listen.certificate, "The certificate `listen.certificate`"),
        (listen.certificate_key, "The key `listen.certificate_key`"),
    ):
        read_bytes(path, code="node-certificate", what=what)
    try:
        return door_tls(listen.certificate, listen.certificate_key)[1]
    except (ssl.SSLError, ValueError):
        raise ConfigError(
            "node-certificate",
            f"{listen.certificate} and {listen.certificate_key} are not a certificate"
            " and its key in PEM.",
            advice="Make both: openssl req -x509 -newkey ec -pkeyopt"
            " ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.pem -days 365"
            " -subj /CN=node",
        ) from None


def switches_tls(listen: Listen) -> ssl.SSLContext | None:
    """Return what switches are shown that ask by TLS; None: that door stays shut.

    Raises:
        ConfigError: "node-certificate".
    """
    pair = listen.sip_pair
    if listen.sips is None or pair is None:
        return None
    names = {"certificate": pair[0], "key": pair[1], "client CA": listen.sip_client_ca}
    for what, path in names.items():
        if path is not None:
            read_bytes(path, code="node-certificate", what=f"The {what} for switches")
    try:
        return switch_tls(*pair, client_ca=listen.sip_client_ca)
    except (ssl.SSLError, ValueError):
        used = ", ".join(str(path) for path in names.values() if path is not None)
        raise ConfigError(
            "node-certificate",
            f"Switches cannot be served by TLS with {used}: not a certificate, its key"
            " without a password, and certificates of those who sign, in PEM.",
            advice="`openssl x509 -in FILE -noout -text` shows what is in one.",
        ) from None
