"""Sign-in by a provider that somebody else wrote: LemonLDAP::NG of Debian."""

import time

import pytest

from node.tls import Signer
from tallystick.console.desk import words
from tallystick.console.provider import ProviderSettings
from tallystick.store import People

from .identity import CLIENT, SECRET
from .lemonldap import is_installed, portal, sign_in
from .world import Clock, running


@pytest.fixture
def both(store, certificate, tmp_path, lacks):
    """Return a console and the provider that it knows."""
    if not is_installed():
        lacks(
            "LemonLDAP::NG is not installed (Debian: apt-get install "
            "liblemonldap-ng-portal-perl and what .ci/run names beside it)"
        )
    folder = tmp_path / "provider"
    folder.mkdir()
    signer = Signer(folder, "vouching")
    pair, vouching = signer.issue("localhost", "localhost"), folder / "vouching.pem"
    # Each must know the other's address before it starts.
    told = {"name": "LemonLDAP::NG", "client": CLIENT, "secret": SECRET}
    told |= {"roles": {"tally-analysts": "analyst"}, "authorities": vouching}
    # ruff: ignore[banned-api] (the provider has the machine's clock)
    clock = Clock(int(time.time() * 1000))
    holder = Late(told)
    with (
        running(store, *certificate, now_ms=clock, provider=holder.settings) as world,
        portal(folder, pair, vouching, f"{world.address}/sign-in/back") as issuer,
    ):
        holder.know(issuer)
        yield world


class Late:
    """Settings whose issuer is known once it runs."""

    def __init__(self, told):
        self.settings = ProviderSettings(issuer="https://localhost:1", **told)

    def know(self, issuer):
        # ruff: ignore[unnecessary-dunder-call] (settings are frozen)
        object.__setattr__(self.settings, "issuer", issuer)


@pytest.mark.interop
def test_people_of_another_implementation_come_in(both):
    """With their group; its codes are taken once; without a group they stay out."""
    guest = both.guest()
    url = guest.get("/sign-in/provider").headers["location"]
    back = sign_in(url, "dwho")
    guest.get(back)
    # It says acr=loa-…, which no setting takes for a second factor here.
    assert guest.page.headers["location"] == "/sign-in/enrol", guest.page.text
    account = People(both.store).named("dwho")
    assert (account.role, account.subject) == ("analyst", "dwho")
    replayed = both.guest()
    replayed.get("/sign-in")
    assert replayed.get(back).status_code == 422
    other = both.guest()
    url = other.get("/sign-in/provider").headers["location"]
    answer = other.get(sign_in(url, "rtyler"))
    assert answer.status_code == 422
    assert words("en").say("refusal.provider_unknown") in answer.text
    # A code of one sign-in in the answer of another.
    thief = both.guest()
    url = thief.get("/sign-in/provider").headers["location"]
    mine = sign_in(url, "dwho")
    url = other.get("/sign-in/provider").headers["location"]
    theirs = sign_in(url, "dwho")
    code = theirs.partition("code=")[2].partition("&")[0]
    own = mine.partition("code=")[2].partition("&")[0]
    answer = thief.get(mine.replace(own, code))
    assert answer.status_code == 422
    assert words("en").say("refusal.provider_answer") in answer.text
