"""Every mail of ../shared/mail through the whole reader: no exception, no flood of doubts. Skips loudly without it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.finding import GapReason
from gateway.mime.documents import Budget, read
from gateway.mime.limits import Limits
from gateway.mime.parse import parse
from gateway.mime.splitter import split
from gateway.mime.text import MailText, texts
from gateway.mime.tree import MemorySink, content

CORPUS = Path(__file__).parents[3] / ".." / "shared" / "mail"
LIMITS = Limits()
MAIL_FOLDERS = ("mime4j", "ruby-mail", "mimekit", "thunderbird", "smime")

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"NO CORPUS: {CORPUS} is missing, real mail is not tried")


def mails() -> Iterator[Path]:
    for folder in MAIL_FOLDERS:
        for path in sorted((CORPUS / folder).rglob("*")):
            if path.is_file():
                yield path


def whole(source: bytes) -> MailText:
    return texts(parse(source, LIMITS), LIMITS)


def test_every_file_is_read_and_gaps_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    gaps: Counter[str] = Counter()
    doubtful: list[str] = []
    number = 0
    for path in mails():
        number += 1
        found = whole(path.read_bytes())
        assert len({part.part for part in found.parts}) == len(found.parts), path
        gaps.update({gap.reason.value for gap in found.gaps})
        reasons = {gap.reason for gap in found.gaps}
        if path.suffix in {".eml", ".msg", ".txt"} and GapReason.AMBIGUOUS in reasons and len(reasons) == 1:
            doubtful.append(path.name)
    with capsys.disabled():
        print(f"\n{number} files of other people's mail; with gaps: {dict(gaps.most_common())}; in doubt: {doubtful}")
    assert number > 300
    assert len(doubtful) <= 6, doubtful


def test_attachments_are_inspected_without_exception(capsys: pytest.CaptureFixture[str]) -> None:
    gaps: Counter[str] = Counter()
    number = 0
    for path in mails():
        budget = Budget()
        for leaf in whole(path.read_bytes()).specimens:
            data, _ = content(leaf.body, 10_000_000)
            _, missed = read(leaf.name, leaf.media_type, leaf.file_name, data, budget)
            number += 1
            gaps.update(gap.reason.value for gap in missed)
    with capsys.disabled():
        print(f"\n{number} attachments; gaps: {dict(gaps.most_common())}")
    assert number > 50


@pytest.mark.parametrize("size", [61, 4096])
def test_chunk_edges_change_nothing(size: int) -> None:
    for path in mails():
        source = path.read_bytes()
        if len(source) > 100_000:
            continue
        pieces = [source[at : at + size] for at in range(0, len(source), size)]
        one, other = split(pieces, MemorySink(), LIMITS), split([source], MemorySink(), LIMITS)
        assert one.gaps == other.gaps, path
        assert texts(one, LIMITS).parts == texts(other, LIMITS).parts, path
        for mine, theirs in zip(one.walk(), other.walk(), strict=True):
            assert (mine.path, mine.name, mine.media_type) == (theirs.path, theirs.name, theirs.media_type), path
            assert content(mine.body, 10**9) == content(theirs.body, 10**9), path


def test_clinical_documents_are_text() -> None:
    for path in sorted((CORPUS / "ccda").glob("*.xml"))[:40]:
        found, missed = read("attachment:" + path.name, "text/xml", path.name, path.read_bytes(), Budget())
        assert found, path
        assert found[0].text, path
        assert not missed, path
