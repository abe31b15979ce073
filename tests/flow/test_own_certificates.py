"""The gateway's own certificates while its roles run: their end is told in time, and SIGHUP loads what was renewed."""

from __future__ import annotations

import json
import re
import signal
import smtplib
import socket
import ssl
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import structlog
import trustme

from gateway.adapters.clock import SystemClock
from gateway.app.certificates import Watch, load_again
from gateway.domain.errors import ConfigError
from gateway.ports.metrics import Gauge
from tests.support.fakes import START, FakeClock
from tests.support.home import Home
from tests.support.killed_role import Nursery
from tests.support.patience import until

pytestmark = pytest.mark.proves("lost.certificate-expires")
GAUGE = re.compile(r"^sealgate_certificate_not_after_seconds (\S+)$", re.MULTILINE)
CA = trustme.CA()


def write(folder: Path, ends: datetime | None = None) -> bytes:
    """A new pair; returns the certificate, DER."""
    made = CA.issue_cert("localhost", not_before=datetime(2020, 1, 1), not_after=ends)
    made.private_key_pem.write_to_path(folder / "own.key")
    made.cert_chain_pems[0].write_to_path(folder / "own.pem")
    (folder / "own.key").chmod(0o600)
    return ssl.PEM_cert_to_DER_cert(made.cert_chain_pems[0].bytes().decode())


@dataclass
class Role:
    """A role that shows `own.pem` on one port."""

    name: str
    home: Home
    nursery: Nursery
    port: int
    metrics: int
    log: Path

    def shown(self) -> bytes:
        """The certificate that a new connection gets."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if self.name == "web":
            with socket.create_connection(("127.0.0.1", self.port), 60) as raw, context.wrap_socket(raw) as wrapped:
                found = wrapped.getpeercert(binary_form=True)
        else:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as client:
                client.starttls(context=context)
                assert isinstance(client.sock, ssl.SSLSocket)
                found = client.sock.getpeercert(binary_form=True)
        assert found
        return found

    def gauge(self) -> float:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=60) as answer:
            found = GAUGE.search(answer.read().decode())
        assert found
        return float(found[1])

    def hang_up(self, lines: int = 1) -> list[dict[str, str]]:
        """SIGHUP; the lines that it wrote, at least so many."""
        before = len(self.log.read_text())
        self.nursery.kill(signal.SIGHUP)
        until(lambda: self.log.read_text()[before:].count("\n") >= lines)
        time.sleep(0.1)  # for one too many
        return [json.loads(line) for line in self.log.read_text()[before:].splitlines()]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    def config(text: str) -> str:
        for role in ("smtp", "inbound", "web"):
            text, count = re.subn(
                rf"(?ms)^\[{role}\]\n(.*?)(?=^\[)",
                lambda found, role=role: f"[{role}]\n" + "".join(  # type: ignore[misc]
                    line + "\n" for line in found[1].splitlines() if "tls_" not in line
                ) + 'tls_certificate = "own.pem"\ntls_key = "own.key"\n\n', text,
            )  # fmt: skip
            assert count == 1
        metrics = "".join(f'{role} = "127.0.0.1:0"\n' for role in ("smtp", "inbound", "web"))
        return f"{text}\n[metrics]\n{metrics}"

    root = tmp_path_factory.mktemp("certificates")
    (root / "sealgate").mkdir(mode=0o700)
    write(root / "sealgate")
    with Home(root, clock=SystemClock(), config=config) as one:
        yield one


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Nursery, Path]]:
    log = tmp_path_factory.mktemp("nursery") / "stderr"
    one = Nursery(log)
    yield one, log
    one.close()


@pytest.mark.parametrize("name", ["smtp", "inbound", "web"])
def test_a_renewed_certificate_is_shown_after_sighup_and_a_bad_pair_keeps_the_old_one(
    home: Home, nursery: tuple[Nursery, Path], name: str
) -> None:
    ends = datetime.now().replace(microsecond=0) + timedelta(days=5)
    first = write(home.root, ends)
    nursery[0].start(name, home.root / "sealgate.toml")
    ports = nursery[0].ready()
    listener = {"smtp": "submission", "inbound": "inbound", "web": "portal"}[name]
    role = Role(name, home, nursery[0], ports[listener][0], ports["metrics"][0], nursery[1])
    assert role.shown() == first
    soon = next(line for line in role.log.read_text().splitlines()[::-1] if "certificate" in line)
    assert json.loads(soon)["event"] == "certificate ends soon"
    assert 3 * 86400 < role.gauge() - time.time() < 6 * 86400
    # A certificate without its key, then none at all: what is shown stays.
    good = (home.root / "own.pem").read_text(), (home.root / "own.key").read_text()
    write(home.root)
    (home.root / "own.key").write_text(good[1])
    [said] = role.hang_up()
    assert said["event"] == "certificate not loaded, the old one stays"
    assert role.shown() == first
    (home.root / "own.pem").write_text("rubbish")
    [said] = role.hang_up()
    assert said["event"] == "certificate not loaded, the old one stays"
    assert role.shown() == first
    # One that is over is shown and complained of; a good one ends that.
    over = write(home.root, datetime(2021, 1, 1))
    assert {line["event"] for line in role.hang_up(2)} == {
        "certificate loaded", "certificate expired, whoever checks it refuses to go on"
    }  # fmt: skip
    assert role.shown() == over
    assert role.gauge() < time.time()
    renewed = write(home.root)
    assert [line["event"] for line in role.hang_up()] == ["certificate loaded"]
    assert role.shown() == renewed
    assert role.gauge() > time.time() + 21 * 86400
    assert nursery[0].stop() == 0


def test_the_end_is_told_once_a_day_from_21_days_before_and_after_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    structlog.reset_defaults()  # as in a process of its own: other tests may have told it where to write
    clock, shown = FakeClock(), dict[Gauge, float]()
    write(tmp_path, (START + timedelta(days=23)).replace(tzinfo=None))
    watch = Watch("web", tmp_path / "own.pem", clock, shown.__setitem__)
    watch.loaded()
    assert shown == {Gauge.CERTIFICATE_ENDS: (START + timedelta(days=23)).timestamp()}
    said = []
    for _ in range(25 * 24):
        clock.advance(3600)
        watch.look()
        text = "".join(capsys.readouterr())
        said += ["expired" if "expired" in line else "soon" for line in text.splitlines()]
    assert said == ["soon"] * 21 + ["expired"] * 2
    # The next one, renewed, ends it at once.
    write(tmp_path)
    watch.loaded()
    clock.advance(86400)
    watch.look()
    assert "".join(capsys.readouterr()) == ""


def test_a_role_without_tls_has_nothing_to_load() -> None:
    load_again(None, None, None)
    with pytest.raises(ConfigError, match="cannot use"):
        load_again(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), Path("/nowhere.pem"), Path("/nowhere.key"))
