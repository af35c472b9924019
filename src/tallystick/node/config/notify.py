"""Settings of who is told what happens, and by which mail server."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from tallystick.node.config.outward import Section
from tallystick.node.config.sections import Address


class Notify(Section):
    """Somebody who is told what happens."""

    to: str = Field(description="mailto:ADDRESS or https://URL.")
    events: tuple[str, ...] = Field(default=(), description="Of which; none: of all.")
    language: Literal["en", "ru", "be"] = Field(
        default="en", description="In which, by e-mail."
    )
    secret_file: Path | None = Field(
        default=None, description="Signs what a webhook is told: whsec_ and base 64."
    )
    private: bool = Field(
        default=False, description="Whether the webhook may be in our own network."
    )
    authorities: Path | None = Field(
        default=None, description="Who vouches for the webhook's server, PEM."
    )


class Mail(Section):
    """By which server e-mail goes out."""

    server: Address = Field(description="HOST:PORT.")
    sender: str = Field(description="Our own address.")
    security: Literal["tls", "starttls"] = Field(
        default="starttls", description="From the first byte, or after a word."
    )
    user: str = Field(default="", description="As whom we sign in; empty: not at all.")
    password_file: Path | None = Field(default=None, description="By what.")
    authorities: Path | None = Field(
        default=None, description="Who vouches for it, PEM."
    )
