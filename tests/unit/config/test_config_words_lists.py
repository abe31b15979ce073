"""`[detector] allow`, `deny` and their files: read, checked with the line that is wrong, written whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.policy_file import load_policy
from gateway.config.starter import starter_policy
from gateway.config.words_file import add
from gateway.domain.errors import ConfigError
from gateway.domain.finding import Kind
from gateway.policy.model import Policy, RedactionPolicy


def policy(folder: Path, text: str, **files: str) -> Policy:
    for name, content in files.items():
        (folder / f"{name}.txt").write_text(content, encoding="utf-8")
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return load_policy(path)


def test_words_come_from_the_policy_and_from_files(tmp_path: Path) -> None:
    text = (
        '[detector]\nallow_files = ["more.txt", "none.txt"]\ndeny_files = ["never.txt"]\n'
        'allow = { name = ["Graves  Mill"] }\ndeny = { other_id = ["Project Bluebird"] }\n'
    )
    got = policy(tmp_path, text, more="# ours\n\nlocation: Elm House\nname: graves mill\n", never="name: X Æ\n")
    assert got.allowed == {(Kind.NAME, "graves mill"), (Kind.LOCATION, "elm house")}
    assert got.denied == {(Kind.OTHER_ID, "project bluebird"), (Kind.NAME, "x æ")}
    assert got.version != policy(tmp_path, "").version


def test_how_redaction_shows_what_it_masked(tmp_path: Path) -> None:
    assert policy(tmp_path, "").redaction == RedactionPolicy()
    got = policy(tmp_path, '[detector]\nplaceholders = "numbered"\nattachments = "redacted"')
    assert got.redaction == RedactionPolicy(numbered=True, copies=True)


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ('[detector]\nallow = { nam = ["x y"] }', "", ["detector.allow"]),
        ('[detector]\nallow = { name = ["x"] }', "", ["detector.allow.name", "two letters"]),
        ('[detector]\nallow = { name = [""] }', "", ["two letters"]),
        (f'[detector]\ndeny = {{ name = ["{"x" * 201}"] }}', "", ["200"]),
        ('[detector]\nallow_files = ["w.txt"]', "nam: Graves\n", ["w.txt line 1", 'did you mean "name"']),
        ('[detector]\nallow_files = ["w.txt"]', "# x\nGraves\n", ["w.txt line 2", "a colon"]),
        ('[detector]\nallow_files = ["w.txt"]', "name: -\n", ["w.txt line 1", "two letters"]),
        ('[detector]\nallow_files = ["w.txt"]\ndeny = { name = ["graves mill"] }', "name: Graves Mill\n", ["allowed and denied"]),
        ('[detector]\nplaceholders = "numbers"', "", ["detector.placeholders", "'numbered'"]),
        ('[detector]\nalow_files = []', "", ["detector.alow_files", 'did you mean "allow_files"']),
    ],
)  # fmt: skip
def test_a_mistake_says_where_it_is(tmp_path: Path, text: str, words: str, said: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        policy(tmp_path, text, w=words)
    line = str(caught.value)
    assert "\n" not in line
    for one in said:
        assert one in line, line


def test_files_that_are_no_text_are_errors(tmp_path: Path) -> None:
    (tmp_path / "w.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        policy(tmp_path, '[detector]\nallow_files = ["w.txt"]')


def test_the_first_policy_names_a_file_that_needs_not_be_there(tmp_path: Path) -> None:
    assert policy(tmp_path, starter_policy()).allowed == frozenset()


def test_a_word_is_added_once_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "w.txt"
    assert add(path, Kind.NAME, "Graves Mill")
    assert not add(path, Kind.NAME, "graves  MILL")
    path.chmod(0o640)
    assert add(path, Kind.LOCATION, "Elm House")
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.read_text(encoding="utf-8").splitlines()[1:] == ["name: Graves Mill", "location: Elm House"]
    assert [one.name for one in tmp_path.iterdir()] == ["w.txt"]
    for bad in ("x", "a b\nname: all of it", "x" * 300):
        if "\n" in bad:
            assert add(path, Kind.NAME, bad)
            assert "name: a b name: all of it" in path.read_text(encoding="utf-8")
            continue
        with pytest.raises(ConfigError):
            add(path, Kind.NAME, bad)
