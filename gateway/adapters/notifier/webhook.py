"""Text messages through a provider's webhook: one POST over verified TLS, signed if the practice gave a key.

Body: `{"id", "to", "text"}`. `X-Sealgate-Signature: t=UNIX-SECONDS,v1=HEX` is HMAC-SHA256 over `t.body`, so that the
provider can tell a replay. Redirects are not followed: the number and code go to the configured host only.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import ssl
from urllib.parse import urlsplit

from gateway.domain.errors import ConfigError, PermanentError, TemporaryError
from gateway.domain.protected import Protected
from gateway.ports.clock import Clock
from gateway.ports.tokens import Tokens

_SECONDS = 20.0
_LATER = frozenset({408, 425, 429})


class WebhookNotifier:
    """Posts to one `https://` URL. A new connection each time: codes are rare, and a stale one would cost a patient's time."""

    def __init__(
        self, url: str, secret: Protected[bytes] | None, clock: Clock, tokens: Tokens, tls: ssl.SSLContext | None = None
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.username or parts.fragment:
            raise ConfigError("notifier.url: an address such as https://sms.example.org/send is needed")
        self._host, self._port = parts.hostname, parts.port or 443
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._secret, self._clock, self._tokens = secret, clock, tokens
        self._tls = tls or ssl.create_default_context()

    def send(self, phone: str, text: str) -> None:
        """Hand over; TemporaryError when the provider is out of reach or busy, PermanentError when it refuses."""
        body = json.dumps({"id": self._tokens.id(), "to": phone, "text": text}).encode()
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=_SECONDS, context=self._tls)
        try:
            connection.request("POST", self._target, body, self._headers(body))
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise TemporaryError(f"the text message provider cannot be reached ({type(error).__name__})") from None
        finally:
            connection.close()
        if 200 <= status < 300:
            return
        if status >= 500 or status in _LATER:
            raise TemporaryError(f"the text message provider answers {status}")
        raise PermanentError(f"the text message provider refuses with {status}")

    def _headers(self, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if self._secret is not None:
            at = str(int(self._clock.now().timestamp()))
            tag = hmac.digest(self._secret.reveal(), f"{at}.".encode() + body, hashlib.sha256).hex()
            headers["X-Sealgate-Signature"] = f"t={at},v1={tag}"
        return headers
