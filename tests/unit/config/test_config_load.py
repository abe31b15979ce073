"""sealgate.toml: what loads, and that every mistake is one line with the key and the mend."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pydantic
import pytest

from gateway.config.load import load
from gateway.config.model import Settings
from gateway.config.reference import reference
from gateway.config.starter import starter_config
from gateway.config.values import read_duration, read_listen, read_size, write_duration, write_size
from gateway.domain.errors import ConfigError
from gateway.policy.law import load_law

ROOT = Path(__file__).parents[3]
STARTER = starter_config("Dr Lee's office", "practice.example.org", phone="555-0100")


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "sealgate.toml"
    path.write_text(text)
    return path


def changed(old: str, new: str) -> str:
    assert old in STARTER
    return STARTER.replace(old, new, 1)


def test_the_starter_loads_and_paths_resolve_against_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    got = load(write(tmp_path, STARTER))
    assert got.practice.name == "Dr Lee's office"
    assert got.practice.own_domains == ("practice.example.org",)
    assert got.keys.dir == tmp_path / "keys"
    assert got.policy.file == tmp_path / "policy.toml"
    assert got.audit.head_files == (tmp_path / "audit-heads.jsonl",)
    assert got.store.url == f"sqlite:///{tmp_path}/data/sealgate.db"
    assert got.store.url.startswith("sqlite:////")
    assert got.blobs.url == f"file://{tmp_path}/data/blobs"
    assert got.relay.url == f"capture://{tmp_path}/data/outbox"
    assert (got.smtp.submission[0].host, got.smtp.submission[0].port) == ("127.0.0.1", 587)
    assert got.parcel.expiry == timedelta(days=14)


def test_sections_may_be_left_out_and_defaults_still_resolve(tmp_path):
    practice = STARTER.partition("[smtp]")[0]
    text = practice.replace("https://secure.practice.example.org:8443", "http://127.0.0.1:8443")
    got = load(write(tmp_path, text))
    assert got.shelf.url == f"file://{tmp_path}/shelf"
    assert got.users.file == tmp_path / "users.toml"
    assert got.worker.hold == timedelta(days=5)


def test_the_model_is_frozen(tmp_path):
    got = load(write(tmp_path, STARTER))
    with pytest.raises(pydantic.ValidationError):
        got.practice.name = "x"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("submission =", "submision =", ["smtp.submision", 'did you mean "submission"']),
        ("[sandbox]", "[sandbocks]", ["sandbocks", 'did you mean "sandbox"']),
        ("[web]", "[web]\nzzzz = 1", ["web.zzzz", "known here are"]),
        ('mode = "strong"', 'mode = "medium"', ["sandbox.mode", "'strong' or 'weak'"]),
        ('id = "practice-example-org"', "", ["practice.id", "is missing"]),
        ('id = "practice-example-org"', 'id = "P!"', ["practice.id"]),
        ('["practice.example.org"]', '["no domain"]', ["practice.own_domains[0]", "host name"]),
        ('"sealgate@practice.example.org"', '"sealgate"', ["practice.postmaster", "name@domain"]),
        ('"https://secure', '"http://secure', ["practice.portal_url", "https://"]),
        ('"America/New_York"', '"Mars/Olympus"', ["practice.time_zone", "America/New_York"]),
        ('["127.0.0.1:587"]', '["127.0.0.1"]', ["smtp.submission[0]", "host and port"]),
        ('["127.0.0.1:587"]', '["127.0.0.1:99999"]', ["smtp.submission[0]", "host and port"]),
        ('tls_key = "keys/tls.key"\n# smart', "# smart", ["smtp", "tls_certificate and tls_key"]),
        ('url = "capture:///./data/outbox"', 'url = "smtp+starttls://u:pw@relay.example.org:587"', ["relay.url", "secret"]),
        ('url = "capture:///./data/outbox"', 'url = "outbox"', ["relay.url", "scheme"]),
        ('[sandbox]', '[worker]\nlease = "30"\n[sandbox]', ["worker.lease", "duration"]),
        ('[sandbox]', '[worker]\nlease = 30\n[sandbox]', ["worker.lease", "duration"]),
        ('[sandbox]', '[worker]\nlease = "32m"\n[sandbox]', ["worker.lease", "33m"]),
        ('[sandbox]', '[parcel]\nexpiry = "100d"\n[sandbox]', ["parcel", "max_expiry"]),
        ('[sandbox]', '[limits]\nspool_bytes = "20 gigs"\n[sandbox]', ["limits.spool_bytes", "size"]),
        ('archive_public = ["keys/archive-practice.pub", "keys/archive-escrow.pub"]', "", ["keys.archive_public"]),
        ('[sandbox]', '[smtp.limits]\nrecipents = 3\n[sandbox]', ["smtp.limits.recipents", 'did you mean "recipients"']),
        ('[sandbox]', '[[smtp.clients]]\nname = "m"\n[sandbox]', ["smtp.clients[0]", "networks"]),
        ('[sandbox]', '[[smtp.clients]]\nname = "m"\nnetworks = ["10.0.0.999"]\n[sandbox]', ["smtp.clients[0].networks[0]"]),
        ('[sandbox]', '[[smtp.clients]]\nname = "m"\nnetwork = ["10.0.0.9"]\n[sandbox]', ["smtp.clients[0].network", 'did you mean "networks"']),
        ('name = "Dr Lee\'s office"', 'name = "Dr Lee\\nBcc: x"', ["practice.name", "one line"]),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_key_and_mend(tmp_path, old, new, said):
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, changed(old, new)))
    line = str(caught.value)
    assert line.startswith("sealgate.toml: ")
    assert "\n" not in line
    for words in said:
        assert words in line, line


def test_a_password_is_not_repeated_in_the_error(tmp_path):
    text = changed('url = "capture:///./data/outbox"', 'url = "smtp+starttls://u:hunter2@relay.example.org:587"')
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text))
    assert "hunter2" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match="sealgate init"):
        load(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="TOML"):
        load(write(tmp_path, "[practice\n"))
    (tmp_path / "latin.toml").write_bytes(b'x = "\xe9"')
    with pytest.raises(ConfigError, match="UTF-8"):
        load(tmp_path / "latin.toml")


def test_starter_refuses_what_could_break_out_of_the_file():
    with pytest.raises(ConfigError):
        starter_config('x"\n[relay]', "practice.example.org")


def test_durations_sizes_and_listeners_read_what_they_write():
    for text in ("0s", "1s", "15m", "1h30m", "14d", "2d3h"):
        assert write_duration(read_duration(text)) == text
    assert read_duration("2w") == timedelta(days=14)
    for text in ("1KiB", "150MiB", "20GiB", "1000"):
        assert write_size(read_size(text)) == text
    assert str(read_listen("[::1]:25")) == "[::1]:25"
    for wrong in ("::1:25", "a:b", "", 25):
        with pytest.raises(ValueError):
            read_listen(wrong)


def test_the_deadlines_are_laws_own(tmp_path):
    got, law = load(write(tmp_path, STARTER)).worker, load_law().deadlines
    assert (got.hold, got.consent, got.stuck, got.reminders) == (law.hold, law.consent, law.stuck, law.reminders)


def test_limits_carry_the_names_that_doors_and_boxes_use(tmp_path):
    from gateway.adapters.inspector.limits import BoxLimits
    from gateway.smtp.limits import DoorLimits

    got = load(write(tmp_path, STARTER))
    assert DoorLimits(**got.smtp.limits.numbers()) == DoorLimits()
    queue = {"quick", "quick_bytes", "long_children"}  # for the worker, not for the box
    box = {name.partition("_seconds")[0]: value for name, value in got.sandbox.numbers().items()}
    assert queue <= box.keys()
    assert (
        BoxLimits(
            **{
                name: value
                for name, value in got.sandbox.numbers().items()
                if name.partition("_seconds")[0] not in queue
            }
        )
        == BoxLimits()
    )


def test_the_reference_page_is_up_to_date():
    page = (ROOT / "docs/reference/config.md").read_text()
    assert page == reference(), "run: python -m gateway.config.reference > docs/reference/config.md"


def test_every_key_is_described():
    def fields(model):
        for key, field in model.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, pydantic.BaseModel):
                yield from fields(field.annotation)
            else:
                yield key, field

    found = list(fields(Settings))
    assert len(found) > 100
    assert all(field.description for _, field in found)
