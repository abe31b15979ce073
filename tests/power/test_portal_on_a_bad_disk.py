"""The disk refuses the portal: 503 and a plain page, nothing half; and it answers as before when the disk is well again."""

from __future__ import annotations

import http.client
import re
from urllib.parse import urlencode

import pytest

from tests.power.scenario import results
from tests.power.test_disks_that_fail import (
    DATABASE,
    FULL,
    READ_ONLY,
    SYNC,
    Disk,
    Fault,
    Role,
    disk,
    home,
    nursery,
    role,
)
from tests.support.home import MARIA, Home

__all__ = ["disk", "home", "nursery", "role"]
pytestmark = pytest.mark.proves("lost.fsync-error", "lost.disk-full", "lost.read-only")
FAULTS = {name: one for name, one in (SYNC | FULL | READ_ONLY).items() if one[2] == DATABASE}


class Reader:
    """One browser of the portal: the status and the page of each request, with its cookies."""

    def __init__(self, port: int) -> None:
        self._port, self._cookies = port, dict[str, str]()

    def ask(self, path: str, **form: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        headers = {
            "Host": "localhost:18443",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
        }
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("POST" if form else "GET", path, urlencode(form) if form else None, headers)
        answer = connection.getresponse()
        page = answer.read().decode()
        for one in answer.headers.get_all("set-cookie") or []:
            name, _, value = one.partition(";")[0].partition("=")
            self._cookies[name] = value
        connection.close()
        if answer.status == 303:
            return self.ask(str(answer.headers["location"]))
        return answer.status, page


@pytest.fixture
def token(home: Home) -> str:
    message = home.submit(results(5), MARIA)
    home.settle()
    return next(one for one in home.sent(MARIA) if message in one.name).token()


def asked(home: Home) -> tuple[int, int]:
    """Codes that were asked for, and jobs to send one."""
    [(codes,)] = home.sql("SELECT sum(codes_sent) FROM parcels")
    [(jobs,)] = home.sql("SELECT count(*) FROM jobs WHERE kind = 'send_code'")
    return int(codes or 0), int(jobs)


@pytest.mark.parametrize(
    "fault", [pytest.param(one, id=name, marks=() if one[0] == "s" or "read" in name else pytest.mark.long) for name, one in FAULTS.items()]
)  # fmt: skip
def test_at_the_portal(home: Home, disk: Disk, role: Role, token: str, fault: Fault) -> None:
    [port] = role.start("web")["portal"]
    reader = Reader(port)
    status, page = reader.ask(f"/m/{token}")
    assert status == 200
    form = re.search(r'name="form" value="([0-9a-f]+)"', page)
    assert form
    before = asked(home)
    disk.fail(fault)
    status, page = reader.ask("/letter/code", form=form[1], by="mailbox", channel="mailbox")
    assert disk.met()
    disk.mend()
    assert status == 503
    assert "Please try again later" in page
    assert "Traceback" not in page
    assert "sqlite" not in page.lower()
    assert asked(home) == before
    status, _ = reader.ask("/letter/code", form=form[1], by="mailbox", channel="mailbox")
    assert status == 200
    assert asked(home) == (before[0] + 1, before[1] + 1)
    role.stop()
