"""A gpgsm with a home of its own, and giving it a key and its certificate.

gpgsm 2.2 reads a .p12 only in old forms, and now and then cannot decrypt one that openssl has just made; the same key
in a .p12 with another salt then imports. That is its .p12 reader's matter, not that of the mail to be opened.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

LOOPBACK = ("--batch", "--pinentry-mode", "loopback", "--passphrase-fd", "0")
_OLD = ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1")


@contextmanager
def gpgsm_home(root: x509.Certificate) -> Iterator[dict[str, str]]:
    """The environment of a gpgsm that trusts that authority; its agent ends with it."""
    # In /tmp, for a socket's path must be short; an agent that ends removes its sockets while the folder is removed.
    with tempfile.TemporaryDirectory(prefix="sg", dir="/tmp", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        (home / "gpgsm.conf").write_text("disable-dirmngr\ndisable-crl-checks\nno-secmem-warning\nbatch\n")
        (home / "gpg-agent.conf").write_text("allow-loopback-pinentry\nallow-preset-passphrase\n")
        (home / "trustlist.txt").write_text(f"{root.fingerprint(hashes.SHA1()).hex().upper()} S relax\n")
        env = {"PATH": os.environ["PATH"], "GNUPGHOME": folder, "LC_ALL": "C.UTF-8"}
        try:
            yield env
        finally:
            subprocess.run(["gpgconf", "--kill", "all"], env=env, check=False, capture_output=True)


def import_key(gpgsm: str, openssl: str, own: Path, p12: Path, env: dict[str, str]) -> None:
    """Import the PEM key and certificate in `own` by way of the file `p12`."""
    said = ""
    for _ in range(4):
        p12.unlink(missing_ok=True)
        export = [openssl, "pkcs12", "-export", "-in", str(own), "-out", str(p12), "-passout", "pass:x", *_OLD]
        subprocess.run(export, check=True, capture_output=True, timeout=120)
        done = subprocess.run(
            [gpgsm, *LOOPBACK, "--import", str(p12)],
            input=b"x\n",
            capture_output=True,
            check=False,
            timeout=120,
            env=env,
        )
        if done.returncode == 0:
            return
        said = done.stderr.decode(errors="replace")
    raise AssertionError(said)
