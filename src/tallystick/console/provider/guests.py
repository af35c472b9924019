"""Who it is here whom an identity provider knows."""

import re
import secrets
from collections.abc import Mapping
from typing import Any, Final

from tallystick.console.people.accounts import Accounts, Actor, checked_trunks, is_name
from tallystick.console.provider.settings import ProviderSettings
from tallystick.console.provider.talking import ProviderError
from tallystick.model import ConfigError
from tallystick.store import Account, People, Store

_NOT_NAME: Final = re.compile(r"[^a-z0-9._@-]+")


def account_of(
    claims: Mapping[str, Any],
    told: ProviderSettings,
    store: Store,
    *,
    now_ms: int,
    address: str,
) -> Account:
    """Return the account of somebody who came from an identity provider.

    Nobody is given a role but by the settings' table of groups, or by an administrator
    who made the account beforehand.

    Args:
        claims: What the provider says of them, checked.
        told: The settings.
        store: The accounts are there.
        now_ms: The present time.
        address: From where they come.

    Raises:
        ProviderError: "provider_unknown": nobody gave them a role; "provider_trunks":
            an operator without trunks; "provider_name": their name is no name here, or
            another account's; "provider_locked".
    """
    people = People(store)
    known = people.known_to(told.issuer, claims["sub"])
    if known is not None and known.locked_ms is not None:
        raise ProviderError("provider_locked")
    if not told.roles:
        found = known or _awaited(claims, told, people)
        if found is None:
            raise ProviderError("provider_unknown")
        return found
    role = next(
        (
            told.roles[one]
            for one in told.roles
            if one in _words(claims, told.role_claim)
        ),
        None,
    )
    if role is None:
        raise ProviderError("provider_unknown")
    trunks = _words(claims, told.trunks_claim) if role == "operator" else ()
    try:
        trunks = checked_trunks(role, trunks)
    except ConfigError:
        raise ProviderError("provider_trunks") from None
    actor = Actor(name="(provider)", address=address)
    accounts = Accounts(store, actor, lambda: now_ms)
    if known is None:
        known = _awaited(claims, told, people) or _made(
            claims, told, accounts, role, trunks, now_ms
        )
    if (known.role, known.trunks) != (role, trunks):
        accounts.follow(known, role, trunks)
    return people.by_id(known.id) or known


def has_second(claims: Mapping[str, Any], told: ProviderSettings) -> bool:
    """Tell whether the provider says that it asked for a second factor."""
    return bool(told.factors & {*_words(claims, "amr")}) or (
        claims.get("acr") in told.levels
    )


def _awaited(
    claims: Mapping[str, Any], told: ProviderSettings, people: People
) -> Account | None:
    """Return the account that was made for them beforehand, now theirs for good.

    Raises:
        ProviderError: "provider_locked".
    """
    found = people.named(_name(claims, told))
    if found is None or found.issuer != told.issuer or found.subject is not None:
        return None
    if found.locked_ms is not None:
        raise ProviderError("provider_locked")
    if not people.bind(found.id, claims["sub"]):
        return None
    return people.by_id(found.id)


def _made(
    claims: Mapping[str, Any],
    told: ProviderSettings,
    accounts: Accounts,
    role: str,
    trunks: tuple[str, ...],
    now_ms: int,
) -> Account:
    name = _name(claims, told)
    account = Account(
        id=secrets.token_hex(16),
        name=name,
        role=role,
        trunks=trunks,
        issuer=told.issuer,
        subject=claims["sub"],
        made_ms=now_ms,
    )
    try:
        accounts.take(account)
    except ConfigError:
        # Somebody else's: two people are never one because they are called alike.
        raise ProviderError("provider_name") from None
    return account


def _name(claims: Mapping[str, Any], told: ProviderSettings) -> str:
    said = claims.get(told.name_claim)
    name = _NOT_NAME.sub("-", said.strip().lower()) if isinstance(said, str) else ""
    if not is_name(name):
        raise ProviderError("provider_name")
    return name


def _words(claims: Mapping[str, Any], claim: str) -> tuple[str, ...]:
    """Return what a claim says: a word, or a list of such."""
    said: Any = claims
    for part in (claim,) if claim in claims else claim.split("."):
        said = said.get(part) if isinstance(said, Mapping) else None
    every = said if isinstance(said, list) else [said]
    return tuple(one for one in every if isinstance(one, str))
