"""What is judged of one mail is bounded; what lies beyond is a gap, and a gap counts as PHI."""

from __future__ import annotations

from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.flow.reading import Reader
from gateway.mime.limits import Limits
from gateway.mime.tree import MemorySink
from gateway.phi.scan import Scanner
from gateway.ports.inspector import Inspection


class Nothing:
    def inspect(self, specimens: object, seconds: float | None = None) -> Inspection:
        del specimens
        return Inspection((TextPart("attachment:a.pdf/page-1", "x" * 60),))


MAIL = (
    b'From: a@example.org\r\nSubject: hello\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\n'
    + b"lunch " * 10
    + b"\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF-1.7\r\n--b--\r\n"
)


def test_all_texts_together_are_bounded() -> None:
    scanner = Scanner.load()
    whole = Reader(Nothing(), scanner, Limits()).read([MAIL], MemorySink())
    assert whole.gaps == ()
    size = sum(len(one.text) for one in whole.parts)
    reader = Reader(Nothing(), scanner, Limits(max_judged_chars=size - 7))
    read = reader.read([MAIL], MemorySink())
    assert sum(len(one.text) for one in read.parts) == size - 7
    assert read.gaps == (Gap("attachment:a.pdf/page-1", GapReason.TOO_LARGE),)
    assert reader.judge(read, None).phi
    assert not reader.judge(whole, None).phi
