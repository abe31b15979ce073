"""Compose: the bytes that travel, by method. One table Method -> composer; a method without one is an error.

`pass` and `tls` keep the sender's bytes; everything else is built anew from the allow-list. The open letter of a link is
scanned again as the finished mail it will be; unless that says complete and no PHI, the neutral notice goes instead. A
masked copy is scanned again too (redacting.py), and unless that finds nothing there is no copy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from types import MappingProxyType

from cryptography import x509

from gateway.domain.address import Address
from gateway.domain.decision import Method, OpenText
from gateway.domain.errors import SealingFailed
from gateway.domain.finding import TextPart
from gateway.flow.decisions import Decided
from gateway.flow.facts import Facts, Standing, mail_context, proof
from gateway.flow.parcels import Parcels, bodies
from gateway.flow.reading import Read, Reader
from gateway.flow.redacting import Redacting
from gateway.flow.signers import Signers
from gateway.mime.build import OuterHeaders, passthrough, text_mail, under
from gateway.mime.html import extract
from gateway.mime.limits import Limits
from gateway.mime.text import source_of
from gateway.mime.tree import MemorySink
from gateway.phi.known_patients import KnownPatients
from gateway.phi.numbering import Numbers
from gateway.phi.redact import Label, redact_text, typed
from gateway.phi.scan import MailContext
from gateway.policy.explain import notice_text
from gateway.policy.law import Law
from gateway.policy.methods import DIRECT
from gateway.policy.practice import RESEARCH
from gateway.ports.keys import KeyState
from gateway.render.mail import Renderer
from gateway.seal.header_protection import protected_payload
from gateway.seal.smime import seal
from gateway.seal.smime_certificates import check_recipient_certificate
from gateway.seal.smime_forms import FormRules

_QUOTED = re.compile(r"^(>|-{2,}\s*(original message|forwarded message)|on .{0,200}wrote:\s*$|from: )", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]+")
_LETTER_MAX = 20_000
_THREAD_MAX = 200_000


@dataclass(frozen=True, slots=True)
class Case:
    """All that composing one copy needs. `chunks` begins the original mail anew at each call."""

    decided: Decided
    read: Read
    standing: Standing
    author: Address
    at: datetime
    received_at: datetime
    chunks: Callable[[], Iterator[bytes]] = field(repr=False)
    known: KnownPatients = field(repr=False)


@dataclass(frozen=True, slots=True)
class Words:
    """What recipients read about the practice."""

    practice: str
    phone: str
    portal: str
    host: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """A protected copy, and for the log the form that it has: algorithms, never personal data."""

    body: Iterable[bytes] = field(repr=False)
    form: str

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.body)


def form_of(body: Iterable[bytes]) -> str:
    """The form of a composed copy; empty where none is told."""
    return body.form if isinstance(body, Sealed) else ""


@dataclass(frozen=True, slots=True)
class Sealing:
    """How protected copies are made. `only_recipient` names in the open header none of the others that a mail was written to."""

    smime: FormRules = field(default_factory=FormRules)
    only_recipient: bool = False


Sealer = Callable[[Case, OuterHeaders, tuple[str, ...]], Iterable[bytes]]
"""Makes the protected copy of a case under that open header, with the statements that must travel along; SealingFailed if it
cannot. It may give a Sealed, whose form is logged.
"""


class Compose:
    """Composes with a worker's keys."""

    def __init__(
        self, *, parcels: Parcels, signers: Signers, facts: Facts, reader: Reader, renderer: Renderer, law: Law,
        words: Words, limits: Limits, random: Callable[[int], bytes], redacting: Redacting,
        sealers: Mapping[Method, Sealer] = MappingProxyType({}), sealing: Sealing | None = None, direct: Sealer | None = None,
    ) -> None:  # fmt: skip
        self._parcels, self._signers, self._facts, self._reader = parcels, signers, facts, reader
        self._renderer, self._law, self._words, self._limits, self._random = renderer, law, words, limits, random
        self._redacting, self._sealing, self._direct = redacting, sealing or Sealing(), direct
        self._table: dict[Method, Callable[[Case], Iterable[bytes]]] = {
            Method.PASS: self._as_written, Method.TLS: self._as_written, Method.SMIME: self._smime, Method.LINK: self._link,
            Method.REDACT: self._redact, **{method: partial(self._sealed, sealer) for method, sealer in sealers.items()},
        }  # fmt: skip

    def body(self, case: Case) -> Iterable[bytes]:
        """The mail to relay; SealingFailed where it cannot be made, then nothing leaves."""
        method = case.decided.row.method
        composer = self._table.get(method) if method else None
        if composer is None:
            raise SealingFailed(f"there is no composer for method {method}")
        return composer(case)

    def _as_written(self, case: Case) -> Iterable[bytes]:
        return passthrough(case.chunks(), sealgate_id=case.decided.row.message_id)

    def _redact(self, case: Case) -> Iterable[bytes]:
        row = case.decided.row
        read = self._reader.again(case.read)
        outer, research = self._outer(case, ""), RESEARCH in row.reasons
        # Whoever else it was written to may be whom it is about.
        outer = replace(outer, to=(case.decided.target,), cc=())
        mail = self._redacting.mail(read, outer, case.known, case.standing, self._day(case), research=research)
        if mail is None or row.notices:
            raise SealingFailed("a masked copy cannot be made of this mail")
        return [mail]

    def _smime(self, case: Case) -> Iterable[bytes]:
        if DIRECT in case.decided.row.reasons:
            if self._direct is None:
                raise SealingFailed("Direct is switched off")
            return self._sealed(self._direct, case)
        target, basis = case.decided.target, case.decided.row.basis
        answer = self._facts.directory.find(target, case.at)
        if answer.state is not KeyState.VALID or answer.fingerprint not in basis.key.split(","):
            raise SealingFailed("the recipient's certificate is not the one that was decided on")
        certificate, rules = x509.load_der_x509_certificate(answer.certificate), self._sealing.smime
        if check_recipient_certificate(certificate, target, case.at, ml_kem=rules.ml_kem):
            raise SealingFailed("the recipient's certificate does not fit the address")
        outer = self._protected(case)
        payload = protected_payload(
            case.chunks(), outer, notices=self._notices(case), boundary_random=self._random(16)
        )  # fmt: skip
        form = rules.form_for(target.domain, [answer.capabilities])
        signer = self._signers.signer(case.author, case.at)
        form, entity = seal(
            payload, signer=signer, recipients=[certificate], at=case.at, random=self._random, form=form
        )  # fmt: skip
        return Sealed(under(outer, entity), form.told([certificate]))

    def _sealed(self, sealer: Sealer, case: Case) -> Iterable[bytes]:
        return sealer(case, self._protected(case), self._notices(case))

    def _protected(self, case: Case) -> OuterHeaders:
        """The open header of a protected copy."""
        outer = self._outer(case, f"Secure message from {self._words.practice}")
        return replace(outer, to=(case.decided.target,), cc=()) if self._sealing.only_recipient else outer

    def _link(self, case: Case) -> Iterable[bytes]:
        token = self._parcels.token(case.decided.row.id, proof(case.standing, case.decided.target))
        if token is None:
            token = self._parcels.make(case.decided, case.read, case.standing, self._notices(case), case.chunks)
        expires = self._parcels.expires(case.decided.row.id)
        values = {
            "practice": self._words.practice, "phone": self._words.phone, "link": f"{self._words.portal}/m/{token}",
            "expires": expires.astimezone(self._facts.zone).strftime("%d %B %Y"),
        }  # fmt: skip
        if case.decided.row.open_text is OpenText.LETTER:
            mail = self._letter(case, values)
            if mail is not None:
                return [mail]
        notice = self._renderer.mail("link-notice", **values)
        return [text_mail(self._outer(case, notice.subject), notice.text, notice.html)]

    def _letter(self, case: Case, values: dict[str, str]) -> bytes | None:
        """The strictly redacted letter, if the finished mail is judged complete and free of PHI for whom it goes to."""
        letter = self._redacted(case)
        if letter is None or _names(case.standing) & set(_LETTERS.findall(letter.casefold())):
            return None
        rendered = self._renderer.mail("link-letter", **values, letter=letter)
        mail = text_mail(self._outer(case, rendered.subject), rendered.text)
        again = self._reader.read([mail], MemorySink())
        return mail if self._reader.judge(again, case.known, self._context(case)).clean else None

    def _redacted(self, case: Case) -> str | None:
        plain, html = bodies(case.read)
        part = plain or html
        if part is None:
            return None
        source = source_of(part, self._limits)
        thread = source if part is plain else _visible(source)
        text = without_quotes(thread)
        if not text.strip() or len(text) > _LETTER_MAX:
            return None
        report = self._reader.scan([TextPart("text", text)], (), case.known, self._context(case))
        if not report.complete:
            return None
        label = self._numbers(thread, case) if self._redacting.numbered() and len(thread) <= _THREAD_MAX else typed
        return redact_text(text, report.findings, part="text", strict=True, label=label)

    def _numbers(self, thread: str, case: Case) -> Label:
        """Numbers that count the quoted thread first, so that they are the same in each of its letters."""
        report = self._reader.scan([TextPart("text", thread)], (), case.known, self._context(case))
        return Numbers({"text": thread}, report.findings).of

    def _outer(self, case: Case, subject: str) -> OuterHeaders:
        """The open header. Where the copy is redirected, only the target is named: the address written may be unsafe."""
        row, claims = case.decided.row, case.read.claims
        redirected = case.decided.target.key != case.decided.recipient.key
        return OuterHeaders(
            from_=case.author, to=(case.decided.target,) if redirected else claims.to,
            cc=() if redirected else claims.cc, date=case.received_at, message_id=row.outer_message_id, subject=subject,
            sealgate_id=row.message_id,
        )  # fmt: skip

    def _context(self, case: Case) -> MailContext:
        return mail_context([case.standing], self._day(case))

    def _day(self, case: Case) -> date:
        return self._facts.day(case.at)

    def _notices(self, case: Case) -> tuple[str, ...]:
        return tuple(notice_text(self._law, code) for code in case.decided.row.notices)


def without_quotes(text: str) -> str:
    """The letter without the quoted thread: everything from the first quoting line on stays out."""
    kept: list[str] = []
    for line in text.splitlines():
        if _QUOTED.match(line.strip()):
            break
        kept.append(line)
    return "\n".join(kept).strip()


def _visible(source: str) -> str:
    """What a person sees of an HTML body."""
    found = extract(source)
    return found.text[: found.visible]


def _names(standing: Standing) -> set[str]:
    """Every word of the names of those whom the letter is for, in lower case: beside an address, one tells enough."""
    people = (*standing.own, *standing.proxied)
    names = " ".join(name for one in people for name in (one.given, one.family, *one.other_names))
    return {word for word in _LETTERS.findall(names.casefold()) if len(word) > 2}
