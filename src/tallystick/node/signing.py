"""What a node signs with, from its settings."""

from tallystick.domains.calls.passport import load_signer
from tallystick.domains.calls.stir import SigningPolicy
from tallystick.node.files import read_bytes
from tallystick.node.settings import Signing


def signing_policy(signing: Signing | None) -> SigningPolicy | None:
    """Read the key of `[signing]`; without it nothing is signed.

    A key or a URL that cannot be used is refused as `load_signer` does.

    Raises:
        ConfigError: "node-signing": the key file cannot be read.
    """
    if signing is None:
        return None
    pem = read_bytes(signing.key, code="node-signing", what="The signing key")
    return SigningPolicy(
        signer=load_signer(pem, info=signing.certificate_url),
        highest=signing.highest,
        codes=signing.codes,
    )
