"""Named values that the members of a party have in common, in Redis or Valkey.

Source: spec/log.md, "What members have in common".
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from tallystick.model import UnavailableError
from tallystick.net.store_log import (
    PATIENCE_S,
    end_if_told,
    store_client,
    why_unused,
)


class StoreTable:
    """A table of values by name: a hash of the store.

    Bounds: keeps nothing here.
    """

    def __init__(self, url: str, key: str) -> None:
        """Prepare to connect.

        What cannot be meant is refused as by `StoreLine`.

        Args:
            url: redis://, rediss:// or unix://, with user and password if need be.
            key: How the table is called.
        """
        self._client, self._key = store_client(url), key

    async def names(self) -> set[str]:
        """Return the names of all values."""
        return {_text(name) for name in await self._ask("hkeys", self._key)}

    async def get(self, names: Collection[str]) -> dict[str, bytes]:
        """Return the values of these names; one that is not there is left out."""
        wanted = sorted(names)
        if not wanted:
            return {}
        found = await self._ask("hmget", self._key, wanted)
        both = zip(wanted, found, strict=True)
        return {name: value for name, value in both if value is not None}

    async def put(self, values: Mapping[str, bytes]) -> None:
        """Write values; others stay."""
        if values:
            await self._ask("hset", self._key, mapping=dict(values))

    async def part(self) -> None:
        """Leave the store."""
        await self._client.aclose(close_connection_pool=True)

    async def _ask(self, command: str, *told: Any, **more: Any) -> Any:  # ruff: ignore[any-type] (its types differ by version)
        """Ask the store.

        Raises:
            UnavailableError: "cluster-away": it does not answer, or not as it should.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = await getattr(self._client, command)(*told, **more)
        except Exception as error:  # ruff: ignore[blind-except] (its kinds differ by version)
            end_if_told()
            raise UnavailableError(
                "cluster-away",
                why_unused(error),
                advice="Look whether it runs; it is asked again by itself.",
            ) from None
        end_if_told()
        return answer


def _text(name: bytes | str) -> str:
    return name if isinstance(name, str) else name.decode("utf-8", "replace")
