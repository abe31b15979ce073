"""The portal's cookies: each `__Host-`, Secure, HttpOnly, for the whole host and no other.

A link's cookie is Lax, for a person comes from their mail; a session's is Strict.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from gateway.seal import link


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie by name. Values are 32 bytes in base64url; anything else counts as none."""

    name: str
    same_site: str

    def read(self, request: Request) -> str:
        """The value, or empty."""
        value = request.cookies.get(self.name, "")
        return value if link.read_token(value) is not None else ""

    def write(self, response: Response, value: str, seconds: int) -> None:
        """Set it for that long; no seconds, or a value of another form, removes it."""
        life = seconds if link.read_token(value) is not None else 0
        parts = [f"{self.name}={value if life else ''}", "Path=/", "Secure", "HttpOnly"]
        parts += [f"SameSite={self.same_site}", f"Max-Age={life}"]
        response.headers.append("set-cookie", "; ".join(parts))

    def form_token(self, request: Request) -> str:
        """What a form must bring back, so that no other site can have sent it; empty without the cookie."""
        value = self.read(request)
        return hmac.digest(value.encode(), b"sealgate form", hashlib.sha256).hex() if value else ""


LETTER_LINK = Cookie("__Host-sealgate-link", "Lax")
LETTER_SESSION = Cookie("__Host-sealgate-session", "Strict")
CONSENT_LINK = Cookie("__Host-sealgate-request", "Lax")
CONSENT_SESSION = Cookie("__Host-sealgate-consent", "Strict")
