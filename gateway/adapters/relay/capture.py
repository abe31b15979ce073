"""Relay into a folder: every mail durable as `<n>-<id>.eml` beside its envelope in `<n>-<id>.json`, for one's own eyes.

The embedded default, the demonstration and the tests use it. The .eml appears whole or not at all, after its .json.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gateway.adapters.relay.options import RelayOptions
from gateway.domain.errors import ConfigError
from gateway.ports.relay import Consignment, Outcome, Reply

_ID = re.compile(rb"(?im)^X-Sealgate-Id:[ \t]*([A-Za-z0-9-]{1,64})[ \t]*\r$")
_HEAD = 65_536


class CaptureRelay:
    """The port `Relay` over `capture:///dir`."""

    def __init__(self, url: str, options: RelayOptions) -> None:
        """ConfigError when the folder cannot be made or written."""
        parts = urlsplit(url)
        if parts.netloc or not parts.path.strip("/") or parts.query:
            raise ConfigError("relay: capture needs the form capture:///directory")
        self._folder = Path(unquote(parts.path))
        self._options = options
        self._lock = threading.Lock()
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._last = max((_number(path) for path in self._folder.glob("*.json")), default=0)
        except OSError as error:
            raise ConfigError(f"relay: cannot use the folder {self._folder}: {error.strerror}") from error
        if not os.access(self._folder, os.W_OK):
            raise ConfigError(f"relay: cannot write to the folder {self._folder}")

    def deliver(self, consignment: Consignment, before_dot: Callable[[], None]) -> Reply:
        """See ports.relay.Relay: a full disk is TEMPORARY; errors of the body and of `before_dot` go on, nothing is kept."""
        temporary = self._folder / f".{self._options.new_id()}.part"
        try:
            try:
                head, size = _write(temporary, consignment)
            except OSError:
                return Reply(Outcome.TEMPORARY, 452, "4.3.1", "the capture folder cannot be written")
            before_dot()
            try:
                self._publish(temporary, consignment, head, size)
            except OSError:
                return Reply(Outcome.TEMPORARY, 452, "4.3.1", "the capture folder cannot be written")
            return Reply(Outcome.ACCEPTED, 250, "2.0.0", "captured")
        finally:
            temporary.unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is kept open."""

    def _publish(self, temporary: Path, consignment: Consignment, head: bytes, size: int) -> None:
        found = _ID.search(head)
        mail_id = found.group(1).decode() if found else self._options.new_id()
        sender = consignment.sender_text or (str(consignment.sender) if consignment.sender is not None else "")
        envelope = {
            "sender": sender,
            "recipient": str(consignment.recipient),
            "smtputf8": consignment.smtputf8,
            "size": size,
        }
        beside = temporary.with_suffix(".json.part")
        try:
            _durable(beside, json.dumps(envelope, ensure_ascii=False).encode() + b"\n")
            stem = self._claim(beside, mail_id)
        finally:
            beside.unlink(missing_ok=True)
        temporary.rename(self._folder / f"{stem}.eml")
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _claim(self, beside: Path, mail_id: str) -> str:
        """Give the envelope the next free name. Another worker may number mails of the same message in this folder too."""
        while True:
            with self._lock:
                self._last += 1
                stem = f"{self._last}-{mail_id}"
            with suppress(FileExistsError):
                os.link(beside, self._folder / f"{stem}.json")
                return stem


def _write(path: Path, consignment: Consignment) -> tuple[bytes, int]:
    """Write the body durably; its first bytes and its size."""
    head = b""
    size = 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for chunk in consignment.body:
            if len(head) < _HEAD:
                head += chunk[: _HEAD - len(head)]
            size += len(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return head.partition(b"\r\n\r\n")[0] + b"\r\n", size


def _durable(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _number(path: Path) -> int:
    digits = path.name.partition("-")[0]
    return int(digits) if digits.isascii() and digits.isdigit() else 0
