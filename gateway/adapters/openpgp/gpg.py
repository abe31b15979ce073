"""gpg, by python-gnupg, for encryption alone: one short process a message, with nothing of anybody else in reach.

Each run has a directory of its own (0700, in memory where /dev/shm is there) that holds the recipient's public key and is
gone afterwards: no keyring, no trust database, no options file, no agent (`--no-autostart`; there is no secret for one to
hold, since the content comes signed). Content goes in and ciphertext comes out by pipes, a few chunks at a time.
"""

from __future__ import annotations

import copy
import logging
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, Full, Queue
from stat import S_ISDIR
from subprocess import Popen
from typing import Any

import gnupg

from gateway.domain.errors import ConfigError, SealgateError, SealingFailed
from gateway.seal.openpgp_own import OwnKey, signed_message

_HOME = "sgpg-"
_PID = re.compile(rf"{_HOME}([0-9a-f]{{1,8}})-")
_CHUNK = 64 * 1024
_CHUNKS = 8
_SILENCE_SECONDS = 120.0
"""How long gpg may take nothing and give nothing."""
_LOOK_SECONDS = 0.2
_OLDEST = (2, 1, 14)
"""The first with --recipient-file."""
_OPTIONS = [
    "--no-options", "--no-keyring", "--no-autostart", "--trust-model", "always", "--no-auto-check-trustdb",
    "--disable-dirmngr", "--no-random-seed-file", "--cipher-algo", "AES256", "--compress-algo", "none", "--no-literal",
]  # fmt: skip


class _Gpg(gnupg.GPG):  # type: ignore[misc]
    """python-gnupg for one run, with its process at hand."""

    process: Popen[bytes] | None = None

    def encrypt_to_file(self, content: Any, key: Path, at: datetime, *, hidden: bool) -> Any:
        """Encrypt to the key in that file, which is judged already; what comes out goes to `on_data`."""
        option = "--hidden-recipient-file" if hidden else "--recipient-file"
        stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%S")
        # The gateway's clock is the one that judged the key.
        arguments = [*_OPTIONS, "--faked-system-time", stamp, option, str(key), "--encrypt"]
        result = self.result_map["crypt"](self)
        self._handle_io(arguments, content, result, binary=True)
        return result

    def _open_subprocess(self, *arguments: Any, **named: Any) -> Any:
        self.process = super()._open_subprocess(*arguments, **named)
        return self.process


class GpgEngine:
    """The default engine. Thread-safe: each message is a process of its own."""

    def __init__(self, own: OwnKey, program: str = "gpg", folder: Path | None = None) -> None:
        logging.getLogger("gnupg").setLevel(logging.CRITICAL)  # it tells pieces of data at lower levels
        self._own, self._folder = own, folder or memory_folder()
        with self._home() as home:
            try:
                path = shutil.which(program) or program  # its own environment is bare
                self._gpg = _Gpg(gpgbinary=path, gnupghome=home, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
            except (OSError, ValueError) as error:
                raise ConfigError(
                    f"openpgp.program: {program} cannot be run; install GnuPG, or set enabled = false"
                ) from error
        if (self._gpg.version or ()) < _OLDEST:
            raise ConfigError(f"openpgp.program: {program} is too old; GnuPG 2.2 or newer is needed")
        self._gpg.buffer_size = _CHUNK

    def seal(self, content: Iterable[bytes], key: bytes, at: datetime, *, hidden: bool = False) -> Iterator[bytes]:
        """As the port has it."""
        return self._sealed(signed_message(content, self._own, at), key, at, hidden=hidden)

    def _sealed(self, message: Iterator[bytes], key: bytes, at: datetime, *, hidden: bool) -> Iterator[bytes]:
        with self._home() as home:
            file = Path(home, "recipient.pgp")
            file.write_bytes(key)
            gpg = copy.copy(self._gpg)
            gpg.gnupghome = home
            run = _Run(gpg, message)
            try:
                yield from run.output(file, at, hidden=hidden)
            finally:
                run.end()

    def _home(self) -> tempfile.TemporaryDirectory[str]:
        try:
            return new_home(self._folder)
        except OSError as error:
            raise SealingFailed("there is no room for gpg's directory") from error


def memory_folder() -> Path:
    """Where directories may be made, in memory if that can be; named here, so that nobody tries by writing a file."""
    shared = Path("/dev/shm")  # noqa: S108 - 0700 below it
    return shared if os.access(shared, os.W_OK | os.X_OK) else Path("/tmp")  # noqa: S108 - likewise


def new_home(folder: Path) -> tempfile.TemporaryDirectory[str]:
    """A directory for one run, whose name tells the process that it ends with: a short one, since sockets lie in it."""
    return tempfile.TemporaryDirectory(prefix=f"{_HOME}{os.getpid():x}-", dir=folder, ignore_cleanup_errors=True)


def sweep(folder: Path | None = None) -> int:
    """Remove the directories of processes that were killed during a run, one of which may hold a private key; returns how many.
    An agent that one of them left ends when its directory has gone.
    """
    done = 0
    for path in (folder or memory_folder()).glob(f"{_HOME}*"):
        pid = _PID.match(path.name)
        about = path.lstat()
        if pid and S_ISDIR(about.st_mode) and about.st_uid == os.getuid() and not _runs(int(pid[1], 16)):
            shutil.rmtree(path, ignore_errors=True)
            done += 1
    return done


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


class _Run:
    """One run of gpg, from a thread of its own into the generator that a relay draws from."""

    def __init__(self, gpg: _Gpg, message: Iterator[bytes]) -> None:
        self._gpg, self._message = gpg, message
        self._made: Queue[bytes | None] = Queue(_CHUNKS)
        self._over = threading.Event()
        self._wrong: BaseException | None = None
        self._good = False
        self._thread: threading.Thread | None = None

    def output(self, key: Path, at: datetime, *, hidden: bool) -> Iterator[bytes]:
        """What gpg writes; SealingFailed, or what the content raised, unless all of it was encrypted."""
        self._gpg.on_data = self._take
        self._thread = threading.Thread(target=self._encrypt, args=(key, at, hidden), name="gpg", daemon=True)
        self._thread.start()
        while True:
            try:
                chunk = self._made.get(timeout=_SILENCE_SECONDS)
            except Empty:
                raise SealingFailed("gpg does not answer") from None
            if chunk is None:
                break
            yield chunk
        if isinstance(self._wrong, SealgateError):
            raise self._wrong
        if self._wrong is not None or not self._good:
            raise SealingFailed("gpg could not encrypt the message") from self._wrong

    def end(self) -> None:
        """Nothing of this run stays: not the process, nor the thread."""
        self._over.set()
        process = self._gpg.process
        if process is not None and process.poll() is None:
            process.kill()
        if self._thread is not None:
            self._thread.join(_SILENCE_SECONDS)

    def read(self, size: int) -> bytes:
        """For python-gnupg: the next piece of the signed content. An error is kept: an early end must not look like an end."""
        del size
        try:
            return b"" if self._over.is_set() else next(self._message, b"")
        except BaseException as error:
            self._wrong = error
            raise

    def _take(self, data: bytes) -> bool:
        """For python-gnupg: a piece of ciphertext; False so that it keeps none."""
        if data:
            self._put(data)
        return False

    def _put(self, data: bytes | None) -> None:
        while not self._over.is_set():
            try:
                self._made.put(data, timeout=_LOOK_SECONDS)
            except Full:
                continue
            return

    def _encrypt(self, key: Path, at: datetime, hidden: bool) -> None:
        try:
            result = self._gpg.encrypt_to_file(self, key, at, hidden=hidden)
            self._good = bool(result.ok) and result.returncode == 0
        except BaseException as error:  # noqa: BLE001 - told by the generator
            self._wrong = self._wrong or error
        finally:
            self._put(None)
