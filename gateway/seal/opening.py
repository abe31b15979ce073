"""A whole encrypted or signed mail, layer by layer: what is inside, whether it is authentic, and who signed.

All or nothing: each layer is the whole of what stands above it, or the mail stays as it came (NotOpened). Of content that
CBC gave, only what a good signature inside it covers is authentic: a change of the ciphertext cannot make one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from gateway.domain.errors import LimitExceeded, MalformedMail
from gateway.mime.build_original import HeaderBlock, RawField
from gateway.mime.headers import CRLF, write_parameters
from gateway.mime.sealed_root import Root, RootKind, decoded, entity_of, pgp_message, root_of, signed_halves
from gateway.seal.cms_keys import OwnKey
from gateway.seal.cms_open import NotOpened, Why, open_enveloped
from gateway.seal.cms_read import COMPRESSED, Enveloped, Signed, read_cms
from gateway.seal.cms_verify import Checked, Verdict, check
from gateway.seal.header_protection import canonical
from gateway.seal.openpgp_signed import check_detached
from gateway.seal.openpgp_signers import SignerKey
from gateway.seal.smime_envelope import Random

_LAYERS = 6
_PROTOCOL = {
    RootKind.CMS_SIGNED: "application/pkcs7-signature",
    RootKind.PGP_SIGNED: "application/pgp-signature",
}
"""The two forms of multipart/signed."""


@dataclass(frozen=True, slots=True)
class PgpPlain:
    """What an OpenPGP engine gave, and only after the message's own integrity protection held."""

    content: bytes = field(repr=False)
    signature: Checked | None = None
    """By the key that was named for it: good or weak are its signatures, and nobody else's."""


PgpOpen = Callable[[bytes, SignerKey | None], PgpPlain]
"""Decrypts one message, and verifies by that key who signed it; NotOpened with the reason, `no-integrity-protection` among them, and no other error."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What opens: our own S/MIME keys, random bytes, and an OpenPGP engine where there is one, with its author's key."""

    own: Sequence[OwnKey] = field(repr=False)
    random: Random
    pgp: PgpOpen | None = None
    signer: SignerKey | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A mail's inside. `block` and `body` are what is to be shown: its MIME fields, and for header protection its others;
    `payload` is the header of what was signed or encrypted, where the protected fields stand.
    """

    block: HeaderBlock = field(repr=False)
    body: bytes = field(repr=False)
    payload: HeaderBlock = field(repr=False)
    ciphers: tuple[str, ...] = ()
    authentic: bool = True
    signature: Checked | None = None
    outer: Checked | None = None
    """A signature over the encrypted form (triple wrap): it proves nothing of what is inside."""
    pgp: PgpPlain | None = None
    by_openpgp: bool = False
    """Whether `signature` is one of OpenPGP, verified by the author's key on record."""

    @property
    def encrypted(self) -> bool:
        """Whether anything was decrypted."""
        return bool(self.ciphers)


def open_mail(block: HeaderBlock, body: bytes, tools: Tools) -> Opened:
    """What a mail holds, if its root is encrypted or signed; itself if neither. NotOpened, and no other error."""
    try:
        return _opened(Opened(block, body, block), tools)
    except (MalformedMail, LimitExceeded) as error:
        raise NotOpened(Why.DAMAGED) from error


def _opened(now: Opened, tools: Tools) -> Opened:
    for _ in range(_LAYERS):
        root = root_of(now.block)
        if root.kind is RootKind.PLAIN or (root.kind is RootKind.PGP_SIGNED and now.encrypted and now.pgp is None):
            return now  # inside CMS nobody asked for an OpenPGP key: a directory would learn what could be opened
        if now.signature is not None and not _goes_on(now, root):
            return now  # signed twice over: the signature over all of it is the one that counts
        now = _layer(now, root, tools)
    raise NotOpened(Why.NESTED)


def _goes_on(now: Opened, root: Root) -> bool:
    """Whether what was signed is encrypted (triple wrap), rather than signed again."""
    if root.kind is RootKind.CMS:
        return isinstance(read_cms(decoded(root.coding, now.body)), Enveloped)
    return root.kind is RootKind.PGP


def _layer(now: Opened, root: Root, tools: Tools) -> Opened:
    if root.kind is RootKind.PGP:
        if tools.pgp is None:
            raise NotOpened(Why.NO_ENGINE)
        plain = tools.pgp(pgp_message(root.boundary, now.body), tools.signer)
        inside = _inside(now, plain.content, "openpgp", authentic=True)
        return replace(inside, signature=plain.signature, pgp=plain, by_openpgp=plain.signature is not None)
    if root.kind in _PROTOCOL:
        return _detached(now, root, tools.signer)
    found = read_cms(decoded(root.coding, now.body))
    if isinstance(found, Enveloped):
        opened = open_enveloped(found, tools.own, tools.random)
        return _inside(now, opened.content, opened.cipher, authentic=opened.authenticated)
    if isinstance(found, Signed) and found.content is not None:
        return _signed(now, found, found.content)
    raise NotOpened(Why.COMPRESSED if found == COMPRESSED else Why.ALGORITHM)


def _inside(now: Opened, content: bytes, cipher: str, *, authentic: bool) -> Opened:
    block, body = entity_of(content)
    outer = now.signature or now.outer
    return Opened(block, body, block, (*now.ciphers, cipher), authentic, None, outer)


def _signed(now: Opened, found: Signed, content: bytes) -> Opened:
    signature = check(found, content)
    block, body = entity_of(content)
    return _proven(replace(now, block=block, body=body, payload=block, signature=signature, by_openpgp=False))


def _detached(now: Opened, root: Root, signer: SignerKey | None) -> Opened:
    first, second, proof = signed_halves(root, now.body)
    pgp = root.kind is RootKind.PGP_SIGNED
    signature = check_detached(first, proof, root.micalg, signer) if pgp else _cms_checked(first, proof)
    payload, inner = entity_of(first)
    root_inside = root_of(payload)
    signed = replace(now, signature=signature, payload=payload, by_openpgp=pgp)
    if _goes_on(replace(signed, block=payload, body=inner), root_inside):
        return _proven(replace(signed, block=payload, body=inner))
    if not now.encrypted:
        return signed
    # Built anew, so that nothing travels which the signature does not cover.
    kind = {"protocol": _PROTOCOL[root.kind], "micalg": root.micalg, "boundary": root.boundary.decode("ascii")}
    delimiter = CRLF + b"--" + root.boundary
    body = b"".join([delimiter.removeprefix(CRLF), CRLF, first, delimiter, CRLF, second, delimiter, b"--", CRLF])
    field_ = RawField("content-type", write_parameters("Content-Type", "multipart/signed", kind))
    return _proven(replace(signed, block=HeaderBlock((field_,)), body=body))


def _cms_checked(content: bytes, signature: bytes) -> Checked:
    found = read_cms(signature)
    if not isinstance(found, Signed):
        raise MalformedMail("the signature is something else")
    if found.content is not None:
        # Readers differ on whether the content inside the signature or the part before it is meant.
        return Checked(Verdict.BAD)
    checked = check(found, b"".join(canonical([content])))
    return check(found, content) if checked.verdict is Verdict.BAD else checked


def _proven(now: Opened) -> Opened:
    good = now.signature is not None and now.signature.verdict is Verdict.GOOD
    return replace(now, authentic=True) if good else now
