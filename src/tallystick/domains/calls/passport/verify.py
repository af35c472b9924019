"""Verify one Identity header field.

1. Read the field, the header and the claims.
2. Hold `orig`, `dest` and `iat` against the call: cheap, and most forgeries end here.
3. Find the certificate; hold number, claims and times against it.
4. Verify the signature over the bytes received.
5. Refuse what came with another call.

Source: RFC 8224, section 6.2; spec/passport.md, "What is checked for each token".
"""

from tallystick.domains.calls.passport.context import VerifyContext
from tallystick.domains.calls.passport.credential import Credential
from tallystick.domains.calls.passport.field import Field, parse_field
from tallystick.domains.calls.passport.refusal import PASSED, Refusal
from tallystick.domains.calls.passport.token import (
    Token,
    authenticate,
    check_calling,
    check_fresh,
    check_new,
    is_addressed,
    read_token,
)
from tallystick.domains.calls.passport.verdict import PassportVerdict


def verify(
    identity_header: str, *, context: VerifyContext, now_s: int
) -> PassportVerdict:
    """Verify one Identity header field that stands alone.

    Args:
        identity_header: All after the colon, unfolded.
        context: The call, and what its tokens are held against.
        now_s: Seconds since 1970.

    Returns:
        The verdict. Nothing is raised, whatever the bytes.

    Bounds: 8,192 characters; one ECDSA verification at most.
    """
    field: Field | None = None
    token: Token | None = None
    try:
        field = parse_field(identity_header)
        token = read_token(field, context)
        credential = _judge(token, context, now_s)
    except Refusal as refusal:
        return refused(refusal, field, token, context, now_s=now_s)
    return passed(field, token, credential.countries)


def _judge(token: Token, context: VerifyContext, now_s: int) -> Credential:
    check_calling(token, context)
    if not is_addressed(token, context):
        raise Refusal("dest-differs")
    check_fresh(token.claims.iat_s, context, now_s=now_s)
    credential = authenticate(token, context, now_s=now_s)
    check_new(token, context, now_s=now_s)
    return credential


def passed(field: Field, token: Token, countries: tuple[str, ...]) -> PassportVerdict:
    """Return the verdict on a token that holds."""
    return PassportVerdict(
        verstat=PASSED,
        ppt=token.jose.ppt,
        claims=token.claims,
        countries=countries,
        field=field,
    )


def refused(
    refusal: Refusal,
    field: Field | None,
    token: Token | None,
    context: VerifyContext,
    *,
    now_s: int,
) -> PassportVerdict:
    """Return the verdict on a token that does not hold.

    Args:
        refusal: Why.
        field: What could be read of it.
        token: The same.
        context: What it was held against.
        now_s: The time.
    """
    rule = refusal.rule
    needs = ""
    ppt = field.parameters.ppt if field else ""
    if field is not None and rule.name == "certificate-unknown":
        url = field.parameters.info
        needs = url if context.store.needs(url, now_s=now_s) else ""
    return PassportVerdict(
        verstat=rule.verstat,
        rule=rule.name,
        code=rule.code,
        reason=rule.phrase,
        ppt=token.jose.ppt if token else ppt,
        claims=token.claims if token else None,
        needs=needs,
        field=field,
    )
