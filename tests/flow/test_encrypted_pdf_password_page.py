"""The password of an encrypted PDF on a link's page: opened by another channel than the mailbox, and gone with the link."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from gateway.config.starter import starter_policy
from gateway.domain.decision import Method
from gateway.domain.errors import PickupRefused
from gateway.domain.states import DeliveryState, ParcelState
from gateway.flow.passwords import Passwords
from gateway.flow.story import story
from gateway.ports.relay import Outcome, Reply
from tests.support.home import MARIA, NETWORK, RESULTS, Home, Sent, code_in, mail

LATER = Reply(Outcome.TEMPORARY, 451, "4.3.0", text="later")
PORTAL = 'method_order = ["pdf"]\npdf.text_messages = false\npdf.portal = true'


def policy(lines: str) -> str:
    """The starter policy with these lines first."""
    kept = [one for one in starter_policy().splitlines() if not one.startswith("method_order")]
    return "\n".join([lines, *kept])


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home(tmp_path, policy=policy(PORTAL)) as made:
        yield made.people()


def send(home: Home, number: int = 1) -> tuple[str, list[Sent]]:
    message = home.submit(mail(MARIA, "Your results, Maria", RESULTS, number=number), [MARIA])
    home.settle()
    return message, home.sent(MARIA)


def pdf_of(sent: Sent) -> bytes:
    [part] = [one for one in sent.parsed.walk() if one.get_filename()]
    content = part.get_content()
    assert isinstance(content, bytes)
    return content


def proved(home: Home, sent: Sent) -> str:
    """The cookie of whoever reads the code on the phone; the clock stands, so the order of texts says nothing."""
    before = set(home.texts())
    home.pickup.request_code(sent.token(), "phone", NETWORK)
    home.run_job("send_code")
    [told] = set(home.texts()) - before
    return home.pickup.prove(sent.token(), code_in(told), NETWORK)


def shown(home: Home, sent: Sent) -> str:
    """The password that the page shows to whom a code has proved."""
    letter = home.pickup.view(proved(home, sent))
    assert not letter.enclosed
    assert not re.search("Maria|Quintero|diabetes|Lee", letter.subject + letter.text + letter.sender + letter.to)
    [line] = [one for one in letter.text.splitlines() if re.fullmatch(r"[a-z]+( [a-z]+){7}", one)]
    return line


def parcels(home: Home) -> list[ParcelState]:
    with home.store.begin() as uow:
        return [one.state for one in uow.parcels.listed(list(ParcelState))]


def opens(sent: Sent, password: str) -> bool:
    try:
        pikepdf.open(io.BytesIO(pdf_of(sent)), password=password).close()
    except pikepdf.PasswordError:
        return False
    return True


def test_the_password_on_the_page_opens_the_pdf_and_stands_nowhere_else(home, tmp_path):
    message, [sent] = send(home)
    row = home.delivery(message)
    assert (row.method, row.state) == (Method.PDF, DeliveryState.DELIVERED)
    assert "pdf.portal" in row.reasons
    assert "does not come by e-mail" in sent.text
    assert home.sql("SELECT proof FROM parcels") == [("phone",)]
    words = shown(home, sent)
    assert "shows diabetes" in pypdfium2.PdfDocument(pdf_of(sent), password=words)[0].get_textpage().get_text_bounded()
    assert not opens(sent, "")
    assert not opens(sent, words.rpartition(" ")[0])
    # Neither in mail, text message, log, nor anywhere on disk: the page alone has it.
    assert words not in sent.text
    assert words not in "".join(line.text for line in story(home.store, message))
    assert words not in "".join(home.texts())
    kept = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert any(one.name == "sealgate.db" for one in kept)
    assert not [one for one in kept if words.encode() in one.read_bytes()]
    assert home.sql("SELECT count(*) FROM secrets") == [(0,)]


def test_two_messages_have_two_passwords_and_numbers(home):
    send(home)
    _, sent = send(home, 2)
    words = [shown(home, one) for one in sent]
    assert [opens(one, word) for one in sent for word in words] == [True, False, False, True]
    assert len({re.findall("number ([0-9A-F]{4})", one.text)[0] for one in sent}) == 2


def test_a_code_to_the_mailbox_is_refused(home):
    _, [sent] = send(home)
    with pytest.raises(PickupRefused, match="not_yet_allowed"):
        home.pickup.request_code(sent.token(), "mailbox", NETWORK)
    assert home.pickup.find(sent.token()).channels == ("phone",)


@pytest.mark.parametrize("notifier", [True, False])
def test_where_only_the_mailbox_could_prove_there_is_no_pdf(tmp_path, notifier):
    def config(text: str) -> str:
        return text if notifier else re.sub(r"(?m)^(\[notifier\]\s*\n)url = .*$", r"\1", text)

    with Home(tmp_path, policy=policy(PORTAL), config=config) as home:
        home.people()
        if notifier:
            home.change(home.maria, phone="")
        assert (home.inst.notifier() is not None) is notifier
        message, sent = send(home)
        assert not sent
        row = home.delivery(message)
        assert row.state is DeliveryState.HELD
        assert "method.impossible" in row.reasons
        assert not parcels(home)


def test_staff_who_checked_who_calls_are_another_channel(home):
    home.change(home.maria, phone="", verified_addresses=frozenset())
    _, [sent] = send(home)
    assert home.pickup.find(sent.token()).channels == ("staff",)
    [[parcel]] = home.sql("SELECT id FROM parcels")
    with home.store.begin() as uow:
        code = home.rooms.codes.for_staff(uow, parcel, home.clock.now(), "desk")
    letter = home.pickup.view(home.pickup.prove(sent.token(), code, NETWORK))
    assert any(opens(sent, line) for line in letter.text.splitlines())


def test_a_phone_taken_off_the_record_before_it_leaves_sends_nothing(home, monkeypatch):
    home.hop.answers[MARIA] = [LATER]
    message, _ = send(home)
    monkeypatch.setattr(Passwords, "_proof", lambda *_: "")  # as if it went between decision and sealing
    home.hop.answers.clear()
    home.later(600)
    assert not home.sent(MARIA)
    assert home.delivery(message).state is DeliveryState.HELD


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_an_ended_link_shows_nothing(home, end):
    _, [sent] = send(home)
    cookie = proved(home, sent)
    [[parcel]] = home.sql("SELECT id FROM parcels")
    if end == "revoked":
        assert home.rooms.recheck.revoke(parcel, "desk")
    else:
        with home.store.begin() as uow:
            [row] = uow.parcels.listed([ParcelState.OPENED])
        home.later(row.expires_at - home.clock.now() + timedelta(seconds=1))
    with pytest.raises(PickupRefused):
        home.pickup.view(cookie)
    with pytest.raises(PickupRefused, match=end):
        home.pickup.find(sent.token())
    assert home.inst.peppers().get(parcel) is None
    assert home.sql("SELECT count(*) FROM secrets") == [(0,)]


def test_a_retry_has_the_same_page_and_password(home):
    home.hop.answers[MARIA] = [LATER]
    send(home)
    assert home.sql("SELECT count(*) FROM secrets") == [(2,)]
    home.hop.answers.clear()
    home.later(600)
    [sent] = home.sent(MARIA)
    assert parcels(home) == [ParcelState.SEALED]
    assert opens(sent, shown(home, sent))


def test_another_telephone_gets_another_page_and_password(home):
    home.hop.answers[MARIA] = [LATER]
    send(home)
    home.change(home.maria, phone="(555) 555-0177")
    home.hop.answers.clear()
    for _ in range(3):
        home.later(600)
    [sent] = home.sent(MARIA)
    assert sorted(parcels(home)) == [ParcelState.REVOKED, ParcelState.SEALED]
    assert opens(sent, shown(home, sent))
    assert "0177" in home.texts()[-1]


@pytest.mark.parametrize("ways", [(PORTAL, 'method_order = ["link"]'), ('method_order = ["link"]', PORTAL),
                                  (PORTAL, 'method_order = ["pdf"]'), ('method_order = ["pdf"]', PORTAL)])  # fmt: skip
def test_decided_anew_no_page_shows_what_another_way_was_to_show(tmp_path, ways):
    with Home(tmp_path, policy=policy(ways[0])) as home:
        home.people()
        # An unverified mailbox: the link's proof is the phone as well, so that both parcels ask for the same.
        home.change(home.maria, verified_addresses=frozenset())
        home.hop.answers[MARIA] = [LATER]
        send(home)
        (home.root / "policy.toml").write_text(policy(ways[1]))
        home.start()
        home.hop.answers.clear()
        for _ in range(3):
            home.later(600)
        [sent] = home.sent(MARIA)
        if "link" in ways[1]:
            assert "diabetes" in home.pickup.view(proved(home, sent)).text
        elif "portal" in ways[1]:
            words = shown(home, sent)
            assert opens(sent, words)
            assert words not in "".join(home.texts())
        else:
            [told] = [one for one in home.texts() if re.search(r"\w{4}-\w{4}-\w{4}-\w{4}", one)]
            found = re.search(r"\w{4}-\w{4}-\w{4}-\w{4}", told)
            assert found is not None
            assert opens(sent, found[0])
        assert parcels(home).count(ParcelState.SEALED) + parcels(home).count(ParcelState.OPENED) == ("/m/" in sent.text)
        assert home.sql("SELECT count(*) FROM secrets") == [(0,)]
