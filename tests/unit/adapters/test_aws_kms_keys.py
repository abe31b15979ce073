"""Keys in AWS KMS against a small server that speaks its protocol: what is asked, what is signed, and what a refusal is."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from gateway.adapters.signing.aws_kms import KmsKey
from gateway.domain.errors import ConfigError, KeyUnreachable, SealingFailed
from gateway.ports.signing import Signing
from gateway.seal.ca import certify_ca
from gateway.seal.private_keys import SigningPrivateKey, spki
from gateway.seal.remote_keys import private_key

AT = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass
class Service:
    """The other side: its keys by id, what it was asked, and the error that it answers with, if any."""

    url: str = ""
    keys: dict[str, SigningPrivateKey] = field(default_factory=dict)
    usage: str = "SIGN_VERIFY"
    refuses: tuple[int, str] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def place(self, key: SigningPrivateKey, name: str = "alias/willow") -> str:
        self.keys[name] = key
        return f"awskms:///{name}?region=us-east-1&endpoint={self.url}"

    def answer(self, target: str, body: dict[str, Any]) -> dict[str, Any]:
        key = self.keys[body["KeyId"]]
        if target == "TrentService.GetPublicKey":
            return {"PublicKey": base64.b64encode(spki(key.public_key())).decode(), "KeyUsage": self.usage}
        self.asked.append(body)
        message, name = base64.b64decode(body["Message"]), body["SigningAlgorithm"]
        if isinstance(key, Ed25519PrivateKey):
            assert (name, body["MessageType"]) == ("ED25519_SHA_512", "RAW")
            return {"Signature": base64.b64encode(key.sign(message)).decode()}
        assert body["MessageType"] == "DIGEST"
        digest = {"256": hashes.SHA256(), "384": hashes.SHA384()}[name[-3:]]
        if isinstance(key, ec.EllipticCurvePrivateKey):
            made = key.sign(message, ec.ECDSA(Prehashed(digest)))
        else:
            pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
            made = key.sign(message, pss if "PSS" in name else padding.PKCS1v15(), Prehashed(digest))
        return {"Signature": base64.b64encode(made).decode()}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    one = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = 200, {}
            if one.refuses:
                status, answer = one.refuses[0], {"__type": one.refuses[1], "message": "no"}
            else:
                answer = one.answer(self.headers["X-Amz-Target"], body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Nothing."""

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    one.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield one
    server.shutdown()
    server.server_close()


def test_an_authority_in_the_service_signs_its_certificate(service: Service) -> None:
    key = private_key(KmsKey(service.place(ec.generate_private_key(ec.SECP256R1()))))
    made = certify_ca("Willow mail signing", key, AT)
    made.verify_directly_issued_by(made)
    assert [(one["SigningAlgorithm"], len(base64.b64decode(one["Message"]))) for one in service.asked] == [
        ("ECDSA_SHA_256", 32)
    ]


def test_each_kind_of_key_signs_and_only_hashes_leave(service: Service) -> None:
    secret = rsa.generate_private_key(65537, 2048)
    key, public = private_key(KmsKey(service.place(secret))), secret.public_key()
    assert isinstance(key, rsa.RSAPrivateKey)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    for how in (padding.PKCS1v15(), pss):
        public.verify(key.sign(b"text of a mail", how, hashes.SHA256()), b"text of a mail", how, hashes.SHA256())
    assert {one["SigningAlgorithm"] for one in service.asked} == {"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PSS_SHA_256"}
    edwards = Ed25519PrivateKey.generate()
    signed = private_key(KmsKey(service.place(edwards, "1234-abcd")))
    assert isinstance(signed, Ed25519PrivateKey)
    edwards.public_key().verify(signed.sign(b"attributes"), b"attributes")
    assert b"text of a mail" not in b"".join(base64.b64decode(one["Message"]) for one in service.asked)


def test_a_salt_of_another_length_is_refused_here(service: Service) -> None:
    key = private_key(KmsKey(service.place(rsa.generate_private_key(65537, 2048))))
    assert isinstance(key, rsa.RSAPrivateKey)
    with pytest.raises(SealingFailed, match="salt"):
        key.sign(b"x", padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH), hashes.SHA256())
    assert service.asked == []


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "DisabledException", SealingFailed),
        (400, "AccessDeniedException", SealingFailed),
        (400, "KMSInvalidStateException", SealingFailed),
        (400, "ThrottlingException", KeyUnreachable),
        (500, "KMSInternalException", KeyUnreachable),
    ],
)
def test_a_refusal_is_told_from_a_service_that_is_away(
    service: Service, monkeypatch: pytest.MonkeyPatch, status: int, code: str, error: type[Exception]
) -> None:
    monkeypatch.setattr("gateway.adapters.signing.aws_kms._TRIES", 1)
    key = KmsKey(service.place(ec.generate_private_key(ec.SECP256R1())))
    service.refuses = (status, code)
    with pytest.raises(error, match=code):
        key.sign(b"x", Signing.ECDSA_SHA256)


def test_what_does_not_answer_is_unreachable_and_a_wrong_place_is_said(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.adapters.signing.aws_kms._TRIES", 1)
    with pytest.raises(KeyUnreachable):
        KmsKey("awskms:///x?region=us-east-1&endpoint=http://127.0.0.1:9").public_key()
    for place in ("awskms://host/x", "awskms:///", "awskms:///x?pin=1"):
        with pytest.raises(ConfigError):
            KmsKey(place)
    service.usage = "ENCRYPT_DECRYPT"
    with pytest.raises(ConfigError, match="SIGN_VERIFY"):
        KmsKey(service.place(ec.generate_private_key(ec.SECP256R1()))).public_key()
