"""Signed calls at a running node: what the signature is worth, and what it is not."""

import asyncio
from pathlib import Path

import pytest

from passport import pki
from passport.world import INFO, LEAF_KEY, ORIGID, signer
from tallystick.domains.calls.passport import sign_shaken
from tallystick.node.service import now_ms

from .pair import both, post
from .test_two_nodes import A, B, C, arriving

SETTINGS = f"""
[[trust]]
country = "BY"
file = "anchors.pem"
codes = ["375"]
[[certificates]]
url = "{INFO}"
file = "leaf.pem"
"""


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    """Return a folder with a signer's certificate that is in force now."""
    days = (now_ms() // 1000 - pki.NOW_S) // 86_400
    pinned = pki.issue("leaf", LEAF_KEY, tn=pki.LIST, days=(days - 1, days + 2))
    for name in ("anchors.pem", "leaf.pem"):
        (tmp_path / name).write_bytes(pki.pem(pinned))
    return tmp_path


def identity(*, calling: str = A, called: str = B, age_s: int = 0) -> str:
    """Sign a call as its home network would."""
    return sign_shaken(
        signer(),
        orig=calling[1:],
        dest=(called[1:],),
        attest="A",
        origid=ORIGID,
        iat_s=now_ms() // 1000 - age_s,
    )


def test_the_signature_of_a_call_is_looked_at(signed: Path):
    """A true one is valid, an old one expired, another call's invalid; none is none."""

    async def run():
        async with both(signed, ru=SETTINGS) as (_, ru):
            said = []
            ru.arrivals.watch(said.append)
            calls = [
                arriving(1) | {"identity": [identity()]},
                arriving(2) | {"identity": [identity(age_s=600)]},
                arriving(3) | {"identity": [identity(calling=C)]},
                arriving(4),
                arriving(5) | {"identity": ["nonsense"]},
            ]
            for call in calls:
                status, _ = await post(ru, "/v1/arrivals", call)
                assert status == 200
            return [one.evidence.identity for one in said]

    assert asyncio.run(run()) == ["valid", "expired", "invalid", "none", "invalid"]
