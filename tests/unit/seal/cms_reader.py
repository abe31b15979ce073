"""A small reader of CMS for tests, independent of the writer's types: BER in, content out. Foreign readers are in e2e."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives import padding as block_padding
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, padding, rsa, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF

Node = tuple[int, bytes, list]  # tag, whole primitive value, children
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | x25519.X25519PrivateKey | mlkem.MLKEM768PrivateKey
ENVELOPED, AUTH_ENVELOPED = "2a864886f70d010703", "2a864886f70d0109100117"
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


def decrypt(cms: bytes, serial: int, key: PrivateKey) -> bytes:
    (content_info,), end = nodes(cms)
    assert end == len(cms)
    (_, oid, _), (_, _, (enveloped,)) = content_info[2]
    version, infos, (_, _, (_, algorithm, sealed)), *rest = enveloped[2]
    cek = next(cek for info in infos[2] for cek in _content_key(info, serial, key))
    body = b"".join(one[1] for one in sealed[2])
    if oid.hex() == AUTH_ENVELOPED:
        assert version[1] == b"\x00"
        (nonce, length), ((_, mac, _),) = algorithm[2][1][2], rest
        assert (len(nonce[1]), length[1]) == (12, bytes([len(mac)]))
        return AESGCM(cek).decrypt(nonce[1], body + mac, None)
    assert oid.hex() == ENVELOPED
    assert rest == []
    decryptor = Cipher(algorithms.AES(cek), modes.CBC(algorithm[2][1][1])).decryptor()
    clear = decryptor.update(body) + decryptor.finalize()
    unpadder = block_padding.PKCS7(128).unpadder()
    return unpadder.update(clear) + unpadder.finalize()


def _content_key(info: Node, serial: int, key: PrivateKey) -> Iterator[bytes]:
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
    if info[0] == 0xA1 and isinstance(key, ec.EllipticCurvePrivateKey | x25519.X25519PrivateKey):
        _, originator, _, (_, _, ((_, _, (rid, sealed)),)) = info[2]
        if mine(rid):
            point = originator[2][0][2][1][1][1:]
            yield keywrap.aes_key_unwrap(_agreed(key, point, info[2][2][2][0][1].hex()), sealed[1])
    if info[0] == 0xA4 and isinstance(key, mlkem.MLKEM768PrivateKey):
        kind, (_, _, (version, rid, kem, ciphertext, kdf, length, wrap, sealed)) = info[2]
        assert (kind[1].hex(), version[1], length[1]) == ("2a864886f70d0109100d03", b"\x00", b"\x20")
        names = [one[2][0][1].hex() for one in (kem, kdf, wrap)]
        assert names == ["608648016503040402", "2a864886f70d010910031c", "60864801650304012d"]
        assert [len(one[2]) for one in (kem, kdf, wrap)] == [1, 1, 1]  # parameters are absent
        if mine(rid):
            bound = bytes.fromhex("3010300b060960864801650304012d020120")
            kek = HKDF(hashes.SHA256(), 32, None, bound).derive(key.decapsulate(ciphertext[1]))
            yield keywrap.aes_key_unwrap(kek, sealed[1])


def _agreed(key: ec.EllipticCurvePrivateKey | x25519.X25519PrivateKey, point: bytes, scheme: str) -> bytes:
    if isinstance(key, x25519.X25519PrivateKey):
        assert scheme == "2a864886f70d0109100313"
        secret = key.exchange(x25519.X25519PublicKey.from_public_bytes(point))
        return HKDF(hashes.SHA256(), 32, None, SHARED_INFO).derive(secret)
    assert scheme == "2b8104010b01"
    secret = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(key.curve, point))
    return X963KDF(hashes.SHA256(), 32, SHARED_INFO).derive(secret)
