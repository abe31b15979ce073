"""Attack: a line end, NUL or other control in any string that reaches a header (CVE-2024-6923 and its kin).

Every string argument of everything that builds mail is tried; each try is refused, or leaves no field that was not
asked for.
"""

from __future__ import annotations

import email
import email.policy
import os
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from gateway.domain.address import Address
from gateway.domain.errors import SealgateError
from gateway.mime import build, headers
from gateway.seal.header_protection import protected_payload

AT = datetime(2026, 3, 1, 14, 5, 6, tzinfo=UTC)
GOOD = Address.parse("clinic@example.org")
EVIL = [
    "x\r\nBcc: evil@example.net", "x\nBcc: evil@example.net", "x\rBcc: evil@example.net", "x\r\n\r\nBcc: evil@example.net", "x\x00Bcc: evil@example.net",
    "x\x0bBcc: evil", "x\x0cBcc: evil", "x\x1cBcc: evil", "x\x85Bcc: evil", "x\u2028Bcc: evil", "x\u2029Bcc: evil", "\r\n\tBcc: evil", "\nBcc: evil",
    "x\r\n Bcc: evil", "x\ud800\r\nBcc: evil", "=?utf-8?q?x=0D=0ABcc:_evil?=", 'x"\r\nBcc: evil', "x>\r\nBcc: <evil",
]  # fmt: skip


def outer(**changes: object) -> build.OuterHeaders:
    given: dict[str, object] = {
        "from_": GOOD,
        "to": (GOOD,),
        "date": AT,
        "message_id": "<d@example.org>",
        "subject": "s",
        "sealgate_id": "m1",
    }
    return build.OuterHeaders(**(given | changes))  # type: ignore[arg-type]


def text(**changes: object) -> bytes:
    return build.text_mail(outer(**changes), "body")


def dsn(**changes: object) -> bytes:
    recipient = {
        key: changes.pop(key) for key in ("final_recipient", "action", "status", "diagnostic") if key in changes
    }
    status = build.RecipientStatus(**({"final_recipient": GOOD, "action": "failed", "status": "5.0.0"} | recipient))  # type: ignore[arg-type]
    given: dict[str, object] = {
        "reporting_mta": "gate.example.org",
        "original_message_id": "<o@example.org>",
        "text": "t",
    }
    return build.dsn(outer(auto_submitted="auto-replied"), recipients=[status], **(given | changes))  # type: ignore[arg-type]


def passed(**changes: str) -> bytes:
    given = {"sealgate_id": "m1"}
    return b"".join(build.passthrough([b"Subject: s\r\n\r\nbody"], **(given | changes)))  # type: ignore[arg-type]


def payload(**changes: object) -> bytes:
    hidden = {key: changes.pop(key) for key in ("subject", "notices") if key in changes}
    return b"".join(
        protected_payload([b"Subject: s\r\n\r\nbody"], outer(**changes), boundary_random=os.urandom(16), **hidden)
    )  # type: ignore[arg-type]


DOORS: list[tuple[str, Callable[[str], bytes]]] = [
    ("text_mail.subject", lambda evil: text(subject=evil)),
    ("text_mail.message_id", lambda evil: text(message_id=f"<{evil}@example.org>")),
    ("text_mail.message_id domain", lambda evil: text(message_id=f"<a@{evil}>")),
    ("text_mail.from local", lambda evil: text(from_=Address(evil, "example.org"))),
    ("text_mail.to domain", lambda evil: text(to=(Address("a", evil),))),
    ("text_mail.cc local", lambda evil: text(cc=(GOOD, Address(evil, "example.org")))),
    ("text_mail.sealgate_id", lambda evil: text(sealgate_id=evil)),
    ("text_mail.auto_submitted", lambda evil: text(auto_submitted=evil)),
    ("text_mail.in_reply_to", lambda evil: text(auto_submitted="auto-replied", in_reply_to=f"<{evil}@x.example>")),
    ("text_mail.references", lambda evil: text(auto_submitted="auto-replied", references=("<a@x.example>", evil))),
    ("text_mail.confirm_to local", lambda evil: text(confirm_to=Address(evil, "example.org"))),
    ("text_mail.answer", lambda evil: text(answer=True, in_reply_to=f"<{evil}@x.example>", references=(evil,))),
    ("text_mail.text", lambda evil: build.text_mail(outer(), evil)),
    ("text_mail.html", lambda evil: build.text_mail(outer(), "x", evil)),
    ("text_part.subtype", lambda evil: build.text_part(evil, "x")),
    ("smime_mail.smime_type", lambda evil: b"".join(build.smime_mail(outer(), [b"x"], evil))),
    ("smime_mail.subject", lambda evil: b"".join(build.smime_mail(outer(subject=evil), [b"x"]))),
    ("dsn.reporting_mta", lambda evil: dsn(reporting_mta=evil)),
    ("dsn.original_message_id", lambda evil: dsn(original_message_id=evil)),
    ("dsn.text", lambda evil: dsn(text=evil)),
    ("dsn.final_recipient", lambda evil: dsn(final_recipient=Address(evil, "example.org"))),
    ("dsn.action", lambda evil: dsn(action=evil)),
    ("dsn.status", lambda evil: dsn(status=evil)),
    ("dsn.diagnostic", lambda evil: dsn(diagnostic=evil)),
    ("passthrough.subject", lambda evil: passed(subject=evil)),
    ("passthrough.sealgate_id", lambda evil: passed(sealgate_id=evil)),
    ("protected_payload.subject", lambda evil: payload(subject=evil)),
    ("protected_payload.notices", lambda evil: payload(notices=[evil])),
    ("protected_payload.outer from", lambda evil: payload(from_=Address(evil, "example.org"))),
    ("headers.write_text name", lambda evil: headers.write_text(evil, "x")),
    ("headers.write_parameters value", lambda evil: headers.write_parameters("Content-Type", evil, {})),
    ("headers.write_parameters key", lambda evil: headers.write_parameters("Content-Type", "text/plain", {evil: "x"})),
    ("headers.write_parameters text", lambda evil: headers.write_parameters("Content-Type", "text/plain", {"name": evil})),
    ("headers.message_id", lambda evil: headers.message_id(evil, "example.org").encode()),
    ("headers.one_line", lambda evil: headers.write_text("Subject", headers.one_line(evil))),
]  # fmt: skip


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize(("door", "build_it"), DOORS, ids=[name for name, _ in DOORS])
def test_no_argument_makes_a_field(door: str, build_it: Callable[[str], bytes], evil: str) -> None:
    try:
        raw, refusal = build_it(evil), ""
    except SealgateError as error:
        raw, refusal = b"", str(error)
    assert "evil" not in refusal
    head = raw.partition(b"\r\n\r\n")[0]
    assert b"\x00" not in head
    assert head.count(b"\r\n") == head.count(b"\n") == head.count(b"\r")
    assert not any(line.lower().startswith(b"bcc") for line in head.split(b"\r\n"))
    for one in email.message_from_bytes(raw, policy=email.policy.compat32).walk():
        assert "bcc" not in {name.lower() for name in one.keys()}  # noqa: SIM118


def test_the_list_of_doors_covers_every_string_of_the_outer_headers() -> None:
    tried = {name.partition(".")[2].split()[0] for name, _ in DOORS if name.startswith("text_mail.")}
    fields = set(build.OuterHeaders.__dataclass_fields__) - {"date"}
    assert {one.removesuffix("_") for one in fields} <= tried
    statuses = set(build.RecipientStatus.__dataclass_fields__) - {"last_attempt"}
    assert statuses <= {name.partition(".")[2] for name, _ in DOORS if name.startswith("dsn.")}
