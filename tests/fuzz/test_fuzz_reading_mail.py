"""Anything at all through the readers: no exception, and nothing depends on how the bytes arrive."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mime.codings import decode_all, decoder
from gateway.mime.documents import Budget, read
from gateway.mime.fields import decode_words, header, structured
from gateway.mime.html import extract, replace
from gateway.mime.limits import Limits
from gateway.mime.parse import parse
from gateway.mime.splitter import split
from gateway.mime.text import texts
from gateway.mime.tree import MemorySink, Tree, content

LIMITS = Limits(max_parts=30, max_depth=6, max_header_bytes=400, max_header_line=120, max_boundary_line=60)
MANY = settings(max_examples=250, deadline=None)

PIECES = st.sampled_from(
    [b"\n", b"\r\n", b"\r", b"--a", b"--a--", b"--ab", b"--b", b"--", b"-", b" ", b"\t", b"=", b"=41", b"\x00", b"\xff",
     b"Subject: x", b"Content-Type: multipart/mixed; boundary=a", b"Content-Type: multipart/digest; boundary=b",
     b"Content-Type: multipart/mixed; boundary=ab", b"Content-Type: message/rfc822", b"Content-Type: text/html",
     b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable", b"aGVsbG8=", b"<b>", b"word",
     b"Content-Disposition: attachment; filename=x.pdf", b"x" * 70, b"From a", b":"]
)  # fmt: skip
MAILS = st.lists(PIECES, max_size=60).map(b"".join) | st.binary(max_size=300)


def seen(tree: Tree) -> object:
    parts = [(p.path, p.name, p.media_type, p.headers, content(p.body, 10**6)) for p in tree.walk()]
    return parts, set(tree.gaps), tree.header_length


@given(MAILS, st.integers(1, 40))
@MANY
def test_chunks_do_not_matter(source: bytes, size: int) -> None:
    pieces = [source[at : at + size] for at in range(0, len(source), size)]
    assert seen(split(pieces, MemorySink(), LIMITS)) == seen(split([source], MemorySink(), LIMITS))


@given(MAILS)
@MANY
def test_every_mail_is_a_tree_with_text(source: bytes) -> None:
    found = texts(parse(source, LIMITS), LIMITS)
    assert len({part.part for part in found.parts}) == len(found.parts)


@given(st.text(max_size=200), st.binary(max_size=200))
@MANY
def test_header_fields(text: str, raw: bytes) -> None:
    decode_words(text)
    structured(text)
    header(b"X", raw)
    structured("text/plain; " + text)


@given(st.sampled_from(["base64", "quoted-printable"]), st.lists(PIECES, max_size=30).map(b"".join), st.integers(1, 9))
@MANY
def test_codings(name: str, data: bytes, size: int) -> None:
    worker = decoder(name)
    out = b"".join(worker.feed(data[at : at + size]) for at in range(0, len(data), size)) + worker.finish()
    assert (out, not worker.damaged) == decode_all(name, data)


MARKUP = st.lists(
    st.sampled_from(["<", ">", "<b>", "</b>", "<p ", "<!--", "-->", "'", '"', "=", "alt=", "&amp;", "&", "&#74;", "Jo", " ", "\n",
                     "<style>", "</style>", "<script>", "</script>", "<td>", "<pre>", "</pre>", "/", "!", "\u00ad", "x", "hidden",
                     "style='display:none'", "href='a%20b'", "<title>", "\x00", "{", "content:'x'", "url(", "/*", "]]>"]),
    max_size=40,
).map("".join)  # fmt: skip


@given(MARKUP, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4))
@MANY
def test_html_round_trip(source: str, places: list[tuple[int, int]]) -> None:
    found = extract(source)
    assert replace(source, []) == source
    assert found.visible <= len(found.text)
    at = 0
    for run in found.runs:
        assert run.start == at
        at += run.length
        if run.exact:
            assert source[run.source : run.source_end] == found.text[run.start : run.start + run.length]
    assert at == len(found.text)
    replace(source, [(min(a, b), max(a, b), "[name]") for a, b in places])


@given(st.binary(max_size=300), st.sampled_from(["", "a.zip", "a.pdf", "a.docx", "a.xlsx", "a.eml", "a.html", "a.csv"]))
@settings(max_examples=100, deadline=None)
def test_documents(data: bytes, name: str) -> None:
    for magic in (b"", b"%PDF-1.7\n", b"PK\x03\x04"):
        found, missed = read("attachment:x", "application/octet-stream", name, magic + data, Budget())
        assert found or missed
        assert all(each.part.startswith("attachment:x") for each in (*found, *missed))
