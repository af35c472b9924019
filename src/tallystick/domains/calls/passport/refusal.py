"""Every reason for which an Identity header field is not believed.

One row for each rule of spec/passport.md, with what the caller's side is told (RFC
8224, section 6.2.2; RFC 9410) and what the called side is shown (verstat).
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

PASSED: Final = "TN-Validation-Passed"
FAILED: Final = "TN-Validation-Failed"
NONE: Final = "No-TN-Validation"

_STALE: Final = "Stale Date"
_USE: Final = "Use Identity Header"
_FORMAT: Final = "Use Supported PASSporT Format"
_ANONYMOUS: Final = "Anonymity Disallowed"
_INFO: Final = "Bad Identity Info"
_CREDENTIAL: Final = "Unsupported Credential"
_INVALID: Final = "Invalid Identity Header"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What follows when one rule is not kept.

    Attributes:
        name: Stable, as in spec/passport.md.
        code: SIP response code, and cause of a Reason header field.
        phrase: Its reason phrase.
        verstat: What the called side is shown.
    """

    name: str
    code: int
    phrase: str
    verstat: str


_BY_ANSWER: Final = {
    (403, _STALE, FAILED): "date-stale iat-stale iat-ahead div-stale",
    (428, _USE, NONE): "identity-missing",
    (428, _FORMAT, NONE): "ppt-unsupported",
    (433, _ANONYMOUS, NONE): "calling-absent",
    (436, _INFO, NONE): "info-refused certificate-unknown certificate-unreachable",
    (437, _CREDENTIAL, FAILED): (
        "alg-unsupported certificate-malformed certificate-key certificate-usage "
        "certificate-extension certificate-no-tnauthlist tnauthlist-malformed "
        "constraints-malformed constraints-both chain-order chain-identifiers "
        "chain-issuer chain-authority certificate-untrusted certificate-expired "
        "certificate-revoked certificate-not-for-number certificate-not-for-country"
    ),
    (438, _INVALID, FAILED): (
        "field-size field-characters field-no-parameters parameter-malformed "
        "parameter-repeated info-missing info-differs ppt-differs compact-extension "
        "compact-no-date token-parts token-base64 json-malformed json-repeated "
        "json-not-object typ-wrong x5u-missing crit-present iat-malformed "
        "orig-malformed dest-malformed attest-wrong origid-wrong div-malformed "
        "rcd-malformed orig-differs dest-differs signature-size signature-wrong "
        "constraint-include constraint-values constraint-exclude replayed "
        "identities-too-many div-gap div-loop div-orig"
    ),
}

RULES: Final = MappingProxyType(
    {
        name: Rule(name=name, code=code, phrase=phrase, verstat=verstat)
        for (code, phrase, verstat), names in _BY_ANSWER.items()
        for name in names.split()
    }
)


class Refusal(Exception):  # ruff: ignore[error-suffix-on-exception-name]  -- a judgement on the token, not a failure
    """One rule was not kept. Never leaves this package.

    Attributes:
        rule: The rule.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.rule = RULES[name]
