"""Unsealing: one mail from outside as it goes inside. Opened whole with the practice's own keys, or passed on as it came.

What is decrypted replaces the mail only if it is authentic: a tag held over all of it (AuthEnvelopedData, OpenPGP), or a
good signature inside covers it. Content that is not (CBC, which whoever carried the mail can change unseen; EFAIL) is shown
only if nothing in it can fetch or run anything; else it travels as a file beside our words, and a person must open it.
Larger mails than the limit, and those whose root is neither encrypted nor signed, stream by in bounded memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cryptography import x509

from gateway.domain.address import Address
from gateway.domain.errors import InvalidAddress
from gateway.flow.inside_mark import Result, marks
from gateway.mime.build_inside import decrypted, is_passive, marked, sender_of, set_apart
from gateway.mime.build_original import HeaderBlock, read_block
from gateway.mime.sealed_root import RootKind, root_of
from gateway.ports.keys import KeyAnswer, KeyDirectory, KeyKind, KeyState
from gateway.seal.cms_open import NotOpened, Why
from gateway.seal.cms_signer import Author, Trust, author
from gateway.seal.cms_verify import Checked, Verdict
from gateway.seal.header_protection_read import read_protection
from gateway.seal.opening import Opened, Tools, open_mail
from gateway.seal.openpgp_signers import SignerKey, signer_key

WORDS = "not-authenticated"
"""The template of the text beside content that was set apart."""
_FILE = "decrypted-not-authenticated.eml"


@dataclass(frozen=True, slots=True)
class Inside:
    """A mail ready to go inside, and what was found."""

    result: Result
    body: Iterable[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unsealing:
    """Opens mails with a worker's keys. `tools` is asked for each mail, since own keys come and go."""

    tools: Callable[[], Tools]
    anchors: Callable[[str], Sequence[x509.Certificate]]
    """The authorities that count for a domain."""
    directory: KeyDirectory
    """What staff imported: the practice's own word for a certificate."""
    signers: KeyDirectory
    """Where the OpenPGP keys of correspondents are, in the practice's order."""
    limit: int
    """Bytes of a mail that is opened; its memory is a few times that."""
    words: Callable[[], str]
    """The text beside content that was set apart."""

    def inside(self, chunks: Iterable[bytes], message_id: str, at: datetime) -> Inside:
        """The mail with its marks; MalformedMail for a header that readers take differently. Errors of the source go through."""
        block, rest = read_block(chunks)
        kind = root_of(block).kind
        if kind is RootKind.PLAIN:
            result = Result(kind)
            return Inside(result, marked(block, rest, marks(message_id, result)))
        body, more = _held(rest, self.limit)
        if more is not None:
            result = self._unread(kind, Why.LARGE)
            return Inside(result, marked(block, _chain(body, more), marks(message_id, result)))
        result = self._result(block, body, kind, at)
        return Inside(result, self._mail(block, body, result, marks(message_id, result), message_id))

    def _mail(
        self, block: HeaderBlock, body: bytes, result: Result, told: list[tuple[str, str]], message_id: str
    ) -> Iterator[bytes]:
        opened = result.opened
        if opened is None or not opened.encrypted:
            return marked(block, [body], told)
        if result.apart:
            content = b"".join(one.raw for one in opened.block.fields) + b"\r\n" + opened.body
            return set_apart(block, content, self.words(), _FILE, told, f"=_apart-{message_id}")
        protected = read_protection(opened.payload).fields
        return decrypted(block, opened.block, protected, opened.body, told, author=result.author.vouched)

    def _result(self, block: HeaderBlock, body: bytes, kind: RootKind, at: datetime) -> Result:
        signer = self._signer(block, at) if kind in {RootKind.PGP, RootKind.PGP_SIGNED} else None
        try:
            opened = open_mail(block, body, replace(self.tools(), signer=signer))
        except NotOpened as error:
            return self._unread(kind, error.why)
        apart = opened.encrypted and not opened.authentic and not is_passive(opened.block, opened.body)
        return Result(kind, opened, self._author(block, opened, signer, at), apart=apart)

    def _signer(self, block: HeaderBlock, at: datetime) -> SignerKey | None:
        """The OpenPGP key on record for the author that stands outside. It is asked for before the mail is opened, signed or not:
        a directory on the network must not learn what could be opened.
        """
        sender = _address(sender_of(block))
        answer = self.signers.find(sender, at, KeyKind.OPENPGP) if sender is not None else KeyAnswer(KeyState.NONE)
        if sender is None or answer.state is KeyState.NONE:
            return None
        if answer.state is KeyState.UNREACHABLE:
            return SignerKey(sender, at, "the key directories did not answer")
        if answer.state is not KeyState.VALID:
            return SignerKey(sender, at, answer.reason or "the OpenPGP key does not serve")
        return signer_key(answer.certificate, sender, at)

    @staticmethod
    def _unread(kind: RootKind, why: Why) -> Result:
        """What is merely signed is not undecrypted: its signature could not be checked."""
        if kind in {RootKind.CMS_SIGNED, RootKind.PGP_SIGNED}:
            return Result(kind, author=Author(Verdict.UNKNOWN, why=why.value))
        return Result(kind, why=why)

    def _author(self, block: HeaderBlock, opened: Opened, signer: SignerKey | None, at: datetime) -> Author:
        protected = read_protection(opened.payload).fields if opened.encrypted else ()
        sender = _address(sender_of(HeaderBlock(protected)) or sender_of(block))
        checked = opened.signature
        if opened.by_openpgp and checked is not None:
            return _pgp_author(checked, sender, signer)
        anchors = self.anchors(sender.domain) if sender is not None else ()
        return author(checked, sender, at, anchors, self._imported(checked, sender, at))

    def _imported(self, checked: Checked | None, sender: Address | None, at: datetime) -> frozenset[bytes]:
        """The practice's own word for a certificate. The directory is asked only where there is a good signature."""
        if checked is None or checked.verdict is not Verdict.GOOD or sender is None:
            return frozenset()
        answer = self.directory.find(sender, at)
        known = answer.state is KeyState.VALID and answer.fingerprint
        return frozenset({bytes.fromhex(answer.fingerprint)}) if known else frozenset()


def _pgp_author(checked: Checked, sender: Address | None, signer: SignerKey | None) -> Author:
    """Good and weak are signatures by the key on record for the author that stands outside; the one inside must be the same."""
    if signer is None:
        why = "no OpenPGP key of the author is known" if sender is not None else "From does not name one author"
        return Author(checked.verdict, why=checked.why or why)
    if checked.verdict not in {Verdict.GOOD, Verdict.WEAK}:
        why = signer.refused or checked.why or "not signed by the key on record for the author"
        return Author(checked.verdict, Trust.UNTRUSTED, why=why)
    same = sender is not None and sender.same_mailbox(signer.address)
    return Author(checked.verdict, Trust.TRUSTED, same, sender if same else None)


def _address(text: str) -> Address | None:
    try:
        return Address.parse(text)
    except InvalidAddress:
        return None


def _held(chunks: Iterator[bytes], limit: int) -> tuple[bytes, Iterator[bytes] | None]:
    """All of the body, or what was read of one that is longer than the limit, and its rest."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        if len(held) > limit:
            return bytes(held), chunks
    return bytes(held), None


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
