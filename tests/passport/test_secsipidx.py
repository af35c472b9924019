"""Against an independent implementation, both ways."""

import subprocess  # ruff: ignore[suspicious-subprocess-import]
import time

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tallystick.domains.calls.passport import sign_shaken, verify

from . import pki
from .world import (
    INFO,
    LEAF_KEY,
    ORIGID,
    A,
    B,
    context,
    new_store,
    signer,
    trust,
)

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("secsipidx")]


@pytest.fixture
def secsipidx(debian_command):
    """Have the command, or skip with the reason."""
    return debian_command("secsipidx", package="secsipidx")


def run(*arguments):
    return subprocess.run(
        ["secsipidx", *arguments], check=False, capture_output=True, text=True
    )


@pytest.fixture
def now_s():
    """Return the time by which the other program goes."""
    return int(time.time())  # ruff: ignore[banned-api]


def test_its_tokens_hold(tmp_path, now_s):
    """What it signs is verified."""
    key = tmp_path / "leaf.key"
    key.write_bytes(pki.key_pem(LEAF_KEY))
    told = run(
        *("-sign-full", "-orig-tn", A, "-dest-tn", B, "-attest", "A"),
        *("-x5u", INFO, "-k", str(key)),
    )
    assert told.returncode == 0, told.stderr
    days = (now_s - pki.NOW_S) // 86_400
    pinned = pki.issue("leaf", LEAF_KEY, tn=pki.LIST, days=(days - 1, days + 1))
    lists = (lambda: trust(anchors=(pinned,)),)
    store = new_store(pinned, lists=lists, now_s=now_s)
    verdict = verify(told.stdout.strip(), context=context(store), now_s=now_s)
    assert verdict.rule == ""


def test_it_believes_our_tokens(tmp_path, now_s):
    """What we sign is verified."""
    public = tmp_path / "leaf.pub"
    public.write_bytes(
        LEAF_KEY.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
    )
    ours = tmp_path / "ours.txt"
    options = {"orig": A, "dest": [B], "iat_s": now_s, "origid": ORIGID}
    ours.write_text(sign_shaken(signer(), attest="A", **options))
    check = ("-check", "-fidentity", str(ours), "-fpubkey", str(public))
    told = run(*check, "-expire", "60")
    assert told.returncode == 0, told.stdout + told.stderr
