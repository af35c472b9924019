"""What a settings file tells the console of an identity provider."""

import tomllib

import pytest

from tallystick.console.provider.talking import Provider
from tallystick.console.told import console_told
from tallystick.model import ConfigError
from tallystick.node.config.flags import shown
from tallystick.node.config.settings import load_settings
from tallystick.node.rehearsal.parties import Post, prepare

ADDED = """
[office]
store = "sqlite:///store.db"

[console]
insecure_http = true

[console.oidc]
name = "Ministry"
issuer = "https://login.example/realms/state"
client = "tally-by"
secret_file = "oidc.secret"
roles = {{ "tally heads" = "administrator", analysts = "analyst" }}
factors = ["otp"]
{more}
"""


@pytest.fixture
def settings(tmp_path):
    """Return a settings file, made longer by what a test says."""
    post = {door: f"127.0.0.1:{at}" for at, door in enumerate(("http", "sip"), 19000)}
    posts = {one: Post(**post, channel="127.0.0.1:19002") for one in ("BY", "RU")}
    path = prepare(tmp_path, posts)["BY"]
    (path.parent / "oidc.secret").write_text("between us\n")
    plain = path.read_text()

    def write(more=""):
        path.write_text(plain + ADDED.format(more=more))
        return path

    return write


def test_the_console_is_told_of_its_provider(settings):
    """Files lie beside the settings; the table of roles keeps its order."""
    path = settings()
    loaded = load_settings(path)
    told = console_told(loaded.settings, file=path)
    provider = told.provider
    assert (provider.name, provider.client) == ("Ministry", "tally-by")
    assert provider.secret == "between us"  # ruff: ignore[hardcoded-password-string]
    assert list(provider.roles) == ["tally heads", "analysts"]
    assert provider.factors == {"otp"}
    assert told.secrets == path.parent / "store.db.key"
    lines = "\n".join(shown(loaded))
    assert "between us" not in lines
    again = tomllib.loads(lines)
    assert again["console"]["oidc"]["roles"]["tally heads"] == "administrator"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ('trunk_claim = "x"', "slip of the pen"),
        ('algorithms = ["HS256"]', "algorithms are some of"),
        ('authorities = "nowhere.pem"', "vouches"),
    ],
)
def test_mistakes_are_named(settings, more, says):
    """Before anybody comes."""
    path = settings(more)

    def use():
        told = console_told(load_settings(path).settings, file=path)
        Provider(told.provider, "https://console.example/sign-in/back", lambda: 0)

    with pytest.raises(ConfigError, match=says):
        use()
