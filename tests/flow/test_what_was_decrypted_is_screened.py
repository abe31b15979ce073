"""What was encrypted to the practice is looked through once it is open: a threat, or a scan that was not made, keeps it from inside."""

from __future__ import annotations

import base64
import os
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.config.starter import starter_policy
from gateway.domain.address import Address
from gateway.domain.decision import Action, HoldReason
from gateway.domain.errors import PermanentError
from gateway.domain.states import DeliveryState, MessageState
from gateway.policy.explain import receipt_reason
from gateway.ports.relay import Outcome, Reply
from gateway.seal.smime_envelope import envelop
from gateway.seal.smime_recipients import KeyTransport
from tests.flow.test_mail_from_outside import (
    ALICE,
    AUTHORITY,
    FIELDS,
    FRONT,
    OWN,
    Death,
    come_in,
    config,
    give_keys,
    sealed,
)
from tests.support.clamd import FalseClamd
from tests.support.home import DOCTOR, Home, Sent
from tests.support.sealed_mail import crlf, entity, wrapped
from tests.support.threatening import PROGRAM, docx, ole

REQUIRED = starter_policy().replace('clamd = "off"', 'clamd = "require"')
MACRO = docx(word__vbaProject_dot_bin=ole({"VBA/dir": b"x"}))
OK, FOUND = b"stream: OK\0", b"stream: Win.Test.Thing FOUND\0"


def with_file(name: str, data: bytes) -> bytes:
    """A letter with a file, as it is inside its encryption."""
    head = f'From: Alice <{ALICE}>\nSubject: Results\nContent-Type: multipart/mixed; boundary=b; hp="cipher"\n'
    return entity(
        head, "--b\nContent-Type: text/plain\n\ndiabetes\n--b\nContent-Type: application/octet-stream\n"
        f"Content-Disposition: attachment; filename={name}\nContent-Transfer-Encoding: base64\n\n"
        f"{base64.encodebytes(data).decode()}--b--\n",
    )  # fmt: skip


def house(root: Path, policy: str = "", url: str = "", screen: str = "screen = true\n", **more) -> Home:  # type: ignore[no-untyped-def]
    def all_of_it(text: str) -> str:
        text = config(text).replace("[inbound]\n", f"[inbound]\n{screen}", 1)
        return text.replace("[archive]", f'[clamd]\nurl = "{url}"\nmessage = "1m"\n\n[archive]', 1) if url else text

    (root / "sealgate").mkdir()
    (root / "sealgate" / "authorities.pem").write_bytes(AUTHORITY.public_bytes(Encoding.PEM))
    home = Home(root, policy=policy or None, config=all_of_it, **more)
    give_keys(home)
    return home


def told(home: Home, to: str = FRONT) -> list[Sent]:
    return [one for one in home.sent(to) if "held back" in one.parsed["Subject"]]


def inside(home: Home, to: str = FRONT) -> list[Sent]:
    return [one for one in home.sent(to) if "held back" not in one.parsed["Subject"]]


def held(home: Home, message: str, why: HoldReason) -> bool:
    copies = home.deliveries(message)
    states = {(one.state, one.action, one.held_for) for one in copies}
    about = home.message(message)
    return states == {(DeliveryState.HELD, Action.HOLD, why)} and (about.state, about.held_for) == (
        MessageState.HELD, why.value
    )  # fmt: skip


def test_a_threat_is_held_and_its_recipient_is_told_why(tmp_path: Path) -> None:
    name = "photo.pdf.exe"
    with house(tmp_path) as home:
        message = come_in(home, sealed(with_file(name, PROGRAM)))
        home.settle()
        assert held(home, message, HoldReason.THREAT)
        assert inside(home) == []
        assert "threat.executable" in home.delivery(message).reasons
        [one] = told(home)
        assert receipt_reason(HoldReason.THREAT) in one.text.replace("\n", " ")
        for word in (name, "Alice", "clinic", "Results", "diabetes"):
            assert word not in one.text + one.parsed["Subject"]
        assert not home.sent(ALICE), "to whoever it says it is from would be backscatter"
        with pytest.raises(PermanentError, match="outside"):
            home.rooms.review.release(home.delivery(message).id, "ann", "looks fine")
        home.later(timedelta(days=6))
        assert home.delivery(message).state is DeliveryState.REFUSED
        assert (inside(home), home.message(message).record) == ([], b"")


def test_a_document_with_a_macro_is_held_and_one_without_goes_inside(tmp_path: Path) -> None:
    with house(tmp_path, sandbox=True) as home:
        message = come_in(home, sealed(with_file("list.docm", MACRO)))
        come_in(home, sealed(with_file("list.docx", docx())), DOCTOR)
        home.settle()
        assert held(home, message, HoldReason.THREAT)
        assert home.delivery(message).reasons == ("threat.macro",)
        assert (len(inside(home)), len(inside(home, DOCTOR))) == (0, 1)


def test_what_the_practice_allows_goes_inside(tmp_path: Path) -> None:
    policy = starter_policy().replace("[threats]", '[threats]\nexecutables = "allow"\ndisguised_names = "allow"')
    with house(tmp_path, policy) as home:
        come_in(home, sealed(with_file("photo.pdf.exe", PROGRAM)))
        home.settle()
        assert len(inside(home)) == 1


def test_unless_the_practice_has_it_so_nothing_is_looked_through(tmp_path: Path) -> None:
    with FalseClamd(lambda _: FOUND) as clamd, house(tmp_path, REQUIRED, clamd.url, screen="") as home:
        come_in(home, sealed(with_file("photo.exe", PROGRAM)))
        home.settle()
        assert len(inside(home)) == 1
        assert clamd.streams == []


def test_mail_that_was_not_encrypted_is_for_the_filter_outside(tmp_path: Path) -> None:
    with FalseClamd(lambda _: FOUND) as clamd, house(tmp_path, REQUIRED, clamd.url) as home:
        come_in(home, crlf(FIELDS) + with_file("photo.exe", PROGRAM).partition(b"\r\n")[2])
        home.inst.own_decryption = list  # type: ignore[method-assign]
        come_in(home, sealed(), DOCTOR)
        home.settle()
        assert (len(inside(home)), len(inside(home, DOCTOR))) == (1, 1), "nor is what could not be opened"
        assert clamd.streams == []


def test_what_is_set_apart_is_looked_through_as_it_was_inside(tmp_path: Path) -> None:
    """HTML that anybody may have changed goes as a file; what is in that file counts."""
    html = entity("Content-Type: text/html\n", "<p>so bad</p>\n")
    mail = wrapped(b"".join(envelop([html], [OWN[0]], random=os.urandom, transport=KeyTransport.PKCS1)), FIELDS)
    with (
        FalseClamd(lambda data: FOUND if b"so bad" in data else OK) as clamd,
        house(tmp_path, REQUIRED, clamd.url) as home,
    ):
        message = come_in(home, mail)
        home.settle()
        assert held(home, message, HoldReason.THREAT)
        assert "threat.malware" in home.delivery(message).reasons


def test_a_scanner_that_is_away_holds_it_until_it_is_back(tmp_path: Path) -> None:
    with FalseClamd(lambda _: b"") as clamd, house(tmp_path, REQUIRED, clamd.url) as home:
        message = come_in(home, sealed(), [FRONT, DOCTOR])
        home.settle()
        for minutes in (11, 21):
            assert held(home, message, HoldReason.UNSCANNED)
            assert (len(told(home)), len(told(home, DOCTOR))) == (1, 1), "each is told once"
            assert inside(home) == []
            home.later(timedelta(minutes=minutes))
        clamd.answer = lambda _: OK
        home.later(timedelta(minutes=40))
        assert [len(inside(home, to)) for to in (FRONT, DOCTOR)] == [1, 1]
        assert home.message(message).state is MessageState.SETTLED


def test_a_scanner_that_is_slow_is_one_that_is_away(tmp_path: Path) -> None:
    with FalseClamd(lambda _: OK) as clamd, house(tmp_path, REQUIRED, clamd.url) as home:
        clamd.after = 30.0
        viruses = home.rooms.reader.viruses
        assert viruses is not None
        viruses._seconds = 0.2  # type: ignore[attr-defined]
        message = come_in(home, sealed())
        home.settle()
        assert held(home, message, HoldReason.UNSCANNED)
        clamd.after = 0.0


def test_without_any_scanner_where_policy_requires_one_it_waits_and_is_given_up(tmp_path: Path) -> None:
    with house(tmp_path, REQUIRED) as home:
        message = come_in(home, sealed())
        home.settle()
        assert held(home, message, HoldReason.UNSCANNED)
        home.later(timedelta(days=3))
        home.later(timedelta(days=3))
        assert home.delivery(message).state is DeliveryState.REFUSED
        assert (inside(home), len(told(home))) == ([], 1)


def test_it_is_judged_again_at_each_try(tmp_path: Path) -> None:
    """What the scanner learns while the server inside is away counts."""
    with FalseClamd(lambda _: OK) as clamd, house(tmp_path, REQUIRED, clamd.url) as home:
        home.hop.answers[FRONT] = [Reply(Outcome.TEMPORARY, 451, "4.3.0")]
        message = come_in(home, sealed())
        home.settle()
        assert home.delivery(message).state is DeliveryState.RETRY
        home.hop.answers.clear()
        clamd.answer = lambda _: FOUND
        home.later(timedelta(hours=1))
        assert held(home, message, HoldReason.THREAT)
        assert inside(home) == []
        assert len(told(home)) == 1


def test_a_copy_that_was_held_does_not_go_because_its_row_says_ready(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        message = come_in(home, sealed(with_file("run.exe", PROGRAM)))
        home.settle()
        copy = home.delivery(message).id
        home.sql("UPDATE deliveries SET state = 'ready' WHERE id = ?", copy)
        home.sql("UPDATE messages SET state = 'assessed' WHERE id = ?", message)
        with home.store.begin() as uow:
            kind = next(one for one in home.rooms.worker._steps if one.value == "inbound")
            uow.jobs.add(kind, message, copy, home.clock.now())
        home.settle()
        assert inside(home) == []
        assert home.delivery(message).state is DeliveryState.HELD


def test_a_death_while_it_is_held_loses_nothing(tmp_path: Path) -> None:
    with FalseClamd(lambda _: b"") as clamd, house(tmp_path, REQUIRED, clamd.url) as home:
        message = come_in(home, sealed())
        home.settle()
        assert held(home, message, HoldReason.UNSCANNED)
        clamd.answer = lambda _: OK

        def dies(name: str) -> None:
            if name == "inside.2":
                raise Death

        home.reached = dies
        home.start()
        give_keys(home)
        with pytest.raises(Death):
            home.later(timedelta(minutes=11))
        assert home.message(message).state is MessageState.ASSESSED
        home.reached = lambda _: None
        home.start()
        give_keys(home)
        home.later(home.inst.settings.worker.lease + timedelta(minutes=1))
        home.settle()
        assert len(inside(home)) == 1
        assert home.inst.key_directory().find(Address.parse(ALICE), home.clock.now()).source == "harvested"
