"""Every limit of the configuration has its row among the metrics, and each row a default, a place that counts it and a test."""

from __future__ import annotations

import tomllib

import pytest

from gateway.config.doors import SmtpLimits, WebSection
from gateway.config.reference import default_of
from gateway.config.rooms import LimitsSection, ParcelSection
from gateway.config.section import Section
from gateway.ports.metrics import COUNTS, LIMITS, Count, Limit
from tests.arch.tree import ROOT

_TESTS = {
    row["limit"]: row["test"]
    for row in tomllib.loads((ROOT / "tests/promises/limits.toml").read_text("utf-8"))["limit"]
}
_NO_LIMITS = {
    "smtp.limits.finish_threads": "how many work at once; the rest wait their turn",
    "parcel.code_life": "a time of life",
    "parcel.expiry": "a time of life",
    "parcel.max_expiry": "a bound of what staff may ask",
    "web.session_idle": "a time of life",
    "web.session_life": "a time of life",
}
_SECTIONS: dict[str, type[Section]] = {
    "limits": LimitsSection,
    "smtp.limits": SmtpLimits,
    "parcel": ParcelSection,
    "web": WebSection,
}


def _settings() -> set[str]:
    found = set()
    for table, section in _SECTIONS.items():
        numbers = section().numbers()
        found |= {f"{table}.{key}" for key in section.model_fields if {key, f"{key}_seconds"} & numbers.keys()}
    return found


def test_every_limit_of_the_configuration_is_in_the_table():
    named = {name for row in LIMITS.values() for name in row.settings}
    assert {name for name in named if name.rpartition(".")[0] in _SECTIONS} == _settings() - _NO_LIMITS.keys()


@pytest.mark.parametrize("limit", Limit)
def test_a_limit_has_default_metric_and_test(limit):
    assert default_of(LIMITS[limit].settings[0]) not in {"none", "required"}
    assert _mentions(f"Limit.{limit.name}"), f"nothing counts {limit.name}"
    path, _, name = _TESTS[limit.value].partition("::")
    assert not name or f"def {name}(" in (ROOT / path).read_text("utf-8")


@pytest.mark.parametrize("what", Count)
def test_a_counter_is_used_and_explained(what):
    assert COUNTS[what].help.endswith(".")
    assert _mentions(f"Count.{what.name}"), f"nothing counts {what.name}"


def _mentions(symbol: str) -> list[str]:
    rooms = (one for one in (ROOT / "gateway").rglob("*.py") if one != ROOT / "gateway/ports/metrics.py")
    return [one.name for one in rooms if symbol in one.read_text("utf-8")]
