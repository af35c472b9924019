"""A caller's country, its certificates, and tokens good and bad."""

from functools import cache

from tallystick.domains.calls.passport import (
    CertificateStore,
    Signer,
    TrustList,
    VerifyContext,
    verify,
)
from tallystick.domains.calls.passport.encoding import (
    base64url_from_bytes,
    json_from_object,
)
from tallystick.domains.calls.passport.sign import sign_jws

from . import pki
from .pki import ISSUES, LIST, NOW_S, SIGNS, issue, key_number

INFO = "https://cert.example.org/leaf.pem"
A, B, C, D = "375291234567", "79161234567", "79031112233", "79265556677"
ORIGID = "2088448c-718e-4930-be5d-0ec9b25d2f00"
CLAIMS = {
    "attest": "A",
    "dest": {"tn": [B]},
    "iat": NOW_S,
    "orig": {"tn": A},
    "origid": ORIGID,
}
HEADER = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": INFO}
ROOT_KEY, MIDDLE_KEY, LEAF_KEY = map(key_number, (101, 102, 103))


@cache
def root():
    return issue("root", ROOT_KEY, ca=True, usage=ISSUES)


@cache
def middle():
    return issue("middle", MIDDLE_KEY, issuer=(root(), ROOT_KEY), ca=True, usage=ISSUES)


def leaf(tn=LIST, **options):
    options = {"usage": SIGNS, **options} if "usage" not in options else options
    return issue("leaf", LEAF_KEY, issuer=(middle(), MIDDLE_KEY), tn=tn, **options)


@cache
def signer(key=LEAF_KEY, info=INFO):
    return Signer(key=key, info=info)


def trust(codes=(), providers=frozenset(), anchors=None):
    return TrustList(
        country="BY",
        anchors=anchors or (root(),),
        codes=codes,
        providers=frozenset(providers),
    )


def new_store(*chain, lists=(trust,), now_s=NOW_S):
    store = CertificateStore(trust=[entry() for entry in lists])
    store.add(INFO, pki.pem(*(chain or (leaf(), middle()))), now_s=now_s)
    return store


def context(store=None, **options):
    options = {"calling": A, "called": (B,), "call_id": "1@sbc", **options}
    return VerifyContext(store=store or new_store(), **options)


def field(claims=CLAIMS, header=HEADER, parameters=None, key=LEAF_KEY):
    """Return a field with a token signed as it stands."""
    payload = claims if isinstance(claims, bytes) else json_from_object(claims)
    token = sign_jws(signer(key), header, base64url_from_bytes(payload))
    return token + (
        f";info=<{INFO}>;alg=ES256;ppt=shaken" if parameters is None else parameters
    )


def changed(**claims):
    """Return a field whose claims differ; None leaves one out."""
    found = {**CLAIMS, **claims}
    return field({name: value for name, value in found.items() if value is not None})


def judge(identity, *, now_s=NOW_S, **options):
    return verify(identity, context=context(**options), now_s=now_s)
