"""Settings from the command line, and settings written out."""

import tomllib
from pathlib import Path

import pytest

from tallystick.model import ConfigError
from tallystick.node.config.flags import parse_flags, shown, told
from tallystick.node.config.settings import load_settings, meanings

TEXT = """
party = "RU"
[keys]
own = "ru.key"
terms = "terms.toml"
[numbers]
own = "RU"
peer = "BY"
[peer]
address = "[2001:db8::1]:7443"
[[switches]]
name = 'a "quoted" one'
networks = ["192.0.2.0/28"]
side = "arrivals"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "node.toml"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("said", "flags"),
    [
        (["listen.http=127.0.0.1:0"], {"listen": {"http": "127.0.0.1:0"}}),
        (["peer.tls=true"], {"peer": {"tls": True}}),
        (["limits.deadline_ms=300"], {"limits": {"deadline_ms": 300}}),
        (["rules=rules.toml"], {"rules": "rules.toml"}),
        (['rules="a b.toml"'], {"rules": "a b.toml"}),
        (["listen.http="], {"listen": {"http": None}}),
        (["rules=a", "rules=b"], {"rules": "b"}),
        (
            ['trust=[{country="BY",file="by.pem"}]'],
            {"trust": [{"country": "BY", "file": "by.pem"}]},
        ),
        (["a.b=1", "a.c=x=y"], {"a": {"b": 1, "c": "x=y"}}),
    ],
)
def test_a_flag_says_what_the_file_would(said, flags):
    """Numbers, truth values, lists and texts, quoted or not."""
    assert parse_flags(said) == flags


@pytest.mark.parametrize("said", [["rules"], ["=x"], ["a..b=1"], ["a=1", "a.b=2"]])
def test_a_flag_that_cannot_be_meant_is_refused(said):
    """With a sentence and an example."""
    with pytest.raises(ConfigError, match="--set") as refused:
        parse_flags(said)
    assert refused.value.code == "node-settings"


def test_what_is_shown_can_be_read_again(path: Path, tmp_path: Path):
    """The lines are a settings file that says the same, wherever it lies."""
    flags = parse_flags(["limits.deadline_ms=300", "rules=r.toml", "peer.tls=true"])
    loaded = load_settings(path, flags)
    other = tmp_path / "elsewhere"
    other.mkdir()
    text = "\n".join(shown(loaded))
    (other / "again.toml").write_text(text, encoding="utf-8")
    again = load_settings(other / "again.toml")
    assert again.settings == loaded.settings
    assert tomllib.loads(text)["limits"]["deadline_ms"] == 300


def test_each_value_has_an_origin_and_a_meaning(path: Path):
    """Nothing is listed that cannot be set, and nothing is left out."""
    rows = told(load_settings(path, parse_flags(["listen.http="])))
    assert rows["listen.http"] == {
        "value": None,
        "origin": "flag",
        "meaning": "Switches, by HTTP.",
    }
    assert rows["limits.deadline_ms"]["origin"] == "default"
    assert rows["party"]["origin"] == "file"
    whole = {name for name in meanings() if name.split(".")[0] in {"keys", "limits"}}
    assert whole <= set(rows)
    switch = rows["switches"]["value"]
    assert isinstance(switch, list)
    assert switch[0]["networks"] == ["192.0.2.0/28"]


def test_a_mistake_on_the_command_line_is_placed_there(path: Path):
    """The sentence says where the wrong value stands."""
    with pytest.raises(ConfigError, match="the command line") as refused:
        load_settings(path, parse_flags(["limits.deadline_ms=9000"]))
    assert "limits.deadline_ms" in str(refused.value)
