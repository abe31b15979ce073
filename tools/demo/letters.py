"""The sample letters, as a mail client would write them. Each has words that must be found nowhere but at its reader's."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from html import escape

from tools.demo import people
from tools.demo.people import DANIEL, DOMAIN, MARIA, SENDER, SENDER_NAME, TOBIAS

VALUES = (
    "date,test,value,unit\r\n2026-03-03,HbA1c,7.9,%\r\n2026-03-03,glucose,171,mg/dL\r\n2026-03-03,LDL,118,mg/dL\r\n"
)


@dataclass(frozen=True, slots=True)
class File:
    """An attachment."""

    name: str
    media: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """One sample: what is sent, to whom, and what should come of it (`link`, `smime`, `consent` or `pass`)."""

    key: str
    title: str
    story: str
    expect: str
    to: str
    to_name: str
    subject: str
    text: str
    secrets: tuple[str, ...] = ()
    rich: bool = False
    files: tuple[File, ...] = ()
    message_id: str = field(default_factory=lambda: make_msgid(domain=DOMAIN))

    def mail(self, at: datetime) -> bytes:
        """The whole mail with CRLF line ends."""
        mail = EmailMessage(policy=SMTP)
        mail["From"] = f"{SENDER_NAME} <{SENDER}>"
        mail["To"] = f"{self.to_name} <{self.to}>"
        mail["Subject"] = self.subject
        mail["Date"] = format_datetime(at)
        mail["Message-ID"] = self.message_id
        mail.set_content(self.text)
        if self.rich:
            mail.add_alternative(_html(self.text), subtype="html")
        for one in self.files:
            main, _, sub = one.media.partition("/")
            mail.add_attachment(one.content, maintype=main, subtype=sub, filename=one.name)
        return mail.as_bytes()


def letters() -> tuple[Letter, ...]:
    """All samples, in the order of the page."""
    return (_results(), _referral(), _unasked(), _sensitive(), _ordinary())


def _results() -> Letter:
    text = f"""Dear {MARIA.name},

your blood test of March 3, 2026 is back. Your HbA1c is 7.9 %, which means that
your diabetes needs a little more care. Please take metformin 850 mg twice a day
and come to see us on March 19.

Your record number is {MARIA.mrn}. The report and all values are attached.

Kind regards
{SENDER_NAME}
"""
    report = ("Willow Creek Clinic", "Laboratory report", f"{MARIA.name}, {MARIA.mrn}", "HbA1c 7.9 % (4.0 to 5.6)")
    return Letter(
        key="consented",
        title="A patient who agreed to e-mail",
        story="The register has a consent and no certificate. The open mail is the letter without personal details, with a "
        "link; the whole letter and its attachments wait behind a one-time code.",
        expect="link",
        to=MARIA.email,
        to_name=MARIA.name,
        subject=f"{MARIA.given}, your blood test of March 3",
        text=text,
        rich=True,
        secrets=(MARIA.family, MARIA.mrn, "HbA1c", "metformin", "diabetes", "lab-report", "March 19"),
        files=(
            File("Quintero-lab-report.pdf", "application/pdf", pdf(report)),
            File("Quintero-values.csv", "text/csv", VALUES.encode()),
        ),
    )


def _referral() -> Letter:
    return Letter(
        key="colleague",
        title="A colleague with a certificate",
        story="A cardiologist who treats the same patient. No consent is needed for treatment, and the certificate on record "
        "lets the gateway encrypt with S/MIME: the real subject is inside, a neutral one outside.",
        expect="smime",
        to=people.COLLEAGUE,
        to_name=people.COLLEAGUE_NAME,
        subject=f"Referral: {MARIA.name}, angina pectoris",
        text=f"""Dear Samuel,

could you see {MARIA.name} (born March 4, 1971, {MARIA.mrn}) this week? She has
angina pectoris on exertion since May; her resting ECG was normal. She takes
metformin and aspirin.

Thank you
Hannah
""",
        secrets=(MARIA.family, MARIA.mrn, "angina pectoris", "aspirin", "March 4, 1971", "resting ECG"),
    )


def _unasked() -> Letter:
    return Letter(
        key="unasked",
        title="A patient who was never asked",
        story="Nothing on record says that this patient wants e-mail. The letter waits, sealed; the sender is told; the patient "
        "gets a question that says nothing of it. A yes lets the letter go: with a neutral notice, for it has a picture, which "
        "nobody but its reader can judge.",
        expect="consent",
        to=DANIEL.email,
        to_name=DANIEL.name,
        subject="Your knee: what the MRI shows",
        text=f"""Dear {DANIEL.name},

the MRI of your left knee shows a torn meniscus. Before arthroscopy we should
talk about your blood pressure; please bring the lisinopril that you take.
Your record number is {DANIEL.mrn}. A picture is attached.

Kind regards
{SENDER_NAME}
""",
        secrets=(DANIEL.family, DANIEL.mrn, "meniscus", "arthroscopy", "lisinopril", "left-knee-slice"),
        files=(File("left-knee-slice-12.png", "image/png", png()),),
    )


def _sensitive() -> Letter:
    return Letter(
        key="sensitive",
        title="A letter of a sensitive class",
        story="An HIV result: even a masked letter would say too much, so only a neutral notice travels. This mailbox was never "
        "verified by the practice, so the code goes to the phone on file.",
        expect="link",
        to=TOBIAS.email,
        to_name=TOBIAS.name,
        subject="Your test result",
        text=f"""Dear {TOBIAS.name},

your HIV test of February 27 was negative. We suggest to go on with Truvada as
before and to test again in three months. Your record number is {TOBIAS.mrn}.

Kind regards
{SENDER_NAME}
""",
        secrets=(TOBIAS.family, TOBIAS.mrn, "HIV test", "Truvada", "February 27", "three months"),
    )


def _ordinary() -> Letter:
    return Letter(
        key="ordinary",
        title="An ordinary mail",
        story="Nothing in it is about a patient. It leaves as it came, byte for byte; only the gateway's own number is put in "
        "front.",
        expect="pass",
        to=people.SUPPLIER,
        to_name="Paper Supply",
        subject="Printer paper",
        text="""Hello,

could you please send us twelve boxes of the same printer paper as last time?
The side door is open until five.

Thank you
Hannah Lee
""",
    )


def _html(text: str) -> str:
    written = [escape(one) for one in text.strip().split("\n\n")]
    written[-1] = written[-1].replace("\n", "<br>")
    paragraphs = "".join(f"<p>{one}</p>" for one in written)
    return f'<html><body style="font-family: sans-serif">{paragraphs}</body></html>'


def pdf(lines: tuple[str, ...]) -> bytes:
    """A PDF of one page with real text (ISO 32000-1, 7.5)."""
    shown = b" T* ".join(
        b"(" + one.encode("ascii").replace(b"(", b"\\(").replace(b")", b"\\)") + b") Tj" for one in lines
    )
    page = b"BT /F1 14 Tf 72 760 Td 22 TL " + shown + b" ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    made, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return made + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        size, table, size, len(made))  # fmt: skip


def png(side: int = 160) -> bytes:
    """A picture: soft rings in grey on black (PNG, 8 bit grey)."""
    rows = []
    for y in range(side):
        row = bytearray(b"\x00")
        for x in range(side):
            from_middle = ((x - side / 2) ** 2 + 1.6 * (y - side / 2) ** 2) ** 0.5
            row.append(0 if from_middle > side / 2 - 6 else int(90 + 70 * ((from_middle / 9) % 2 - 1)))
        rows.append(bytes(row))
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
