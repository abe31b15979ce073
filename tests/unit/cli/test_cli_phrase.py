"""`sealgate patient phrase`: made, chosen, refused with a reason, forgotten; and nothing else shows one."""

from __future__ import annotations

import pytest

from gateway.seal.passphrase import WORDS
from tests.support.command import installation, sealgate

ADA = "given,family,birth_date,mrn,email,phone\nAda,Quill,1980-01-31,MRN-4711,ada@example.net,(555) 555-0142\n"
STRONG = "glacier pumpkin whisker lantern crouton trombone mildew parsnip axolotl"


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    config = installation(tmp_path_factory.mktemp("phrase") / "one")
    done = sealgate("patient", "import", "-", "--config", config, stdin=ADA)
    assert done.status == 0
    return lambda *words, **more: sealgate("patient", *words, "--config", config, **more)


def test_one_is_made_shown_once_and_forgotten(gate):
    row = gate("phrase", "MRN-4711", "--generate", "--language", "es", "--json").row
    words = row["phrase"]
    assert len(words.split()) == WORDS
    shown = gate("show", "MRN-4711")
    assert words.split()[0] not in shown.out
    assert "agreed on" in shown.out
    gate("import", "-", stdin=ADA)
    assert "agreed on" in gate("show", "MRN-4711").out, "an import leaves it alone"
    assert gate("phrase", "MRN-4711", "--forget").status == 0
    assert gate("show", "MRN-4711", "--json").row["phrase"] is None
    assert gate("phrase", "MRN-4711", "--forget").status == 1


def test_a_chosen_one_is_read_and_not_shown(gate):
    done = gate("phrase", "MRN-4711", stdin=f"  {STRONG} \n")
    assert done.status == 0
    assert "pumpkin" not in done.out + done.err
    assert "agreed on" in gate("show", "MRN-4711").out


@pytest.mark.parametrize(
    ("phrase", "why"),
    [("01/31/1980", "birth date"), ("MRN-4711", "record number"), ("900-11-2222", "Social Security"), ("555 555 0142", "telephone"),
     ("Quill " + STRONG, "name"), ("winter2026!", "guessed"), ("", "empty")],
)  # fmt: skip
def test_what_can_be_tried_is_refused(gate, phrase, why):
    done = gate("phrase", "MRN-4711", stdin=phrase + "\n")
    assert done.status == 1
    assert why in done.err
    assert "offline" in done.err
    assert not phrase or phrase not in done.out + done.err


def test_usage(gate):
    assert gate("phrase", "MRN-4711", "--generate", "--forget").status == 2
    assert gate("phrase", "MRN-9999", "--generate").status == 1
