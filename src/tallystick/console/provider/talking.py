"""What the console and an identity provider say to each other.

Source: OpenID Connect Core 1.0, 3.1 and 5.3; OpenID Connect Discovery 1.0; RFC 7636
(PKCE); RFC 9207 (the issuer in the answer).
"""

import secrets
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2
import msgspec
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from tallystick.console.provider.settings import ProviderSettings
from tallystick.model import ConfigError

TIMEOUT_S: Final = 10
KEPT_MS: Final = 3_600_000
"""So long what the provider says of itself is believed without asking again."""
AGAIN_MS: Final = 60_000
"""Not more often a key that is not known makes us ask for the keys."""
LEEWAY_S: Final = 60
"""By so much the two clocks may differ."""
LONGEST: Final = 2_000_000
_METHODS: Final = ("client_secret_basic", "client_secret_post")
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_USERINFO: Final = "userinfo_endpoint"


class ProviderError(Exception):
    """It did not work.

    Attributes:
        why: A code with a sentence for people.
    """

    def __init__(self, why: str) -> None:
        """Say why."""
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked of the provider, and must be in its answer.

    Attributes:
        state: Binds the answer to the browser that was sent.
        nonce: Binds the ID token to the question.
        verifier: Proves, when the code is handed in, who asked (PKCE).
    """

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)

    @classmethod
    def new(cls) -> "Asked":
        """Draw one; 256 bits each."""
        drawn = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state=next(drawn), nonce=next(drawn), verifier=next(drawn))


class Provider:
    """An identity provider, as the console sees it."""

    def __init__(
        self, told: ProviderSettings, back: str, now_ms: Callable[[], int]
    ) -> None:
        """Be ready; nothing is asked yet.

        Args:
            told: What the console is told of it.
            back: Where the provider sends people back.
            now_ms: Tells the time.

        Raises:
            ConfigError: "console-oidc": the authorities cannot be read.
        """
        self.told = told
        self._back, self._now_ms = back, now_ms
        try:
            self._tls = ssl.create_default_context(cafile=told.authorities)
        except (OSError, ssl.SSLError):
            raise ConfigError(
                "console-oidc",
                "Who vouches for the identity provider cannot be read.",
                advice="authorities is a PEM file of certificates.",
            ) from None
        self._lock = threading.Lock()
        self._known: tuple[int, Mapping[str, Any]] | None = None
        self._keys: tuple[int, KeySet] | None = None

    def address(self, asked: Asked) -> str:
        """Return where to send a browser.

        The provider not answering is a ProviderError.

        Args:
            asked: What its answer must hold.
        """
        known = self._metadata()
        with self._client() as client:
            url, _ = client.create_authorization_url(
                known["authorization_endpoint"],
                state=asked.state,
                code_verifier=asked.verifier,
                nonce=asked.nonce,
            )
        return str(url)

    def claims(self, said: Mapping[str, str], asked: Asked) -> Mapping[str, Any]:
        """Return what the provider says of who came back.

        Args:
            said: What the browser brought.
            asked: What was asked.

        Raises:
            ProviderError: "provider_refused", "provider_answer" or "provider_away".
        """
        if said.get("error"):
            raise ProviderError("provider_refused")
        # Whose answer it is: another provider's code must not go to this one.
        if said.get("iss", self.told.issuer) != self.told.issuer:
            raise ProviderError("provider_answer")
        known = self._metadata()
        try:
            with self._client() as client:
                token = client.fetch_token(
                    known["token_endpoint"],
                    grant_type="authorization_code",
                    code=said.get("code", ""),
                    code_verifier=asked.verifier,
                )
        except AuthlibBaseError:
            raise ProviderError("provider_answer") from None
        except (httpx2.HTTPError, ValueError):
            raise ProviderError("provider_away") from None
        claims = self._checked(token, asked)
        return {**self._added(known, token, claims), **claims}

    def _added(
        self,
        known: Mapping[str, Any],
        token: Mapping[str, Any],
        claims: Mapping[str, Any],
    ) -> Mapping[str, Any]:
        """Return what only the user-info endpoint tells of a name, groups or trunks.

        It is asked only where the ID token lacks one of these. How somebody signed in
        (`amr`, `acr`) is the ID token's to say: nothing else is taken from here.

        Raises:
            ProviderError: "provider_away"; "provider_answer": it speaks of another.
        """
        wanted = {
            told if told in claims else told.split(".")[0]
            for told in self.told.claims_wanted()
        }
        access = token.get("access_token")
        if wanted <= {*claims} or _USERINFO not in known or not access:
            return {}
        told = self._fetch(known[_USERINFO], {"Authorization": f"Bearer {access}"})
        # Core 5.3.2: an answer about somebody else must not be used.
        if told.get("sub") != claims["sub"]:
            raise ProviderError("provider_answer")
        return {name: told[name] for name in wanted if name in told}

    def _checked(self, token: Mapping[str, Any], asked: Asked) -> Mapping[str, Any]:
        """Return the claims of an ID token.

        Raises:
            ProviderError: "provider_answer": they cannot be believed.
        """
        text, told = token.get("id_token"), self.told
        if not isinstance(text, str):
            raise ProviderError("provider_answer")
        try:
            read = self._opened(text)
            claims = CodeIDToken(
                read.claims,
                read.header,
                options={
                    "iss": {"essential": True, "value": told.issuer},
                    "aud": {"essential": True, "value": told.client},
                    "sub": {"essential": True},
                },
                params={
                    "nonce": asked.nonce,
                    "client_id": told.client,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(now=self._now_ms() // 1000, leeway=LEEWAY_S)
        except (JoseError, ValueError, TypeError):
            raise ProviderError("provider_answer") from None
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
            raise ProviderError("provider_answer")
        return dict(claims)

    def _opened(self, text: str) -> jwt.Token:
        algorithms = [*self.told.algorithms]
        try:
            return jwt.decode(text, self._key_set(), algorithms)
        except InvalidKeyIdError:
            # Signed by a key that is newer than what was fetched, or by nobody's.
            return jwt.decode(text, self._key_set(fresh=True), algorithms)

    def _client(self) -> Any:  # ruff: ignore[any-type] (the library has no types)
        known, told = self._metadata(), self.told
        offered = known.get("token_endpoint_auth_methods_supported") or _METHODS
        method = next((one for one in _METHODS if one in offered), _METHODS[0])
        return OAuth2Client(
            told.client,
            told.secret or None,
            token_endpoint_auth_method=method if told.secret else "none",
            scope=" ".join(("openid", *told.scopes)),
            redirect_uri=self._back,
            code_challenge_method="S256",
            verify=self._tls,
            timeout=TIMEOUT_S,
            follow_redirects=False,
            trust_env=False,
        )

    def _metadata(self) -> Mapping[str, Any]:
        """Return what the provider says of itself.

        Raises:
            ProviderError: "provider_away": it does not answer, or not as it should.
        """
        with self._lock:
            now_ms = self._now_ms()
            if self._known is None or now_ms - self._known[0] >= KEPT_MS:
                found = self._fetch(get_well_known_url(self.told.issuer, external=True))
                self._known = now_ms, self._believed(found)
            return self._known[1]

    def _believed(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        known: dict[str, Any] = OpenIDProviderMetadata(found)
        needed = (*_ENDPOINTS, _USERINFO) if _USERINFO in known else _ENDPOINTS
        fits = known.get("issuer") == self.told.issuer and all(
            str(known.get(name, "")).startswith("https://") for name in needed
        )
        if not fits:
            raise ProviderError("provider_away")
        return known

    def _key_set(self, *, fresh: bool = False) -> KeySet:
        uri = self._metadata()["jwks_uri"]
        with self._lock:
            now_ms, kept = self._now_ms(), self._keys
            age_ms = now_ms - kept[0] if kept else KEPT_MS
            if kept is None or age_ms >= (AGAIN_MS if fresh else KEPT_MS):
                kept = self._keys = now_ms, _public(self._fetch(uri))
            return kept[1]

    def _fetch(
        self, url: str, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Return a JSON object from the provider.

        Raises:
            ProviderError: "provider_away".
        """
        try:
            found = msgspec.json.decode(self._body(url, headers))
        except (httpx2.HTTPError, httpx2.InvalidURL, msgspec.DecodeError):
            raise ProviderError("provider_away") from None
        if not isinstance(found, dict):
            raise ProviderError("provider_away")
        return found

    def _body(self, url: str, headers: Mapping[str, str] | None) -> bytes:
        body = bytearray()
        with (
            httpx2.Client(
                verify=self._tls, timeout=TIMEOUT_S, trust_env=False
            ) as client,
            client.stream(
                "GET", url, headers=headers, follow_redirects=False
            ) as answer,
        ):
            for part in answer.iter_bytes():
                body += part
                if len(body) > LONGEST:
                    break
        if answer.status_code != 200 or len(body) > LONGEST:
            raise ProviderError("provider_away")
        return bytes(body)


def _public(found: dict[str, Any]) -> KeySet:
    """Return the keys that sign; one that both sides would know is none.

    Raises:
        ProviderError: "provider_away": these are no keys.
    """
    keys = found.get("keys")
    if not isinstance(keys, list):
        raise ProviderError("provider_away")
    fit = [
        one
        for one in keys
        if isinstance(one, dict)
        and one.get("kty") in {"RSA", "EC", "OKP"}
        and one.get("use", "sig") == "sig"
    ]
    try:
        return KeySet.import_key_set({"keys": fit})
    except (JoseError, ValueError):
        raise ProviderError("provider_away") from None
