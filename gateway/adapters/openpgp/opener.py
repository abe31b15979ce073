"""Opens OpenPGP mail to the practice by gpg: one run a message, in a directory of its own that is gone afterwards.

The directory (0700, in memory where that can be) holds the practice's own key for as long as the run; its agent is ended with
it. Nothing is released before gpg has said that the message was whole: integrity protection (MDC or AEAD) that held, one
encrypted message and nothing beside it. What a message unpacks to is bounded. Of a signed one the signature is verified in
a second run, with the author's key in the same directory, stripped to what was judged of it.
"""

from __future__ import annotations

import re
import subprocess
import threading
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from gateway.adapters.openpgp.gpg import memory_folder, new_home
from gateway.adapters.openpgp.verdict import TROUBLES, Said, verdict
from gateway.domain.errors import TemporaryError
from gateway.seal.cms_open import NotOpened, Why
from gateway.seal.cms_verify import Checked, Verdict
from gateway.seal.opening import PgpPlain
from gateway.seal.openpgp_own import OwnKey
from gateway.seal.openpgp_signers import SignerKey

_SECONDS = 120.0
_CHUNK = 256 * 1024
_OPTIONS = (
    "--no-options", "--batch", "--no-tty", "--trust-model", "always", "--no-auto-check-trustdb", "--disable-dirmngr",
    "--no-auto-key-locate", "--no-random-seed-file", "--no-auto-key-retrieve", "--log-file", "/dev/null",
)  # fmt: skip
_STATUS = re.compile(rb"^\[GNUPG:\] ([A-Z_]+) ?(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class GpgOpener:
    """Thread-safe: each message is a run of its own. `limit` is the greatest content, in bytes."""

    own: OwnKey
    limit: int
    program: str = "gpg"
    folder: Path | None = None

    def open(self, message: bytes, signer: SignerKey | None = None) -> PgpPlain:
        """What a message holds, and whether that key signed it; NotOpened with the reason. TemporaryError where gpg cannot be
        run at all.
        """
        try:
            with new_home(self.folder or memory_folder()) as home:
                try:
                    self._run(home, ["--import"], self.own.secret.reveal())
                    said, content = self._opened(*self._run(home, ["--decrypt"], message))
                    signature = verdict(said, None, 0)
                    if signature is not None and signer is not None and not signer.refused:
                        signature = self._verified(home, message, content, signer)
                    return PgpPlain(content, signature)
                finally:
                    self._end_agent(home)
        except OSError as error:
            raise TemporaryError("gpg cannot be run") from error

    def _verified(self, home: str, message: bytes, content: bytes, signer: SignerKey) -> Checked:
        """Once more, with the signer's key: gpg ends at a bad signature, before it has said whether the message was whole."""
        when = [
            "--faked-system-time",
            signer.at.astimezone(UTC).strftime("%Y%m%dT%H%M%S"),
        ]  # for which the key was judged
        self._run(home, [*when, "--import"], signer.usable)
        again, told, code = self._run(home, [*when, "--decrypt"], message)
        found = verdict(_said(told), signer, code)
        if found is None or (found.verdict is not Verdict.BAD and again != content):
            return Checked(Verdict.UNKNOWN)
        return found

    def _opened(self, content: bytes, told: bytes, code: int) -> tuple[Said, bytes]:
        said = _said(told)
        kinds = [kind for kind, _ in said]
        if len(content) > self.limit:
            raise NotOpened(Why.LARGE)
        infos = [rest.split() for kind, rest in said if kind == "DECRYPTION_INFO"]
        if not infos:
            raise NotOpened(Why.NO_KEY if "NO_SECKEY" in kinds else Why.DAMAGED)
        protected = all(one[0] != "0" or (len(one) > 2 and one[2] != "0") for one in infos)
        if not protected:
            raise NotOpened(Why.NO_INTEGRITY)
        whole = kinds.count("DECRYPTION_OKAY") == 1 == kinds.count("GOODMDC") == kinds.count("PLAINTEXT")
        if not whole or len(infos) != 1 or "DECRYPTION_FAILED" in kinds or (code != 0 and not TROUBLES & set(kinds)):
            raise NotOpened(Why.SECRET)
        return said, content

    def _run(self, home: str, arguments: list[str], data: bytes) -> tuple[bytes, bytes, int]:
        """Output, status lines and exit code; what is beyond the limit ends the run."""
        command = [self.program, "--homedir", home, *_OPTIONS, "--status-fd", "2", *arguments]
        environment = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
        pipe = subprocess.PIPE
        told: list[bytes] = []
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment) as process:  # noqa: S603 - the program of the configuration
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            feeder = threading.Thread(target=_feed, args=(process.stdin, data), daemon=True)
            listener = threading.Thread(target=lambda stream: told.append(stream.read(_CHUNK)), args=(process.stderr,))
            end = threading.Timer(_SECONDS, process.kill)
            for one in (feeder, listener, end):
                one.start()
            try:
                held = bytearray()
                while chunk := process.stdout.read(_CHUNK):
                    held += chunk
                    if len(held) > self.limit:
                        process.kill()
                        break
                code = process.wait()
            finally:
                end.cancel()
                process.kill()
                feeder.join()
                listener.join()
        return bytes(held), b"".join(told), code

    def _end_agent(self, home: str) -> None:
        subprocess.run(  # noqa: S603 - gpg's own companion
            ["gpgconf", "--homedir", home, "--kill", "gpg-agent"],  # noqa: S607 - the system's, by the PATH given here
            capture_output=True, timeout=_SECONDS, check=False,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        )  # fmt: skip


def _said(told: bytes) -> Said:
    return [(kind.decode(), rest.decode("ascii", "replace")) for kind, rest in _STATUS.findall(told)]


def _feed(stream: object, data: bytes) -> None:
    try:
        stream.write(data)  # type: ignore[attr-defined]
        stream.close()  # type: ignore[attr-defined]
    except OSError:
        return
