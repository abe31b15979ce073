"""HTML as text and back: what is seen, what is hidden, and placeholders that break nothing."""

from collections.abc import Callable

import pytest

from gateway.mime.html import extract, replace
from tests.support.growth import grows_within


def visible(html: str) -> str:
    found = extract(html)
    return found.text[: found.visible]


def hidden(html: str) -> str:
    found = extract(html)
    return found.text[found.visible :]


def swapped(html: str, words: str, placeholder: str) -> str:
    text = extract(html).text
    at = text.index(words)
    return replace(html, [(at, at + len(words), placeholder)])


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<b>Jo</b>hn", "John"),
        ("Jo&shy;hn &amp; Ann", "John & Ann"),
        ("J\u200bohn", "John"),
        ("a<br>b", "a\nb"),
        ("<p>a</p><p>b</p>", "a\nb\n"),
        ("<td>SSN</td><td>9</td>", "SSN\t9\t"),
        ("a \n  b", "a b"),
        ("a&nbsp;b", "a b"),
        ("<pre>a\n  b</pre>", "a\n  b\n"),
        ("1 < 2 & 3", "1 < 2 & 3"),
        ("&#74;&#x6f;hn", "John"),
        ("<textarea>typed</textarea>", "typed\n"),
        ("a<!-- x -->b", "ab"),
        ("x<span style='display:none'>y</span>z", "xz"),
        ("<script>1</script>z", "z"),
    ],
)
def test_what_a_person_sees(html: str, text: str) -> None:
    assert visible(html) == text


@pytest.mark.parametrize(
    "html",
    [
        "<!-- Jo Roe -->",
        "<!-- Jo <b>Roe</b> --> ",
        "<!--[if mso]><p>Jo Roe</p><![endif]-->",
        "<p style='DISPLAY : none'>Jo Roe</p>",
        "<p hidden>Jo Roe</p>",
        "<div style='font-size:0'>Jo <i>Roe</i></div>",
        "<img alt='Jo Roe'>",
        '<img alt="Jo Roe">',
        "<a title='Jo Roe'>x</a>",
        "<a href='https://x/?q=Jo%20Roe'>x</a>",
        "<a aria-label='Jo Roe'>x</a>",
        "<input placeholder='Jo Roe' value=x>",
        "<meta name=description content='Jo Roe'>",
        "<p data-patient='Jo Roe'>x</p>",
        "<title>Jo Roe</title>",
        "<style>p:after{content:'Jo Roe'}</style>",
        "<style>/* Jo Roe */ p{}</style>",
        "<style>Jo Roe</style>",
        "<script>var p='Jo Roe'</script>",
        "<Jo Roe>",
        "</x Jo Roe>",
        "<!Jo Roe>",
        "<!-- Jo Roe",
        "<img alt='Jo Roe",
        "<template>Jo Roe</template>",
        "<noframes>Jo Roe</noframes>",
    ],
)
def test_what_is_hidden_is_read_too_and_can_be_replaced(html: str) -> None:
    assert "Jo Roe" in hidden(html)
    assert "Jo Roe" not in visible(html)
    clean = swapped(html, "Jo Roe", "[name]")
    assert "Roe" not in clean
    assert "[name]" in extract(clean).text


def test_numbers_in_presentation_are_read() -> None:
    assert "900-11-2222" in hidden("<p class='900-11-2222'>x</p>")
    assert hidden("<p class='big' style='color:#123456' width=100>x</p>") == ""


def test_embedded_files_are_counted() -> None:
    assert extract("<img src='data:image/png;base64,AAAA'><a href=' DATA:text/html,x'>y</a>").embedded == 2


def test_nothing_to_replace_changes_nothing() -> None:
    html = "<p>a&nbsp;b<br/><!-- c --></p>"
    assert replace(html, []) == html


@pytest.mark.parametrize(
    ("html", "words", "after"),
    [
        ("<p>Dear <b>Jo</b>hn Roe,</p>", "John Roe", "<p>Dear <b>[name]</b>,</p>"),
        ("a &lt;Jo&gt; b", "<Jo>", "a [name] b"),
        ("Jo&amp;Ann x", "Jo&Ann", "[name] x"),
        ("<i>Jo</i>\n<i>Roe</i>", "Jo Roe", "<i>[name]</i><i></i>"),
        ("<a title=Jo>x</a>", "Jo", "<a title=[name]>x</a>"),
        ("<!-- Jo -->x", "Jo", "<!-- [name] -->x"),
    ],
)
def test_placeholders_in_place(html: str, words: str, after: str) -> None:
    assert swapped(html, words, "[name]") == after


@pytest.mark.parametrize(
    "html",
    ["<p>Jo</p>z", "<a title='Jo'>z</a>", '<a title="Jo">z</a>', "<a title=Jo>z</a>", "<!-- Jo -->z", "<Jo>z",
     "<style>/*Jo*/{}</style>z", "<script>Jo</script>z", "<title>Jo</title>z"],
)  # fmt: skip
def test_a_placeholder_cannot_break_out(html: str) -> None:
    clean = swapped(html, "Jo", "\"'--><script></style></script></title>*/ x=y")
    assert visible(clean).endswith("z")
    assert "<script></style>" not in clean


def test_many_spans_at_once() -> None:
    html = "".join(f"<p>Jo{n} <b>Ro</b>e</p>" for n in range(50))
    text = extract(html).text
    spans = []
    at = 0
    for line in text.splitlines():
        spans.append((at, at + len(line), "[name]"))
        at += len(line) + 1
    assert replace(html, spans) == "<p>[name]<b></b></p>" * 50


def test_a_span_of_layout_only_changes_nothing() -> None:
    assert replace("<p>a</p><p>b</p>", [(1, 2, "[x]")]) == "<p>a</p><p>b</p>"


def test_overlapping_spans_become_one() -> None:
    assert replace("abcdef", [(0, 3, "[x]"), (2, 5, "[y]")]) == "[x]f"


@pytest.mark.parametrize(
    "unit",
    ["<", "<a b=\"", "<!--", "<style>", "<b>", "</b>", "<a b='\"", "&", "&#", "<p hidden>", "<a x=y ", "<style>{url(", "<![",
     "</td", "<script", "<x ", "<style>{'", "<a a=1 a=2>", "<!-- <b> -->", " ", "<td>\n"],
)  # fmt: skip
def test_time_grows_with_size(unit: str) -> None:
    def work(size: int) -> Callable[[], object]:
        html = unit * (size // len(unit))

        def read_and_replace() -> None:
            found = extract(html)
            replace(html, [(0, min(5, len(found.text)), "[x]")])

        return read_and_replace

    assert grows_within(work(10_000), work(100_000), 15, 0.1)
