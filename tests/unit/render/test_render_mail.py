"""Every mail of the gateway: complete, neutral, readable, safe against what its values hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import Environment, meta
from lxml import html as lxml_html

from gateway.domain.errors import ConfigError
from gateway.render import TEMPLATES, Renderer, latest_version, latest_warning, warning

LINK = "https://secure.example.org/m/abcdef"
FACTS = {"id": "m-1234", "message_id": "<a1@practice.example.org>", "time": "1 June 2026 10:00 EDT"}
WHY = {
    "reason": "The reason.",
    "what_to_do": "The mend.",
    "deadline": "6 June 2026",
    "recipients": 1,
    "recipients_all": 3,
}
PRACTICE = {"practice": "Dr Lee's office", "phone": "555-0100"}
TO_RECIPIENT = {**PRACTICE, "link": LINK, "expires": "15 June 2026"}
VALUES = {
    "link-notice": TO_RECIPIENT,
    "link-letter": {**TO_RECIPIENT, "letter": "Dear [name],\n\nplease come on [date]. <b>&"},
    "consent-request": TO_RECIPIENT,
    "code": {"code": "482913", "minutes": 10},
    "sms-code": {"practice": "Dr Lee's office", "code": "482913", "minutes": 10},
    "sms-password": {"practice": "Dr Lee's office", "password": "7pb3-zkv2-3zdp-exqw", "reference": "933E"},
    "pdf-notice": {
        **PRACTICE,
        "by_text": False,
        "archive": False,
        "reference": "933E",
        "link": LINK,
        "expires": "15 June 2026",
    },
    "page-password": {"password": "glacier pumpkin", "reference": "933E"},
    "not-authenticated": FACTS,
    "unconfirmed": {**FACTS, "processed": True},
    "confirmed-late": {**FACTS, "state": "dispatched"},
    "held": {**FACTS, **WHY, **PRACTICE},
    "log-head": {**PRACTICE, "time": "1 June 2026, 10:00", "size": 1000, "head": '{"size": 1000, "root": "00ff"}'},
    "reminder": {**FACTS, **WHY, **PRACTICE},
    "reminder-recipient": {**PRACTICE, "sent": "1 June 2026", "expires": "15 June 2026"},
    "opened": FACTS,
    "answer-held": {**FACTS, **{key: WHY[key] for key in ("reason", "what_to_do", "deadline")}},
    "inside-held": {**FACTS, **{key: WHY[key] for key in ("reason", "what_to_do", "deadline")}},
    "masked": {**FACTS, "recipients": 1, "recipients_all": 3},
    "answer": {
        **FACTS,
        "day": "2 March 2026",
        "recipient": "pat@example.net",
        "files": 2,
        "to_sender": False,
        "text": "Thank you.",
    },
    "too-late": {**FACTS, "closed": True, "opened": False},
    "dsn": {**FACTS, **WHY, "nothing_sent": True, "status": "5.7.1"},
}
PLAIN = ("sms-", "page-")
"""Text alone: text messages, and what a link's page shows under its own heading."""
RENDERER = Renderer()


def test_every_template_is_tested_here():
    assert set(VALUES) == set(RENDERER.names())


@pytest.mark.parametrize("name", VALUES)
def test_it_renders_whole(name):
    got = RENDERER.mail(name, **VALUES[name])
    everything = got.subject + got.text + got.html
    assert got.text.strip()
    assert not re.search(r"\{\{|\}\}|\{%|%\}|None|Undefined", everything)
    assert "\n" not in got.subject
    assert bool(got.subject) == (not name.startswith("sms-"))
    assert bool(got.html) == (not name.startswith(PLAIN))
    assert len(got.subject) < 78


@pytest.mark.parametrize("name", VALUES)
def test_each_value_is_needed_and_used(name):
    used = set()
    for path in (TEMPLATES / "mail" / name).iterdir():
        used |= meta.find_undeclared_variables(Environment().parse(path.read_text()))
    used -= {"language", *re.findall(r"macro (\w+)\(", (TEMPLATES / "mail" / "parts.html").read_text())}
    assert used <= set(VALUES[name])
    for value in used:
        rest = {key: one for key, one in VALUES[name].items() if key != value}
        if value == "opened":  # asked for only where the link was closed
            continue
        with pytest.raises(ConfigError, match=value):
            RENDERER.mail(name, **rest)


@pytest.mark.parametrize("name", [one for one in VALUES if not one.startswith(PLAIN)])
def test_html_is_accessible_and_fetches_nothing(name):
    page = RENDERER.mail(name, **VALUES[name]).html
    tree = lxml_html.document_fromstring(page)
    assert tree.get("lang") == "en"
    assert len(tree.findall(".//h1")) == 1
    assert tree.findtext(".//title")
    assert "width=device-width" in page
    for tag in ("script", "img", "link", "style", "iframe", "form", "object", "svg"):
        assert not tree.findall(f".//{tag}")
    for one in tree.iter():
        assert not {"src", "background", "srcset", "onclick"} & set(one.keys())
        assert "url(" not in one.get("style", "")
    assert {one.get("href") for one in tree.iter("a")} <= {LINK}


@pytest.mark.parametrize("name", [one for one in VALUES if not one.startswith(PLAIN)])
def test_text_and_html_say_the_same(name):
    got = RENDERER.mail(name, **VALUES[name])
    words = set(re.findall(r"[a-z]{4,}", got.text.lower()))
    spoken = " ".join(lxml_html.document_fromstring(got.html).itertext())
    shown = set(re.findall(r"[a-z]{4,}", spoken.lower()))
    assert words - shown <= {"waits", "below", "read", "here", "which"}


@pytest.mark.parametrize("name", VALUES)
def test_words_are_neutral(name):
    got = RENDERER.mail(name, **VALUES[name])
    everything = f"{got.subject} {got.text} {got.html}".lower()
    for word in (
        "patient",
        "health",
        "diagnos",
        "appointment",
        "medic",
        "treatment",
        "result",
        "clinic",
        "doctor",
        "visit",
    ):
        assert not re.search(rf"\b{word}", everything), word


def test_mail_to_recipients_with_no_link_has_none():
    for name in ("code", "reminder-recipient", "held", "opened", "dsn", "too-late"):
        got = RENDERER.mail(name, **VALUES[name])
        assert "http" not in got.text + got.html
    assert "Lee" not in "".join(
        (RENDERER.mail("code", **VALUES["code"]).text, RENDERER.mail("code", **VALUES["code"]).html)
    )


def test_values_are_escaped_in_html_and_kept_in_text():
    got = RENDERER.mail("link-letter", **VALUES["link-letter"])
    assert "[date]. <b>&" in got.text
    assert "[date]. &lt;b&gt;&amp;" in got.html


def test_a_value_cannot_add_a_header():
    got = RENDERER.mail("link-notice", **{**TO_RECIPIENT, "practice": "Lee\r\nBcc: x@example.net\u2028y"})
    assert got.subject == "Secure message from Lee Bcc: x@example.net y"


def test_without_a_phone_nothing_dangles():
    got = RENDERER.mail("link-notice", **{**TO_RECIPIENT, "phone": ""})
    assert "Questions" not in got.text + got.html


def test_dsn_says_what_happened():
    nothing = RENDERER.mail("dsn", **VALUES["dsn"])
    failed = RENDERER.mail("dsn", **{**VALUES["dsn"], "nothing_sent": False})
    assert "Nothing of your mail was sent" in nothing.text
    assert "was not sent" in nothing.subject
    assert "could not be delivered" in failed.text
    assert "could not be delivered" in failed.subject


@pytest.mark.parametrize(
    ("closed", "opened", "said"),
    [(True, True, "opened before"), (True, False, "nobody had"), (False, False, "called back")],
)
def test_too_late_is_honest(closed, opened, said):
    assert said in RENDERER.mail("too-late", **{**FACTS, "closed": closed, "opened": opened}).text


def test_unknown_templates_and_directories(tmp_path):
    for name in ("nothing", "../consent", "link-notice/body", ""):
        with pytest.raises(ConfigError, match="known are"):
            RENDERER.mail(name)
    with pytest.raises(ConfigError, match="mail/"):
        Renderer(tmp_path)


def test_a_rendered_mail_shows_nothing_in_a_log():
    assert "482913" not in repr(RENDERER.mail("code", **VALUES["code"]))


def test_the_warning_is_versioned(tmp_path):
    assert latest_version() == "1"
    text = latest_warning()
    assert text == warning("1")
    for words in ("some risk", "at any time", "not for messages to other people"):
        assert words in text
    for wrong in ("2", "../mail", "", "1/../1"):
        with pytest.raises(ConfigError):
            warning(wrong)
    (tmp_path / "consent").mkdir()
    for version in ("2", "10"):
        (tmp_path / "consent" / f"warning-{version}.txt").write_text(version)
    assert latest_warning(tmp_path) == "10"
    with pytest.raises(ConfigError):
        latest_version(Path(tmp_path / "none"))


def test_the_warning_once_shown_does_not_change():
    import hashlib

    assert (
        hashlib.sha256(warning("1").encode()).hexdigest()
        == "d1f697c0d2fea5928aa196b79083ee53284b98dfada94bbdfeaefbc07de7e90a"
    )
