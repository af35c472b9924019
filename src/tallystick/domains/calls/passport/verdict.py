"""What verification says, as a value: to the called side, and back to the signer.

Source: RFC 8224, section 6.2.2; RFC 9410; spec/passport.md, "Answers".
"""

from collections.abc import Sequence

from tallystick.domains.calls.passport.claims import Claims
from tallystick.domains.calls.passport.field import Field
from tallystick.domains.calls.passport.private import Private
from tallystick.domains.calls.passport.refusal import NONE, PASSED, RULES, Rule


class PassportVerdict(Private, frozen=True, kw_only=True):
    """What is said of one Identity header field.

    Attributes:
        verstat: TN-Validation-Passed, TN-Validation-Failed or No-TN-Validation.
        rule: The rule that was not kept; "" when passed.
        code: SIP response code; 0 when passed.
        reason: Its reason phrase; "" when passed.
        ppt: The extension; "" for none, or where it could not be read.
        claims: What the token says, where it could be read. To be relied on only
            when passed.
        needs: The URL of a certificate to fetch before the next call; "" for none.
        countries: Names of the trust lists by which the signer is believed.
        field: The field in its parts, where it could be read.
    """

    verstat: str
    rule: str = ""
    code: int = 0
    reason: str = ""
    ppt: str = ""
    claims: Claims | None = None
    needs: str = ""
    countries: tuple[str, ...] = ()
    field: Field | None = None

    @property
    def passport(self) -> str:
        """The token as received; "" where the field could not be read."""
        return f"{self.field.signed}.{self.field.signature}" if self.field else ""

    @property
    def is_passed(self) -> bool:
        """Tell whether the token holds."""
        return not self.rule

    @property
    def attest(self) -> str:
        """The attestation, "A", "B" or "C", of a token that holds; else ""."""
        return self.claims.attest if self.claims and self.is_passed else ""

    def reason_value(self, *, full: bool = False) -> str:
        """Return the value of a Reason header field; "" when passed.

        Args:
            full: Whether to name the token in full rather than by its signature,
                which tells no number.
        """
        return _reason(self, full=full)


class CallVerdict(Private, frozen=True, kw_only=True):
    """What is said of all Identity header fields of a call.

    Attributes:
        verstat: Passed where one token holds.
        rule: The first rule not kept; "" when passed.
        code: SIP response code; 0 when passed.
        reason: Its reason phrase; "" when passed.
        passports: What is said of each, in the order received.
    """

    verstat: str
    rule: str = ""
    code: int = 0
    reason: str = ""
    passports: tuple[PassportVerdict, ...] = ()

    @property
    def is_passed(self) -> bool:
        """Tell whether one token holds."""
        return not self.rule

    @property
    def attest(self) -> str:
        """The highest attestation among tokens that hold; "" for none."""
        return min((p.attest for p in self.passports if p.attest), default="")

    @property
    def needs(self) -> tuple[str, ...]:
        """URLs of certificates to fetch before the next call."""
        return tuple(dict.fromkeys(p.needs for p in self.passports if p.needs))

    def reason_values(self, *, full: bool = False) -> tuple[str, ...]:
        """Return one value for each token that does not hold (RFC 9410)."""
        values = (passport.reason_value(full=full) for passport in self.passports)
        return tuple(dict.fromkeys(filter(None, values)))


def refused_call(name: str) -> CallVerdict:
    """Return the verdict on a call none of whose tokens was looked at."""
    return _refused(RULES[name], ())


def sum_up(passports: Sequence[PassportVerdict]) -> CallVerdict:
    """Put the verdicts on single tokens together.

    One token that holds is enough; a token of an unsupported extension is as if it
    were not there (RFC 8224, section 6.2).
    """
    if any(p.is_passed and p.ppt != "div" for p in passports):
        return CallVerdict(verstat=PASSED, passports=tuple(passports))
    failed = [p for p in passports if p.rule]
    failed.sort(key=lambda p: (p.rule == "ppt-unsupported", p.verstat == NONE))
    # Diversions alone, and nothing that they diverted, are a gap.
    name = failed[0].rule if failed else "div-gap"
    return _refused(RULES[name], passports)


def _refused(rule: Rule, passports: Sequence[PassportVerdict]) -> CallVerdict:
    return CallVerdict(
        verstat=rule.verstat,
        rule=rule.name,
        code=rule.code,
        reason=rule.phrase,
        passports=tuple(passports),
    )


def _reason(verdict: PassportVerdict, *, full: bool) -> str:
    if not verdict.rule:
        return ""
    value = f'STIR ;cause={verdict.code} ;text="{verdict.reason}"'
    if verdict.field is None:
        return value
    token = verdict.passport if full else f"..{verdict.field.signature}"
    return f'{value} ;ppi="{token}"'
