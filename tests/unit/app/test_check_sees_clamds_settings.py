"""`sealgate check` reads clamd.conf where it can: mail in clear belongs on no disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.app.clamd_settings import clamd_warnings

MOUNTS = "/dev/vda / ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\ntmpfs /run/clamav\\040tmp tmpfs rw 0 0\n/dev/vdb /run/disk xfs rw 0 0\ntmpfs /var/tmpfs tmpfs rw 0 0\n"
GOOD = "AlertExceedsMax yes\n"


def told(tmp_path: Path, conf: str | None) -> list[str]:
    (tmp_path / "mounts").write_text(MOUNTS)
    places = [str(tmp_path / "none.conf")]
    if conf is not None:
        (tmp_path / "clamd.conf").write_text(conf)
        places.append(str(tmp_path / "clamd.conf"))
    return clamd_warnings(places, str(tmp_path / "mounts"))


@pytest.mark.parametrize(
    ("conf", "on"),
    [
        (GOOD, "/tmp, which is on ext4"), (GOOD + "TemporaryDirectory /var/tmp\n", "ext4"), (GOOD + "TemporaryDirectory /run/disk/x\n", "xfs"),
        (GOOD + "TemporaryDirectory /var/tmpfsx\n", "ext4"), (GOOD + "# TemporaryDirectory /run\n", "ext4"), (GOOD + "TemporaryDirectory /run\nTemporaryDirectory /srv\n", "ext4"),
    ],
)  # fmt: skip
def test_a_directory_on_a_disk_is_named(tmp_path: Path, conf: str, on: str) -> None:
    [said] = told(tmp_path, conf)
    assert on in said
    assert "in clear" in said


@pytest.mark.parametrize("folder", ["/run", "/run/clamav", '"/run/clamav tmp"', "/var/tmpfs/a/b"])
def test_a_directory_in_memory_is_well(tmp_path: Path, folder: str) -> None:
    assert told(tmp_path, f"{GOOD}TemporaryDirectory {folder}\n") == []


def test_what_else_weakens_it_and_settings_that_cannot_be_read(tmp_path: Path) -> None:
    assert [one for one in told(tmp_path, "TemporaryDirectory /run\nLeaveTemporaryFiles yes\n") if "LeaveTemp" in one]
    assert [one for one in told(tmp_path, "TemporaryDirectory /run\nAlertExceedsMax no\n") if "AlertExceedsMax" in one]
    [said] = told(tmp_path, None)
    assert "cannot be read" in said
