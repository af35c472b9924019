"""Notices by real HTTPS and real SMTP: tried again, given up, to no wrong place."""

import asyncio
import hmac
import json
import re
import signal
import ssl
import subprocess  # ruff: ignore[suspicious-subprocess-import] (Debian's mail server)
import sys
import time
from base64 import b64decode, b64encode
from contextlib import contextmanager
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from net.tls import Authority, answer, serving
from node.tls import Signer
from office.two import MOST_S, until
from stores import new_store
from tallystick.node.config.settings import load_settings
from tallystick.node.rehearsal.parties import Post, prepare
from tallystick.office import office_settings, open_side
from tallystick.office.notices import Mail, Recipient, Teller
from tallystick.office.notices.ways import signature
from tallystick.proof import Statement, sign_statement
from tallystick.store import Notice, Outbox
from tallystick.store.tables import OUTBOX, TOLD_UNTIL
from tallystick.testing.programs import free_port

CHANNEL = "5b" * 32
SECRET = bytes(range(32))
NOW_MS = 1_790_000_000_000
TOLD = json.dumps(
    {
        "type": "case.opened",
        "timestamp": "2026-09-21T14:13:20+00:00",
        "data": {"party": "BY", "channel": "5b" * 8, "case": "ab12", "by": "RU"},
    }
)
DEBIAN = "/usr/bin/python3"
DESK = "mailto:desk@body.example"


class Clock:
    """A clock that goes when it is told to."""

    ms = NOW_MS

    def __call__(self):
        return self.ms


@pytest.fixture
def store(tmp_path):
    """Return an empty store."""
    opened = new_store(tmp_path / "s.db")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Return who vouches for webhooks."""
    return Authority(tmp_path_factory.mktemp("authority"))


def teller(store, *recipients, mail=None, **more):
    """Return who tells these recipients one thing that waits for each."""
    made = Teller(
        store=store,
        channel=CHANNEL,
        party="BY",
        recipients=recipients,
        mail=mail,
        console="https://console.example",
        now_ms=more.pop("clock", Clock()),
        **{"say": [].append, **more},
    )
    waiting = [
        Notice(id=f"{n:064x}", recipient=one.to, told=TOLD, made_ms=NOW_MS)
        for n, one in enumerate(recipients)
    ]
    Outbox(store, CHANNEL).put(waiting, seen={})
    return made


def hook(authority, port, **more):
    """Return a webhook on the loopback."""
    given = {"to": f"https://localhost:{port}/hook?for=tally", "secret": SECRET}
    return Recipient(**given, private=True, authorities=authority.file, **more)


def problems(store):
    """Return why the last tries failed."""
    with store.read() as connection:
        return list(connection.execute(select(OUTBOX.c.problem)).scalars())


def test_the_signature_is_that_of_standard_webhooks():
    """The example of the standard's own page."""
    secret = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert (
        signature(
            secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
        )
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_a_webhook_is_told_by_https_and_can_check_who_told(store, authority):
    """One POST of JSON, signed; the same id whenever it comes again."""

    async def run():
        async with serving(answer(b""), authority.server("localhost")) as (port, asked):
            await teller(store, hook(authority, port)).tell()
            return asked

    (asked,) = asyncio.run(run())
    head, _, body = asked.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hook?for=tally HTTP/1.1\r\n")
    heads = dict(
        line.lower().split(": ", 1) if line.lower() == line else _lower(line)
        for line in head.decode().split("\r\n")[1:]
    )
    assert heads["content-type"] == "application/json"
    assert json.loads(body) == json.loads(TOLD)
    assert heads["webhook-id"] == f"msg_{0:064x}"
    assert heads["webhook-timestamp"] == str(NOW_MS // 1000)
    signed = f"{heads['webhook-id']}.{heads['webhook-timestamp']}.".encode() + body
    version, _, given = heads["webhook-signature"].partition(",")
    assert version == "v1"
    assert b64decode(given) == hmac.digest(SECRET, signed, "sha256")
    assert Outbox(store, CHANNEL).counts() == {"sent": 1}


def _lower(line):
    name, _, value = line.partition(": ")
    return name.lower(), value


def test_what_a_webhook_does_not_take_is_brought_again(store, authority):
    """After 500, a redirection, silence and a closed door; then it is done."""
    clock, seen = Clock(), []
    replies = [
        answer(b"", status="500 No"),
        answer(b"", status="302 Go", location="https://localhost:1/"),
        answer(b"", status="429 Wait"),
        answer(b"", status="204 Thanks"),
    ]

    async def serve(asked, writer):
        await replies[len(seen)](asked, writer)
        seen.append(asked)

    async def run():
        context = authority.server("localhost")
        async with serving(serve, context) as (port, asked):
            one = teller(store, hook(authority, port), clock=clock)
            for pause in (0, 5_000, 300_000, 1_800_000):
                before = len(asked)
                clock.ms += pause - 1
                await one.tell()
                assert len(asked) == before
                clock.ms += 1
                await one.tell()
                assert len(asked) == before + 1
                said.append(problems(store)[0])
            return asked

    said = []
    asked = asyncio.run(run())
    assert said == ["status-500", "status-302", "status-429", ""]
    ids = {re.search(rb"webhook-id: (\w+)", one)[1] for one in asked}
    assert len(asked) == 4
    assert len(ids) == 1
    assert Outbox(store, CHANNEL).counts() == {"sent": 1}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"private": False, "to": "https://127.0.0.1:{port}/"}, "address"),
        ({"to": "https://127.0.0.1:{port}/"}, "tls"),
        ({"to": "https://nowhere.invalid/"}, "resolve"),
        ({"authorities": None}, "tls"),
        ({"authorities": Path("/nowhere")}, "authorities"),
        ({"to": "https://localhost:1/"}, "connect"),
    ],
)
def test_a_webhook_in_a_wrong_place_is_not_told(store, authority, more, why):
    """Inside our network, under another name, or nowhere: nothing is sent."""

    async def run():
        context = authority.server("localhost")
        async with serving(answer(b""), context) as (port, asked):
            given = {
                "to": f"https://localhost:{port}/",
                "private": True,
                "authorities": authority.file,
            }
            given |= {
                name: value.format(port=port) if name == "to" else value
                for name, value in more.items()
            }
            await teller(store, Recipient(secret=SECRET, **given)).tell()
            return asked

    assert asyncio.run(run()) == []
    assert problems(store) == [why]


def test_what_nobody_takes_is_given_up_and_said(store, authority):
    """After days: a sentence without the address, and the others are told."""
    clock, said = Clock(), []
    port = free_port()
    dead, other = hook(authority, port), Recipient(to=DESK)
    one = teller(store, dead, clock=clock, say=said.append)
    one.recipients = (dead, other)
    tries = 0
    while Outbox(store, CHANNEL).counts() == {"waiting": 1}:
        asyncio.run(one.tell())
        clock.ms += 86_400_000
        tries += 1
        assert tries < 20
    assert tries == len(one.pauses_ms) + 1
    assert Outbox(store, CHANNEL).counts() == {"lost": 1, "waiting": 1}
    (sentence,) = said
    assert "given up after 10 tries (connect)" in sentence
    assert "for=tally" not in sentence
    (told,) = Outbox(store, CHANNEL).take(now_ms=2**60, lease_ms=1)
    assert told.recipient == DESK
    assert json.loads(told.told)["type"] == "notice.lost"


def test_a_webhook_that_is_gone_is_given_up_at_once(store, authority):
    """410 says so for good; so does a recipient who is named no more."""

    async def run():
        context = authority.server("localhost")
        async with serving(answer(b"", status="410 Gone"), context) as (port, _):
            await teller(store, hook(authority, port)).tell()

    asyncio.run(run())
    assert Outbox(store, CHANNEL).counts() == {"lost": 1}
    one = teller(store, Recipient(to=DESK))
    one.recipients = ()
    Outbox(store, CHANNEL).put(
        [Notice(id="f" * 64, recipient=DESK, told=TOLD, made_ms=NOW_MS)], seen={}
    )
    asyncio.run(one.tell())
    assert Outbox(store, CHANNEL).counts() == {"lost": 2}


@contextmanager
def mail_server(folder, how, lacks):
    """Run Debian's mail server; yield its port."""
    pair = Signer(folder, "vouching").issue("localhost", "localhost")
    script = Path(__file__).with_name("smtp.py")
    found = subprocess.run((DEBIAN, "-c", "import aiosmtpd"), check=False, timeout=30)
    if found.returncode:
        lacks("aiosmtpd is not installed (Debian: apt-get install python3-aiosmtpd)")
    command = (DEBIAN, "-W", "ignore", script, folder, *pair, how)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait(MOST_S)
        process.stdout.close()


def mail(folder, port, **more):
    """Return how we reach it."""
    given = {
        "host": "localhost",
        "port": port,
        "sender": "tally@body.example",
        "user": "tally",
        "password": "between us",
        "authorities": folder / "vouching.pem",
    }
    return Mail(**given | more)


def letters(folder):
    """Return the letters that came."""
    parser = BytesParser(policy=policy.default)
    return [parser.parsebytes(one.read_bytes()) for one in sorted(folder.glob("*.eml"))]


@pytest.mark.interop
@pytest.mark.parametrize("how", ["starttls", "tls"])
def test_letters_come_in_the_language_of_who_gets_them(store, tmp_path, lacks, how):
    """By TLS, signed in; the reader sees words, not codes."""
    recipients = [
        Recipient(to=f"mailto:{one}@body.example", language=one)
        for one in ("en", "ru", "be")
    ]
    with mail_server(tmp_path, how, lacks) as port:
        told = mail(tmp_path, port, security=how)
        asyncio.run(teller(store, *recipients, mail=told).tell())
    assert problems(store) == ["", "", ""]
    came = {one["To"]: one for one in letters(tmp_path)}
    assert came["en@body.example"]["Subject"] == "[Tallystick BY] Case opened"
    assert came["ru@body.example"]["Subject"] == "[Tallystick BY] Открыто дело"
    assert came["be@body.example"]["Subject"] == "[Tallystick BY] Адкрыта справа"
    assert "RU адкрывае справу." in came["be@body.example"].get_content()
    for to, one in came.items():
        assert one["X-To"] == to
        assert one["From"] == "tally@body.example"
        assert re.fullmatch(r"<[0-9a-f]{32}@body\.example>", one["Message-ID"])
        assert "ab12" in one.get_content()


@pytest.mark.interop
def test_a_mail_server_that_refuses_is_asked_again(store, tmp_path, lacks):
    """Busy, a wrong password, no TLS, another's certificate: nothing gets lost."""
    clock = Clock()
    with mail_server(tmp_path, "starttls", lacks) as port:
        right = mail(tmp_path, port)
        one = teller(store, Recipient(to=DESK), mail=right, clock=clock)
        (tmp_path / "refuse").write_text("451 busy")
        tries = [
            (right, "smtp-451"),
            (mail(tmp_path, port, user="another"), "login"),
            (mail(tmp_path, port, authorities=None), "tls"),
            (mail(tmp_path, port, security="tls"), "tls"),
            (mail(tmp_path, free_port()), "connect"),
            (None, "no-mail"),
        ]
        for told, why in tries:
            one.mail = told
            asyncio.run(one.tell())
            assert problems(store) == [why]
            clock.ms += 86_400_000
        (tmp_path / "refuse").unlink()
        one.mail = right
        asyncio.run(one.tell())
    assert problems(store) == [""]
    assert len(letters(tmp_path)) == 1


@pytest.mark.interop
def test_a_mail_server_without_tls_gets_neither_password_nor_letter(
    store, tmp_path, lacks
):
    """It is not asked for in the clear."""
    with mail_server(tmp_path, "plain", lacks) as port:
        told = mail(tmp_path, port)
        asyncio.run(teller(store, Recipient(to=DESK), mail=told).tell())
    assert problems(store) == ["protocol"]
    assert letters(tmp_path) == []


ADDED = """
[office]
store = "sqlite:///store.db"
listen = "127.0.0.1:{office}"

[[notify]]
to = "https://localhost:{hook}/hook"
events = ["agreement.proposed"]
secret_file = "hook.secret"
private = true
authorities = "vouching.pem"

[[notify]]
to = "mailto:desk@body.example"
language = "be"

[mail]
server = "localhost:{mail}"
sender = "tally@body.example"
user = "tally"
password_file = "mail.password"
authorities = "vouching.pem"
"""


@pytest.mark.interop
def test_an_office_tells_what_its_settings_file_says(tmp_path, lacks):
    """Killed before it could tell, it tells afterwards, and once."""
    posts = {
        party: Post(
            **{door: f"127.0.0.1:{free_port()}" for door in ("http", "sip", "channel")}
        )
        for party in ("BY", "RU")
    }
    settings = prepare(tmp_path, posts)["BY"]
    folder = settings.parent
    (folder / "hook.secret").write_text(f"whsec_{b64encode(SECRET).decode()}\n")
    (folder / "mail.password").write_text("between us\n")
    hook_port = free_port()
    with mail_server(folder, "starttls", lacks) as mail_port:
        with settings.open("a") as file:
            ports = {"office": free_port(), "hook": hook_port, "mail": mail_port}
            file.write(ADDED.format(**ports))
        words = ("office", "run", "--config", str(settings))
        command = (sys.executable, "-m", "tallystick", *words)

        def start():
            office = subprocess.Popen(command, stdout=subprocess.PIPE)
            assert b"answers" in office.stdout.readline()
            return office

        office = start()
        try:
            told = office_settings(load_settings(settings).settings)
            with open_side(told) as side:
                box = Outbox(side.store, side.identifier)
                until(lambda: named(side), lambda many: many == 2)
                propose(side)
                until(lambda: len(letters(folder)), lambda many: many == 1)
                until(box.counts, lambda one: one == {"sent": 1, "waiting": 1})
                office.send_signal(signal.SIGKILL)
                office.wait(MOST_S)
                office.stdout.close()
                # The pause before the next try is over.
                hurry(side)
                office, asked = asyncio.run(heard(hook_port, folder, box, start))
        finally:
            office.kill()
            office.wait(MOST_S)
            office.stdout.close()
    assert len(asked) == 1
    assert b'"agreement.proposed"' in asked[0]
    (came,) = letters(folder)
    assert "BY прапануе правілы канала." in came.get_content()


def named(side):
    """Return how many recipients the office knows by now."""
    with side.store.read() as connection:
        return connection.execute(
            select(func.count()).select_from(TOLD_UNTIL)
        ).scalar_one()


def propose(side):
    """Let BY propose something."""
    now_ms = time.time_ns() // 1_000_000
    statement = Statement(
        channel=side.identifier,
        by="BY",
        at_ms=now_ms,
        about="agreement/calls",
        kind="proposed",
        body={"text": "x", "digest": "0" * 64},
    )
    signed = sign_statement(statement, side.key)
    side.statements.keep(signed, now_ms=now_ms)


def hurry(side):
    """Let everything that waits be due."""
    with side.store.write() as connection:
        connection.execute(
            update(OUTBOX).where(OUTBOX.c.state == "waiting").values(due_ms=0)
        )


async def heard(port, folder, box, start):
    """Serve the webhook until a new office told it; return that, and what came."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "localhost.pem", folder / "localhost.key")
    async with serving(answer(b""), context, port=port) as (_, asked):
        office = await asyncio.to_thread(start)
        ends = time.monotonic() + MOST_S
        while box.counts() != {"sent": 2}:
            assert time.monotonic() < ends, box.counts()
            await asyncio.sleep(0.2)
        return office, asked
