"""Time requests of the STIR/SHAKEN HTTP interface beside what they ask for.

    python bench/stir.py --calls 2000 --rounds 5

Bytes in, bytes out: the content of a request is read, the call verified or signed, and
the answer written. Beside each, in the same round, the bare work on the same calls. All
by processor time. Every round asserts what was answered.
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import TypeVar

from passport import CALLED, CALLING, NOW_S, make_fields, make_world
from tallystick.domains.calls.passport import (
    CertificateStore,
    Signer,
    VerifyContext,
    sign_shaken,
    verify_call,
)
from tallystick.domains.calls.stir import (
    Form,
    SigningPolicy,
    check_head,
    read_signing,
    read_verification,
    sign_call,
    signed,
    verified,
)
from timing import machine

T = TypeVar("T")
U = TypeVar("U")
ORIGID = "2088448c-718e-4930-be5d-0ec9b25d2f00"
HEADERS = {b"content-length": b"1", b"content-type": b"application/json"}


def requests(fields: list[str], form: Form) -> list[bytes]:
    """Return a request for each field."""
    parties = {"from": {"tn": CALLING}, "time": NOW_S}
    made: list[dict[str, object]] = [
        {"identity": field, "to": {"tn": [CALLED]}, **parties}
        if form == "atis"
        else {"identityHeader": field, "to": {"tn": CALLED}, **parties}
        for field in fields
    ]
    return [json.dumps({"verificationRequest": one}).encode() for one in made]


def verify_door(body: bytes, store: CertificateStore) -> None:
    """Answer a request for a verification."""
    check_head(HEADERS, body)
    asked = read_verification(body, default="atis")
    context = VerifyContext(store=store, calling=asked.calling, called=asked.called)
    call = verify_call(asked.identities, context=context, now_s=NOW_S)
    if b"TN-Validation-Passed" not in verified(asked, call).body:
        raise SystemExit("a good token did not pass")


def verify_bare(field: str, store: CertificateStore) -> None:
    """Verify a field."""
    context = VerifyContext(store=store, calling=CALLING, called=(CALLED,))
    if not verify_call([field], context=context, now_s=NOW_S).is_passed:
        raise SystemExit("a good token did not pass")


def sign_door(body: bytes, policy: SigningPolicy) -> None:
    """Answer a request for a signature."""
    check_head(HEADERS, body)
    form, asked = read_signing(body, default="atis")
    identity = sign_call(asked, policy, form=form, origid=ORIGID, now_s=NOW_S)
    if signed(identity, form=form, request_id=asked.request_id).status != 200:
        raise SystemExit("a good call was not signed")


def sign_bare(signer: Signer) -> None:
    """Sign a call."""
    sign_shaken(
        signer, orig=CALLING, dest=[CALLED], iat_s=NOW_S, attest="A", origid=ORIGID
    )


def each_us(work: Callable[[], None], count: int) -> float:
    """Return the processor time of one of so many."""
    started = time.process_time()
    work()
    return (time.process_time() - started) / count * 1e6


def measure(calls: int, rounds: int) -> dict[str, object]:
    """Return the least of some rounds, in microseconds a call."""
    signer, store = make_world()
    policy = SigningPolicy(signer=signer)
    fields = make_fields(signer, calls)
    atis, three_gpp = requests(fields, "atis"), requests(fields, "3gpp")
    call = {
        "attest": "A",
        "orig": {"tn": CALLING},
        "dest": {"tn": [CALLED]},
        "iat": NOW_S,
        "origid": ORIGID,
    }
    body = json.dumps({"signingRequest": call}).encode()
    works: dict[str, Callable[[], None]] = {
        "verify_bare": lambda: _all(verify_bare, fields, store),
        "verify_atis": lambda: _all(verify_door, atis, store),
        "verify_3gpp": lambda: _all(verify_door, three_gpp, store),
        "sign_bare": lambda: _all(lambda _, who: sign_bare(who), fields, signer),
        "sign": lambda: _all(lambda _, how: sign_door(body, how), fields, policy),
    }
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            taken[name].append(each_us(work, calls))
    return {f"{name}_us": round(min(those), 1) for name, those in taken.items()}


def _all(work: Callable[[T, U], None], many: list[T], one: U) -> None:
    for single in many:
        work(single, one)


def main() -> None:
    """Print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    told = parser.parse_args()
    found = {"machine": machine(), **measure(told.calls, told.rounds)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
