"""`scan --report`: a page a file and an index, marked, escaped, closed to others, never written over something else."""

from __future__ import annotations

import html
import re
import stat
from pathlib import Path

import pytest

from gateway.app.judging import Judged
from gateway.cli.report import write_report
from gateway.domain.finding import Finding, Gap, GapReason, Kind, ScanReport, TextPart
from tests.support.chromium import chromium
from tests.support.command import sealgate

NOTE = 'Dear <b>Ada Quill</b>,\n<script>alert(1)</script> SSN 900-12-3456 & "biopsy" \x1b[2J\u202e of 3/4/2026\n'


def written(folder: Path, *, text: str = NOTE, name: str = "<img src=x onerror=alert(1)>.txt") -> str:
    file = folder / name.replace("/", "_")
    file.write_text(text, encoding="utf-8")
    answer = sealgate("scan", "--text", "--report", folder / "out", file)
    assert answer.status == 1
    return (folder / "out" / "0001.html").read_text(encoding="utf-8")


def test_there_is_an_index_and_a_page_each_for_this_user_alone(tmp_path: Path) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_text(NOTE)
    second.write_text("nothing at all")
    folder = tmp_path / "out"
    sealgate("scan", "--text", "--report", folder, first, second)
    assert sorted(one.name for one in folder.iterdir()) == ["0001.html", "0002.html", "index.html"]
    assert {stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    index = (folder / "index.html").read_text()
    assert '<a href="0001.html">' in index
    assert "2 file(s), 1 with PHI" in index
    assert "Nothing was found" in (folder / "0002.html").read_text()


def test_the_text_is_marked_by_kind_and_recogniser_with_its_score(tmp_path: Path) -> None:
    page = written(tmp_path)
    marks = dict(re.findall(r'<mark class="(k-[^"]+)" title="[^"]*">([^<]*)<sup>', page))
    assert marks["k-ssn"].removeprefix("SSN ") == "900-12-3456"  # a label may be masked with its value
    assert re.search(r'title="ssn \(G\), us_ssn, 0\.99"', page)
    assert '<tr id="f1">' in page
    assert "<caption>Found, by kind</caption>" in page
    assert set(re.findall(r'href="#(f\d+)"', page)) == set(re.findall(r'<tr id="(f\d+)"', page))
    assert set(re.findall(r'href="#(m\d+)"', page)) == set(re.findall(r'<span id="(m\d+)"', page))


def test_nothing_of_the_input_is_markup_or_fetched(tmp_path: Path) -> None:
    page = written(tmp_path)
    index = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    for one in (page, index):
        assert "<script" not in one
        assert "<img" not in one
        assert not re.search(r"<[^>]*\son\w+=", one)
        assert "\x1b" not in one
        assert "\u202e" not in one
        assert "://" not in one
        assert set(re.findall(r'href="([^"]+)"', one)) <= {"index.html", "0001.html", *re.findall(r"#[fm]\d+", one)}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_overlapping_findings_lose_no_letter(tmp_path: Path) -> None:
    text = "abcdefgh <&> ijkl"
    findings = tuple(
        Finding(kind, "a&b", start, end, score, "x<y")
        for kind, start, end, score in (
            (Kind.NAME, 0, 8, 0.9), (Kind.HEALTH_TERM, 4, 12, 0.5), (Kind.SSN, 4, 6, 0.99), (Kind.NAME, 4, 6, 0.4), (Kind.DATE, 13, 17, 0.3),
        )
    )  # fmt: skip
    report = ScanReport(findings, (Gap("a<b>", GapReason.NO_TEXT),), phi=True)
    write_report(tmp_path / "r", [("f", Judged(report, (TextPart("a&b", text),)))])
    page = (tmp_path / "r" / "0001.html").read_text()
    shown = re.search(r"<pre>(.*?)</pre>", page, re.DOTALL)
    assert shown

    assert html.unescape(re.sub(r"<sup>.*?</sup>|<[^>]+>", "", shown.group(1))) == text
    assert "a&lt;b&gt;" in page
    assert "x&lt;y" in page
    assert "x<y" not in page
    assert ">cd" not in shown.group(1).replace("abcd", "")


@pytest.mark.parametrize("what", ["a file", "a directory", "a link", "a foreign index"])
def test_it_is_not_written_over_something_else(tmp_path: Path, what: str) -> None:
    folder, file = tmp_path / "out", tmp_path / "a.txt"
    file.write_text(NOTE)
    folder.mkdir()
    if what == "a file":
        (folder / "notes.txt").write_text("mine")
    elif what == "a directory":
        (folder / "0001.html").mkdir()
    elif what == "a link":
        (folder / "0001.html").symlink_to(file)
    else:
        (folder / "index.html").write_text("<!doctype html> mine")
    before = {one.name: one.lstat().st_mtime_ns for one in folder.iterdir()}
    answer = sealgate("scan", "--text", "--report", folder, file)
    assert answer.status == 2
    assert "new directory" in answer.err
    assert {one.name: one.lstat().st_mtime_ns for one in folder.iterdir()} == before
    assert file.read_text() == NOTE


def test_an_older_report_gives_way_whole(tmp_path: Path) -> None:
    folder, file = tmp_path / "out", tmp_path / "a.txt"
    file.write_text(NOTE)
    sealgate("scan", "--text", "--report", folder, file, file, file)
    assert sealgate("scan", "--text", "--report", folder, file).status == 1
    assert sorted(one.name for one in folder.iterdir()) == ["0001.html", "index.html"]


def test_a_browser_shows_it_without_asking_anybody(tmp_path: Path) -> None:
    written(tmp_path)
    with chromium("the scan report") as browser:
        page = browser.new_page()
        asked: list[str] = []
        told: list[str] = []
        page.on("request", lambda one: asked.append(one.url))
        page.on("console", lambda one: told.append(one.text))
        page.on("dialog", lambda one: told.append("dialog"))
        page.goto((tmp_path / "out" / "index.html").as_uri())
        page.click("a[href='0001.html']")
        assert page.locator("mark.k-ssn").last.is_visible()
        assert page.locator("pre script, pre img, pre b").count() == 0
        assert (
            page.evaluate("getComputedStyle(document.querySelector('pre mark.k-ssn')).backgroundColor")
            != "rgba(0, 0, 0, 0)"
        )
        page.click("sup a >> nth=0")
        assert page.locator("tr:target").count() == 1
        assert all(one.startswith("file:") for one in asked)
        assert told == []
