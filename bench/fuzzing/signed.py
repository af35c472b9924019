"""Targets on signatures: Identity headers, contacts, certificates, places."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from fuzzing.spoil import spoiler
from fuzzing.target import Target, require
from tallystick.domains.calls.passport import (
    RULES,
    CertificateStore,
    Contact,
    Places,
    ReplayCache,
    Signer,
    TrustList,
    VerifyContext,
    encode_authority,
    is_public_address,
    read_contact,
    sign_contact,
    sign_div,
    sign_rcd,
    sign_shaken,
    verify_call,
)
from tallystick.domains.calls.passport.authority import parse_authority
from tallystick.domains.calls.passport.chain import (
    ENHANCED,
    MAX_CHAIN_BYTES,
    TN_AUTH_LIST,
)
from tallystick.domains.calls.passport.constraints import parse_constraints
from tallystick.domains.calls.passport.encoding import base64url_from_bytes
from tallystick.domains.calls.passport.refusal import Refusal
from tallystick.domains.calls.passport.sign import sign_jws
from tallystick.model import MalformedError, VerificationError

NOW_S = 1_790_000_000
INFO = "https://cert.example.org/leaf.pem"
A, B, C = "375291234567", "79161234567", "79031112233"
ORIGID = "2088448c-718e-4930-be5d-0ec9b25d2f00"
KEYS = [ec.derive_private_key(number, ec.SECP256R1()) for number in (1, 2)]
SIGNER = Signer(key=KEYS[1], info=INFO)
# mustInclude origid, permittedValues attest A or B, mustExclude opt (RFC 9118)
CONSTRAINTS = bytes.fromhex(
    "302aa00a300816066f7269676964a1153013301116066174746573743007"
    "0c01410c01420c0143a205300316036f7074"
)
_MEMBERS = re.findall(
    r"\S+",
    """alg ppt typ x5u crit attest dest iat orig origid tn uri div hi rcd rcdi nam jcd
    jcl apn opt mky""",
)
WORDS = (
    *(f'"{name}":'.encode() for name in _MEMBERS),
    *(b"{}", b"[]", b"null", b"true", b"NaN", b"-0", b"1e3", b"\\ud800", b"\\u0000"),
    *(b"{", b"}", b"[", b"]", b":", b"shaken", b"div", b"rcd", b"none", b"HS256"),
    *(b"ES256", A.encode(), B.encode(), b"sip:a@b", INFO.encode()),
)
FIELD_WORDS = (
    *(b";info=<", b">", b";alg=ES256", b";ppt=shaken", b';ppt="div"', b";ppt=rcd"),
    *(b";", b"=", b"<", b">", b"..", b".", b"\n", b"A", b"Q", b"-", b"_", b"+", b"/"),
)


def _issued(
    name: str, at: int, *extensions: tuple[x509.ObjectIdentifier, bytes]
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    root = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")])
    now = datetime.fromtimestamp(NOW_S, UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(root)
        .public_key(KEYS[at].public_key())
        .serial_number(at + 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(
            x509.BasicConstraints(ca=not at, path_length=None), critical=True
        )
    )
    for oid, data in extensions:
        builder = builder.add_extension(
            x509.UnrecognizedExtension(oid, data), critical=False
        )
    return builder.sign(KEYS[0], SHA256(), ecdsa_deterministic=True)


@cache
def _chain() -> tuple[x509.Certificate, x509.Certificate]:
    listed = encode_authority(
        providers=["1234"], ranges=[("375290000000", 10_000_000)], numbers=["375*1"]
    )
    leaf = _issued("leaf", 1, (TN_AUTH_LIST, listed))
    return leaf, _issued("root", 0)


def _store() -> CertificateStore:
    leaf, root = _chain()
    store = CertificateStore(trust=[TrustList(country="BY", anchors=(root,))])
    store.add(INFO, leaf.public_bytes(Encoding.PEM), now_s=NOW_S)
    return store


def _shaken(attest: str = "A", called: str = B) -> str:
    return sign_shaken(
        SIGNER, orig=A, dest=[called], iat_s=NOW_S, attest=attest, origid=ORIGID
    )


@cache
def _compact() -> str:
    """Return a token without header and payload: both follow from the call."""
    claims = {"dest": {"tn": [B]}, "iat": NOW_S, "orig": {"tn": A}}
    header = {"alg": "ES256", "typ": "passport", "x5u": INFO}
    payload = json.dumps(claims, separators=(",", ":"), sort_keys=True).encode()
    token = sign_jws(SIGNER, header, base64url_from_bytes(payload))
    return f"..{token.rpartition('.')[2]};info=<{INFO}>;alg=ES256"


@cache
def _fields() -> tuple[bytes, ...]:
    diverted = _shaken(called=C)
    card = [["version", {}, "text", "4.0"], ["fn", {}, "text", "Minsk"]]
    named = sign_rcd(
        SIGNER,
        orig=A,
        dest=[B],
        iat_s=NOW_S,
        rcd={"nam": "Minsk", "jcd": ["vcard", card]},
    )
    div = sign_div(SIGNER, orig=A, dest=[B], div=C, iat_s=NOW_S)
    fields = [_shaken(), _shaken("C"), _compact(), named, f"{diverted}\n{div}"]
    return tuple(field.encode() for field in fields)


_spoil, _spoil_field = spoiler(WORDS), spoiler(FIELD_WORDS)


def _altered(random: Random, data: bytes) -> bytes:
    """Spoil a field, or what is inside its token, signed anew every other time."""
    if random.random() < 0.4:
        return _spoil_field(random, data)
    fields = data.split(b"\n")
    at = int(random.random() * len(fields))
    token, semicolon, rest = fields[at].partition(b";")
    parts = token.split(b".")
    if len(parts) == 3 and parts[0]:
        which = int(random.random() * 2)
        inner = _spoil(random, base64.urlsafe_b64decode(parts[which] + b"=="))
        parts[which] = base64url_from_bytes(inner[:6_000]).encode()
        if random.random() < 0.5:
            parts[2] = _signature(parts[0] + b"." + parts[1])
        token = b".".join(parts)
    fields[at] = token + semicolon + rest
    if random.random() < 0.1:
        fields.insert(at, random.choice(_fields()))
    return b"\n".join(fields)


def _signature(signed: bytes) -> bytes:
    der = KEYS[1].sign(signed, ec.ECDSA(SHA256(), deterministic_signing=True))
    r_size = der[3]
    r = int.from_bytes(der[4 : 4 + r_size])
    s = int.from_bytes(der[6 + r_size :])
    raw = r.to_bytes(32) + s.to_bytes(32)
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _claims_if_signed(field: str) -> dict[str, object]:
    """Read a field another way than the verifier does; empty where it is not signed."""
    token = field.strip(" \t").partition(";")[0].rstrip(" \t")
    if token == _compact().partition(";")[0]:
        return {"orig": {"tn": A}, "dest": {"tn": [B]}, "iat": NOW_S}
    try:
        header, payload, signature = token.split(".")
        _verify(
            f"{header}.{payload}".encode(), base64.urlsafe_b64decode(signature + "==")
        )
        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    except (ValueError, InvalidSignature):
        return {}
    return claims if isinstance(claims, dict) else {}


def _verify(signed: bytes, raw: bytes) -> None:
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    KEYS[1].public_key().verify(der, signed, ec.ECDSA(SHA256()))


def identity() -> Target:
    """Identity headers of one call; what passes is checked by another reader."""
    context = VerifyContext(
        store=_store(),
        calling=A,
        called=(B,),
        replays=ReplayCache(window_s=120),
        call_id="1@fuzz",
        date_s=NOW_S,
    )

    def take(data: bytes) -> None:
        fields = data.decode("latin-1").split("\n")
        verdict = verify_call(fields, context=context, now_s=NOW_S)
        require(holds=verdict.rule in {"", *RULES}, law="a rule of the table")
        if verdict.is_passed:
            found = [claims for one in fields if (claims := _claims_if_signed(one))]
            signed = [one for one in found if one.get("orig") == {"tn": A}]
            require(holds=bool(signed), law="what passes is signed for the caller")
            ends = [json.dumps(one.get("dest")) for one in signed]
            require(holds=any(B in one for one in ends), law="and for the called")

    return Target(_fields(), _altered, take)


def contact() -> Target:
    """The signed jCard of a 608."""
    credential = _store().find(INFO, now_s=NOW_S)
    desk = Contact(name="Desk", email="d@example.org", tel="tel:+375", url="https://a")
    good = sign_contact(SIGNER, desk, iat_s=NOW_S).encode()

    def take(data: bytes) -> None:
        card = read_contact(data.decode("latin-1"), credential, now_s=NOW_S)
        require(holds=bool(_claims_if_signed(data.decode())), law="signed")
        require(holds=card[0] == "vcard", law="a card")

    return Target((good,), _altered, take, (VerificationError,))


def certificate() -> Target:
    """Chains behind `info`, as PEM and as DER."""
    leaf, root = _chain()
    constrained = _issued("leaf", 1, (ENHANCED, CONSTRAINTS))
    pem = b"".join(one.public_bytes(Encoding.PEM) for one in (leaf, root))
    ders = [one.public_bytes(Encoding.DER) for one in (leaf, constrained, root)]
    spoil = spoiler(
        (b"\x30\x80", b"\x02\x01\x00", b"\xa0\x03", b"\x06\x03\x55\x1d\x13")
    )
    store = _store()
    url = "https://fuzz.example.org/a.pem"

    def altered(random: Random, data: bytes) -> bytes:
        if data.startswith(b"-----") and random.random() < 0.5:
            return spoil(random, data)
        spoilt = spoil(random, random.choice(ders))
        if random.random() < 0.5:
            return spoilt
        text = base64.encodebytes(spoilt)
        return b"-----BEGIN CERTIFICATE-----\n%b-----END CERTIFICATE-----\n" % text

    def take(data: bytes) -> None:
        rule = store.add(url, data, now_s=NOW_S)
        require(holds=rule in {"", *RULES}, law="a rule of the table")

    return Target((pem, *ders), altered, take)


def extension() -> Target:
    """TNAuthLists and constraints, in DER."""
    listed = encode_authority(
        providers=["1234", "A" * 64], ranges=[("3752900", 100)], numbers=["112", "9*1"]
    )
    spoil = spoiler((b"\x30\x00", b"\xa0\x06\x16\x04", b"\xa1\x80", b"\x02\x01\x02"))

    def altered(random: Random, data: bytes) -> bytes:
        return spoil(random, random.choice((data, CONSTRAINTS)))[:MAX_CHAIN_BYTES]

    def take(data: bytes) -> None:
        refused = 0
        for enhanced in (True, False):
            try:
                parse_constraints(data, enhanced=enhanced)
            except Refusal:
                refused += 1
        found = parse_authority(data)
        require(holds=refused == 2, law="no list is also a constraint")
        require(holds=found.encompasses(found), law="a list holds itself")

    return Target((listed,), altered, take, (Refusal,))


def revocation() -> Target:
    """Revocation lists."""
    root = _chain()[1]
    now = datetime.fromtimestamp(NOW_S, UTC)
    revoked = x509.RevokedCertificateBuilder(serial_number=9, revocation_date=now)
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.subject)
        .last_update(now)
        .next_update(now + timedelta(days=7))
        .add_revoked_certificate(revoked.build())
        .sign(KEYS[0], SHA256(), ecdsa_deterministic=True)
    )
    store = _store()

    def take(data: bytes) -> None:
        store.revoke(data)
        store.find(INFO, now_s=NOW_S)

    lists = (made.public_bytes(Encoding.PEM), made.public_bytes(Encoding.DER))
    return Target(lists, spoiler((b"\x30\x80", b"\x17\x0d")), take, (MalformedError,))


def place() -> Target:
    """URLs of certificates: none may lead into a network of one's own."""
    places = Places()
    good = (INFO, "https://a.example:8443/x/y.cer", "https://[2606:4700::1111]/c.pem")
    words = (
        *(b"https://", b"http://", b"127.0.0.1", b"0x7f.1", b"localhost", b"[::1]"),
        *(b"@", b":443", b":8443", b":80", b"?", b"#", b";", b"..", b"%2e", b".local"),
        *(
            b"169.254.169.254",
            b"[::ffff:10.0.0.1]",
            b"10.1",
            b"\\",
            b"/",
            b"2130706433",
        ),
    )

    def take(data: bytes) -> None:
        url = data.decode("latin-1")
        is_public_address(url)
        if not places.accept(url):
            return
        require(holds=url.startswith("https://"), law="https alone")
        host = url.removeprefix("https://").partition("/")[0]
        require(holds="@" not in host and "\\" not in host, law="no user")
        for inner in ("127.", "10.", "169.254.", "192.168.", "[::1", "[fe80", "0x"):
            require(holds=not host.startswith(inner) or _is_name(host), law="public")
        require(holds=host.rfind("[") <= 0, law="brackets hold the whole host")

    return Target(tuple(one.encode() for one in good), spoiler(words), take)


def _is_name(host: str) -> bool:
    last = host.partition(":")[0].removesuffix(".").rpartition(".")[2]
    return last[:1].isalpha()
