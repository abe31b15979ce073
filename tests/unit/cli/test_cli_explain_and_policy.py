"""`explain` and `policy test`: the worker's own decision, without sending; examples with a register of their own."""

from __future__ import annotations

import json

import pytest

from tests.support.command import installation, sealgate

FROM = "lee@practice.example.org"
PATIENTS = "given,family,mrn,email\nAda,Quill,MRN-4711,ada@example.net\nTom,Stone,MRN-4712,tom@example.net\n"
CONSENTS = "mrn,kind,address,given_on,warning_version\nMRN-4711,email_encrypted,ada@example.net,2026-01-05,1\n"
PARTNERS = "name,kind,domain_or_address\nPlan,payer,plan.example.net\n"


def letter(to: str, body: str, extra: str = "") -> bytes:
    return f"From: Dr Lee <{FROM}>\r\nTo: {to}\r\n{extra}Subject: [secure] Your biopsy\r\n\r\n{body}\r\n".encode()


ABOUT_ADA = letter("ada@example.net", "Dear Ada Quill, your biopsy shows no diabetes.")


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    config = installation(tmp_path_factory.mktemp("gate") / "one")
    for what, text in (("patient", PATIENTS), ("consent", CONSENTS), ("partner", PARTNERS)):
        assert sealgate(what, "import", "-", "--config", config, stdin=text).status == 0
    return config


def test_explain_has_exactly_the_contract_s_fields(config):
    answer = sealgate(
        "explain", "--json", "--from", FROM, "--to", "ada@example.net", "--config", config, "-", stdin=ABOUT_ADA
    )
    row = answer.row
    assert list(row) == ["recipient", "action", "method", "rule", "reasons", "subject_out", "held_for", "sensitive"]
    assert (row["recipient"], row["action"], row["method"], row["held_for"]) == (
        "ada@example.net",
        "deliver",
        "link",
        None,
    )
    assert "phi.name" in row["reasons"]
    assert row["subject_out"] == "Secure message from Willow Clinic"
    assert row["sensitive"] == []
    assert answer.status == 0


def test_a_hold_is_1_and_each_recipient_has_a_line(config):
    to = ["ada@example.net", "tom@example.net", "office@practice.example.org"]
    answer = sealgate(
        "explain",
        "--json",
        "--from",
        FROM,
        *(word for one in to for word in ("--to", one)),
        "--config",
        config,
        "-",
        stdin=ABOUT_ADA,
    )
    assert answer.status == 1
    assert [row["recipient"] for row in answer.rows] == to
    held = answer.rows[1]
    assert (held["action"], held["method"], held["subject_out"]) == ("hold", None, None)
    assert held["held_for"]


def test_ordinary_mail_keeps_its_subject_without_tags(config):
    lunch = letter("office@practice.example.org", "Lunch at noon?").replace(b"[secure] Your biopsy", b"Lunch")
    row = sealgate(
        "explain", "--json", "--from", FROM, "--to", "office@practice.example.org", "--config", config, "-", stdin=lunch
    ).row
    assert (row["method"], row["subject_out"]) == ("pass", "Lunch")


def test_words_for_people(config):
    answer = sealgate("explain", "--from", FROM, "--to", "ada@example.net", "--config", config, "-", stdin=ABOUT_ADA)
    assert "ada@example.net: deliver by link" in answer.out
    assert "The patient agreed to protected e-mail at this address." in answer.out


def test_nothing_is_kept_of_it(config):
    before = sealgate("audit", "list", "--json", "--config", config).rows
    sealgate("explain", "--from", FROM, "--to", "ada@example.net", "--config", config, "-", stdin=ABOUT_ADA)
    assert sealgate("audit", "list", "--json", "--config", config).rows == before
    assert sealgate("queue", "list", "--json", "--config", config).rows == []


def test_a_purpose_that_the_sender_may_not_claim_is_not_believed(config, tmp_path):
    (tmp_path / "pw").write_text("correct horse\n")
    claimed = letter("x@plan.example.net", "Ada Quill, biopsy, diabetes", "X-Sealgate-Purpose: payment\r\n")
    words = ["explain", "--json", "--from", FROM, "--to", "x@plan.example.net", "--config", config, "-"]
    without = sealgate(*words, stdin=claimed).row
    sealgate(
        "user",
        "add",
        "lee",
        "--send-as",
        FROM,
        "--purpose",
        "payment",
        "--password-file",
        tmp_path / "pw",
        "--config",
        config,
    )
    allowed = sealgate(*words, stdin=claimed).row
    assert "purpose.not_allowed" in without["reasons"] or without["held_for"] == "purpose"
    assert allowed["held_for"] != "purpose"


def folder_of_examples(folder, expected_for_tom="hold"):
    folder.mkdir()
    (folder / "patients.csv").write_text(PATIENTS)
    (folder / "consents.csv").write_text(CONSENTS)
    (folder / "consented.eml").write_bytes(ABOUT_ADA)
    (folder / "consented.expect").write_text(
        '{"recipient": "ada@example.net", "action": "deliver", "method": "link"}\n'
    )
    (folder / "unasked.eml").write_bytes(letter("tom@example.net", "Dear Tom Stone, your biopsy shows no diabetes."))
    (folder / "unasked.expect").write_text(
        json.dumps({"recipient": "tom@example.net", "action": expected_for_tom, "method": None}) + "\n"
    )
    return folder


def test_examples_with_their_own_register_on_an_empty_installation(tmp_path):
    empty = installation(tmp_path / "gate")
    folder = folder_of_examples(tmp_path / "examples")
    answer = sealgate("policy", "test", folder, "--config", empty)
    assert answer.status == 0, answer.out + answer.err
    assert "2 of 2 example(s) as expected" in answer.out
    assert sealgate("patient", "list", "--json", "--config", empty).rows == []


def test_a_difference_is_1_and_told(tmp_path, config):
    folder = folder_of_examples(tmp_path / "examples", expected_for_tom="refuse")
    answer = sealgate("policy", "test", folder, "--json", "--config", config)
    assert answer.status == 1
    assert [(row["example"], row["ok"]) for row in answer.rows] == [("consented", True), ("unasked", False)]
    assert "expected refuse, is hold" in answer.rows[1]["differences"][0]


def test_the_installation_s_register_counts_where_the_folder_has_none(tmp_path, config):
    folder = folder_of_examples(tmp_path / "examples")
    (folder / "patients.csv").unlink()
    (folder / "consents.csv").unlink()
    assert sealgate("policy", "test", folder, "--config", config).status == 0


@pytest.mark.parametrize(
    "line",
    ["{}", "no", '{"recipient": "x", "action": "deliver"}', '{"recipient": "a@example.net", "action": "fly"}', ""],
)
def test_a_bad_expectation_is_2(tmp_path, config, line):
    folder = folder_of_examples(tmp_path / "examples")
    (folder / "unasked.expect").write_text(line)
    answer = sealgate("policy", "test", folder, "--config", config)
    assert answer.status == 2
    assert "unasked.expect" in answer.err


def test_a_rule_of_the_practice_shows(tmp_path):
    config = installation(tmp_path / "gate")
    policy = config.parent / "policy.toml"
    policy.write_text(
        policy.read_text()
        + '\n[[rule]]\nname = "mine"\nwhen = { recipient_domain = ["example.net"] }\nthen = { action = "refuse" }\n'
    )
    answer = sealgate("policy", "test", folder_of_examples(tmp_path / "examples"), "--config", config)
    assert answer.status == 1
    assert "by rule 'mine'" in answer.out
