"""Header fields, transfer codings and charsets as mailers really write them."""

import pytest

from gateway.mime.charset import codec_of, decode
from gateway.mime.codings import decode_all, decoder
from gateway.mime.fields import decode_words, header, structured
from gateway.mime.headertext import display_names


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("plain", "plain"),
        ("=?utf-8?Q?Caf=C3=A9_x?=", "Café x"),
        ("=?utf-8?B?Q2Fm?= =?utf-8?B?w6k=?=", "Café"),
        ("=?utf-8?Q?Caf=C3?= =?utf-8?Q?=A9?=", "Café"),  # a character cut in two
        ("a =?iso-8859-1?q?=FC?= b", "a ü b"),
        ("a=?utf-8?q?b?=c", "abc"),
        ("=?martian?q?abc?=", "abc"),
        ("=?utf-8?q?open", "=?utf-8?q?open"),
        ("=?utf-8*en?q?abc?=", "abc"),
    ],
)
def test_encoded_words(written: str, read: str) -> None:
    assert decode_words(written) == read


@pytest.mark.parametrize(
    ("written", "value", "params"),
    [
        ("text/plain", "text/plain", {}),
        ("TEXT/Plain ; Charset=UTF-8", "text/plain", {"charset": "UTF-8"}),
        ('(a (nested) comment) text/plain; name="a;b(c)"', "text/plain", {"name": "a;b(c)"}),
        ("a/b; name=scan(1).png", "a/b", {"name": "scan(1).png"}),
        ("a/b; name*=utf-8''J%C3%B6.pdf", "a/b", {"name": "Jö.pdf"}),
        ('a/b; name*0="one "; name*1*=t%20o; name*2=e', "a/b", {"name": "one t oe"}),
        ("a/b; name*1=two; name*0=one", "a/b", {"name": "onetwo"}),
        ('a/b; name="=?utf-8?q?J=C3=B6?="', "a/b", {"name": "Jö"}),
        (r'a/b; name="a\"b"', "a/b", {"name": 'a"b'}),
        (r'a/b; name="C:\dir\file.txt"', "a/b", {"name": r"C:\dir\file.txt"}),
        ('m/x; boundary="=?x?q?y?="', "m/x", {"boundary": "=?x?q?y?="}),
        ("", "", {}),
        (";;;", "", {}),
    ],
)
def test_structured_fields(written: str, value: str, params: dict[str, str]) -> None:
    found = structured(written)
    assert (found.value, found.params, found.ambiguous) == (value, params, False)


@pytest.mark.parametrize(
    "written",
    [
        "m/x; boundary=a; boundary=b",
        "m/x; boundary*0=a; boundary*0=b",
        "m/x; boundary*0=a; boundary*2=b",
        "m/x; boundary=a; boundary*0=b",
        "a/b; name=x; name=y",
        "a/b (never closed; name=x",
    ],
)
def test_fields_that_readers_could_take_differently(written: str) -> None:
    assert structured(written).ambiguous


def test_a_header_keeps_its_bytes() -> None:
    found = header(b"Subject", b" a\r\n b \xff")
    assert (found.raw, found.text) == (b" a\r\n b \xff", "a b ÿ")


@pytest.mark.parametrize(
    ("coding", "written", "read", "whole"),
    [
        ("base64", b"aGVs\r\nbG8=\r\n", b"hello", True),
        ("base64", b"aGVsbG8", b"hello", True),
        ("base64", b"aGVsbG8=aGVsbG8=", b"hellohello", False),
        ("base64", b"aGVs*bG8=", b"hello", False),
        ("base64", b"aGVsb", b"hel", False),
        ("quoted-printable", b"a=3Db=\r\nc=\nd", b"a=bcd", True),
        ("quoted-printable", b"a = b =zz =4", b"a = b =zz =4", True),
        ("quoted-printable", b"=4=\n1", b"=41", True),
        ("quoted-printable", b"a=  \r\nb=", b"ab", True),
        ("quoted-printable", b"a=\rhidden\nb", b"a=\rhidden\nb", True),
        ("8bit", b"\xff", b"\xff", True),
        ("martian", b"x", b"x", False),
    ],
)
def test_codings(coding: str, written: bytes, read: bytes, whole: bool) -> None:
    assert decode_all(coding, written) == (read, whole)
    worker = decoder(coding)
    pieces = [worker.feed(written[at : at + 1]) for at in range(len(written))]
    assert b"".join(pieces) + worker.finish() == read


@pytest.mark.parametrize(
    ("data", "label", "text", "certain"),
    [
        ("é".encode(), "utf-8", "é", True),
        ("é".encode(), "", "é", True),
        (b"caf\xe9 and much more plain text", "utf-8", "café and much more plain text", True),
        (b"\x93quoted\x94", "iso-8859-1", "“quoted”", True),
        ("\ufeffhi".encode("utf-16-le"), "us-ascii", "hi", True),
        ("Привет".encode("koi8-r"), "KOI8-R", "Привет", True),
        ("日本".encode("iso-2022-jp"), "iso-2022-jp", "日本", True),
        (b"plain", "martian", "plain", True),
        (b"\xe4\xf6\xfc\xdf\xff\xfe", "martian", None, False),
        (b"no wide text", "utf-16", "no wide text", False),
    ],
)
def test_charsets(data: bytes, label: str, text: str | None, certain: bool) -> None:
    found, sure = decode(data, label)
    assert sure is certain
    assert text is None or found == text


@pytest.mark.parametrize("label", ["punycode", "unicode_escape", "hex", "rot13", "zlib", "idna", "../x", "a" * 99])
def test_codecs_that_are_no_charsets(label: str) -> None:
    assert codec_of(label) is None


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Ana Lee <ana@example.org>", "Ana Lee"),
        ('"Roe, Pat" <pat@example.net>, x@example.org', "Roe, Pat"),
        ("ana@example.org (Ana Lee)", "(Ana Lee)"),
        ("Team: a@example.org, b@example.org;", "Team:"),
        ("<ana@example.org>", ""),
        ("ana@example.org <ana@example.org>", ""),
    ],
)
def test_display_names_without_addresses(written: str, names: str) -> None:
    assert display_names(written) == names
