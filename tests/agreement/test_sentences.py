"""Every code has its sentence, in three real languages."""

import re
from typing import get_args

import pytest

from tallystick.agreement import (
    FACTS,
    LANGUAGES,
    Evidence,
    decide,
    default_rules,
    explain,
    sentence,
)
from tallystick.agreement.sentences import catalogue
from tallystick.pairing.live.closing import Sign
from tallystick.pairing.live.half import Why

# Reasons of the matcher that never make a call unproven.
PROVING = {
    "key",
    "other_number",
    "withheld",
    "used_up",
    "called_known",
    "calling_known",
    "nothing_known",
}
CODES = {
    *(
        f"{f}_{w}"
        for f, ws in FACTS.items()
        for w in ws
        if f not in {"half", "differs"}
    ),
    *(f"half_{w}" for w in FACTS["half"] if w != "altered"),
    *(f"half_altered_{w}" for w in FACTS["differs"]),
    *(f"why_{w}" for w in set(get_args(Why)) - PROVING),
    "why_not_covered",
    "why_unnamed",
    "law_emergency",
    "law_priority",
    "corrected",
    *(f"course_{sign}" for sign in get_args(Sign) if sign != "agrees"),
}
# Letters that the language does not have: a mixed-up catalogue shows by them.
FOREIGN = {"ru": "іў", "be": "ищъИЩЪ", "en": "абвгд"}


def test_every_code_has_a_sentence_and_no_other():
    """The catalogue holds what verdicts can hold, in every language."""
    assert set(catalogue()) == CODES
    assert all(set(texts) == set(LANGUAGES) for texts in catalogue().values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_are_sentences(language):
    """Each ends with a full stop, has no number in it, and is in its language."""
    for code in CODES:
        text = sentence(code, language)
        assert text.endswith(".")
        assert not re.search(r"\d", text)
        assert not set(text) & set(FOREIGN[language])
        assert len(text) <= 110


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_verdict_is_explained(language):
    """The half first, then what else the rule looked at."""
    evidence = Evidence(half="unproven", why="silent", origin="own", roaming="home")
    verdict = decide(evidence, default_rules())
    assert verdict.reasons == (
        "half_unproven",
        "why_silent",
        "origin_own",
        "roaming_home",
    )
    said = explain(verdict, language)
    assert said == " ".join(sentence(code, language) for code in verdict.reasons)
