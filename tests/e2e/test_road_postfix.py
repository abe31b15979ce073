"""The whole road with Debian's Postfix as the next hop: TLS verified against a test CA, the relayed mail fetched and opened."""

from __future__ import annotations

import email
import email.policy
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from gateway.domain.decision import Method
from gateway.domain.states import AttemptState, DeliveryState
from tests.e2e.postfix_peer import REFUSED, Postfix
from tests.support.gpgsm import LOOPBACK, gpgsm_home, import_key
from tests.support.live import COLLEAGUE, LETTER, MARIA, OFFICE, SENDER, Live, free_port, letter, until
from tests.support.portal_house import Browser
from tests.support.programs import run

pytestmark = [pytest.mark.e2e, pytest.mark.peer]

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 400
CSV = b"date,value\r\n2026-03-03,5.4\r\n"
BOUNDARY = "b-0b1c2d"


@pytest.fixture(scope="module")
def hop() -> Iterator[Postfix]:
    # Not pytest's own folder: every session closes that one to other users when it starts.
    with tempfile.TemporaryDirectory(prefix="sealgate-hop-", ignore_cleanup_errors=True) as made:
        yield from _running(Path(made))


def _running(folder: Path) -> Iterator[Postfix]:
    folder.chmod(0o711)
    postfix = Postfix(folder / "postfix", free_port())
    try:
        postfix.start()
        yield postfix
    finally:
        postfix.stop()


@pytest.fixture(scope="module")
def live(hop: Postfix, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    gate = Live(
        tmp_path_factory.mktemp("road") / "gate", relay=f"smtp+starttls://localhost:{hop.port}",
        relay_more=f'ca_file = "{hop.folder}/ca.pem"',
    )  # fmt: skip
    gate.certify()
    gate.certify(REFUSED)
    try:
        gate.start("worker", "web", "smtp")
        yield gate
    finally:
        gate.stop()


def needed(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} IS MISSING: this peer was not tried")
    return found


def with_attachments(to: str) -> bytes:
    """Results with a PDF and a table."""
    import base64

    body = [
        f"--{BOUNDARY}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{LETTER}".encode(),
        f'--{BOUNDARY}\r\nContent-Type: application/pdf; name="results.pdf"\r\nContent-Disposition: attachment; filename="results.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n'.encode()
        + base64.encodebytes(PDF).replace(b"\n", b"\r\n"),
        f'--{BOUNDARY}\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename="values.csv"\r\nContent-Transfer-Encoding: base64\r\n\r\n'.encode()
        + base64.encodebytes(CSV).replace(b"\n", b"\r\n"),
        f"--{BOUNDARY}--\r\n".encode(),
    ]  # fmt: skip
    whole = letter(to, "", extra="X-Probe: 1\r\n").replace(
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit",
        f'Content-Type: multipart/mixed; boundary="{BOUNDARY}"'.encode(),
    )
    return whole + b"\r\n".join(body)


def check_letter(payload: bytes) -> None:
    mail = email.message_from_bytes(payload, policy=email.policy.default)
    assert mail["subject"] == "Your results"
    text, pdf, csv = mail.iter_parts()
    assert "Maria Quintero" in text.get_content()
    assert pdf.get_content() == PDF
    assert csv.get_payload(decode=True) == CSV


def test_postfix_hands_a_link_to_the_patient_who_opens_it(live: Live, hop: Postfix) -> None:
    message = live.submit(with_attachments(MARIA), MARIA)
    (copy,) = live.settled(message)
    assert (copy.state, copy.method) == (DeliveryState.DELIVERED, Method.LINK)
    delivered = next(one for one in live.events(message) if one["kind"] == "delivered")
    assert delivered["tls"].startswith("TLSv1.")
    mail = until(lambda: [one for one in hop.to(MARIA) if message.encode() in one], why=hop.log())[0]
    for word in (b"Quintero", b"diabetes", b"4471203", b"results.pdf"):
        assert word not in mail
    text = email.message_from_bytes(mail, policy=email.policy.default).get_body(("plain",)).get_content()
    token = re.search(rf"http://localhost:{live.portal}/m/(\S+)", text).group(1)
    browser = Browser(live.portal)
    browser.get(f"/m/{token}")
    browser.post("/letter/code", channel="mailbox")
    browser.get("/letter/enter?by=mailbox")
    mail = until(lambda: [one for one in hop.to(MARIA) if b"one-time code is" in one], why=hop.log())[-1]
    code = re.search(rb"one-time code is: ([\d ]+)", mail).group(1).decode()
    answer = browser.post("/letter/open", code=code)
    assert answer.status == 303
    shown = browser.get(answer.headers["location"])
    assert "Maria Quintero" in shown.text
    assert browser.go("GET", "/letter/file/1").body == PDF
    assert browser.go("GET", "/letter/file/2").body == CSV
    assert [one["kind"] for one in live.events(message)].count("parcel_opened") == 1


def test_postfix_hands_smime_to_the_colleague_who_opens_it_with_openssl(
    live: Live, hop: Postfix, tmp_path: Path
) -> None:
    openssl = needed("openssl")
    message = live.submit(with_attachments(COLLEAGUE), COLLEAGUE)
    (copy,) = live.settled(message)
    assert (copy.state, copy.method) == (DeliveryState.DELIVERED, Method.SMIME)
    mail = until(lambda: [one for one in hop.to(COLLEAGUE) if message.encode() in one], why=hop.log())[0]
    assert b"Your results" not in mail
    own = live.folder / f"{COLLEAGUE}.own.pem"
    entity = run(openssl, "cms", "-decrypt", "-inform", "SMIME", "-recip", own, data=mail)
    payload = run(
        openssl, "cms", "-verify", "-inform", "SMIME", "-CAfile", live.folder / "keys" / "ca.crt", "-purpose", "smimesign", "-signer",
        tmp_path / "signer.pem", data=entity,
    )  # fmt: skip
    check_letter(payload)
    signer = x509.load_pem_x509_certificate((tmp_path / "signer.pem").read_bytes())
    names = signer.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.RFC822Name) == [SENDER]


@pytest.fixture
def gpg_home(live: Live) -> Iterator[dict[str, str]]:
    with gpgsm_home(x509.load_pem_x509_certificate((live.folder / "keys" / "ca.crt").read_bytes())) as env:
        yield env


def test_gpgsm_opens_the_fetched_mail(live: Live, hop: Postfix, gpg_home: dict[str, str], tmp_path: Path) -> None:
    gpgsm, openssl = needed("gpgsm"), needed("openssl")
    message = live.submit(with_attachments(COLLEAGUE), COLLEAGUE)
    live.settled(message)
    mail = until(lambda: [one for one in hop.to(COLLEAGUE) if message.encode() in one], why=hop.log())[0]
    own = live.folder / f"{COLLEAGUE}.own.pem"
    run(gpgsm, "--import", live.folder / "keys" / "ca.crt", env=gpg_home)
    import_key(gpgsm, openssl, own, tmp_path / "own.p12", gpg_home)
    (tmp_path / "mail.p7m").write_bytes(email.message_from_bytes(mail).get_payload(decode=True))
    entity = run(gpgsm, *LOOPBACK, "--output", "-", "--decrypt", tmp_path / "mail.p7m", data=b"x\n", env=gpg_home)
    outer = email.message_from_bytes(entity)
    _, content, signature, _ = entity.split(b"--" + outer.get_boundary().encode())
    content = content.removeprefix(b"\r\n").removesuffix(b"\r\n")
    (tmp_path / "content").write_bytes(content)
    (tmp_path / "content.p7s").write_bytes(email.message_from_bytes(signature.lstrip()).get_payload(decode=True))
    told = run(
        gpgsm, "--status-fd", "1", "--verify", tmp_path / "content.p7s", tmp_path / "content", env=gpg_home
    ).decode()
    assert "[GNUPG:] GOODSIG" in told
    check_letter(content)


def test_an_ordinary_mail_passes_through_postfix(live: Live, hop: Postfix) -> None:
    source = letter(OFFICE, "Lunch on Friday?\r\n\r\n.dot\r\nFrom here on\r\n", subject="Lunch")
    message = live.submit(source, OFFICE)
    live.settled(message)
    mail = until(lambda: [one for one in hop.to(OFFICE) if message.encode() in one], why=hop.log())[0]
    assert mail.partition(b"\r\n\r\n")[2] == source.partition(b"\r\n\r\n")[2]


def test_one_message_to_three_recipients_is_split(live: Live, hop: Postfix) -> None:
    message = live.submit(letter(f"{MARIA}, {COLLEAGUE}"), MARIA, COLLEAGUE, OFFICE)
    copies = live.settled(message)
    methods = [(one.state, one.method) for one in copies]
    assert methods == [
        (DeliveryState.DELIVERED, Method.LINK), (DeliveryState.DELIVERED, Method.SMIME), (DeliveryState.HELD, None)
    ]  # fmt: skip
    until(lambda: all(any(message.encode() in one for one in hop.to(to)) for to in (MARIA, COLLEAGUE)), why=hop.log())
    assert not any(message.encode() in one for one in hop.to(OFFICE))
    assert all(OFFICE.encode() not in one for to in (MARIA, COLLEAGUE) for one in hop.to(to) if message.encode() in one)


def test_a_recipient_that_postfix_refuses_is_a_dsn_to_the_sender(live: Live, hop: Postfix) -> None:
    message = live.submit(letter(REFUSED), REFUSED)
    (copy,) = live.settled(message)
    assert copy.state is DeliveryState.FAILED
    failed = next(one for one in live.events(message) if one["kind"] == "failed")
    assert failed["reply"].startswith("55")
    report = until(
        lambda: [one for one in hop.to(SENDER) if b"delivery-status" in one and message.encode() in one], why=hop.log()
    )[0]
    read = email.message_from_bytes(report, policy=email.policy.default)
    assert read["auto-submitted"] == "auto-replied"
    assert read.get_content_type() == "multipart/report"
    status = next(part for part in read.walk() if part.get_content_type() == "message/delivery-status").as_string()
    assert f"Final-Recipient: rfc822; {REFUSED}" in status
    assert "Action: failed" in status
    assert re.search(r"Status: 5\.\d+\.\d+", status)
    for word in (b"Quintero", b"diabetes", b"4471203"):
        assert word not in report
    assert hop.to(REFUSED) == []


def test_postfix_away_is_a_retry_and_one_delivery_when_it_is_back(live: Live, hop: Postfix) -> None:
    hop.stop()
    try:
        message = live.submit(letter(OFFICE, "Are you there?\r\n", subject="Lunch"), OFFICE)
        until(lambda: live.deliveries(message) and live.deliveries(message)[0].state is DeliveryState.RETRY)
        retry = next(one for one in live.events(message) if one["kind"] == "retry")
        assert retry["reply"]
        assert retry["next"]
    finally:
        hop.start()
    (copy,) = live.settled(message)
    assert copy.state is DeliveryState.DELIVERED
    until(lambda: any(message.encode() in one for one in hop.to(OFFICE)), why=hop.log())
    with live.home.store().begin() as uow:
        states = [one.state for one in uow.attempts.of_delivery(copy.id)]
    assert states[-1] is AttemptState.DELIVERED
    assert set(states[:-1]) == {AttemptState.RETRY}
    assert sum(message.encode() in one for one in hop.to(OFFICE)) == 1


def test_a_certificate_of_another_authority_delivers_nothing(hop: Postfix, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    gate = Live(
        tmp_path / "gate", relay=f"smtp+starttls://localhost:{hop.port}", relay_more=f'ca_file = "{tmp_path}/other.pem"'
    )
    try:
        gate.start("worker", "smtp")
        message = gate.submit(letter(OFFICE, "Lunch?\r\n", subject="Lunch"), OFFICE)
        until(lambda: any(one["kind"] == "retry" for one in gate.events(message)))
        (copy,) = gate.deliveries(message)
        assert copy.state in {DeliveryState.RETRY, DeliveryState.SENDING}
        retry = next(one for one in gate.events(message) if one["kind"] == "retry")
        assert "4.7" in retry["reply"], retry
        assert not any(message.encode() in one for one in hop.mails())
    finally:
        gate.stop()
