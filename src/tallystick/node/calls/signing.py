"""What a node signs with, from its settings."""

from tallystick.domains.calls.live import CallNumbers, LiveCall
from tallystick.domains.calls.passport import load_signer, sign_shaken
from tallystick.domains.calls.stir import SigningPolicy, bounded
from tallystick.node.config.files import read_bytes
from tallystick.node.config.sections import Signing


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


def sign_departure(
    call: LiveCall,
    numbers: CallNumbers,
    policy: SigningPolicy | None,
    *,
    origid: str,
    now_s: int,
) -> tuple[str, ...]:
    """Return what a switch that asks by SIP is given to send along, if anything.

    A call that is signed already, or whose numbers cannot be read, is left as it is.

    Args:
        call: The call that leaves.
        numbers: As they were read.
        policy: What is signed; None: nothing.
        origid: A UUID drawn for this call.
        now_s: The time.
    """
    if policy is None or call.identity or numbers.calling <= 0 or numbers.called <= 0:
        return ()
    calling = str(numbers.calling)
    field = sign_shaken(
        policy.signer,
        orig=calling,
        dest=[str(numbers.called)],
        iat_s=now_s,
        attest=bounded("A", calling, policy),
        origid=origid,
    )
    return (field,)
