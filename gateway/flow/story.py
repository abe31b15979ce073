"""The story of one message, told from the log alone, in sentences for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.domain.audit import EventKind, Scalar
from gateway.flow import reasons
from gateway.policy.explain import sentence
from gateway.ports.store import AuditRow, Store, UnitOfWork
from gateway.seal.columns import Columns

SEALED = "(sealed; shown where the column key is)"
Fields = Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of the story, with what it rests on."""

    at: datetime
    text: str
    row: AuditRow


def story(store: Store, message_id: str, columns: Columns | None = None) -> list[Line]:
    """Every row of a message, oldest first; empty for an id that the log does not know. With the column key, what a
    person wrote is in it.
    """
    with store.begin() as uow:
        rows = [readable(uow, columns, row) for row in uow.audit.of_message(message_id)]
    return [Line(row.at, tell(row), row) for row in rows]


def readable(uow: UnitOfWork, columns: Columns | None, row: AuditRow) -> AuditRow:
    """The row with a person's reason in words; without the column key, a word that it is sealed."""
    told = row.event.data.get("reason")
    if not isinstance(told, str):
        return row
    words = SEALED if reasons.sealed(told) else told
    if columns is not None:
        words = reasons.read(uow, columns, told)
    return replace(row, event=replace(row.event, data={**row.event.data, "reason": words}))


def tell(row: AuditRow) -> str:
    """One row in words."""
    event = row.event
    told = _TOLD.get(event.kind)
    text = told(event.data) if told else event.kind.value.replace("_", " ").capitalize() + "."
    copy = f" [copy {event.delivery_id}]" if event.delivery_id else ""
    who = f" (by {event.actor})" if event.actor and event.kind is not EventKind.RECEIVED else ""
    return f"{text}{who}{copy}"


def _code(data: Fields) -> str:
    return "The password of an encrypted PDF" if data.get("what") == "password" else "A one-time code"


def _assessed(data: Fields) -> str:
    phi = "PHI was found" if data.get("phi") else "No PHI was found"
    whole = "everything could be read" if data.get("complete") else f"not everything could be read ({data.get('gaps')})"
    kinds = f": {data['kinds']}" if data.get("kinds") else ""
    classes = f" Sensitive: {data['classes']}." if data.get("classes") else ""
    threats = f" Threats: {data['threats']}." if data.get("threats") else ""
    return f"{phi}{kinds}; {whole}; {data.get('patients')} registered patient(s) concerned.{classes}{threats}"


def _decided(data: Fields) -> str:
    outcome = f"deliver by {data.get('method')}" if data.get("method") else str(data.get("action"))
    why = " ".join(sentence(one) for one in str(data.get("reasons", "")).split(",") if one)
    moved = " It goes to the address that the patient asked for." if data.get("redirected") else ""
    return f'Decided: {outcome}, by the rule "{data.get("rule")}". {why}{moved}'.rstrip()


def _unsealed(data: Mapping[str, Scalar]) -> str:
    """What was verified of a mail from outside."""
    if data.get("why"):
        opened = f"It stays encrypted: {data['why']}."
    elif data.get("decrypted"):
        authentic = "authentic" if data.get("authentic") else "not authenticated"
        opened = f"Decrypted ({data.get('cipher')}), {authentic}{', attached as a file' if data.get('apart') else ''}."
    else:
        opened = "It came in unencrypted."
    return f"{opened} Signature: {data.get('signature')}, trust: {data.get('trust')}."


def _attempt(data: Fields) -> str:
    if data.get("state") == "abandoned":
        died = f"Attempt {data.get('number')} was given up by a worker that died in state {data.get('was')}."
        return died + _twice(data)
    sealed = f", sealed as {data['form']}" if data.get("form") else ""
    return f"Attempt {data.get('number')} began{sealed}."


def _by(data: Fields) -> str:
    return f" by {data['method']}{' as Direct' if data.get('direct') else ''}" if data.get("method") else ""


def _unconfirmed(data: Fields) -> str:
    if data.get("why"):
        return f"Something came to the address for confirmations and does not count ({data['why']})."
    return f"The recipient's system has not confirmed it in time (last state: {data.get('state')}); the sender is told."


def _twice(data: Fields) -> str:
    may = " It may have arrived: a duplicate with the same Message-ID is possible."
    return may if data.get("duplicate_possible") else ""


_TOLD: dict[EventKind, Callable[[Fields], str]] = {
    EventKind.RECEIVED: lambda data: f"Accepted, {data.get('size')} bytes for {data.get('recipients')} recipient(s).",
    EventKind.ASSESSED: _assessed,
    EventKind.DECIDED: _decided,
    EventKind.HELD: lambda data: f"Held, nothing was sent of it: {data.get('for')}.",
    EventKind.RELEASED: lambda data: f"Released, to go by {data.get('method')}: {data.get('reason')}.",
    EventKind.RENEWED: lambda _: "The link was judged again and stays open.",
    EventKind.REVIEWED: lambda data: (
        "It was shown to a person on the review page."
        if data.get("what") == "read"
        else f"A person asked on the review page: {data.get('what')}."
    ),
    EventKind.REMINDED: lambda data: (
        "The recipient was reminded that the link waits."
        if data.get("whom") == "recipient"
        else "The sender was reminded that it waits."
    ),
    EventKind.CONSENT_REQUESTED: lambda _: "The patient was asked for consent, at an address on record.",
    EventKind.CONSENT_GIVEN: lambda _: "The patient answered yes.",
    EventKind.CONSENT_REFUSED: lambda _: "The patient answered no.",
    EventKind.STALE: lambda data: f"What the decision rested on has changed: {data.get('what') or data.get('why')}.",
    EventKind.ATTEMPT: _attempt,
    EventKind.DELIVERED: lambda data: (
        f"The next hop took it{_by(data)}: {data.get('reply')} {data.get('tls') or '(no TLS)'}."
    ),
    EventKind.RETRY: lambda data: (
        f"Not taken yet ({data.get('reply')}); tried again at {data.get('next')}.{_twice(data)}"
    ),
    EventKind.FAILED: lambda data: f"Not delivered: {data.get('reply')}.",
    EventKind.UNSEALED: _unsealed,
    EventKind.CONFIRMED: lambda data: (
        f"The recipient's system said: {data.get('state')}{' (late)' if data.get('late') else ''}."
    ),
    EventKind.UNCONFIRMED: _unconfirmed,
    EventKind.BOUNCED: lambda data: f"A report came back: {data.get('action')} {data.get('status')}.",
    EventKind.REFUSED: lambda data: f"Refused ({data.get('for')}); nothing was sent.",
    EventKind.INTEGRITY: lambda data: (
        f"ALERT: a seal, signature or decision did not hold ({data.get('code')}); nothing was sent."
    ),
    EventKind.DSN: lambda data: f"A delivery report to the sender: {data.get('state')}.{_twice(data)}",
    EventKind.RECEIPT: lambda data: f"A receipt ({data.get('kind')}): {data.get('state') or 'queued'}.{_twice(data)}",
    EventKind.PARCEL_SEALED: lambda data: (
        f"A secure link was made, good until {data.get('until')}; proof: {data.get('proof')}."
    ),
    EventKind.CODE_SENT: lambda data: f"{_code(data)} was sent ({data.get('channel')}).",
    EventKind.CODE_REFUSED: lambda data: f"{_code(data)} was not sent ({data.get('channel')}: {data.get('why')}).",
    EventKind.PARCEL_OPENED: lambda _: "The recipient opened the link.",
    EventKind.PARCEL_DOWNLOAD: lambda data: f"Attachment {data.get('index', '')} was downloaded.",
    EventKind.ANSWERED: lambda data: (
        f"The recipient wrote an answer on the link's page: message {data.get('answer')}, {data.get('files')} file(s)."
        if data.get("answer")
        else f"An answer to message {data.get('to')}; it goes to the {data.get('for')}."
    ),
    EventKind.PARCEL_REVOKED: lambda _: "The link was closed; it opens nothing any more.",
    EventKind.PARCEL_EXPIRED: lambda _: "The link has expired; it opens nothing any more.",
    EventKind.ARCHIVED: lambda _: "Archived: only the practice's offline key opens it.",
    EventKind.SHREDDED: lambda _: "The gateway's own keys to it were destroyed.",
    EventKind.SETTLED: lambda _: "Done.",
    EventKind.FORGOTTEN: lambda _: "Addresses, decisions, links and notices were deleted; this log stays.",
    EventKind.ARCHIVE_ENDED: lambda _: "The archived mail met its end: nobody opens it any more.",
    EventKind.LEGAL_HOLD: lambda data: f"A legal hold was placed: {data.get('reason')}.",
    EventKind.LEGAL_HOLD_ENDED: lambda data: f"A legal hold was ended: {data.get('reason')}.",
}
