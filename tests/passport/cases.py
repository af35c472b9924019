"""For each rule, a call that does not keep it."""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tallystick.domains.calls.passport import (
    Policy,
    ReplayCache,
    der,
    encode_authority,
    sign_div,
    sign_shaken,
    verify_call,
)
from tallystick.domains.calls.passport.chain import CONSTRAINTS, ENHANCED

from . import pki
from .pki import ISSUES, LIST, NOW_S, SIGNS, issue, key_number, raw
from .world import (
    CLAIMS,
    HEADER,
    INFO,
    LEAF_KEY,
    MIDDLE_KEY,
    ORIGID,
    ROOT_KEY,
    A,
    B,
    C,
    D,
    changed,
    context,
    field,
    judge,
    leaf,
    middle,
    new_store,
    root,
    signer,
    trust,
)


def call(*identities, now_s=NOW_S, **options):
    return verify_call(identities, context=context(**options), now_s=now_s)


def _with(**header):
    found = {**HEADER, **header}
    return field(header={n: v for n, v in found.items() if v is not None})


def _leaf(*extensions, tn=LIST, **options):
    return judge(
        field(), store=new_store(leaf(tn, extensions=extensions, **options), middle())
    )


def constraints(include=(), values=(), exclude=()):
    """Return the DER of JWT claim constraints."""

    def names(tag, listed):
        inner = b"".join(der.encode(der.IA5, n.encode()) for n in listed)
        return der.encode(der.CONTEXT + tag, der.encode(der.SEQUENCE, inner))

    parts = b""
    if include:
        parts += names(0, include)
    if values:
        lists = b""
        for name, permitted in values:
            texts = b"".join(der.encode(der.UTF8, v.encode()) for v in permitted)
            inner = der.encode(der.IA5, name.encode())
            lists += der.encode(der.SEQUENCE, inner + der.encode(der.SEQUENCE, texts))
        parts += der.encode(der.CONTEXT + 1, der.encode(der.SEQUENCE, lists))
    if exclude:
        parts += names(2, exclude)
    return der.encode(der.SEQUENCE, parts)


def _replayed():
    replays = ReplayCache(window_s=120)
    judge(field(), replays=replays, call_id="1@sbc")
    return judge(field(), replays=replays, call_id="2@sbc")


def _unreachable():
    store = new_store()
    other = "https://cert.example.org/other.pem"
    store.fail(other, now_s=NOW_S)
    identity = field(
        header={**HEADER, "x5u": other}, parameters=f";info=<{other}>;ppt=shaken"
    )
    return judge(identity, store=store)


def _elsewhere(url):
    identity = field(header={**HEADER, "x5u": url}, parameters=f";info=<{url}>")
    return judge(identity)


def _malformed():
    store = new_store()
    broken = bytearray(leaf().public_bytes(pki.Encoding.DER))
    broken[len(broken) // 3 :] = b""
    found = store.add("https://cert.example.org/x.pem", bytes(broken), now_s=NOW_S)
    return _Named(found)


class _Named:
    """A verdict on a certificate alone."""

    def __init__(self, rule):
        self.rule = rule


def _other_key():
    key = ec.derive_private_key(5, ec.SECP384R1())
    issued = issue("leaf", key, issuer=(middle(), MIDDLE_KEY), tn=LIST, usage=SIGNS)
    return judge(field(), store=new_store(issued, middle()))


def _not_an_issuer():
    poor = issue("poor", MIDDLE_KEY, issuer=(root(), ROOT_KEY), ca=False)
    issued = issue("leaf", LEAF_KEY, issuer=(poor, MIDDLE_KEY), tn=LIST)
    return judge(field(), store=new_store(issued, poor))


def _other_identifier():
    wrong = x509.AuthorityKeyIdentifier(b"\1" * 20, None, None), False
    issued = issue(
        "leaf",
        LEAF_KEY,
        issuer=(middle(), MIDDLE_KEY),
        tn=LIST,
        identifiers=False,
        extensions=[wrong],
    )
    return judge(field(), store=new_store(issued, middle()))


def delegated(above, below):
    """Return the verdict on a token of a delegate."""
    holder = issue(
        "holder",
        MIDDLE_KEY,
        issuer=(root(), ROOT_KEY),
        tn=above,
        ca=True,
        usage=ISSUES,
    )
    issued = issue("leaf", LEAF_KEY, issuer=(holder, MIDDLE_KEY), tn=below)
    return judge(field(), store=new_store(issued, holder))


def _untrusted():
    stranger = issue("root", key_number(9), ca=True, usage=ISSUES)
    return judge(field(), store=new_store(lists=(lambda: trust(anchors=(stranger,)),)))


def _revoked():
    store = new_store()
    store.revoke(pki.revoke((middle(), MIDDLE_KEY), leaf()))
    return judge(field(), store=store)


def shaken(dest, *, orig=A, iat_s=NOW_S):
    return sign_shaken(
        signer(), orig=orig, dest=[dest], iat_s=iat_s, attest="A", origid=ORIGID
    )


def div(former, dest, *, orig=A, iat_s=NOW_S):
    return sign_div(signer(), orig=orig, dest=[dest], iat_s=iat_s, div=former)


def _loop():
    return call(shaken(C), div(C, B), div(B, C), div(C, D), called=(D,)).passports[1]


_RANGE = encode_authority(ranges=[("375290000000", 1000)])

CASES = {
    "identity-missing": call,
    "identities-too-many": lambda: call(*[field()] * 9),
    "field-size": lambda: judge(field() + ";x=" + "y" * 2049),
    "field-characters": lambda: judge(field().replace(".", "é", 1)),
    "field-no-parameters": lambda: judge(field(parameters="")),
    "token-parts": lambda: judge(field().replace(".", "", 1)),
    "parameter-malformed": lambda: judge(field(parameters=";info=<https://a")),
    "parameter-repeated": lambda: judge(field() + ";alg=ES256"),
    "info-missing": lambda: judge(field(parameters=";alg=ES256")),
    "compact-extension": lambda: judge(f"..AA;info=<{INFO}>;ppt=shaken", date_s=NOW_S),
    "compact-no-date": lambda: judge(f"..AA;info=<{INFO}>"),
    "token-base64": lambda: judge(field().replace(".", "=.", 1)),
    "json-malformed": lambda: judge(field(b'{"iat":1.0}')),
    "json-repeated": lambda: judge(field(b'{"iat":1,"orig":{"tn":"1","tn":"2"}}')),
    "json-not-object": lambda: judge(field(b'["iat"]')),
    "crit-present": lambda: judge(_with(crit=["exp"])),
    "typ-wrong": lambda: judge(_with(typ="JWT")),
    "alg-unsupported": lambda: judge(_with(alg="none")),
    "x5u-missing": lambda: judge(_with(x5u=None)),
    "info-differs": lambda: judge(_with(x5u=INFO + "x")),
    "ppt-differs": lambda: judge(_with(ppt="rcd")),
    "ppt-unsupported": lambda: judge(
        field(header={**HEADER, "ppt": "rph"}, parameters=f";info=<{INFO}>;ppt=rph")
    ),
    "iat-malformed": lambda: judge(changed(iat=str(NOW_S))),
    "orig-malformed": lambda: judge(changed(orig={"tn": A, "uri": "sip:a@b"})),
    "dest-malformed": lambda: judge(changed(dest={"tn": []})),
    "attest-wrong": lambda: judge(changed(attest="D")),
    "origid-wrong": lambda: judge(changed(origid=ORIGID[:-1])),
    "div-malformed": lambda: judge(
        field({**CLAIMS, "div": {}}, {**HEADER, "ppt": "div"}, f";info=<{INFO}>")
    ),
    "rcd-malformed": lambda: judge(changed(rcd={"apn": A})),
    "calling-absent": lambda: judge(field(), calling=""),
    "orig-differs": lambda: judge(field(), calling="375297654321"),
    "dest-differs": lambda: judge(field(), called=(C,)),
    "iat-stale": lambda: judge(field(), now_s=NOW_S + 61),
    "iat-ahead": lambda: judge(field(), now_s=NOW_S - 61),
    "date-stale": lambda: judge(
        field(), date_s=NOW_S - 61, policy=Policy(check_date=True)
    ),
    "info-refused": lambda: _elsewhere("https://127.0.0.1/leaf.pem"),
    "certificate-unknown": lambda: _elsewhere("https://cert.example.org/new.pem"),
    "certificate-unreachable": _unreachable,
    "certificate-malformed": _malformed,
    "certificate-key": _other_key,
    "certificate-usage": lambda: _leaf(usage={"key_agreement": True}),
    "certificate-extension": lambda: _leaf(raw("1.2.3.4", b"\5\0", critical=True)),
    "certificate-no-tnauthlist": lambda: _leaf(tn=None),
    "tnauthlist-malformed": lambda: _leaf(tn=encode_authority(ranges=[("10", 91)])),
    "constraints-malformed": lambda: _leaf(raw(CONSTRAINTS.dotted_string, b"\x30\1\0")),
    "constraints-both": lambda: _leaf(
        raw(CONSTRAINTS.dotted_string, constraints(["attest"])),
        raw(ENHANCED.dotted_string, constraints(["attest"])),
    ),
    "chain-order": lambda: judge(field(), store=new_store(leaf(), root())),
    "chain-issuer": _not_an_issuer,
    "chain-identifiers": _other_identifier,
    "chain-authority": lambda: delegated(_RANGE, LIST),
    "certificate-untrusted": _untrusted,
    "certificate-revoked": _revoked,
    "certificate-expired": lambda: _leaf(days=(-9, -1)),
    "certificate-not-for-number": lambda: _leaf(tn=_RANGE),
    "certificate-not-for-country": lambda: judge(
        field(), store=new_store(lists=(lambda: trust(codes=("7",)),))
    ),
    "constraint-include": lambda: _leaf(
        raw(CONSTRAINTS.dotted_string, constraints(["rcd"]))
    ),
    "constraint-values": lambda: _leaf(
        raw(CONSTRAINTS.dotted_string, constraints(values=[("attest", ["B", "C"])]))
    ),
    "constraint-exclude": lambda: _leaf(
        raw(ENHANCED.dotted_string, constraints(exclude=["origid"]))
    ),
    "signature-size": lambda: judge(
        field(parameters="AAAA" + f";info=<{INFO}>;ppt=shaken")
    ),
    "signature-wrong": lambda: judge(field(key=key_number(8))),
    "replayed": _replayed,
    "div-orig": lambda: call(shaken(C, orig=D), div(C, B)),
    "div-stale": lambda: call(shaken(C, iat_s=NOW_S - 10_801), div(C, B)),
    "div-gap": lambda: call(shaken(D), div(C, B)),
    "div-loop": _loop,
}
