"""The gateway of the demonstration: made new with `sealgate init` and its fellows, run with `sealgate serve`, ended for good."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO

from tools.demo import people
from tools.demo.colleague import Colleague
from tools.demo.outbox import Outbox

ROOT = Path(__file__).resolve().parents[2]
ROLES = {"smtp", "inbound", "worker", "web"}
_START_SECONDS = 120.0
_STOP_SECONDS = 60.0
_TOOL_SECONDS = 120.0


class DemoFailed(Exception):
    """Something that the demonstration needs did not happen; its words say what."""


class House:
    """An installation below `folder` with what travels from it beside it: `gateway`, `outbox`, `texts`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gateway = folder / "gateway"
        self.outbox = Outbox(folder / "outbox", folder / "texts")
        self.ports = _free_ports(4)
        self.portal = f"http://localhost:{self.ports[3]}"
        self.log = self.gateway / "serve.log"
        self._password = os.urandom(12).hex()
        self._serving: subprocess.Popen[str] | None = None
        self._claim: IO[bytes] | None = None

    def make(self) -> Colleague:
        """Create everything anew, with the register, one user and the colleague's certificate."""
        self._claim = _make_anew(self.folder)
        papers = self.folder / "papers"
        papers.mkdir(mode=0o700)
        colleague = Colleague.make(papers, people.COLLEAGUE_NAME, people.COLLEAGUE)
        self.sealgate(
            "init", str(self.gateway), "--name", people.PRACTICE, "--domain", people.DOMAIN, "--phone", people.PHONE,
            "--portal-url", self.portal, "--ports", ",".join(map(str, self.ports)), "--self-signed",
            "--relay", f"capture://{self.folder / 'outbox'}", "--notifier", f"capture://{self.folder / 'texts'}",
            configured=False,
        )  # fmt: skip
        senders = ("--send-as", people.SENDER)
        purposes = tuple(word for one in people.PURPOSES for word in ("--purpose", one))
        secret = papers / "password"
        secret.touch(mode=0o600)
        secret.write_text(self._password + "\n", encoding="utf-8")
        self.sealgate("user", "add", people.USER, *senders, *purposes, "--password-file", str(secret))
        last_month = datetime.now(UTC).date() - timedelta(days=30)
        for name, text, more in (
            ("patient", people.patients_csv(people.VERIFIED), ("--verified",)),
            ("patient", people.patients_csv(people.UNVERIFIED), ()),
            ("consent", people.consents_csv(last_month), ()),
            ("partner", people.partners_csv(last_month), ()),
        ):
            path = papers / f"{name}s.csv"
            path.write_text(text, encoding="utf-8")
            self.sealgate(name, "import", str(path), *more)
        self.sealgate("keys", "import", str(colleague.certificate))
        return colleague

    def sealgate(self, *words: str, configured: bool = True) -> str:
        """Run one command; its standard output. DemoFailed with its own words when it does not exit with 0."""
        config = ("--config", str(self.gateway / "sealgate.toml")) if configured else ()
        done = subprocess.run(
            [sys.executable, "-m", "gateway", *words, *config],
            cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TOOL_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode:
            raise DemoFailed(f"sealgate {' '.join(words[:2])} exited with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def start(self) -> None:
        """`sealgate serve`, until every role has said that it is ready.

        Containers often forbid network namespaces; then the demonstration runs with what there is, and says so.
        """
        try:
            self._start()
        except DemoFailed as problem:
            if "sandbox.mode" not in str(problem):
                raise
            self.stop()
            self._loosen_sandbox()
            self._start()

    def _start(self) -> None:
        lines: SimpleQueue[str] = SimpleQueue()
        with self.log.open("w", encoding="utf-8") as log:
            self._serving = subprocess.Popen(
                [sys.executable, "-m", "gateway", "serve", "--config", str(self.gateway / "sealgate.toml")],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
            )  # fmt: skip
        threading.Thread(target=_read_lines, args=(self._serving, lines), daemon=True).start()
        waiting, end = set(ROLES), time.monotonic() + _START_SECONDS
        while waiting:
            if self._serving.poll() is not None or time.monotonic() > end:
                raise DemoFailed(f"the gateway did not start ({', '.join(sorted(waiting))}): {self._last_words()}")
            with contextlib.suppress(Empty, ValueError):
                said = json.loads(lines.get(timeout=0.2))
                if said.get("event") == "ready":
                    waiting.discard(said["role"])

    def stop(self) -> bool:
        """End the gateway; whether it ended by itself, in order, and left no process of its group."""
        serving, self._serving = self._serving, None
        if serving is None:
            return True
        serving.terminate()
        try:
            status = serving.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            status = -1
        left = not _group_ended(serving.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(serving.pid, signal.SIGKILL)
        serving.wait()
        return status == 0 and not left

    def submit(self, mail: bytes, to: str) -> str:
        """Hand one mail in as a mail client does, with STARTTLS verified and a password; the gateway's reply."""
        trust = ssl.create_default_context(cafile=str(self.gateway / "keys" / "tls.pem"))
        with smtplib.SMTP("localhost", self.ports[0], timeout=60) as client:
            client.starttls(context=trust)
            client.login(people.USER, self._password)
            client.mail(people.SENDER)
            client.rcpt(to)
            code, words = client.data(mail)
        if code != 250:
            raise DemoFailed(f"the gateway answered {code} {words.decode(errors='replace')}")
        return f"{code} {words.decode(errors='replace')}"

    def _loosen_sandbox(self) -> None:
        config = self.gateway / "sealgate.toml"
        config.write_text(
            config.read_text(encoding="utf-8").replace('mode = "strong"', 'mode = "weak"'), encoding="utf-8"
        )
        print("  This machine does not give the sandbox all its layers: going on with sandbox.mode = weak.", flush=True)

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return " | ".join(lines[-3:]) or f"it said nothing; see {self.log}"


def _make_anew(folder: Path) -> IO[bytes]:
    """Empty the folder, but only one that an earlier run of ours made, and that no other run uses; the lock that says so."""
    mark = folder / ".sealgate-demo"
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise DemoFailed(f"{folder} holds something else; name another folder with --folder")
    if mark.exists():
        _lock(mark).close()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return _lock(mark)


def _lock(mark: Path) -> IO[bytes]:
    file = mark.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise DemoFailed(
            f"another demonstration uses {mark.parent}; end it, or name another folder with --folder"
        ) from None
    return file


def _free_ports(count: int) -> tuple[int, ...]:
    """Ports that nobody has now, below those that the system hands out by itself: they stay free until we listen."""
    with contextlib.ExitStack() as open_sockets:
        found: list[int] = []
        while len(found) < count:
            one, port = open_sockets.enter_context(socket.socket()), random.randrange(20000, 32000)
            with contextlib.suppress(OSError):
                one.bind(("127.0.0.1", port))
                found.append(port)
        return tuple(found)


def _read_lines(serving: subprocess.Popen[str], lines: SimpleQueue[str]) -> None:
    assert serving.stdout is not None
    for line in serving.stdout:
        lines.put(line)


def _group_ended(group: int) -> bool:
    """Whether all of the group end with their parent: the system may take a moment to bury the last."""
    end = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False
