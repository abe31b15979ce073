"""The jobs of OpenPGP: sign and encrypt by each engine, against the gpg command with a keyring and an agent of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from gateway.adapters.openpgp import choose_engine
from gateway.domain.address import Address
from gateway.seal.openpgp_judging import judge
from gateway.seal.openpgp_keys import read_certificates
from gateway.seal.openpgp_message import checked
from gateway.seal.openpgp_own import generate

_RECIPIENT = "b@example.net"


def openpgp_jobs(
    size: int, folder: Path, mail: Callable[[int], bytes], engine: str
) -> tuple[Callable[[], object], Callable[[], object]]:
    """The engine's job on a mail of that size, and the command's."""
    now = datetime.now(UTC)
    own, other = generate("a", Address.parse("a@example.org"), now), generate("b", Address.parse(_RECIPIENT), now)
    [key] = read_certificates(other.public)
    judged, made = judge(key, Address.parse(_RECIPIENT), now), choose_engine(engine, own, "gpg")
    data = mail(size)
    chunks = [data[at : at + 65536] for at in range(0, len(data), 65536)]
    home = folder / "gpg"
    home.mkdir(mode=0o700)
    (folder / "m").write_bytes(data)
    environment = {**os.environ, "GNUPGHOME": str(home)}
    gpg = ["gpg", "--batch", "--quiet", "--trust-model", "always"]
    for one in (own.secret.reveal(), other.public):
        subprocess.run([*gpg, "--import"], input=one, env=environment, check=True, capture_output=True)
    command = [
        *gpg,
        "--yes",
        "-z",
        "0",
        "-u",
        own.fingerprint,
        "-r",
        key.fingerprint,
        "-se",
        "-o",
        str(folder / "out"),
        str(folder / "m"),
    ]

    def ours() -> object:
        sealed = checked(made.seal(chunks, judged.usable, datetime.now(UTC)), judged.part, hidden=False)
        return sum(len(one) for one in sealed)

    return ours, lambda: subprocess.run(command, env=environment, check=True, capture_output=True)
