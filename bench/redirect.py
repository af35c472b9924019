"""Time a node's SIP verdict beside Kamailio's bare 302, as processor time for a call.

    python bench/redirect.py --rate 1500 --calls 15000

One after another, on one core, and asked by the same caller on the other: Kamailio
answering every INVITE with a stateless 302 and doing nothing else; a node that looks
for the other side's half and answers 302 or 404; and, where Debian's
kamailio-secsipid-modules is installed, both again with an Identity header in every
call that must be verified. Every answer is counted; processor time is that of all
processes of the switch or of the node, from /proc. The other party's node runs beside
the caller. Machines differ: quote the ratios.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

import passport
from node import processor_s, start
from sip import BODY
from tallystick.domains.calls.passport import sign_shaken
from timing import machine
from trial.nodes import agree

BATCH = 250
MODULES = Path("/usr/lib/x86_64-linux-gnu/kamailio/modules")
CALLED_CORE, CALLER_CORE = "1", 0


def invite(number: int, port: int, identity: str) -> bytes:
    """Return an INVITE as an interconnect switch writes it."""
    calling, called = numbers(number)
    signed = f"Identity: {identity}\r\n" if identity else ""
    return (
        f"INVITE sip:+{called}@127.0.0.1;user=phone SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK-{number};rport\r\n"
        "Max-Forwards: 69\r\n"
        f"From: <sip:+{calling}@127.0.0.1;user=phone>;tag=a{number}\r\n"
        f"To: <sip:+{called}@127.0.0.1;user=phone>\r\n"
        f"Call-ID: {number}-7f3a@127.0.0.1\r\nCSeq: 1 INVITE\r\n{signed}"
        f"Contact: <sip:127.0.0.1:{port}>\r\nAllow: INVITE, ACK, CANCEL, OPTIONS\r\n"
        "Content-Type: application/sdp\r\n"
        f"Content-Length: {len(BODY)}\r\n\r\n{BODY}"
    ).encode()


def numbers(number: int) -> tuple[str, str]:
    """Return who calls whom."""
    calling = 1_000_000 + number * 7919 % 8_999_999
    called = 1_000_000 + number * 104_729 % 8_999_999
    return f"37529{calling}", f"7916{called}"


def acknowledged(answer: bytes, request: bytes) -> bytes:
    """Return the ACK to a final answer."""
    to = answer[answer.index(b"\r\nTo:") + 2 :].partition(b"\r\n")[0]
    lines = request.partition(b"\r\n\r\n")[0].split(b"\r\n")
    first = lines[0].replace(b"INVITE", b"ACK", 1)
    kept = [one for one in lines[1:] if one[:4] in {b"Via:", b"From", b"Call", b"Max-"}]
    tail = [to, b"CSeq: 1 ACK", b"Content-Length: 0", b"", b""]
    return b"\r\n".join([first, *kept, *tail])


class Caller:
    """Places calls at a steady rate, and counts what is answered."""

    def __init__(self, *, signer: passport.Signer | None = None) -> None:
        """Open a socket."""
        self.line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.line.bind(("127.0.0.1", 0))
        self.line.setblocking(False)
        self.port = self.line.getsockname()[1]
        self.signer = signer

    def place(
        self, to: int, rate: int, first: int, count: int, tell: HTTPConnection | None
    ) -> Counter[str]:
        """Place calls and return how often which status came."""
        came: Counter[str] = Counter()
        open_calls: dict[bytes, bytes] = {}
        began, placed, told = time.perf_counter(), 0, 0
        while len(came) < 1 or sum(came.values()) < count:
            passed = time.perf_counter() - began
            if passed > count / rate + 5:
                break
            if tell is not None and told < count and placed + BATCH > told:
                self.tell(tell, first + told, min(BATCH, count - told))
                told += BATCH
            while placed < min(count, passed * rate):
                request = invite(first + placed, self.port, self.sign(first + placed))
                open_calls[b"%d-7f3a" % (first + placed)] = request
                self.line.sendto(request, ("127.0.0.1", to))
                placed += 1
                self.collect(to, open_calls, came)
            self.collect(to, open_calls, came)
            time.sleep(0.000_2)
        return came

    def sign(self, number: int) -> str:
        """Return an Identity header, if the calls carry one."""
        if self.signer is None:
            return ""
        calling, called = numbers(number)
        return sign_shaken(
            self.signer,
            orig=calling,
            dest=[called],
            iat_s=time.time_ns() // 1_000_000_000,
            attest="A",
            origid=f"2088448c-718e-4930-be5d-{number:012x}",
        )

    def collect(
        self, to: int, open_calls: dict[bytes, bytes], came: Counter[str]
    ) -> None:
        """Take in what was answered, and acknowledge it."""
        while True:
            try:
                answer = self.line.recv(65_536)
            except BlockingIOError:
                return
            status = answer[8:11].decode()
            call = answer[answer.index(b"Call-ID: ") + 9 :].partition(b"@")[0]
            request = open_calls.pop(call, None)
            if request is not None and status[0] != "1":
                came[status] += 1
                ack = acknowledged(answer, request)
                self.line.sendto(ack, ("127.0.0.1", to))

    @staticmethod
    def tell(line: HTTPConnection, first: int, count: int) -> None:
        """Tell the other party's node of calls that leave."""
        calls = []
        for number in range(first, first + count):
            calling, called = numbers(number)
            call = {
                "call_id": str(number),
                "calling_number": f"+{calling}",
                "called_number": f"+{called}",
            }
            calls.append(call)
        line.request("POST", "/v1/departures", json.dumps(calls))
        line.getresponse().read()
        time.sleep(0.04)  # until they lie at the other side


def family(pid: int) -> list[int]:
    """Return a process and its children."""
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [pid, *(one for child in told.split() for one in family(int(child)))]


def free_port() -> int:
    """Return a UDP port that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


@contextmanager
def kamailio(folder: Path, port: int, public_key: Path | None) -> Generator[list[int]]:
    """Run Kamailio answering 302, with one worker; yield its processes."""
    check = (
        f'if (!secsipid_check_identity("{public_key}"))'
        ' { sl_send_reply("438", "Invalid Identity Header"); exit; }'
    )
    modules = ["sl", "pv", "textops", "siputils", *(["secsipid"] if public_key else [])]
    loads = "\n".join(f'loadmodule "{name}.so"' for name in modules)
    config = folder / "kamailio.cfg"
    config.write_text(
        "debug=0\nlog_stderror=yes\nchildren=1\nfork=yes\ndns=no\nrev_dns=no\n"
        f"auto_aliases=no\ndisable_tcp=yes\nlisten=udp:127.0.0.1:{port}\n"
        f'mpath="{MODULES}/"\n{loads}\n'
        'request_route {\n  if (is_method("ACK")) exit;\n'
        f"  {check if public_key else ''}\n"
        '  append_to_reply("Contact: <sip:next.invalid>\\r\\n");\n'
        '  sl_send_reply("302", "Moved Temporarily");\n  exit;\n}\n'
    )
    command = ("taskset", "-c", CALLED_CORE, "kamailio", "-DD", "-E", "-f", config)
    with (folder / "kamailio.log").open("wb") as log:
        switch = subprocess.Popen((*command, "-Y", folder), stdout=log, stderr=log)
        time.sleep(3)
        try:
            yield family(switch.pid)
        finally:
            switch.terminate()
            switch.wait(timeout=20)


@contextmanager
def nodes(folder: Path, port: int, trust: str) -> Generator[tuple[list[int], int]]:
    """Run both parties' nodes; yield the processes of RU's and BY's HTTP port."""
    agree(folder)
    by, by_ports = start(folder, "BY", "RU", "")
    more = (
        f'[peer]\naddress = "127.0.0.1:{by_ports["channel"]}"\n{trust}'
        '[[switches]]\nname = "bench"\nnetworks = ["127.0.0.1"]\nside = "arrivals"\n'
    )
    listens = f'sip = "127.0.0.1:{port}"\n'
    ru, _ = start(folder, "RU", "BY", more, listens=listens, core=CALLED_CORE)
    time.sleep(9)  # until RU's record covers a whole window
    try:
        yield family(ru.pid), by_ports["http"]
    finally:
        for one in (ru, by):
            one.terminate()
            one.wait(timeout=20)


def measure(
    caller: Caller, port: int, pids: list[int], rate: int, count: int, tell: int
) -> dict[str, object]:
    """Return processor microseconds a call, and what was answered."""
    line = HTTPConnection("127.0.0.1", tell) if tell else None
    caller.place(port, rate, 0, 500, line)  # until everything is warm
    before = sum(map(processor_s, pids))
    came = caller.place(port, rate, 1_000, count, line)
    taken = sum(map(processor_s, pids)) - before
    answered = max(1, sum(came.values()))
    return {"cpu_us": round(taken / answered * 1e6, 1), "answers": dict(came)}


def keys(folder: Path) -> tuple[passport.Signer, Path, str]:
    """Make a signer whom both believe: a public key for one, a trust list for us."""
    passport.NOW_S = time.time_ns() // 1_000_000_000
    signer, root, leaf = passport.make_chain()
    pem = Encoding.PEM
    (folder / "root.pem").write_bytes(root.public_bytes(pem))
    (folder / "leaf.pem").write_bytes(leaf.public_bytes(pem))
    public = folder / "public.pem"
    info = PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(signer.key.public_key().public_bytes(pem, info))
    private = PrivateFormat.PKCS8
    text = signer.key.private_bytes(pem, private, NoEncryption())
    (folder / "private.pem").write_bytes(text)
    trust = (
        '[[trust]]\ncountry = "BY"\nfile = "root.pem"\ncodes = ["375"]\n'
        f'[[certificates]]\nurl = "{passport.INFO}"\nfile = "leaf.pem"\n'
    )
    return signer, public, trust


def main() -> None:
    """Print a line for each, then the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=1500)
    parser.add_argument("--calls", type=int, default=15_000)
    given = parser.parse_args()
    if shutil.which("kamailio") is None:
        sys.exit("Kamailio is not installed; its Debian package is called kamailio.")
    print(machine())
    os.sched_setaffinity(0, {CALLER_CORE})
    took: dict[str, float] = {}
    with_secsipid = (MODULES / "secsipid.so").exists()
    if not with_secsipid:
        print("Without kamailio-secsipid-modules Identity headers are left out.")
    for signed in (False, True) if with_secsipid else (False,):
        with tempfile.TemporaryDirectory() as work:
            folder = Path(work)
            signer, public, trust = keys(folder)
            caller = Caller(signer=signer if signed else None)
            port = free_port()
            with kamailio(folder, port, public if signed else None) as pids:
                row = measure(caller, port, pids, given.rate, given.calls, 0)
            name = "Kamailio, secsipid" if signed else "Kamailio, 302"
            took[name] = float(str(row["cpu_us"]))
            print(json.dumps({"what": name, **row}))
            port = free_port()
            with nodes(folder, port, trust if signed else "") as (pids, tell):
                row = measure(caller, port, pids, given.rate, given.calls, tell)
            name = "node, half and Identity" if signed else "node, half"
            took[name] = float(str(row["cpu_us"]))
            print(json.dumps({"what": name, **row}))
    ratios = {"node to 302": took["node, half"] / took["Kamailio, 302"]}
    if with_secsipid:
        both = took["node, half and Identity"]
        ratios["node with Identity to secsipid"] = both / took["Kamailio, secsipid"]
    print(json.dumps({name: round(ratio, 2) for name, ratio in ratios.items()}))


if __name__ == "__main__":
    main()
