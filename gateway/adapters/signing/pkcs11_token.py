"""Keys in a PKCS #11 token (HSM, smart card, SoftHSM), by python-pkcs11: they sign, decrypt and agree there.

A session is not for several threads, so one lock stands round each; a token that was pulled out or restarted is opened anew
once, and then reported as unreachable. The PIN is read from its file when the token is opened, and not kept; one that was
refused is not tried again, since tokens lock themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import pkcs11
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pkcs11 import KDF, MGF, Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters

from gateway.adapters.signing.uri import TokenUri
from gateway.domain.errors import ConfigError, KeyUnreachable, SealingFailed
from gateway.ports.signing import Signing, Transport
from gateway.seal.private_keys import KeyAlgorithm, spki

T = TypeVar("T")
_CURVES = {KeyAlgorithm.EC_P256: ("secp256r1", 256), KeyAlgorithm.EC_P384: ("secp384r1", 384)}
_RSA = {KeyAlgorithm.RSA_3072: 3072, KeyAlgorithm.RSA_4096: 4096}
_HASHES: dict[str, tuple[Mechanism, MGF, hashes.HashAlgorithm]] = {
    "sha256": (Mechanism.SHA256, MGF.SHA256, hashes.SHA256()),
    "sha384": (Mechanism.SHA384, MGF.SHA384, hashes.SHA384()),
    "sha512": (Mechanism.SHA512, MGF.SHA512, hashes.SHA512()),
}
_NEVER = (pkcs11.MechanismInvalid, pkcs11.MechanismParamInvalid, pkcs11.FunctionNotSupported)

_BAD_PIN = (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinLocked, pkcs11.PinExpired)


class TokenKey:
    """One private key of a token: the port's SigningKey. `pin` reads the PIN each time that the token is opened."""

    def __init__(self, uri: TokenUri, pin: Callable[[], str | None]) -> None:
        self._uri, self._pin, self._lock = uri, pin, threading.Lock()
        self._key: Any = None
        self._refused = False

    def public_key(self) -> bytes:
        """Read from the public object beside the private one."""

        def ask(key: Any) -> bytes:
            wanted = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.ID: key[Attribute.ID]}
            found = _single(list(key.session.get_objects(wanted)), "public key")
            if key.key_type is KeyType.RSA:
                numbers = [int.from_bytes(found[one], "big") for one in (Attribute.PUBLIC_EXPONENT, Attribute.MODULUS)]
                return spki(rsa.RSAPublicNumbers(*numbers).public_key())
            encoded: bytes = encode_ec_public_key(found)
            return encoded

        return self._asked(ask)

    def sign(self, data: bytes, algorithm: Signing) -> bytes:
        """In the token."""
        scheme, _, name = algorithm.value.rpartition("-")
        if algorithm is Signing.ED25519:
            return self._asked(lambda key: bytes(key.sign(data, mechanism=Mechanism.EDDSA)))
        mechanism, mgf, digest = _HASHES[name]
        if scheme == "ecdsa":
            hashed = hashes.Hash(digest)
            hashed.update(data)
            raw = self._asked(lambda key: bytes(key.sign(hashed.finalize(), mechanism=Mechanism.ECDSA)))
            half = len(raw) // 2
            return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
        if scheme == "rsa-pss":
            how, parameter = f"{name.upper()}_RSA_PKCS_PSS", (mechanism, mgf, digest.digest_size)
            return self._asked(lambda key: bytes(key.sign(data, mechanism=Mechanism[how], mechanism_param=parameter)))
        return self._asked(lambda key: bytes(key.sign(data, mechanism=Mechanism[f"{name.upper()}_RSA_PKCS"])))

    def decrypt(self, ciphertext: bytes, transport: Transport) -> bytes:
        """In the token."""
        if transport is Transport.PKCS1:
            return self._asked(lambda key: bytes(key.decrypt(ciphertext, mechanism=Mechanism.RSA_PKCS)))
        sha1 = transport is Transport.OAEP_SHA1
        parameter = (Mechanism.SHA_1, MGF.SHA1, None) if sha1 else (Mechanism.SHA256, MGF.SHA256, None)
        return self._asked(
            lambda key: bytes(key.decrypt(ciphertext, mechanism=Mechanism.RSA_PKCS_OAEP, mechanism_param=parameter))
        )

    def agree(self, public: bytes) -> bytes:
        """In the token; the shared secret alone comes out."""

        def ask(key: Any) -> bytes:
            secret = key.derive_key(
                KeyType.GENERIC_SECRET, 8 * (len(public) // 2), mechanism_param=(KDF.NULL, None, public),
                template={Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True, Attribute.TOKEN: False},
            )  # fmt: skip
            return bytes(secret[Attribute.VALUE])

        return self._asked(ask)

    def _asked(self, ask: Callable[[Any], T]) -> T:
        with self._lock:
            if self._refused:  # tokens lock themselves after a few wrong PINs
                raise ConfigError("the token refused its PIN; mend the file of pin-source and start again")
            for last in (False, True):
                try:
                    if self._key is None:
                        self._key = _find(_open(self._uri, self._pin()), self._uri)
                    return ask(self._key)
                except _NEVER as error:
                    raise SealingFailed(f"the token cannot do that with this key ({type(error).__name__})") from None
                except _BAD_PIN:
                    self._refused = True
                    raise ConfigError("the token refuses its PIN; look at the file that pin-source names") from None
                except pkcs11.EncryptedDataInvalid:
                    raise ValueError("the token cannot decrypt this") from None
                except (pkcs11.PKCS11Error, RuntimeError) as error:
                    self._key = None
                    if last:
                        raise KeyUnreachable(f"the token does not serve ({type(error).__name__})") from None
        raise AssertionError("not reached")


def make_token_key(uri: TokenUri, pin: str | None, algorithm: KeyAlgorithm, label: str, identifier: bytes) -> None:
    """A new pair inside the token, private half sensitive and not extractable; ConfigError when the token cannot."""
    private = {
        Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.SIGN: True, Attribute.DERIVE: algorithm in _CURVES,
        Attribute.DECRYPT: algorithm in _RSA,
    }  # fmt: skip
    try:
        session = _open(uri, pin, write=True)
        if algorithm in _CURVES:
            curve = encode_named_curve_parameters(_CURVES[algorithm][0])
            maker = session.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: curve}, local=True)
            maker.generate_keypair(store=True, label=label, id=identifier, private_template=private)
        elif algorithm in _RSA:
            session.generate_keypair(
                KeyType.RSA, _RSA[algorithm], store=True, label=label, id=identifier, private_template=private
            )
        else:
            raise ConfigError(f"keys of kind {algorithm} are not made in a token; choose an EC or RSA kind")
        session.close()
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise ConfigError(
            f"the token made no key ({type(error).__name__}); see own_keys.token, its PIN and its room"
        ) from None


def _open(uri: TokenUri, pin: str | None, *, write: bool = False) -> Any:
    token = pkcs11.lib(str(uri.module)).get_token(
        **{
            name: value
            for name, value in (("token_label", uri.token), ("token_serial", uri.serial and uri.serial.encode()))
            if value
        }
    )
    try:
        return token.open(user_pin=pin, rw=write)
    except pkcs11.UserAlreadyLoggedIn:
        return token.open(rw=write)  # a process logs in to a token once, for all its sessions


def _find(session: Any, uri: TokenUri) -> Any:
    wanted: dict[Attribute, object] = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
    if uri.object is not None:
        wanted[Attribute.LABEL] = uri.object
    if uri.id is not None:
        wanted[Attribute.ID] = uri.id
    return _single(list(session.get_objects(wanted)), "private key")


def _single(found: list[Any], what: str) -> Any:
    if len(found) != 1:
        raise ConfigError(
            f"the token has {len(found) or 'no'} {what}s of that name; object and id must name exactly one"
        )
    return found[0]
