"""The text of an agreement: one file that people read and both parties sign.

Source: spec/agreement.md, "The text".
"""

from tallystick.agreement.text.compare import Difference, differences
from tallystick.agreement.text.doubts import doubts
from tallystick.agreement.text.draft import STARTING, draft_text, starting_rules
from tallystick.agreement.text.fields import AGREEMENT, FORMAT, tables
from tallystick.agreement.text.kinds import Mistake
from tallystick.agreement.text.parse import (
    digest_of,
    json_schema,
    parse_text,
    read_text,
)
from tallystick.agreement.text.value import AgreedRule, AgreementText, Harm, Party

__all__ = [
    "AGREEMENT",
    "FORMAT",
    "STARTING",
    "AgreedRule",
    "AgreementText",
    "Difference",
    "Harm",
    "Mistake",
    "Party",
    "differences",
    "digest_of",
    "doubts",
    "draft_text",
    "json_schema",
    "parse_text",
    "read_text",
    "starting_rules",
    "tables",
]
