"""The one reply table: well formed, plain, and total over errors."""

from __future__ import annotations

import re

import pytest

from gateway.domain.errors import ConfigError, LimitExceeded, MailRefused, StoreUnavailable
from gateway.smtp.replies import REPLIES, accepted, answer_for


@pytest.mark.parametrize("name", sorted(REPLIES))
def test_every_reply_is_well_formed(name):
    answer = REPLIES[name]
    line = str(answer)
    assert line.isascii()
    assert len(line) < 510
    assert not re.search(r"sealgate|python|aiosmtp", line, re.IGNORECASE)
    if answer.status:
        assert re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", answer.status)
        assert answer.status[0] == str(answer.code)[0]
        assert line == f"{answer.code} {answer.status} {answer.words}"
    else:
        assert name == "data.go"


def test_errors_are_translated_by_code():
    assert str(answer_for(StoreUnavailable("/secret/path")))[:9] == "451 4.3.0"
    assert str(answer_for(LimitExceeded("message_bytes", "x")))[:9] == "552 5.3.4"
    assert str(answer_for(LimitExceeded("anything_else", "x")))[:9] == "452 4.3.1"
    assert str(answer_for(MailRefused("message.loop", "x")))[:9] == "554 5.4.6"
    assert str(answer_for(MailRefused("anything", "x")))[:9] == "550 5.6.0"
    assert str(answer_for(ConfigError("x")))[:9] == "451 4.3.0"
    assert str(answer_for(ZeroDivisionError("x")))[:9] == "451 4.3.0"
    assert "secret" not in str(answer_for(StoreUnavailable("/secret/path")))
    assert str(accepted("01abc")) == "250 2.0.0 01abc"


def test_only_permanent_replies_count_as_errors_of_the_client():
    assert REPLIES["command.unknown"].refuses
    assert not REPLIES["limit.recipients"].refuses
    assert not REPLIES["store.unavailable"].refuses
