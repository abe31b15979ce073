"""The whole road with database and key shelf in PostgreSQL, and two nodes on it that take each other's work."""

from __future__ import annotations

import threading
from unittest import mock

import pytest
from cryptography.exceptions import InvalidSignature

from gateway.app import worker_role
from gateway.app.installation import Installation
from gateway.domain.states import MessageState
from gateway.flow.audit_verify import verify
from tests.support import postgres
from tests.support.home import GRACE, LUNCH, MARIA, OFFICE, RESULTS, TOBIAS, TOBIAS_RESULTS, Home, mail

pytestmark = pytest.mark.e2e


@pytest.fixture
def home(tmp_path):
    with Home(tmp_path, config=postgres.configured(postgres.fresh(), postgres.fresh())) as made:
        yield made.people()


def test_link_smime_pass_and_hold(home):
    home.add_certificate(GRACE)
    linked = home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    sealed = home.submit(mail(GRACE, "Results", RESULTS), GRACE)
    plain = home.submit(mail(OFFICE, "Lunch", LUNCH), OFFICE)
    waiting = home.submit(mail(TOBIAS, "Results", TOBIAS_RESULTS), TOBIAS)
    home.settle()
    assert home.open_link(home.sent(MARIA)[0]).text.replace("\r\n", "\n").strip() == RESULTS.replace("\r\n", "\n")
    assert b"application/pkcs7-mime" in home.sent(GRACE)[0].raw
    assert LUNCH.encode() in home.sent(OFFICE)[0].raw
    assert {home.message(one).state for one in (linked, sealed, plain)} == {MessageState.SETTLED}
    assert home.message(waiting).state is MessageState.HELD


@pytest.mark.proves("rest.key-shelf")
def test_keys_end_in_a_database_too(home):
    home.submit(mail(MARIA, "Results", RESULTS), MARIA)
    home.settle()
    parcel = home.keys.peppers.names()
    assert len(parcel) == 1
    home.later(60 * 60 * 24 * 20)
    assert home.keys.peppers.names() == ()
    for _ in range(4):
        home.later(60 * 60 * 25)
    assert len(home.keys.epochs.names()) <= 2


@pytest.mark.proves("log.two-nodes", "log.folder")
def test_two_nodes_share_the_work_and_one_log(home):
    """Two stores over one database, as two machines have them: nothing is done twice, and the log has no gap."""
    sent = [home.submit(mail(OFFICE, "Lunch", LUNCH, number=one), OFFICE) for one in range(24)]
    second = Installation(home.inst.settings, home.inst.config, clock=home.clock, tokens=home.tokens)
    second._built["inspector"] = home.inst._built["inspector"]
    with mock.patch.object(worker_role, "relays", return_value=(home.hop, home.hop)):
        one, other = home.rooms.worker, worker_role.build(second).worker
    threads = [threading.Thread(target=_work, args=(node,)) for node in (one, other, one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)
    assert not any(thread.is_alive() for thread in threads)
    assert home.pending() == {}
    second._built.pop("inspector")
    second.close()
    assert len(home.sent(OFFICE)) == len(sent)
    home.later(60)
    report = verify(home.store, lambda message, signature: _holds(home, message, signature), None)
    assert report.ok, report.problems


def _work(node):
    while node.work_once():
        pass


def _holds(home, message, signature):
    try:
        home.keys.calendar.verify(signature, message)
    except InvalidSignature:
        return False
    return True
