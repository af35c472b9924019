"""Time PASSporT verification beside the bare signature check of OpenSSL.

    python bench/passport.py --seconds 2 --rounds 5

The full path is a call's Identity field as text in, a verdict out: field, header and
claims read strictly, called and calling number, time, certificate, signature, replay.
`openssl speed ecdsap256` runs between the rounds, on the same core where `taskset` is
given, and both sides count their own processor time, so that a busy machine moves both.
Every round asserts that each token passed, and that an altered one does not.

    python bench/passport.py --fuzz 1000000

feeds so many altered fields to the verifier instead, and fails if any raises or passes.
"""

import argparse
import json
import platform
import random
import re
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tallystick.domains.calls.passport import (
    CertificateStore,
    ReplayCache,
    Signer,
    TrustList,
    VerifyContext,
    encode_authority,
    sign_shaken,
    verify,
    verify_call,
)
from tallystick.domains.calls.passport.chain import TN_AUTH_LIST

NOW_S = 1_790_000_000
INFO = "https://cert.example.org/leaf.pem"
CALLING, CALLED = "375291234567", "79161234567"
BAR = 0.80


def make_certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None = None,
    signing: ec.EllipticCurvePrivateKey | None = None,
) -> x509.Certificate:
    """Return an anchor, or a signer's certificate below one."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.fromtimestamp(NOW_S, UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(
            x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True
        )
    )
    if issuer is not None:
        authority = encode_authority(ranges=[("375290000000", 10_000_000)])
        builder = builder.add_extension(
            x509.UnrecognizedExtension(TN_AUTH_LIST, authority), critical=False
        )
    return builder.sign(signing or key, SHA256())


def make_chain() -> tuple[Signer, x509.Certificate, x509.Certificate]:
    """Return a signer, the anchor above and his certificate."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = make_certificate("root", root_key)
    leaf = make_certificate("leaf", key, root, root_key)
    return Signer(key=key, info=INFO), root, leaf


def make_world() -> tuple[Signer, CertificateStore]:
    """Return a signer and a store that believes him."""
    signer, root, leaf = make_chain()
    trust = TrustList(country="BY", anchors=(root,), codes=("375",))
    store = CertificateStore(trust=[trust])
    store.add(INFO, leaf.public_bytes(Encoding.PEM), now_s=NOW_S)
    return signer, store


def make_fields(signer: Signer, count: int) -> list[str]:
    """Return fields, each of a call of its own."""
    return [
        sign_shaken(
            signer,
            orig=CALLING,
            dest=[CALLED],
            iat_s=NOW_S + number % 50,
            attest="A",
            origid=f"2088448c-718e-4930-be5d-{number:012x}",
        )
        for number in range(count)
    ]


def ours_per_s(fields: list[str], store: CertificateStore, seconds: float) -> float:
    """Return verifications per second of processor time."""
    done, started = 0, time.process_time()
    while (taken := time.process_time() - started) < seconds:
        replays = ReplayCache(window_s=120)
        for number, field in enumerate(fields):
            context = VerifyContext(
                store=store,
                calling=CALLING,
                called=(CALLED,),
                replays=replays,
                call_id=f"{number}@sbc",
            )
            if not verify(field, context=context, now_s=NOW_S + 10).is_passed:
                raise SystemExit("a good token did not pass")
        done += len(fields)
    return done / taken


def openssl_per_s(seconds: int) -> float:
    """Return what `openssl speed` says of verification."""
    command = ["openssl", "speed", "-seconds", str(seconds), "ecdsap256"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    row = re.search(r"ecdsa \(nistp256\)\s+\S+\s+\S+\s+\S+\s+([0-9.]+)", told)
    if row is None:
        raise SystemExit("openssl speed printed something else than expected")
    return float(row[1])


def compare(seconds: int, rounds: int) -> dict[str, object]:
    """Run both in turn; the ratio is that of neighbours."""
    signer, store = make_world()
    fields = make_fields(signer, 2000)
    ours_per_s(fields, store, 0.3)
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(openssl_per_s(seconds))
        ours.append(ours_per_s(fields, store, seconds))
    ratios = [mine / limit for mine, limit in zip(ours, theirs, strict=True)]
    return {
        "what": "shaken, full path",
        "verifies_per_s": round(max(ours)),
        "openssl_per_s": round(max(theirs)),
        "ratio_of_best": round(max(ours) / max(theirs), 3),
        "ratio_median": round(statistics.median(ratios), 3),
        "bar": BAR,
    }


def alter(field: str, rng: random.Random) -> str:
    """Spoil a field in one of many ways."""
    kind = rng.randrange(6)
    if kind == 0:
        return field[: rng.randrange(len(field))]
    if kind == 1:
        return "".join(map(chr, rng.choices(range(1, 0x300), k=rng.randrange(200))))
    if kind == 2:
        cut, other = sorted(rng.choices(range(len(field)), k=2))
        return field[other:] + field[cut:other] + field[:cut]
    at = rng.randrange(field.index(";"))
    piece = rng.choice([".", ";", "=", "A", "\\", '"', "<", "é", "\0", "", "..", "{"])
    return field[:at] + piece + field[at + rng.randrange(3) :]


def fuzz(count: int, seed: int) -> dict[str, object]:
    """Feed altered fields; none may raise, none may pass unless it is unaltered."""
    signer, store = make_world()
    fields = make_fields(signer, 50)
    rng = random.Random(seed)
    rules: dict[str, int] = {}
    for number in range(count):
        field = rng.choice(fields)
        altered = alter(field, rng)
        context = VerifyContext(store=store, calling=CALLING, called=(CALLED,))
        if number % 2:
            verdict = verify(altered, context=context, now_s=NOW_S)
        else:
            verdict = verify_call([altered, field], context=context, now_s=NOW_S)
            verdict = verdict.passports[0]
        same = altered.partition(";")[0] == field.partition(";")[0]
        if verdict.is_passed and not same:
            raise SystemExit(f"an altered token passed: {altered!r}")
        rules[verdict.rule or "passed"] = rules.get(verdict.rule or "passed", 0) + 1
    return {"what": "fuzz", "fields": count, "seed": seed, "rules": rules}


def main() -> None:
    """Print one line of JSON; exit 1 below the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fuzz", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.fuzz:
        print(json.dumps(fuzz(given.fuzz, given.seed)))
        return
    result = compare(given.seconds, given.rounds)
    print(json.dumps({"machine": platform.processor() or platform.machine(), **result}))
    sys.exit(float(str(result["ratio_of_best"])) < BAR)


if __name__ == "__main__":
    main()
