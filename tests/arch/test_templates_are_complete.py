"""Every template that the program asks for is there and whole, and none lies there that nobody asks for."""

from __future__ import annotations

import re

import pytest
from jinja2 import Environment, meta

from tests.arch.tree import ROOT, files, name

MAIL = ROOT / "templates" / "mail"
TEXT_MESSAGES = {"sms-code", "sms-password"}


def source(room: str) -> str:
    return "\n".join(one.read_text() for one in files(".py") if name(one).startswith(f"gateway/{room}/"))


@pytest.mark.parametrize("folder", sorted(one.name for one in MAIL.iterdir() if one.is_dir()))
def test_a_mail_has_all_its_parts(folder):
    parts = {one.name for one in (MAIL / folder).iterdir()}
    wanted = {"body.txt"} if folder in TEXT_MESSAGES else {"subject.txt", "body.txt", "body.html"}
    # What a link's page shows is text under its heading.
    assert parts == wanted - ({"body.html"} if folder.startswith("page-") else set())
    for part in parts:
        text = (MAIL / folder / part).read_text()
        assert text.strip(), f"{folder}/{part} is empty"
        meta.find_undeclared_variables(Environment(autoescape=True).parse(text))


def test_every_mail_is_asked_for_and_there():
    named = set(re.findall(r'"([a-z][a-z-]+)"', source("flow")))
    there = {one.name for one in MAIL.iterdir() if one.is_dir()}
    assert there <= named, f"nobody sends {there - named}"
    asked = set(re.findall(r'renderer\.mail\(\s*"([a-z-]+)"', source("flow")))
    asked |= set(re.findall(r'notices\.add(?:_to)?\(\s*uow,\s*"([a-z-]+)"', source("flow")))
    assert asked >= {"code", "dsn", "held", "reminder", "too-late", "consent-request"}
    assert asked <= there, f"there are no words for {asked - there}"


def test_what_mails_share_is_used():
    shared = {one.name for one in MAIL.iterdir() if one.is_file()}
    bodies = [one.read_text() for one in MAIL.glob("*/body.html")]
    assert shared == {"frame.html", "parts.html"}
    assert all('{% extends "mail/frame.html" %}' in body for body in bodies)
    named = set(re.findall(r"macro (\w+)\(", (MAIL / "parts.html").read_text()))
    assert {one for one in named if any(f"{one}(" in body for body in bodies)} == named


@pytest.mark.parametrize(("room", "folder"), [("web", "portal"), ("review", "review")])
def test_every_page_is_asked_for_and_there(room, folder):
    named = set(re.findall(r'(?:page|text)[(,]\s*"([a-z]+\.html)"', source(room)))
    there = {one.name for one in (ROOT / "templates" / folder).iterdir() if one.suffix == ".html"}
    assert (ROOT / "templates" / folder / f"{folder}.css").is_file()
    extended = set()
    for one in files(".html"):
        if one.parent.name == folder:
            extended |= set(re.findall(r'(?:extends|include|import) "([^"]+)"', one.read_text()))
    assert named <= there
    assert there <= named | extended, f"nobody shows {there - named - extended}"


def test_every_warning_is_numbered_from_one():
    numbers = sorted(int(one.stem.removeprefix("warning-")) for one in (ROOT / "templates" / "consent").iterdir())
    assert numbers == list(range(1, len(numbers) + 1))
