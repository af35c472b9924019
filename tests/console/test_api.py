"""Every page of the console by generated requests, as people of each role.

The description is made of the table of rights and of the forms that pages show, so that
a page that is added is tried, too.
"""

import re
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.generation import GenerationMode

from tallystick.console.people.rights import RIGHTS, ROLES

from .redress import give
from .sides import case_of
from .test_say_agreement import NAME, propose
from .world import SESSION

EXAMPLES: Final = 3
SAID: Final = {200, 204, 303, 400, 401, 403, 404, 413, 422, 429}
# What ends the session that tries the others, and a stream that never ends.
LEFT_OUT: Final = {
    ("account", "everywhere"),
    ("sign_in", "sign_out"),
    ("today", "live"),
}
MAY: Final = {(one.method, one.path): one.roles for one in RIGHTS if one.method}
_FORM: Final = re.compile(r"<form\b(.*?)>(.*?)</form>", re.DOTALL)
_NAME: Final = re.compile(r'<(?:input|select|textarea)\b[^>]*\bname="([^"]+)"')


def fields_of(pages: list[str]) -> set[str]:
    """Return the names of all fields that forms of some pages have."""
    return {
        name
        for page in pages
        for _, inner in _FORM.findall(page)
        for name in _NAME.findall(inner)
    } - {"token"}


def described(paths: dict[str, str], fields: set[str], token: str) -> dict[str, Any]:
    """Return the console as an OpenAPI document."""
    document: dict[str, Any] = {}
    text = {"type": "string", "maxLength": 300}
    form = {
        "type": "object",
        "properties": {"token": {"enum": [token]}}
        | dict.fromkeys(sorted(fields), text),
        "required": ["token"],
    }
    query = [
        {"name": name, "in": "query", "schema": text}
        for name in sorted(fields | {"page", "sort", "size", "language"})
    ]
    for right in RIGHTS:
        if not right.method or (right.page, right.action) in LEFT_OUT:
            continue
        operation: dict[str, Any] = {"responses": {"default": {"description": ""}}}
        if right.method == "GET":
            operation["parameters"] = query
        else:
            content = {"application/x-www-form-urlencoded": {"schema": form}}
            operation["requestBody"] = {"required": True, "content": content}
        operation["parameters"] = operation.get("parameters", []) + [
            {
                "name": name,
                "in": "path",
                "required": True,
                # A thing that is there, and one that is not.
                "schema": {"enum": [paths.get(right.page, "0"), "0" * 16, "%00", "ы"]},
            }
            for name in re.findall(r"\{(\w+)\}", right.path)
        ]
        document.setdefault(right.path, {})[right.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "console", "version": "1"},
        "paths": document,
    }


def hold_to(operation: Any, mode: GenerationMode, guest: Any) -> None:
    """Ask by generated requests; none may find a fault of the program."""
    world = guest.world

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
        world.clock.pass_s(1)
        answer = case.call(
            base_url=world.address,
            headers={"origin": world.address},
            cookies={SESSION: guest.http.cookies[SESSION]},
            verify=False,
            allow_redirects=False,
            timeout=10,
        )
        assert answer.status_code in SAID, (case.method, case.path, answer.text[:200])
        assert "Traceback" not in answer.text

    holds()


# The certificate is this test's own.
@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_no_request_finds_a_fault(speaking, two, mode):
    """Whatever comes, good or bad, from whoever may: a page that says so."""
    world = speaking
    propose(two, world.clock.ms)
    other = world.person("somebody")
    guests = {role: world.visitor(f"{role}-1", role) for role in ROLES}
    paths = {
        "objection": give(two.by, "call-1"),
        "objections": give(two.by, "call-2"),
        "agreement": NAME,
        "cases": case_of(two.by, "Elm"),
        "people": world.accounts().people.named(other.name).id,
    }
    seen = [right.path for right in RIGHTS if right.method == "GET"]
    seen = [path.replace("{id}", paths["cases"]) for path in seen if "live" not in path]
    seen = [path.replace("{reference}", paths["objections"]) for path in seen]
    seen = [path.replace("{name}", NAME) for path in seen]
    pages = [guest.get(path).text for guest in guests.values() for path in seen]
    tried = 0
    for role, guest in guests.items():
        guest.get("/account")
        document = described(paths, fields_of(pages), guest.token())
        schema = schemathesis.openapi.from_dict(document)
        for found in schema.get_all_operations():
            operation = found.ok()
            asked = (operation.method.upper(), operation.path)
            # Each page by the first of those who may; who may not is tried elsewhere.
            if role == next(one for one in ROLES if one in MAY[asked]):
                hold_to(operation, mode, guest)
                tried += 1
        assert guest.get("/account").status_code == 200, "the session was lost"
    assert tried == len(MAY) - len(LEFT_OUT)
