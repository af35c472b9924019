"""Requests that another site makes a browser send: told by origin and token."""

import hashlib
import hmac
from collections.abc import Mapping


def token_of(ident: str) -> str:
    """Return the token of a session's forms.

    It follows from the session's id, so that nothing is kept of it, and one of another
    or an earlier session does not fit.
    """
    return hashlib.sha256(f"tally form\n{ident}".encode()).hexdigest()


def is_near(headers: Mapping[str, str], *, address: str) -> bool:
    """Tell whether a request may come from a page of ours, where nobody has a session.

    No other site can then make a visitor's browser send it; who is no browser may.

    Args:
        headers: Of the request, by small names.
        address: Of the console.
    """
    site = headers.get("sec-fetch-site", "same-origin")
    return headers.get("origin", address) == address and site == "same-origin"


def is_own(headers: Mapping[str, str], *, address: str, token: str, ident: str) -> bool:
    """Tell whether a request that changes something comes from a page of ours.

    Args:
        headers: Of the request, by small names.
        address: Of the console.
        token: What the form said.
        ident: The session's id, as the cookie says it.
    """
    site = headers.get("sec-fetch-site", "same-origin")
    return (
        headers.get("origin", "") == address
        and site == "same-origin"
        and hmac.compare_digest(token.encode(), token_of(ident).encode())
    )
