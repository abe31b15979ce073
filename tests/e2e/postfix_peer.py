"""Debian's Postfix as a next hop on 127.0.0.1: an instance of its own with STARTTLS, which keeps mail for anybody in a Maildir.

Started with `postfix -c DIR`, stopped by its master's pid. Recipients in `refused` get 550, everybody else is taken.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
import trustme

REFUSED = "gone@clinic.example.net"
_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/state
mail_owner = postfix
setgid_group = postdrop
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = hop.example.net
mydestination =
mynetworks = 127.0.0.0/8
maillog_file = {folder}/log/maillog
maillog_file_prefixes = {folder}
message_size_limit = 300000000
mailbox_size_limit = 0
virtual_mailbox_limit = 0
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {folder}/tls.pem
smtpd_tls_key_file = {folder}/tls.key
smtpd_tls_mandatory_protocols = >=TLSv1.2
smtpd_recipient_restrictions = check_recipient_access inline:{{ {refused}=REJECT }}, permit_mynetworks, reject
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:inbox/
virtual_mailbox_base = {folder}/mail
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
default_transport = error:nothing leaves this machine
alias_maps =
local_recipient_maps =
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """The instance in `folder`, listening on `port`; its certificate for localhost comes from `ca`."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self._program = shutil.which("postfix") or "/usr/sbin/postfix"
        if not Path(self._program).exists() or os.getuid() != 0:
            pytest.skip(
                "POSTFIX IS MISSING (or this is not root): install it (apt-get install postfix) to run this test"
            )
        nobody = pwd.getpwnam("nobody")
        folder.mkdir(parents=True)
        for parent in (folder, *folder.parents):
            if parent.stat().st_uid == 0 and parent != Path("/") and parent.stat().st_mode & 0o005 != 0o005:
                parent.chmod(parent.stat().st_mode | 0o011)  # daemons of other users pass through to their own folders
        for name in ("queue", "state", "mail", "log"):
            (folder / name).mkdir()
        shutil.chown(folder / "state", "postfix")
        shutil.chown(folder / "mail", "nobody")
        self.ca = trustme.CA()
        self.ca.cert_pem.write_to_path(folder / "ca.pem")
        certificate = self.ca.issue_cert("localhost")
        certificate.private_key_pem.write_to_path(folder / "tls.key")
        for blob in certificate.cert_chain_pems:
            blob.write_to_path(folder / "tls.pem", append=True)
        values = {"folder": folder, "port": port, "uid": nobody.pw_uid, "gid": nobody.pw_gid, "refused": REFUSED}
        (folder / "main.cf").write_text(_MAIN.format(**values))
        (folder / "master.cf").write_text(_MASTER.format(**values))

    def start(self) -> None:
        with (self.folder / "log" / "start").open("ab") as out:
            subprocess.run(
                [self._program, "-c", str(self.folder), "start"], stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False, timeout=120,
            )  # fmt: skip
        end = time.monotonic() + 120
        while time.monotonic() < end:
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError((self.folder / "log" / "start").read_text() + self.log())

    def stop(self) -> None:
        """End the master by its pid; its daemons end with it."""
        place = self.folder / "queue" / "pid" / "master.pid"
        if not place.exists():
            return
        pid = int(place.read_text())
        os.kill(pid, 15)
        end = time.monotonic() + 120
        while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
            time.sleep(0.1)

    def log(self) -> str:
        place = self.folder / "log" / "maillog"
        return place.read_text(errors="replace") if place.exists() else ""

    def mails(self) -> list[bytes]:
        """What was delivered, oldest first, with the Delivered-To and Received lines that Postfix adds, as CRLF."""
        found = sorted((self.folder / "mail" / "inbox" / "new").glob("*"), key=lambda one: one.stat().st_mtime_ns)
        return [one.read_bytes().replace(b"\n", b"\r\n") for one in found]

    def to(self, address: str) -> list[bytes]:
        """The mails delivered to one address."""
        return [one for one in self.mails() if f"Delivered-To: {address}\r\n".encode() in one]
