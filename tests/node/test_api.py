"""What a node says of its own interface, and whether it keeps to it."""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as conforms

from passport import pki
from passport.world import LEAF_KEY
from tallystick.node.doors import told
from tallystick.node.doors.catalogue import MEANINGS, OPERATIONS
from tallystick.node.doors.describe import describe

from .pair import agreed, both, node_of, post, send
from .served import served
from .test_two_nodes import arriving, leaving, warm

EVERYTHING = (
    "[national]\nenabled = true\n[stir]\nasks = true\n"
    '[redress]\nname = "Desk"\nurl = "https://desk.example"\nkey = "card.key"\n'
    'card = "https://node.example/v1/redress"\n'
    'certificate = "https://node.example/card.pem"\n'
)
WHOLE = json.loads(
    msgspec.json.encode(describe({(one.method, one.path) for one in OPERATIONS}))
)
METHODS = {"get", "post"}
KEPT = (
    checks.not_a_server_error,
    conforms.status_code_conformance,
    conforms.content_type_conformance,
    conforms.response_schema_conformance,
    conforms.unsupported_method,
    conforms.allow_header_conformance,
)
EXAMPLES = 10


def described(document: dict[str, Any]) -> set[tuple[str, str]]:
    """Return method and path of every door a document tells of."""
    return {
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method in item
        if method in METHODS
    }


@pytest.mark.parametrize("more", ["", EVERYTHING])
def test_every_door_is_described_and_no_other(tmp_path: Path, more: str):
    """Of a node with everything open, and of one with what is open by default."""

    async def run():
        agreed(tmp_path)
        (tmp_path / "card.key").write_bytes(pki.key_pem(LEAF_KEY))
        node = node_of(tmp_path, "BY", peer=None, more=more)
        await node.start()
        try:
            status, document = await send(node, "GET", "/openapi.json")
        finally:
            await node.stop()
        assert status == 200
        assert described(document) == node.doors.paths()
        return document

    document = asyncio.run(run())
    assert (document == WHOLE) == bool(more)


def test_the_table_and_the_meanings_are_complete():
    """Each member of each type has a meaning, and no meaning is left over."""
    used = set()
    for name, schema in WHOLE["components"]["schemas"].items():
        for member, of_it in schema.get("properties", {}).items():
            assert of_it.get("description"), (name, member)
            used |= {f"{name}.{member}", member}
    assert set(MEANINGS) - used == set()
    names = [one.name for one in OPERATIONS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("one", OPERATIONS, ids=lambda one: one.name)
def test_the_example_of_a_door_is_one(one):
    """It reads as the first kind of content that the door takes."""
    if one.asked:
        assert msgspec.convert(one.example, one.asked[0])
    else:
        assert one.example is None


def test_what_is_told_has_every_member_that_is_described(tmp_path: Path):
    """Answers that are no types of their own in the program are those described."""

    async def run():
        async with both(tmp_path) as (by, ru):
            await warm(by, ru)
            for node, path, body, kind in (
                (by, "/v1/departures", leaving(1), told.DepartureTold),
                (ru, "/v1/arrivals", arriving(1), told.ArrivalAnswer),
                (
                    ru,
                    "/v1/releases",
                    {"call_id": "ru-1", "answered": False},
                    told.ReleaseTold,
                ),
                (ru, "/v1/releases", {}, told.Refusal),
            ):
                _, said = await post(node, path, body)
                assert set(said) == set(kind.__struct_fields__)
                msgspec.convert(said, kind)
            for path, kind in (
                ("/v1/verdicts?call_id=ru-1", told.KeptVerdict),
                ("/healthz", told.Health),
                ("/readyz", told.Health),
            ):
                _, said = await send(ru, "GET", path)
                assert set(said) >= set(kind.__struct_fields__)
                msgspec.convert(said, kind)

    asyncio.run(run())


def test_head_is_get_without_the_content(tmp_path: Path):
    """And what follows on the connection is not taken for it."""

    async def run():
        agreed(tmp_path)
        node = node_of(tmp_path, "BY", peer=None)
        await node.start()
        try:
            reader, writer = await asyncio.open_connection(*node.addresses["http"])
            for method in ("HEAD", "GET"):
                writer.write(
                    f"{method} /openapi.json HTTP/1.1\r\nHost: n\r\n\r\n".encode()
                )
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            again = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            assert head == again
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            body = await asyncio.wait_for(reader.readexactly(length), 5)
            assert json.loads(body)["openapi"] == "3.1.0"
            writer.close()
        finally:
            await node.stop()

    asyncio.run(run())


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory):
    """Yield where a node answers that follows its peer, with everything open."""
    folder = tmp_path_factory.mktemp("nodes")
    (folder / "card.key").write_bytes(pki.key_pem(LEAF_KEY))

    @contextlib.asynccontextmanager
    async def run():
        async with both(folder, ru=EVERYTHING) as (_, ru):
            yield ru

    with served(run) as where:
        yield where


def hold_to(operation: Any, mode: GenerationMode) -> None:
    """Ask by generated requests; no answer may break a rule."""
    kept = list(KEPT)
    if mode is GenerationMode.NEGATIVE and not operation.path.startswith("/v1/"):
        # Of a batch that is wrong in one place, the rest counts.
        kept.append(conforms.negative_data_rejection)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=kept, timeout=5)

    holds()


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_a_node_keeps_to_its_description(url: str, mode: GenerationMode):
    """Whatever comes, good or bad: no fault, and no answer that is not described."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        takes_something = operation.body or operation.query
        if mode is GenerationMode.POSITIVE or takes_something:
            hold_to(operation, mode)
            tried += 1
    assert tried >= 8
