"""Who may do what: one table, read by the router, the menu and the reference page."""

from typing import Final, Literal, NamedTuple, get_args

Role = Literal["analyst", "officer", "operator", "auditor", "administrator"]
Stage = Literal["public", "out", "code", "enrol", "in"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
_ALL: Final = frozenset(ROLES)
_NOT_OPERATOR: Final = _ALL - {"operator"}
_ADMINISTRATOR: Final = frozenset[Role]({"administrator"})
_AUDITOR: Final = frozenset[Role]({"auditor"})
_NUMBERS: Final = frozenset[Role]({"analyst", "officer"})
_OFFICER: Final = frozenset[Role]({"officer"})
_CROSSINGS: Final = frozenset[Role]({*_NUMBERS, "operator"})
_HEADS: Final = frozenset[Role]({"officer", "administrator"})
_TECHNICAL: Final = frozenset[Role]({"analyst", "auditor", "administrator"})


class Right(NamedTuple):
    """One thing that can be done on a page.

    Attributes:
        page: The page.
        action: What is done there.
        roles: Who may.
        method: How a browser asks for it; empty where it is a part of a page.
        path: Under which path.
        stage: How far somebody must have come in; `out` is everybody. `public` is
            everybody, too, with no session and no cookie of one.
        most: Bytes that a form may have.
    """

    page: str
    action: str
    roles: frozenset[Role]
    method: Literal["", "GET", "POST"] = ""
    path: str = ""
    stage: Stage = "in"
    most: int = 65_536


_TEXT: Final = 1_048_576
"""Bytes: an agreement's text as a browser sends it, with all letters written out."""

RIGHTS: Final = (
    Right("objection", "read", _ALL, "GET", "/objection", "public"),
    Right("objection", "object", _ALL, "POST", "/objection", "public"),
    Right("objection", "one", _ALL, "GET", "/objection/{reference}", "public"),
    Right("sign_in", "read", _ALL, "GET", "/sign-in", "out"),
    Right("sign_in", "password", _ALL, "POST", "/sign-in", "out"),
    Right("sign_in", "provider", _ALL, "GET", "/sign-in/provider", "out"),
    Right("sign_in", "back", _ALL, "GET", "/sign-in/back", "out"),
    Right("sign_in", "ask_code", _ALL, "GET", "/sign-in/code", "code"),
    Right("sign_in", "code", _ALL, "POST", "/sign-in/code", "code"),
    Right("sign_in", "ask_enrol", _ALL, "GET", "/sign-in/enrol", "enrol"),
    Right("sign_in", "enrol", _ALL, "POST", "/sign-in/enrol", "enrol"),
    Right("sign_in", "sign_out", _ALL, "POST", "/sign-out", "out"),
    Right("today", "read", _ALL, "GET", "/"),
    Right("today", "live", _ALL, "GET", "/today/live"),
    Right("today", "figures", _NOT_OPERATOR),
    Right("cases", "read", _ALL, "GET", "/cases"),
    Right("cases", "export", _ALL, "GET", "/cases.csv"),
    Right("cases", "one", _ALL, "GET", "/cases/{id}"),
    Right("cases", "crossings", _CROSSINGS),
    Right("cases", "open", _NUMBERS, "POST", "/cases/{id}/open"),
    Right("cases", "live", _ALL, "GET", "/cases/{id}/live"),
    Right("cases", "prepare", _NUMBERS, "POST", "/cases/{id}/prepare"),
    Right("cases", "say", _NUMBERS, "POST", "/cases/{id}/say"),
    Right("cases", "raised", _NUMBERS),
    Right("cases", "asked", _OFFICER),
    Right("cases", "opened", _OFFICER),
    Right("cases", "answered", _OFFICER),
    Right("cases", "decided", _OFFICER),
    Right("cases", "appealed", _OFFICER),
    Right("cases", "closed", _OFFICER),
    Right("cases", "letter", _NOT_OPERATOR, "GET", "/cases/{id}/letter.{form}"),
    Right("cases", "dossier", _NUMBERS, "POST", "/cases/{id}/dossier"),
    Right("objections", "read", _NOT_OPERATOR, "GET", "/objections"),
    Right("objections", "export", _NOT_OPERATOR, "GET", "/objections.csv"),
    Right("objections", "one", _NOT_OPERATOR, "GET", "/objections/{reference}"),
    Right("objections", "open", _NUMBERS, "POST", "/objections/{reference}/open"),
    Right("objections", "say", _OFFICER, "POST", "/objections/{reference}/say"),
    Right("findings", "read", _ALL, "GET", "/findings"),
    Right("findings", "export", _ALL, "GET", "/findings.csv"),
    Right("findings", "one", _ALL, "GET", "/findings/{id}"),
    Right("findings", "numbers", _CROSSINGS),
    Right("findings", "open", _NUMBERS, "POST", "/findings/{id}/open"),
    Right("verdicts", "read", _ALL, "GET", "/verdicts"),
    Right("verdicts", "export", _ALL, "GET", "/verdicts.csv"),
    Right("verdicts", "calls", _CROSSINGS),
    Right("routes", "read", _ALL, "GET", "/routes"),
    Right("routes", "export", _ALL, "GET", "/routes.csv"),
    Right("routes", "totals", _NOT_OPERATOR),
    Right("agreement", "read", _ALL, "GET", "/agreement"),
    Right("agreement", "one", _ALL, "GET", "/agreement/{name}"),
    Right("agreement", "text", _ALL, "GET", "/agreement/{name}/{digest}"),
    Right("agreement", "toml", _ALL, "GET", "/agreement/{name}/{digest}/text.toml"),
    Right("agreement", "note", _ALL, "GET", "/agreement/{name}/said/{id}.note"),
    Right("agreement", "propose", _OFFICER, "POST", "/agreement", most=_TEXT),
    Right("agreement", "prepare", _HEADS, "POST", "/agreement/{name}/prepare"),
    Right("agreement", "say", _HEADS, "POST", "/agreement/{name}/say", most=_TEXT),
    Right("agreement", "proposed", _OFFICER),
    Right("agreement", "commented", _OFFICER),
    Right("agreement", "objected", _OFFICER),
    Right("agreement", "answered", _OFFICER),
    Right("agreement", "signed", _HEADS),
    Right("agreement", "suspended", _HEADS),
    Right("agreement", "resumed", _HEADS),
    Right("agreement", "withdrawn", _HEADS),
    Right("harm", "read", _ALL, "GET", "/harm"),
    Right("harm", "export", _ALL, "GET", "/harm.csv"),
    Right("harm", "one", _ALL, "GET", "/harm/{id}"),
    Right("harm", "file", _ALL, "GET", "/harm/{id}/report.{form}"),
    Right("log", "read", _NOT_OPERATOR, "GET", "/log"),
    Right("log", "check", _NOT_OPERATOR, "POST", "/log/check"),
    Right("people", "read", _ADMINISTRATOR, "GET", "/people"),
    Right("people", "export", _ADMINISTRATOR, "GET", "/people.csv"),
    Right("people", "add", _ADMINISTRATOR, "POST", "/people"),
    Right("people", "one", _ADMINISTRATOR, "GET", "/people/{id}"),
    Right("people", "role", _ADMINISTRATOR, "POST", "/people/{id}/role"),
    Right("people", "lock", _ADMINISTRATOR, "POST", "/people/{id}/lock"),
    Right("people", "unlock", _ADMINISTRATOR, "POST", "/people/{id}/unlock"),
    Right("people", "reset", _ADMINISTRATOR, "POST", "/people/{id}/reset"),
    Right("audit", "read", _AUDITOR, "GET", "/audit"),
    Right("audit", "export", _AUDITOR, "GET", "/audit.csv"),
    Right("settings", "read", _TECHNICAL, "GET", "/settings"),
    Right("account", "read", _ALL, "GET", "/account"),
    Right("account", "password", _ALL, "POST", "/account/password"),
    Right("account", "recovery", _ALL, "POST", "/account/recovery"),
    Right("account", "everywhere", _ALL, "POST", "/account/everywhere"),
)
MENU: Final = tuple(one for one in RIGHTS if one.action == "read" and one.stage == "in")
"""The pages that the menu leads to, in its order."""

_BY_NAME: Final = {(one.page, one.action): one for one in RIGHTS}


def may(role: str, page: str, action: str) -> bool:
    """Tell whether somebody of a role may do something."""
    return role in _BY_NAME[page, action].roles
