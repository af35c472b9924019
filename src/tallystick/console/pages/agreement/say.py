"""Saying something of an agreement: first what would be signed, then it is."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from tallystick.agreement.life import Version, proposal
from tallystick.agreement.text import AgreementText, differences, digest_of, read_text
from tallystick.console.pages.agreement import views
from tallystick.console.pages.agreement.one import listed, shown
from tallystick.console.saying.agreement import SAYINGS, Matter, text_words
from tallystick.console.saying.words import refuse, seen_of
from tallystick.console.visit import Handler, Visit, go
from tallystick.model import RefusedError
from tallystick.office import Side
from tallystick.office.agreeing import said_of, say
from tallystick.proof import signing_fingerprint

_NOT_PASSED_ON: Final = frozenset({"token", "seen"})
"""Fields of a form that the next one has of its own."""


def _propose(visit: Visit) -> Response:
    """Read a text; show its mistakes, or what it would change."""
    side = views.side_of(visit)
    text = _as_signed(visit.form.get("file") or visit.form.get("text", ""))
    value, mistakes = read_text(text)
    if value is None:
        found = tuple((one.where, visit.told(one.sentence)) for one in mistakes)
        return listed(visit, text=text, mistakes=found)
    if (value.channel, value.keys) != (side.identifier, side.keys):
        return listed(visit, text=text, mistakes=(("$", visit.t.say("problem.other")),))
    matter = _matter_named(visit, side, value.name)
    kind, body = proposal(matter.life, text)
    if not matter.would_count(kind, body):
        return listed(
            visit, text=text, mistakes=(("$", visit.t.say("problem.version")),)
        )
    before = _before(matter)
    return visit.page(
        "agreement/proposal.html.j2",
        matter=matter,
        value=value,
        text=text,
        digest=body["digest"],
        before=before,
        differences=differences(before.text, text) if before else (),
        rows=value.rules,
        seen=seen_of(matter.said),
        **_keys(side),
    )


def _prepare(visit: Visit) -> Response:
    """Show what would be signed."""
    matter = views.matter_of(visit)
    try:
        kind, body = _said(visit, matter)
    except RefusedError as error:
        return shown(visit, problem=error.why)
    version = matter.life.version(body.get("digest") or "")
    remark = next((o for o in matter.life.remarks if o.id == body.get("to")), None)
    return visit.page(
        "agreement/confirm.html.j2",
        matter=matter,
        kind=kind,
        body=body,
        sentence=_sentence(visit, matter, kind, body),
        version=version,
        remark=remark,
        fields={
            name: value
            for name, value in visit.form.items()
            if name not in _NOT_PASSED_ON
        },
        seen=seen_of(matter.said),
        **_keys(matter.side),
    )


def _say(visit: Visit) -> Response:
    """Sign and keep what was shown, unless something was said since."""
    side, name = views.side_of(visit), visit.place["name"]
    with visit.desk.saying:
        matter = _matter_named(visit, side, name)
        if visit.form.get("kind") != "proposed":
            matter = views.matter_of(visit)
        if visit.form.get("seen", "") != seen_of(matter.said):
            return _refused(visit, matter, "moved")
        try:
            kind, body = _said(visit, matter)
            visit.note(kind, record=_record(name, body), why=body.get("why") or "")
            say(side, name, kind, body, now_ms=visit.now_ms)
        except RefusedError as error:
            return _refused(visit, matter, error.why)
    return go(f"/agreement/{name}", done="said")


def _refused(visit: Visit, matter: Matter, why: str) -> Response:
    """Show what there is, and why nothing was said."""
    if matter.said:
        return shown(visit, problem=why)
    return listed(visit, mistakes=(("$", visit.t.say(f"problem.{why}")),))


def _said(visit: Visit, matter: Matter) -> tuple[str, dict[str, Any]]:
    """Return what somebody wants to say.

    Raises:
        HTTPException: 404 or 403; there is no such thing to say, or not for them.
        RefusedError: "console-form" where a text is not the one that was shown.
    """
    kind = visit.form.get("kind", "")
    if kind == "proposed":
        visit.require("agreement", kind)
        text = _as_signed(visit.form.get("text", ""))
        value, _ = read_text(text)
        if not _is_shown(value, text, visit.form, matter.name):
            refuse("other")
        return proposal(matter.life, text)
    if kind not in SAYINGS:
        raise HTTPException(404)
    visit.require("agreement", kind)
    return kind, SAYINGS[kind].body(matter, visit.form)


def _is_shown(
    value: AgreementText | None, text: str, form: Mapping[str, str], name: str
) -> bool:
    """Tell whether a text is the one that was shown, of the agreement that is named."""
    is_same = form.get("digest") == digest_of(text)
    return value is not None and value.name == name and is_same


def _matter_named(visit: Visit, side: Side, name: str) -> Matter:
    """Return an agreement of which, perhaps, nothing was said yet."""
    return Matter(
        side=side,
        name=name,
        said=said_of(side, name),
        life=side.life(name),
        now_ms=visit.now_ms,
    )


def _before(matter: Matter) -> Version | None:
    """Return the text that a new one is compared with: in force, else the last."""
    holding = matter.life.in_force(matter.now_ms)
    if holding is not None:
        return holding.version
    return matter.life.versions[-1] if matter.life.versions else None


def _as_signed(text: str) -> str:
    """Return a text as it is signed: browsers send other line ends, and drop one."""
    return text.replace("\r\n", "\n").lstrip("\n")


def _keys(side: Side) -> dict[str, object]:
    return {"keys": [(one.party, signing_fingerprint(one)) for one in side.keys]}


def _record(name: str, body: Mapping[str, Any]) -> str:
    what = body.get("rule") or str(body.get("digest") or body.get("to") or "")[:12]
    return f"{name}/{what}" if what else name


def _sentence(visit: Visit, matter: Matter, kind: str, body: Mapping[str, Any]) -> str:
    """Return what would be signed, as a sentence."""
    t, version = visit.t, matter.life.version(body.get("digest") or "")
    rule = visit.form.get("rule", "")
    return t.say(
        f"sentence.agreement.{kind}",
        party=matter.side.party,
        name=matter.name,
        text=text_words(version) if version else t.say("say.whole_agreement"),
        rule=rule if body.get("rule") or kind == "resumed" else t.say("say.every_rule"),
    )


HANDLERS: Final[dict[str, Handler]] = {
    "propose": _propose,
    "prepare": _prepare,
    "say": _say,
}
