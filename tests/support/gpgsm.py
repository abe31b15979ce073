"""Giving gpgsm a key and its certificate.

gpgsm 2.2 reads a .p12 only in old forms, and now and then cannot decrypt one that openssl has just made; the same key
in a .p12 with another salt then imports. That is its .p12 reader's matter, not that of the mail to be opened.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

LOOPBACK = ("--batch", "--pinentry-mode", "loopback", "--passphrase-fd", "0")
_OLD = ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1")


def import_key(gpgsm: str, openssl: str, own: Path, p12: Path, env: dict[str, str]) -> None:
    """Import the PEM key and certificate in `own` by way of the file `p12`."""
    said = ""
    for _ in range(4):
        p12.unlink(missing_ok=True)
        export = [openssl, "pkcs12", "-export", "-in", str(own), "-out", str(p12), "-passout", "pass:x", *_OLD]
        subprocess.run(export, check=True, capture_output=True, timeout=60)
        done = subprocess.run(
            [gpgsm, *LOOPBACK, "--import", str(p12)],
            input=b"x\n",
            capture_output=True,
            check=False,
            timeout=60,
            env=env,
        )
        if done.returncode == 0:
            return
        said = done.stderr.decode(errors="replace")
    raise AssertionError(said)
