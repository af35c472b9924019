"""Settings of a node: what outweighs what, and what is said of mistakes."""

from pathlib import Path

import pytest

from tallystick.model import ConfigError
from tallystick.node.config.settings import load_settings

PLAIN = """
party = "BY"
[keys]
own = "by.key"
terms = "channel.terms"
[numbers]
own = "BY"
peer = "RU"
[listen]
http = "127.0.0.1:8081"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a settings file that can be used."""
    path = tmp_path / "node.toml"
    path.write_text(PLAIN, encoding="utf-8")
    return path


def test_each_value_says_where_it_came_from(file, monkeypatch):
    """The command line outweighs the environment, and that the file."""
    monkeypatch.setenv("TALLY_NODE_LISTEN__HTTP", "127.0.0.1:8082")
    monkeypatch.setenv("TALLY_NODE_LIMITS__DEADLINE_MS", "300")
    loaded = load_settings(file, {"limits": {"deadline_ms": 200}})
    assert loaded.settings.listen.http == "127.0.0.1:8082"
    assert loaded.settings.limits.deadline_ms == 200
    assert loaded.settings.keys.own == file.parent / "by.key"
    assert loaded.origins["listen.http"] == "environment"
    assert loaded.origins["limits.deadline_ms"] == "flag"
    assert loaded.origins["party"] == "file"
    assert loaded.origins["limits.departures"] == "default"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("party =", "parti ="), "parti ("),
        (('own = "by.key"', ""), "keys.own"),
        (("127.0.0.1:8081", "8081"), "listen.http"),
        (('peer = "RU"', 'peer = "Russia"'), "numbers.peer"),
        (("[listen]", "[listen"), "is not TOML"),
        (("[listen]", "[listen]\nsip = " + "9" * 5_000), "is not TOML"),
        (("[listen]", "[listen]\nsip = " + "[" * 5_000), "is not TOML"),
        (("8081", "80810"), "listen.http"),
        (("[listen]", '[listen]\ncertificate = "c.pem"'), "certificate_key"),
        (('peer = "RU"', 'peer = "BY"'), "one country twice"),
    ],
)
def test_mistakes_are_named_with_their_place(file, change, said):
    """A wrong, missing or unknown value is named, with the file."""
    file.write_text(PLAIN.replace(*change), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings(file)
    assert said in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_mistake_in_the_environment_names_the_variable(file, monkeypatch):
    """What the environment says wrongly is named by its variable."""
    monkeypatch.setenv("TALLY_NODE_LIMITS__DEADLINE_MS", "soon")
    with pytest.raises(ConfigError, match="TALLY_NODE_LIMITS__DEADLINE_MS"):
        load_settings(file)


@pytest.mark.parametrize(
    ("name", "value"),
    [("LIMIT__DEADLINE_MS", "300"), ("SWITCHES", "not json")],
)
def test_a_variable_that_is_not_known_or_not_readable_is_named(
    file, monkeypatch, name, value
):
    """A slip in the environment does not pass in silence, nor with a traceback."""
    monkeypatch.setenv(f"TALLY_NODE_{name}", value)
    with pytest.raises(ConfigError, match="(?i)" + name.partition("__")[0]) as caught:
        load_settings(file)
    assert caught.value.advice


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    """Without a settings file there is a sentence."""
    with pytest.raises(ConfigError, match="cannot be read: no such file"):
        load_settings(tmp_path / "node.toml")
