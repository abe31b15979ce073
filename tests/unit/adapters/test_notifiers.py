"""Text messages: a capture folder with whole files only, and a webhook over verified TLS that signs what it posts."""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
import stat
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest
import trustme

from gateway.adapters.notifier import CaptureNotifier, WebhookNotifier, choose_notifier
from gateway.domain.errors import ConfigError, PermanentError, TemporaryError
from gateway.domain.protected import Protected
from tests.support.fakes import FakeClock, SeededTokens


class Provider(BaseHTTPRequestHandler):
    status = 200
    seen: ClassVar[list[tuple[str, dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, dict(self.headers), body))
        self.send_response(self.status)
        self.send_header("Location", "https://elsewhere.example.net/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def provider(authority):
    Provider.seen.clear()
    Provider.status = 200
    server = HTTPServer(("127.0.0.1", 0), Provider)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/send?account=1"
    server.shutdown()
    thread.join()
    server.server_close()


def webhook(url, authority, secret=None):
    context = ssl.create_default_context()
    if authority is not None:
        authority.configure_trust(context)
    return WebhookNotifier(url, secret, FakeClock(), SeededTokens(), context)


def test_a_webhook_posts_and_signs(provider, authority):
    webhook(provider, authority, Protected(b"shared")).send("+1 555 555 0142", "Your code is 12345678")
    [(path, headers, body)] = Provider.seen
    assert path == "/send?account=1"
    row = json.loads(body)
    assert (row["to"], row["text"], len(row["id"])) == ("+1 555 555 0142", "Your code is 12345678", 26)
    at, _, tag = headers["X-Sealgate-Signature"].partition(",v1=")
    signed = f"{at.removeprefix('t=')}.".encode() + body
    assert tag == hmac.new(b"shared", signed, hashlib.sha256).hexdigest()


def test_without_a_key_nothing_is_signed(provider, authority):
    webhook(provider, authority).send("1", "x")
    assert "X-Sealgate-Signature" not in Provider.seen[0][1]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, TemporaryError),
        (429, TemporaryError),
        (408, TemporaryError),
        (400, PermanentError),
        (403, PermanentError),
        (302, PermanentError),
    ],
)
def test_each_answer_has_its_error_and_no_redirect_is_followed(provider, authority, status, error):
    Provider.status = status
    with pytest.raises(error, match=str(status)) as caught:
        webhook(provider, authority).send("555-0142", "code 999")
    assert "0142" not in str(caught.value)
    assert len(Provider.seen) == 1


def test_a_certificate_of_nobody_we_trust_gets_nothing(provider):
    with pytest.raises(TemporaryError):
        webhook(provider, None).send("1", "x")
    assert Provider.seen == []


def test_out_of_reach_is_temporary(authority):
    with pytest.raises(TemporaryError):
        webhook("https://127.0.0.1:9/", authority).send("1", "x")


def test_capture_writes_whole_private_files(tmp_path):
    notifier = CaptureNotifier(f"capture://{tmp_path}/texts", FakeClock(), SeededTokens())
    for number in range(3):
        notifier.send("555-0142", f"code {number}")
    files = sorted((tmp_path / "texts").iterdir())
    assert [json.loads(one.read_text())["text"] for one in files] == ["code 0", "code 1", "code 2"]
    assert all(one.suffix == ".json" and stat.S_IMODE(one.stat().st_mode) == 0o600 for one in files)


@pytest.mark.parametrize(
    "url", ["sms://x", "http://sms.example.org/", "nonsense", "https://user:pw@sms.example.org/", "capture://host/x"]
)
def test_other_urls_are_refused(url):
    with pytest.raises(ConfigError, match="notifier"):
        choose_notifier(url, None, FakeClock(), SeededTokens())
