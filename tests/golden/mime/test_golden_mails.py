"""Golden mails: NAME.eml and what both readers must make of it, NAME.expect (tree, gaps, text)."""

from pathlib import Path

import pytest

from gateway.mime import fast
from gateway.mime.limits import Limits
from gateway.mime.parse import parse
from gateway.mime.splitter import split
from gateway.mime.text import texts
from gateway.mime.tree import MemorySink, Tree

HERE = Path(__file__).parent
MAILS = sorted(HERE.glob("*.eml"))
LIMITS = Limits()


def described(tree: Tree) -> str:
    """A tree and its text as lines that a person can check."""
    lines = []
    for part in tree.walk():
        length = "-" if part.body is None else part.body.length
        label = " ".join(filter(None, [part.disposition, part.content_id, part.charset]))
        lines.append(f"part {part.path} {part.media_type} {length} {part.name!r} {label}".rstrip())
    found = texts(tree, LIMITS)
    lines += [f"gap {gap.part!r} {gap.reason.value}" for gap in found.gaps]
    lines += [f"text {each.part!r} {each.text!r}" for each in found.parts]
    lines += [f"specimen {part.name!r}" for part in found.specimens]
    return "\n".join(lines) + "\n"


def test_there_are_golden_mails() -> None:
    assert len(MAILS) >= 20


@pytest.mark.parametrize("mail", MAILS, ids=lambda path: path.stem)
def test_golden(mail: Path) -> None:
    assert described(parse(mail.read_bytes(), LIMITS)) == mail.with_suffix(".expect").read_text("utf-8")


@pytest.mark.parametrize("mail", MAILS, ids=lambda path: path.stem)
def test_line_ends_change_nothing_that_is_seen(mail: Path) -> None:
    source = mail.read_bytes()
    with_crlf = parse(source.replace(b"\n", b"\r\n"), LIMITS)
    plain = parse(source, LIMITS)
    assert [(p.path, p.name, p.media_type) for p in with_crlf.walk()] == [
        (p.path, p.name, p.media_type) for p in plain.walk()
    ]
    assert set(with_crlf.gaps) == set(plain.gaps)


@pytest.mark.parametrize("size", [1, 2, 7, 4096])
@pytest.mark.parametrize("mail", MAILS, ids=lambda path: path.stem)
def test_chunk_edges_change_nothing(mail: Path, size: int) -> None:
    source = mail.read_bytes()
    pieces = [source[at : at + size] for at in range(0, len(source), size)]
    assert described(split(pieces, MemorySink(), LIMITS)) == described(split([source], MemorySink(), LIMITS))


@pytest.mark.parametrize("name", ["plain", "mixed", "forwarded", "digest", "margins", "similar_boundaries", "report"])
def test_both_readers_agree_on_ordinary_mail(name: str) -> None:
    source = (HERE / f"{name}.eml").read_bytes()
    assert fast.read(source) is not None
    assert parse(source, LIMITS).gaps == split([source], MemorySink(), LIMITS).gaps == ()
