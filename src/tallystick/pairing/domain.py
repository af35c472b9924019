"""What a domain is, and how one is found by name among the installed packages."""

from dataclasses import dataclass
from importlib.metadata import entry_points

from tallystick.model import UnavailableError
from tallystick.pairing.spec import PairingSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A domain as the engine, the tests and the commands see it.

    Attributes:
        name: As in `tally pair NAME`.
        spec: How its halves pair.
        title: What it pairs, in a few words.
    """

    name: str
    spec: PairingSpec
    title: str


def domain_named(name: str) -> Domain:
    """Return the domain of that name.

    Raises:
        UnavailableError: "domain-unknown".
    """
    found = {entry.name: entry for entry in entry_points(group="tallystick.domains")}
    if name not in found:
        raise UnavailableError(
            "domain-unknown",
            f"There is no domain {name!r}.",
            advice=f"Installed: {', '.join(sorted(found)) or 'none'}.",
        )
    domain: Domain = found[name].load()
    return domain
