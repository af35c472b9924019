"""One token, read and held against the call; its signature and certificate.

Source: RFC 8224, section 6.2; spec/passport.md, "What is checked for each token".
"""

from tallystick.domains.calls.passport.claims import Claims, parse_claims
from tallystick.domains.calls.passport.context import VerifyContext
from tallystick.domains.calls.passport.credential import Credential
from tallystick.domains.calls.passport.encoding import (
    base64url_from_bytes,
    bytes_from_base64url,
    json_from_object,
)
from tallystick.domains.calls.passport.field import Field
from tallystick.domains.calls.passport.jose import ALGORITHM, Jose, parse_header
from tallystick.domains.calls.passport.private import Private
from tallystick.domains.calls.passport.refusal import Refusal


class Token(Private, frozen=True):
    """A token whose parts could be read.

    Attributes:
        jose: Its header.
        claims: Its payload.
        signed: The bytes that are signed, as received.
        signature: 64 bytes, if it is well-formed.
    """

    jose: Jose
    claims: Claims
    signed: bytes
    signature: bytes


def read_token(field: Field, context: VerifyContext) -> Token:
    """Read the parts of a token.

    Raises:
        Refusal: By a rule of spec/passport.md, "Token" or "Claims".
    """
    signed = _restored(field, context) if field.is_compact else field.signed
    header, _, payload = signed.partition(".")
    jose = parse_header(header, field.parameters)
    claims = parse_claims(payload, jose.ppt, tolerant=context.policy.tolerant)
    signature = bytes_from_base64url(field.signature)
    return Token(jose, claims, signed.encode("ascii"), signature)


def check_calling(token: Token, context: VerifyContext) -> None:
    """Hold `orig` against the calling number of the signalling.

    Raises:
        Refusal: calling-absent or orig-differs.
    """
    if not context.calling:
        raise Refusal("calling-absent")
    if token.claims.orig != context.calling:
        raise Refusal("orig-differs")


def is_addressed(token: Token, context: VerifyContext) -> bool:
    """Tell whether the called number is among the destinations of a token."""
    dest = token.claims.dest
    for called in context.called:  # ruff: ignore[reimplemented-builtin]  -- a generator costs more than this
        if called in dest:
            return True
    return False


def check_fresh(iat_s: int, context: VerifyContext, *, now_s: int) -> None:
    """Hold `iat`, and Date if wished, against the time.

    Raises:
        Refusal: iat-stale, iat-ahead or date-stale.
    """
    policy = context.policy
    if iat_s < now_s - policy.max_age_s:
        raise Refusal("iat-stale")
    if iat_s > now_s + policy.max_ahead_s:
        raise Refusal("iat-ahead")
    if policy.check_date:
        date_s = context.date_s
        if (
            date_s is None
            or not -policy.max_ahead_s <= now_s - date_s <= policy.max_age_s
        ):
            raise Refusal("date-stale")


def authenticate(token: Token, context: VerifyContext, *, now_s: int) -> Credential:
    """Find the certificate, hold the token against it, verify the signature.

    Raises:
        Refusal: By a rule of spec/passport.md, "Certificate" or "Signature".
    """
    credential = context.store.find(token.jose.x5u, now_s=now_s)
    speaks_for = token.claims.div or token.claims.orig
    credential.check(speaks_for, token.claims, now_s=now_s)
    credential.verify(token.signature, token.signed)
    return credential


def check_new(token: Token, context: VerifyContext, *, now_s: int) -> None:
    """Refuse a token that came with another call.

    Raises:
        Refusal: replayed.
    """
    if context.replays is not None and context.replays.is_repeated(
        token.jose.ppt, token.claims, context.call_id, now_s=now_s
    ):
        raise Refusal("replayed")


def _restored(field: Field, context: VerifyContext) -> str:
    """Build header and payload of a token in compact form from the signalling.

    Raises:
        Refusal: compact-extension, compact-no-date, calling-absent, or
            dest-differs where no number is called.

    Source: RFC 8225, section 7; RFC 8224, section 4.1.
    """
    if field.parameters.ppt:
        raise Refusal("compact-extension")
    if context.date_s is None:
        raise Refusal("compact-no-date")
    if not context.calling:
        raise Refusal("calling-absent")
    if not context.called:
        raise Refusal("dest-differs")
    header = {"alg": ALGORITHM, "typ": "passport", "x5u": field.parameters.info}
    payload = {
        "dest": {_kind(context.called[0]): [context.called[0]]},
        "iat": context.date_s,
        "orig": {_kind(context.calling): context.calling},
    }
    parts = (base64url_from_bytes(json_from_object(part)) for part in (header, payload))
    return ".".join(parts)


def _kind(identity: str) -> str:
    return "uri" if ":" in identity else "tn"
