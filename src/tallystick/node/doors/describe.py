"""The node's own description of its HTTP interface: OpenAPI 3.1.

Made of a table of doors and of the types by which they read and write.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from tallystick.net.exchange import Exchange
from tallystick.node.doors.catalogue import (
    KINDS,
    MEANINGS,
    OPERATIONS,
    Each,
    Operation,
)
from tallystick.node.doors.table import Door

PATH: Final = "/openapi.json"
_REFS: Final = "#/components/schemas/{name}"
_REASONS: Final = {
    200: "Done.",
    400: "The request cannot be read.",
    404: "Nothing is there, or nothing is set up.",
    406: "The answer would be JSON, which is not accepted.",
    411: "The length of the content is missing.",
    413: "Too much at a time.",
    415: "The content is not JSON.",
    422: "The content is not what is expected; the sentence says where.",
    500: "The node has a fault; the call should go on.",
    503: "Not now.",
}


class DescribeDoors:
    """The door to the description."""

    def __init__(self, open_doors: Iterable[tuple[str, str]]) -> None:
        """Describe doors, by method and path, and this one."""
        self._written = msgspec.json.encode(describe({*open_doors, ("GET", PATH)}))

    def doors(self) -> dict[tuple[str, str], Door]:
        """Return the doors by method and path."""
        return {("GET", PATH): self._tell}

    def _tell(self, exchange: Exchange) -> None:
        exchange.answer(200, self._written)


def describe(open_doors: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the OpenAPI document of some doors.

    Args:
        open_doors: Method and path of each; those the table does not know are left
            out, which a test forbids.
    """
    wanted = set(open_doors)
    told = [one for one in OPERATIONS if (one.method, one.path) in wanted]
    kinds = _kinds(told)
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REFS)
    by_kind = dict(zip(map(repr, kinds), schemas, strict=True))
    paths: dict[str, Any] = {}
    for one in told:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, by_kind)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tallystick node",
            "version": "1",
            "description": "What switches tell and ask a node, and what it answers.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": _explained(components)},
    }


def _kinds(operations: Iterable[Operation]) -> list[Any]:
    found: dict[str, Any] = {}
    for one in operations:
        for kinds in (one.asked, *one.answers.values()):
            for kind in kinds:
                single = kind if isinstance(kind, Each) else (kind,)
                found |= {repr(one): one for one in single if one not in KINDS}
    return list(found.values())


def _operation(one: Operation, schemas: Mapping[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "description": one.description,
        "tags": [one.tag],
        "responses": {
            str(status): _answer(status, kinds, schemas)
            for status, kinds in sorted(one.answers.items())
        },
    }
    if one.query:
        said["parameters"] = [
            {
                "name": name,
                "in": "query",
                "required": True,
                "description": meaning,
                "schema": {"type": "string", "minLength": 1, "maxLength": 256},
            }
            for name, meaning in one.query.items()
        ]
    if one.asked:
        said["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {
                    "schema": _any(one.asked, schemas),
                    "example": one.example,
                }
            },
        }
    return said


def _answer(
    status: int, kinds: tuple[Any, ...], schemas: Mapping[str, Any]
) -> dict[str, Any]:
    said: dict[str, Any] = {"description": _REASONS[status]}
    plain = next((KINDS[one] for one in kinds if one in KINDS), "")
    if plain:
        said["content"] = {plain: {"schema": {"type": "string"}}}
    elif kinds:
        said["content"] = {"application/json": {"schema": _any(kinds, schemas)}}
    return said


def _any(kinds: tuple[Any, ...], schemas: Mapping[str, Any]) -> dict[str, Any]:
    found: list[dict[str, Any]] = [
        {"type": "array", "items": _any(tuple(kind), schemas)}
        if isinstance(kind, Each)
        else schemas[repr(kind)]
        for kind in kinds
    ]
    return found[0] if len(found) == 1 else {"anyOf": found}


def _explained(components: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas with the meaning of each member; docstrings cut short."""
    for name, schema in components.items():
        schema["description"] = schema.get("description", name).partition("\n")[0]
        for member, of_it in schema.get("properties", {}).items():
            meaning = MEANINGS.get(f"{name}.{member}", MEANINGS.get(member))
            if meaning is not None:
                of_it["description"] = meaning
    return components
