"""Each role under a user of its own, with the files that deploy/own.sh gives it and no other: the whole road still works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from tests.support.deployed import HOLDS
from tests.support.live import MARIA, OFFICE, PASSWORD, ROOT, Live, letter, until
from tests.support.portal_house import Browser
from tests.support.reader import read_letter

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.geteuid() != 0, reason="NOT ROOT: users of their own can only be tried by root"),
]

SMTP, WORKER, WEB, INBOUND, REVIEW = 61011, 61012, 61013, 61014, 61015
ALL, DOOR, BOUNCE, LINKS, TLS, STAFF = 61021, 61022, 61023, 61024, 61025, 61026
USERS = {
    "smtp": (SMTP, [ALL, DOOR, TLS, STAFF]),
    "inbound": (INBOUND, [ALL, DOOR, BOUNCE, TLS]),
    "worker": (WORKER, [ALL, BOUNCE, LINKS]),
    "web": (WEB, [ALL, LINKS, TLS]),
    "review": (REVIEW, [ALL, TLS, STAFF]),
}
_TRY = "import sys\nfor one in sys.argv[1:]:\n    try:\n        open(one, 'rb').close(); print(one)\n    except OSError:\n        pass"


class Apart(Live):
    """A gateway whose roles run under users of their own."""

    def run(self, name: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
        user, groups = USERS[name]
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [python(), *command[1:]], cwd="/", env=environment(),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, user=user, group=user, extra_groups=groups,
                umask=0o077,
            )  # fmt: skip
        self.processes[name] = process
        return process


def edit(text: str) -> str:
    text += '[review]\nlisten = "127.0.0.1:0"\n'
    text = text.replace("[store]\n", '[store]\nurl = "sqlite:///var/db/sealgate.db"\n')
    text = text.replace("[blobs]\n", '[blobs]\nurl = "file:///./var/blobs"\n')
    text = text.replace("[users]\n", '[users]\nfile = "var/users/users.toml"\n')
    return text.replace(
        "[audit]\n",
        '[backup]\njournal_files = ["var/heads/journal.jsonl"]\n[audit]\nhead_files = ["var/heads/audit-heads.jsonl"]\n',
    )


def readable_by(role: str, paths: Sequence[Path]) -> set[str]:
    user, groups = USERS[role]
    done = subprocess.run(
        [python(), "-c", _TRY, *map(str, paths)], user=user, group=user, extra_groups=groups, capture_output=True,
        text=True, check=True, cwd="/",
    )  # fmt: skip
    return set(done.stdout.split())


def environment() -> dict[str, str]:
    paths = [str(ROOT), *(one for one in sys.path if one.endswith("site-packages"))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}


@cache
def python() -> str:
    """A Python that other users can run, with this one's packages: root's own may lie where they cannot go."""
    same = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for one in (sys.executable, f"/usr/bin/{same}", f"/usr/local/bin/{same}"):
        try:
            done = subprocess.run(
                [one, "-c", "import gateway.app.worker_role"], user=SMTP, group=SMTP, extra_groups=[], cwd="/", check=False,
                env=environment(), capture_output=True,
            )  # fmt: skip
        except OSError:
            continue
        if done.returncode == 0:
            return one
    pytest.skip("OTHER USERS CANNOT RUN this Python or read this checkout: the roles cannot be started apart")


@pytest.fixture(scope="module")
def live() -> Iterator[Apart]:
    python()
    # Not pytest's own folder: every session closes that one to other users when it starts.
    with tempfile.TemporaryDirectory(prefix="sealgate-apart-") as made:
        yield from _living(Path(made))


def _living(folder: Path) -> Iterator[Apart]:
    folder.chmod(0o711)
    home = folder / "gate"
    (home / "var" / "users").mkdir(parents=True)
    apart = Apart(home, edit=edit)
    apart.home.users().add("kim", PASSWORD, [], staff=True)
    apart.home.close()
    outbox = home / "data" / "outbox"
    outbox.mkdir(parents=True, exist_ok=True)
    names = {
        "ROOT": 0, "SMTP": SMTP, "WORKER": WORKER, "WORKERS": WORKER, "ALL": ALL, "DOOR": DOOR, "BOUNCE": BOUNCE, "LINKS": LINKS,
        "TLS": TLS, "REVIEWERS": REVIEW, "USERS": STAFF, "WEB": WEB,
    }  # fmt: skip
    subprocess.run(
        ["sh", str(ROOT / "deploy" / "own.sh"), str(home), str(home / "var"), str(home / "shelf")],
        env={**os.environ, **{key: str(value) for key, value in names.items()}}, check=True,
    )  # fmt: skip
    for one in (home / "data", outbox, home / "data" / "texts"):
        one.mkdir(exist_ok=True)
        os.chown(one, WORKER, WORKER)
    try:
        apart.start("worker", "web", "smtp", "inbound", "review")
        yield apart
    finally:
        apart.stop()


@pytest.mark.proves(
    "roles.one-process-each",
    "roles.only-its-files",
    "roles.smtp",
    "roles.worker",
    "roles.web",
    "roles.review",
    "roles.nobody",
)
@pytest.mark.parametrize("role", sorted(USERS))
def test_a_role_can_read_its_own_keys_and_no_others(live: Apart, role: str) -> None:
    keys = sorted((live.folder / "keys").glob("*.key"))
    assert {Path(one).name for one in readable_by(role, keys)} == HOLDS[role]
    epochs, users = list((live.folder / "shelf" / "epochs").glob("*")), [live.folder / "var" / "users" / "users.toml"]
    assert epochs
    assert bool(readable_by(role, epochs)) is (role == "worker")
    assert bool(readable_by(role, users)) is (role in {"smtp", "review"})


@pytest.mark.proves("roles.only-its-files")
def test_a_mail_goes_from_the_door_to_its_reader(live: Apart) -> None:
    message = live.submit(letter(MARIA), MARIA)
    live.settled(message)
    (mail,) = live.relayed(message)
    token = re.search(rb"/m/([\w-]{43})", mail.raw)
    assert token is not None
    peppers = list((live.folder / "shelf" / "peppers").glob("[a-z0-9]*"))
    assert peppers
    assert readable_by("web", peppers)
    assert not readable_by("smtp", peppers)
    page = read_letter(live, token[1].decode())
    assert "metformin" in page
    assert "Maria Quintero" in page


@pytest.mark.proves("roles.only-its-files", "roles.review")
def test_staff_are_shown_a_held_mail_by_a_role_that_cannot_open_it(live: Apart) -> None:
    message = live.submit(letter(OFFICE), OFFICE)
    live.settled(message)
    browser = Browser(live.ports["review"])
    browser.get("/")
    assert browser.post("/sign-in", name="kim", password=PASSWORD).status == 303
    browser.get(f"/mail/{message}")
    asked = browser.post(f"/mail/{message}/show").headers["location"]
    until(lambda: "metformin" in browser.get(asked).text, why="a worker seals the text to the session")
    shelf = [one for one in (live.folder / "shelf").rglob("*") if one.is_file()]
    assert shelf
    assert not readable_by("review", shelf)
    browser.post("/sign-out")
    assert browser.get(asked).status == 403
