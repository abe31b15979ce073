"""Threats in the talk of worker and child: nothing is lost where there are many, and a child's lies stay within its part."""

from __future__ import annotations

import pytest

from gateway.adapters.inspector import protocol
from gateway.adapters.inspector.protocol import BadFrame
from gateway.domain.threat import Threat, ThreatKind

PART = "attachment:a.zip"


def travelled(threats: list[Threat]) -> list[Threat]:
    return [protocol.unpack_threat(one, PART) for one in protocol.pack_threats(PART, threats)]


def test_they_arrive_once_each() -> None:
    found = [Threat(ThreatKind.MACRO, f"{PART}/\udcff.docm"), Threat(ThreatKind.EXECUTABLE, PART)]
    assert travelled([*found, *found]) == found


@pytest.mark.parametrize("names", [[f"{PART}/{one}" for one in range(1000)], [f"{PART}/{'x' * 20_000}"]])
def test_too_many_or_too_long_names_leave_each_kind_once(names: list[str]) -> None:
    assert travelled([Threat(ThreatKind.EXECUTABLE, one) for one in names] + [Threat(ThreatKind.MACRO, PART)]) == [
        Threat(ThreatKind.EXECUTABLE, PART), Threat(ThreatKind.MACRO, PART)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "payload",
    [b"", b"\x00", b"\x00\x10attachment:a.zipnonsense", b"\x00\x10attachment:b.zipmacro", b"\x00\x10attachment:a.zip"],
)
def test_anything_else_is_no_answer(payload: bytes) -> None:
    with pytest.raises(BadFrame):
        protocol.unpack_threat(payload, PART)
