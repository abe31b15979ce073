"""`[threats]` of policy.toml and `[clamd]` of sealgate.toml: safe as they come, and what a practice may change."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.app.checkup import Checkup, _viruses
from gateway.config.policy_file import load_policy
from gateway.config.starter import starter_policy
from gateway.domain.errors import ConfigError
from gateway.domain.finding import ScanReport
from gateway.domain.threat import Threat, ThreatKind
from tests.support.clamd import FalseClamd
from tests.support.home import Home

KEYS = {
    "executables": ThreatKind.EXECUTABLE, "macros": ThreatKind.MACRO, "pdf_actions": ThreatKind.PDF_ACTION,
    "embedded": ThreatKind.EMBEDDED, "disguised_names": ThreatKind.DISGUISED_NAME,
    "type_mismatch": ThreatKind.TYPE_MISMATCH, "links": ThreatKind.DECEPTIVE_LINK,
}  # fmt: skip
ALL = ScanReport(threats=tuple(Threat(one, "attachment:x") for one in ThreatKind))
REQUIRED = starter_policy().replace('clamd = "off"', 'clamd = "require"')


def policy(tmp_path: Path, text: str):
    (tmp_path / "policy.toml").write_text(text)
    return load_policy(tmp_path / "policy.toml")


@pytest.mark.parametrize("text", ["", starter_policy()])
def test_every_kind_holds_unless_somebody_says_otherwise(tmp_path: Path, text: str) -> None:
    one = policy(tmp_path, text).threats
    assert set(one.held(ALL)) == set(ThreatKind)
    assert not one.clamd
    assert one.staff_may_release


def test_every_kind_has_a_key_but_malware() -> None:
    assert set(KEYS.values()) == set(ThreatKind) - {ThreatKind.MALWARE}


@pytest.mark.parametrize("key", KEYS)
def test_a_key_allows_its_own_kind_and_no_other(tmp_path: Path, key: str) -> None:
    one = policy(tmp_path, f'[threats]\n{key} = "allow"\n').threats
    assert set(ThreatKind) - set(one.held(ALL)) == {KEYS[key]}


@pytest.mark.parametrize(
    "text",
    ['malware = "allow"', 'clamd = "maybe"', 'release = "anyone"', 'redirectors = ["not a host"]', "macros = true"],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        policy(tmp_path, f"[threats]\n{text}\n")


def test_any_change_makes_older_decisions_stale(tmp_path: Path) -> None:
    texts = [
        "",
        '[threats]\nclamd = "require"',
        '[threats]\nrelease = "never"',
        '[threats]\nlinks = "allow"',
        '[threats]\nredirectors = ["a.example.org"]',
    ]
    assert len({policy(tmp_path, one).version for one in texts}) == len(texts)


def said(tmp_path: Path, text: str, url: str) -> Checkup:
    section = f'[clamd]\nurl = "{url}"\n\n[archive]' if url else "[archive]"
    with Home(tmp_path, policy=text, config=lambda one: one.replace("[archive]", section, 1)) as home:
        found = Checkup()
        found.attempt(lambda: _viruses(found, home.inst))
        return found


def test_check_says_that_no_scanner_looks(tmp_path: Path) -> None:
    found = said(tmp_path, starter_policy(), "")
    assert found.problems == []
    assert "clamd is off" in found.warnings[0]


@pytest.mark.parametrize("url", ["", "tcp://127.0.0.1:9"])
def test_a_required_one_that_is_not_there_is_a_problem(tmp_path: Path, url: str) -> None:
    [problem] = said(tmp_path, REQUIRED, url).problems
    assert "clamd" in problem


def test_one_on_another_machine_lets_no_worker_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="this machine"):
        said(tmp_path, starter_policy(), "tcp://scanner.example.org:3310")


def test_one_without_signatures_is_a_problem_and_an_old_one_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.app.checkup.clamd_warnings", lambda: ["clamd.conf is read"])
    with FalseClamd() as clamd:
        [problem] = said(tmp_path / "a", REQUIRED, clamd.url).problems
        assert "EICAR" in problem
        clamd.answer = lambda _: b"stream: Eicar FOUND\0"
        found = said(tmp_path / "b", REQUIRED, clamd.url)
        assert (found.problems, found.warnings) == ([], ["clamd.conf is read"])
        clamd.said = b"ClamAV 1.4.6/27000/Mon Jan  5 08:00:00 2026\0"
        assert "freshclam" in said(tmp_path / "c", REQUIRED, clamd.url).warnings[1]
        clamd.said = b"ClamAV 1.4.6\0"
        assert "freshclam" in said(tmp_path / "d", REQUIRED, clamd.url).warnings[1]
