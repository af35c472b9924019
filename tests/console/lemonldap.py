"""LemonLDAP::NG of Debian as an identity provider on the loopback, with demo people.

It is another implementation than the one in `identity`, and nobody's who wrote ours.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess  # ruff: ignore[suspicious-subprocess-import] (Debian's program)
import time
from urllib.parse import urlsplit

import httpx2
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from .identity import CLIENT, SECRET

PORTAL = "/usr/share/lemonldap-ng/portal/templates"
NEEDS = ("Lemonldap::NG::Portal::Issuer::OpenIDConnect", "HTTP::Server::PSGI")
STARTS_S = 60


def is_installed():
    """Tell whether Debian's packages are there."""
    wanted = [f"-M{one}" for one in NEEDS]
    found = shutil.which("plackup") and subprocess.run(
        ("perl", *wanted, "-e", "1"), check=False, capture_output=True, timeout=60
    )
    return bool(found) and found.returncode == 0


def settings(folder, issuer, back):
    """Return its settings: the console as a client, and who is in which group."""
    key = rsa.generate_private_key(65_537, 2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    kept = {
        name: {"Directory": str(folder / name), "LockDirectory": str(folder / name)}
        for name in ("sessions", "persistent")
    }
    client = {
        "ClientID": CLIENT,
        "ClientSecret": SECRET,
        "RedirectUris": back,
        "IDTokenSignAlg": "RS256",
        "BypassConsent": 1,
        # Groups by its user-info endpoint, as most providers do it.
        "IDTokenForceClaims": 0,
        "RequirePKCE": 1,
    }
    return {
        "cfgNum": 1,
        "cfgAuthor": "test",
        "cfgDate": 1,
        "cfgVersion": "2.16.1",
        "domain": "localhost",
        "portal": f"{issuer}/",
        "cookieName": "lemonldap",
        "securedCookie": 1,
        "key": "0123456789abcdef",
        "authentication": "Demo",
        "userDB": "Same",
        "passwordDB": "Demo",
        "registerDB": "Null",
        "whatToTrace": "uid",
        # No picture puzzle: its package would bring a graphics library.
        "captcha": "::Auth::Null",
        "globalStorage": "Apache::Session::File",
        "globalStorageOptions": kept["sessions"],
        "persistentStorage": "Apache::Session::File",
        "persistentStorageOptions": kept["persistent"],
        "localSessionStorage": "",
        "demoExportedVars": {"cn": "cn", "mail": "mail", "uid": "uid"},
        "groups": {"tally-analysts": "$uid eq 'dwho'"},
        "issuerDBOpenIDConnectActivation": 1,
        "issuerDBOpenIDConnectPath": "^/oauth2/",
        "oidcServiceMetaDataIssuer": issuer,
        "oidcServicePrivateKeySig": private.decode(),
        "oidcServicePublicKeySig": public.decode(),
        "oidcServiceKeyIdSig": "first",
        "oidcServiceAllowAuthorizationCodeFlow": 1,
        "oidcRPMetaDataOptions": {
            "tally": {f"oidcRPMetaDataOptions{k}": v for k, v in client.items()}
        },
        "oidcRPMetaDataExportedVars": {
            "tally": {"preferred_username": "uid", "groups": "groups"}
        },
        "oidcRPMetaDataOptionsExtraClaims": {
            "tally": {"profile": "preferred_username groups"}
        },
        "locationRules": {"localhost": {"default": "accept"}},
        "exportedHeaders": {},
    }


@contextlib.contextmanager
def portal(folder, pair, authorities, back):
    """Run it; yield its issuer."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    issuer = f"https://localhost:{port}"
    for name in ("conf", "sessions", "persistent"):
        (folder / name).mkdir()
    told = json.dumps(settings(folder, issuer, back))
    (folder / "conf" / "lmConf-1.json").write_text(told)
    (folder / "llng.ini").write_text(
        "[all]\nlogLevel = error\nlocalSessionStorage =\n"
        f"[configuration]\ntype = File\ndirName = {folder / 'conf'}\n"
        f"[portal]\nstaticPrefix = /static\ntemplateDir = {PORTAL}\nlanguages = en\n"
    )
    (folder / "portal.psgi").write_text(
        "use Lemonldap::NG::Portal; Lemonldap::NG::Portal->run({});\n"
    )
    command = ("plackup", "--server", "HTTP::Server::PSGI", "--host", "127.0.0.1")
    command += ("--port", str(port), "--enable-ssl", "--ssl-cert-file", str(pair[0]))
    command += ("--ssl-key-file", str(pair[1]), "portal.psgi")
    known = f"{issuer}/.well-known/openid-configuration"
    tls = ssl.create_default_context(cafile=authorities)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "LLNG_DEFAULTCONFFILE": str(folder / "llng.ini")},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            limit_s = time.monotonic() + STARTS_S
            while not answers(known, tls):
                assert process.poll() is None, (folder / "log").read_text("latin-1")
                assert time.monotonic() < limit_s
                time.sleep(0.2)
            yield issuer
        finally:
            process.kill()
            process.wait(STARTS_S)


def answers(url, tls):
    """Tell whether it is there."""
    try:
        answer = httpx2.get(url, verify=tls, timeout=STARTS_S)
    except httpx2.TransportError:
        return False
    assert answer.status_code == 200, answer.text
    return True


def sign_in(url, name):
    """Sign in on its page as one of its people; return where it sends them."""
    held = {}

    def ask(method, url, **form):
        # Python's cookie jar takes none whose domain has no dot in it.
        sent = {"cookie": "; ".join(f"{name}={value}" for name, value in held.items())}
        page = httpx2.request(
            method, url, headers=sent, verify=False, timeout=STARTS_S, **form
        )
        for line in page.headers.get_list("set-cookie"):
            word, _, value = line.partition(";")[0].partition("=")
            held[word.strip()] = value
        return page

    page = ask("GET", url)
    fields = dict(re.findall(r'name="(url|token)" value="([^"]*)"', page.text))
    form = {**fields, "user": name, "password": name}
    page = ask("POST", f"https://{urlsplit(url).netloc}/", data=form)
    for _ in range(4):
        there = urlsplit(page.headers["location"])
        if there.path == "/sign-in/back":
            return f"{there.path}?{there.query}"
        page = ask("GET", there.geturl())
    raise AssertionError(page.text)
