"""What `tally node check` says of files: certificates, terms, room on the disk."""

from pathlib import Path

import pytest

from tallystick.channel import parse_agreement
from tallystick.node.config.check_files import try_certificates, try_folder, try_terms
from tallystick.node.config.dates import certificate_dates, earliest
from tallystick.node.config.settings import NodeSettings, load_settings
from tallystick.node.service import now_ms

from .pair import agreed, node_of
from .test_reload import certificate, renewed

DAY_S = 86_400
TLS = 'certificate = "tls.pem"\ncertificate_key = "tls.key"\n'


def told(folder: Path, more: str = "") -> NodeSettings:
    agreed(folder)
    certificate(folder, "tls", days=90)
    node_of(folder, "BY", peer=None, listens=TLS)
    path = folder / "BY.toml"
    path.write_text(path.read_text() + more, encoding="utf-8")
    return load_settings(path).settings


@pytest.mark.parametrize(
    ("days", "good", "says"),
    [
        (0, True, "89 days left"),
        (80, True, "renew it soon"),
        (90, False, "has ended"),
        (-2, False, "does not hold yet"),
    ],
)
def test_certificates_are_looked_at_by_their_dates(
    tmp_path: Path, days: int, good: bool, says: str
):
    """Days left, a word in time, and a fault once they have ended."""
    settings = told(tmp_path)
    now_s = now_ms() / 1000 + days * DAY_S
    (one,) = try_certificates(settings, now_s=now_s)
    assert one.good is good
    assert says in one.said


def test_of_each_kind_the_first_to_end_counts(tmp_path: Path):
    """A metric warns of the certificate that must be renewed first."""
    for name, days in (("a", 10), ("b", 5)):
        certificate(tmp_path, name, days=days)
    trust = "".join(
        f'[[trust]]\ncountry = "RU"\nfile = "{name}.pem"\n' for name in ("a", "b")
    )
    until_s = earliest(certificate_dates(told(tmp_path, trust)))
    assert set(until_s) == {"tls", "trust"}
    assert round((until_s["trust"] - now_ms() / 1000) / DAY_S) == 4


def test_what_is_no_certificate_is_named(tmp_path: Path):
    """The sentence has the file's name."""
    settings = told(tmp_path)
    (tmp_path / "tls.pem").write_text("nothing")
    (one,) = try_certificates(settings, now_s=0)
    assert not one.good
    assert "tls.pem" in one.said


def test_room_is_what_verdicts_may_take(tmp_path: Path):
    """Too little of it is a fault that says what to do."""
    settings = told(tmp_path)
    assert [one.good for one in try_folder(settings)] == [True, True]
    limits = settings.limits.model_copy(update={"verdicts_mb": 1 << 40})
    _, room = try_folder(settings.model_copy(update={"limits": limits}))
    assert not room.good
    assert "make room" in room.said


def test_terms_that_follow_count(tmp_path: Path):
    """The days left are those until nothing is agreed."""
    agreed(tmp_path)
    present = parse_agreement((tmp_path / "terms.toml").read_text()).terms
    renewed(
        tmp_path,
        "next.toml",
        from_ms=present.until_ms,
        until_ms=present.until_ms + 30 * DAY_S * 1000,
    )
    following = parse_agreement((tmp_path / "next.toml").read_text()).terms
    alone = try_terms(present, None, now_ms=now_ms())
    assert "agree new ones soon" in alone.said
    both = try_terms(present, following, now_ms=now_ms())
    assert "31 days left" in both.said
    assert not try_terms(present, None, now_ms=present.until_ms).good
