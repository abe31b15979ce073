"""A small reader of CMS for tests, independent of the writer's types: BER in, content out. Foreign readers are in e2e."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives import padding as block_padding
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF

Node = tuple[int, bytes, list]  # tag, whole primitive value, children
OAEP = bytes.fromhex("2a864886f70d010107")
SHARED_INFO = bytes.fromhex("3015300b060960864801650304012da206040400000100")


def nodes(data: bytes, at: int = 0, end: int | None = None) -> tuple[list, int]:
    found = []
    end = len(data) if end is None else end
    while at < end:
        tag, size = data[at], data[at + 1]
        at += 2
        if (tag, size) == (0, 0):
            return found, at
        if size == 0x80:
            children, at = nodes(data, at)
            found.append((tag, b"", children))
            continue
        if size > 0x80:
            count = size & 0x7F
            size, at = int.from_bytes(data[at : at + count], "big"), at + count
        body = data[at : at + size]
        assert len(body) == size
        found.append((tag, body, nodes(body)[0] if tag & 0x20 else []))
        at += size
    return found, at


def decrypt(cms: bytes, serial: int, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    (content_info,), end = nodes(cms)
    assert end == len(cms)
    (_, oid, _), (_, _, (enveloped,)) = content_info[2]
    assert oid.hex() == "2a864886f70d010703"
    _, infos, (_, _, (_, algorithm, sealed)) = enveloped[2]
    cek = next(cek for info in infos[2] for cek in _content_key(info, serial, key))
    iv = algorithm[2][1][1]
    decryptor = Cipher(algorithms.AES(cek), modes.CBC(iv)).decryptor()
    clear = decryptor.update(b"".join(one[1] for one in sealed[2])) + decryptor.finalize()
    unpadder = block_padding.PKCS7(128).unpadder()
    return unpadder.update(clear) + unpadder.finalize()


def _content_key(info: Node, serial: int, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> Iterator[bytes]:
    def mine(rid: Node) -> bool:
        return int.from_bytes(rid[2][1][1], "big") == serial

    if info[0] == 0x30 and isinstance(key, rsa.RSAPrivateKey):
        _, rid, algorithm, sealed = info[2]
        if mine(rid):
            oaep = algorithm[2][0][1] == OAEP
            yield key.decrypt(
                sealed[1],
                padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None) if oaep else padding.PKCS1v15(),
            )
    if info[0] == 0xA1 and isinstance(key, ec.EllipticCurvePrivateKey):
        _, originator, _, (_, _, ((_, _, (rid, sealed)),)) = info[2]
        if mine(rid):
            point = originator[2][0][2][1][1][1:]
            secret = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(key.curve, point))
            yield keywrap.aes_key_unwrap(X963KDF(hashes.SHA256(), 32, SHARED_INFO).derive(secret), sealed[1])
