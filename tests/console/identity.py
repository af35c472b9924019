# ruff: file-ignore[no-self-use, unused-async, hardcoded-password-string] (Authlib's and Starlette's forms)
"""An identity provider on the loopback, by Authlib's own server; and one that lies.

It shares no line with what it is to try: the console's side of the protocol. A test may
spoil what it signs.
"""

import contextlib
import json
import secrets
import socket
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import uvicorn
from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from joserfc.jwk import ECKey, KeySet, RSAKey
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CLIENT = "tally-console"
SECRET = "of-two-the-consoles-and-the-providers"


@dataclass
class Client:
    """The console, as the provider knows it."""

    back: str = ""
    id_token_signed_response_alg: str = "RS256"

    def get_client_id(self):
        return CLIENT

    def get_default_redirect_uri(self):
        return self.back

    def get_allowed_scope(self, scope):
        return scope

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == self.back

    def check_client_secret(self, client_secret):
        return secrets.compare_digest(client_secret, SECRET)

    def check_endpoint_auth_method(self, method, endpoint):
        return endpoint == "token" and method == "client_secret_basic"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == "authorization_code"


@dataclass
class Code:
    """A code that was given out."""

    code: str
    user: dict
    redirect_uri: str
    scope: str
    nonce: str
    challenge: str

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def get_nonce(self):
        return self.nonce

    def get_auth_time(self):
        return int(time.time())  # ruff: ignore[banned-api] (of the provider's machine)

    def get_acr(self):
        return self.user.get("acr")

    def get_amr(self):
        return self.user.get("amr")


class Asked(OAuth2Request):
    """A request, as Authlib wants it."""

    def __init__(self, method, url, headers, query, form):
        super().__init__(method, url, headers=headers)
        self._query, self._form = query, form
        self.payload = BasicOAuth2Payload(form if method == "POST" else query)

    @property
    def args(self):
        return self._query

    @property
    def form(self):
        return self._form


class Server(AuthorizationServer):
    """Authlib's server without a framework."""

    def __init__(self, client):
        super().__init__()
        self._client = client
        self.register_token_generator("default", self._bearer)

    @staticmethod
    def _bearer(**told):
        return {
            "token_type": "Bearer",
            "access_token": secrets.token_urlsafe(16),
            "expires_in": 300,
            "scope": told["scope"],
        }

    def query_client(self, client_id):
        return self._client if client_id == CLIENT else None

    def save_token(self, token, request):
        """Forget it: nobody asks."""

    def send_signal(self, name, *args, **kwargs):
        """Tell nobody."""

    def create_oauth2_request(self, request):
        return request

    def handle_response(self, status, body, headers):
        if isinstance(body, dict):
            return JSONResponse(body, status, dict(headers))
        return Response(body, status, dict(headers))


@dataclass
class Identity:
    """A provider that runs.

    `user` is who is signed in there; None: they refuse. `spoil` is given the claims
    of each ID token and returns another text instead. `thin` leaves ID tokens with
    nothing but who it is. `about` is what its user-info endpoint says, None: who is
    signed in; it was asked `told` times.
    """

    issuer: str
    authorities: object
    client: Client = field(default_factory=Client)
    user: dict | None = None
    spoil: object = None
    key: object = field(default_factory=lambda: RSAKey.generate_key(parameters=KID))
    codes: dict = field(default_factory=dict)
    more: dict = field(default_factory=dict)
    answers: list = field(default_factory=list)
    thin: bool = False
    about: object = None
    told: int = 0
    access: str = ""

    def keys(self):
        return KeySet([self.key]).as_dict(private=False)

    def turn_keys(self):
        """Sign by another key from now on."""
        self.key = ECKey.generate_key("P-256", {"kid": secrets.token_hex(4)})
        self.client.id_token_signed_response_alg = "ES256"


KID = {"kid": "first", "use": "sig"}


def application(identity):
    """Return the provider as an ASGI application."""

    class Grant(AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

        def save_authorization_code(self, code, request):
            said = request.payload.data
            identity.codes[code] = Code(
                code,
                request.user,
                said["redirect_uri"],
                said["scope"],
                said["nonce"],
                said["code_challenge"],
            )

        def query_authorization_code(self, code, client):
            assert client is identity.client
            return identity.codes.get(code)

        def delete_authorization_code(self, authorization_code):
            del identity.codes[authorization_code.code]

        def authenticate_user(self, authorization_code):
            return authorization_code.user

    class Challenge(CodeChallenge):
        def get_authorization_code_challenge(self, authorization_code):
            return authorization_code.challenge

        def get_authorization_code_challenge_method(self, authorization_code):
            del authorization_code
            return "S256"

    class OpenID(OpenIDCode):
        def exists_nonce(self, nonce, request):
            del request
            return any(one.nonce == nonce for one in identity.codes.values())

        def resolve_client_private_key(self, client):
            del client
            return identity.key

        def get_client_algorithm(self, client):
            return client.id_token_signed_response_alg

        def get_client_claims(self, client):
            return {"iss": identity.issuer, "aud": [client.get_client_id()]}

        def get_encode_header(self, client):
            alg = self.get_client_algorithm(client)
            return {"alg": alg, "kid": identity.key.kid}

        def generate_user_info(self, user, scope):
            assert "openid" in scope
            only = ("sub", "amr", "acr") if identity.thin else user
            return UserInfo(**{one: user[one] for one in only if one in user})

        def encode_id_token(self, token, request):
            text = super().encode_id_token(token, request)
            return identity.spoil(text, identity) if identity.spoil else text

    server = Server(identity.client)
    server.register_grant(Grant, [OpenID(require_nonce=True), Challenge(required=True)])

    async def asked(request):
        form = parse_qs((await request.body()).decode())
        return Asked(
            request.method,
            str(request.url),
            request.headers,
            dict(request.query_params),
            {name: values[0] for name, values in form.items()},
        )

    async def authorize(request):
        made = await asked(request)
        grant = server.get_consent_grant(made, identity.user)
        return await run_in_threadpool(
            server.create_authorization_response, made, identity.user, grant
        )

    async def token(request):
        answer = await run_in_threadpool(
            server.create_token_response, await asked(request)
        )
        identity.answers.append(answer.status_code)
        identity.access = json.loads(answer.body).get("access_token", "")
        return answer

    async def userinfo(request):
        identity.told += 1
        if request.headers.get("authorization") != f"Bearer {identity.access}":
            return Response(status_code=401)
        said = identity.user if identity.about is None else identity.about
        return JSONResponse(said)

    async def known(request):
        del request
        return JSONResponse(
            {
                "issuer": identity.issuer,
                "authorization_endpoint": f"{identity.issuer}/authorize",
                "token_endpoint": f"{identity.issuer}/token",
                "jwks_uri": f"{identity.issuer}/keys",
                "userinfo_endpoint": f"{identity.issuer}/userinfo",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            }
            | identity.more
        )

    async def keys(request):
        del request
        return JSONResponse(identity.keys())

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", known),
            Route("/authorize", authorize),
            Route("/token", token, methods=["POST"]),
            Route("/keys", keys),
            Route("/userinfo", userinfo),
        ]
    )


@contextlib.contextmanager
def provider(certificate, key, authorities):
    """Run a provider in a thread, by HTTPS."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        issuer = f"https://localhost:{listening.getsockname()[1]}"
        identity = Identity(issuer, authorities)
        server = uvicorn.Server(
            uvicorn.Config(
                application(identity),
                loop="asyncio",
                ssl_certfile=certificate,
                ssl_keyfile=key,
                log_level="critical",
                timeout_graceful_shutdown=1,
            )
        )
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        limit_s = time.monotonic() + 20
        while not server.started and time.monotonic() < limit_s:
            time.sleep(0.01)
        assert server.started
        try:
            yield identity
        finally:
            server.should_exit = True
            thread.join(20)


def answer_of(identity, http, url):
    """Follow a browser that is signed in at the provider; return where it is sent."""
    answer = http.get(url)
    assert answer.status_code == 302, answer.text
    there = urlsplit(answer.headers["location"])
    assert there.geturl().startswith(identity.client.back)
    return f"{there.path}?{there.query}"
