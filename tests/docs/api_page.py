"""The page of HTTP doors, made from what a node says of itself."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from tallystick.node.doors.catalogue import OPERATIONS, Operation
from tallystick.node.doors.describe import describe

HEAD = """# HTTP interface

For whoever writes what asks a node: a switch's script, a controller, a probe.
This page is made from the program: `tests/docs/refresh.py` writes it.
A running node says the same of the doors it has open under `GET /openapi.json`.

- Contents are JSON in UTF-8, at most 1 MiB. No Content-Type is asked for; under
  `/stir/`, one that is there must be `application/json`.
- A refusal is `{"error": …, "detail": …}`: a word that stays the same, and a
  sentence. Another method is 405 with `Allow`, another path 404.
- Several requests may be under way on one connection; they are answered in their
  order. HEAD is answered wherever GET is.
- Without an answer, or with 5xx, a call should go on.

| door | |
|---|---|
"""


def api_page() -> str:
    """Return the whole page."""
    document = json.loads(
        msgspec.json.encode(describe({(one.method, one.path) for one in OPERATIONS}))
    )
    schemas = document["components"]["schemas"]
    parts = [HEAD + "\n".join(_line(one) for one in OPERATIONS) + "\n"]
    for one in OPERATIONS:
        told = document["paths"][one.path][one.method.lower()]
        parts.append("\n".join(_door(one, told)))
    parts.append("## Types\n")
    parts += [_type(name, schemas[name]) for name in sorted(schemas)]
    return "\n".join(parts)


def _line(one: Operation) -> str:
    anchor = f"{one.method} {one.path}".lower()
    slug = "".join(c for c in anchor.replace(" ", "-") if c.isalnum() or c in "-_")
    when = f" (with `{one.when}`)" if one.when else ""
    return f"| [`{one.method} {one.path}`](#{slug}) | {one.summary}{when} |"


def _door(one: Operation, told: dict[str, Any]) -> Iterator[str]:
    yield f"## {one.method} {one.path}\n"
    yield f"{one.summary}. {one.description}\n"
    if one.when:
        yield f"Open where `{one.when}` is set.\n"
    for parameter in told.get("parameters", ()):
        yield f"`?{parameter['name']}=…`: {parameter['description']}\n"
    if one.asked:
        content = told["requestBody"]["content"]["application/json"]
        yield f"Takes {_shape(content['schema'])}.\n"
        example = json.dumps(one.example, ensure_ascii=False, indent=1)
        yield f"```json\n{example}\n```\n"
    yield "| status | content | |\n|---|---|---|"
    for status, answer in told["responses"].items():
        kinds = [_shape(of["schema"]) for of in answer.get("content", {}).values()]
        yield f"| {status} | {' '.join(kinds)} | {answer['description']} |"
    yield ""


def _type(name: str, schema: dict[str, Any]) -> str:
    needed = schema.get("required", ())
    rows = [
        f"| `{member}` | {_shape(of_it)} | "
        f"{'needed' if member in needed else _default(of_it)} | "
        f"{of_it['description']} |"
        for member, of_it in schema["properties"].items()
    ]
    table = "\n".join(["| | value | unless given | |\n|---|---|---|---|", *rows])
    return f"### {name}\n\n{schema['description']}\n\n{table}\n"


def _default(schema: dict[str, Any]) -> str:
    default = schema.get("default")
    return "" if default in ([], None, "") else f"`{json.dumps(default)}`"


def _shape(schema: dict[str, Any]) -> str:
    """Return what kind of value a schema allows, in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_shape(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"] if one != "")
    if schema.get("type") == "array":
        most = f", up to {schema['maxItems']}" if "maxItems" in schema else ""
        return f"list of {_shape(schema['items'])}{most}"
    word = str(schema.get("type", "anything"))
    bounds = {name: schema[name] for name in ("minimum", "maximum") if name in schema}
    if len(bounds) == 2:
        word += f", {bounds['minimum']} to {bounds['maximum']}"
    if "maxLength" in schema:
        word += f", up to {schema['maxLength']} characters"
    return word
