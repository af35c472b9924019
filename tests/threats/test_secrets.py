"""What is secret does not show itself where an object is printed."""

import inspect
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import tallystick
from tallystick.store import Account
from tallystick.store.cases import CaseDesk

SECRET = {
    "Entered.id",  # with it anybody has the session
    "Visit.form",  # a password may be typed there
    "Visit.ident",
    "_Asked.headers",
    "nonce",
    "offer",
    "password",
    "references",
    "salt",
    "secret",
    "seed",
    "totp",
    "verifier",
}
"""Fields that hold what nobody else may know, by name, or by class and name."""
RUNS = {"tallystick.__main__", "tallystick.store.migrations.env"}
"""Modules that do their work when they are imported."""
SHOWN = {
    "Desk.references",  # a bound on how often something is asked
    "People.seed",  # of a simulation
}


def kept() -> Iterator[tuple[str, Any]]:
    """Find every field that holds something secret, with the name of its class."""
    seen = set()
    for module in walk_packages(tallystick.__path__, "tallystick."):
        if module.name in RUNS or ".migrations.versions" in module.name:
            continue
        for one in vars(import_module(module.name)).values():
            if inspect.isclass(one) and is_dataclass(one) and one not in seen:
                seen.add(one)
                for field in fields(one):
                    name = f"{one.__name__}.{field.name}"
                    is_key = field.name == "key" and field.type is bytes
                    if is_key or {name, field.name} & SECRET:
                        yield name, field


def test_no_field_that_holds_a_secret_is_printed():
    """A class that forgets it would show a key in a log or in a report of an error."""
    found = dict(kept())
    assert {"CaseDesk.secret", "PrivateKey.secret", "Account.totp"} <= found.keys()
    assert found.keys() >= SHOWN
    assert [name for name, one in found.items() if one.repr and name not in SHOWN] == []


def test_a_desk_and_an_account_keep_theirs():
    """As two that once showed it."""
    desk = CaseDesk(
        store=None, channel="c", parties=("BY", "RU"), secret=b"hush", terms=None
    )
    account = Account(id="1", name="a", role="officer", totp="hush", made_ms=0)
    assert "hush" not in repr(desk) + repr(account)
