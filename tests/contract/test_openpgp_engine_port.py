"""The port of OpenPGP engines, over each of them; other people's programs open what they make."""

from __future__ import annotations

import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from gateway.adapters.openpgp import GpgEngine, SequoiaEngine, choose_engine
from gateway.domain.address import Address
from gateway.domain.errors import ConfigError, IntegrityError, SealingFailed
from gateway.seal.openpgp_judging import judge
from gateway.seal.openpgp_keys import read_certificates
from gateway.seal.openpgp_message import checked
from gateway.seal.openpgp_packets import subpacket
from tests.support.openpgp import DAYS, Maker, expires, gpg_at, person

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(shutil.which("gpg") is None, reason="NO GPG: engines cannot be tried"),
]
GRACE = "grace@clinic.example.net"
AT = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def own():
    return person("postmaster@willow.example.org", AT)


@pytest.fixture(scope="module")
def grace():
    return person(GRACE, AT)


@pytest.fixture(scope="module")
def judged(grace):
    [key] = read_certificates(grace.public)
    return judge(key, Address.parse(GRACE), AT)


@pytest.fixture(params=["gpg", "sequoia", "sequoia, all by gpg"])
def engine(request, own, tmp_path):
    gpg = GpgEngine(own, folder=tmp_path)
    return {"gpg": gpg, "sequoia": SequoiaEngine(own, gpg)}.get(request.param) or SequoiaEngine(own, gpg, largest=0)


@pytest.fixture(scope="module")
def reader(tmp_path_factory, own, grace):
    with gpg_at(tmp_path_factory.mktemp("reader") / "gpg", AT, [grace.secret.reveal(), own.public]) as found:
        yield found


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("size", [0, 10, 3_000_000])
def test_the_recipient_reads_what_was_signed(engine, reader, judged, own, size, hidden):
    content = bytes(one % 256 for one in range(251)) * (size // 251 + 1)
    content = content[:size]
    chunks = [content[at : at + 65536] for at in range(0, size, 65536)]
    made = b"".join(checked(engine.seal(chunks, judged.usable, AT, hidden=hidden), judged.part, hidden=hidden))
    assert content[:100] not in made or not size
    opened = reader.open(made)
    assert opened.text == content
    assert "GOODMDC" in opened.said
    assert f"VALIDSIG {own.fingerprint.upper()}" in opened.said
    assert ("ENC_TO 0000000000000000" in opened.said) == hidden


@pytest.mark.parametrize("number", [0, 1, 40])
def test_an_error_of_the_content_comes_through_and_is_no_end(engine, judged, number):
    def content():
        for at in range(50):
            if at == number:
                raise IntegrityError("the object was changed")
            yield bytes(65536)

    with pytest.raises(IntegrityError):
        list(engine.seal(content(), judged.usable, AT))


@pytest.mark.parametrize("what", ["nothing", "no key", "only a signing part"])
def test_a_key_that_cannot_be_encrypted_to_makes_no_message(engine, what):
    made = Maker(AT - 9 * DAYS).user(f"Grace <{GRACE}>")
    keys = {
        "nothing": b"", "no key": b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n", "only a signing part": made.whole,
    }  # fmt: skip
    with pytest.raises(SealingFailed):
        list(engine.seal([b"Maria has diabetes"], keys[what], AT))


def test_gpg_looks_at_a_key_once_more_for_itself(own):
    late = Maker(AT - 9 * DAYS).user(f"Grace <{GRACE}>", expires(DAYS) + subpacket(30, b"\x01")).part().whole
    with pytest.raises(SealingFailed):
        list(GpgEngine(own).seal([b"Maria has diabetes"], late, AT))


def test_nothing_stays_behind_and_processes_do_not_pile_up(engine, judged, tmp_path):
    before = set(threading.enumerate())
    for _ in range(8):
        list(engine.seal([b"x" * 3_000_000], judged.usable, AT))
    left = engine.seal(iter([b"x" * 65536] * 2000), judged.usable, AT)
    next(left)
    left.close()
    assert list(tmp_path.iterdir()) == []
    assert set(threading.enumerate()) <= before
    mine = psutil.Process().children(recursive=True)
    agents = [
        one for one in psutil.process_iter(["name", "cmdline"]) if str(tmp_path) in " ".join(one.info["cmdline"] or [])
    ]
    assert [one.name() for one in mine if one.name().startswith("gpg")] == []
    assert agents == []


def test_while_it_runs_its_directory_is_ours_alone_and_holds_nothing_but_the_public_key(own, judged, tmp_path):
    seen = []

    def content():
        for at in range(40):
            if at == 20:
                [home] = tmp_path.iterdir()
                files = {one.name: one.read_bytes() for one in home.iterdir() if one.is_file() and one.stat().st_size}
                seen.append((home.stat().st_mode & 0o777, files))
            yield b"Maria has diabetes" * 4000

    assert list(GpgEngine(own, folder=tmp_path).seal(content(), judged.usable, AT))
    assert seen == [(0o700, {"recipient.pgp": judged.usable})]


def test_large_content_is_taken_no_faster_than_it_is_wanted(engine, judged):
    taken = 0

    def content():
        nonlocal taken
        for _ in range(2000):
            taken += 1
            yield bytes(65536)

    made = engine.seal(content(), judged.usable, AT)
    next(made)
    assert taken < 100
    made.close()


def test_a_program_that_is_not_there_or_does_something_else_is_told(own, tmp_path):
    for program in ("no-such-gpg", "false", "true"):
        with pytest.raises(ConfigError, match=r"openpgp\.program"):
            choose_engine("gpg", own, program)
    liar = tmp_path / "gpg"
    liar.write_text(
        '#!/bin/sh\ncase "$*" in *list-config*) exec gpg "$@";; esac\ncat\necho "[GNUPG:] END_ENCRYPTION" >&2\n'
    )
    liar.chmod(0o700)
    made = choose_engine("gpg", own, str(liar)).seal([b"Maria has diabetes"], b"", AT)
    with pytest.raises(SealingFailed):
        checked(made, bytes(8), hidden=False)


def test_a_program_that_dies_or_hangs_makes_no_message(own, judged, tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.adapters.openpgp.gpg._SILENCE_SECONDS", 1.0)
    for ill in ("kill -9 $$", "exec sleep 60", "exit 2"):
        program = tmp_path / "gpg"
        program.write_text(f'#!/bin/sh\ncase "$*" in *list-config*) exec gpg "$@";; esac\n{ill}\n')
        program.chmod(0o700)
        with pytest.raises(SealingFailed):
            list(GpgEngine(own, str(program), tmp_path).seal([b"x"], judged.usable, AT))
    assert [one.name for one in Path(tmp_path).iterdir()] == ["gpg"]
