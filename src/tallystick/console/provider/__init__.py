"""Sign-in by an identity provider: OpenID Connect, the code flow with PKCE."""

from tallystick.console.provider.settings import ProviderSettings

__all__ = ["ProviderSettings"]
