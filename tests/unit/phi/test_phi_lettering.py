from __future__ import annotations

import pytest

from gateway.domain.finding import TextPart
from gateway.phi.lettering import humps, unlined
from gateway.phi.normalize import normalize
from gateway.phi.scan import Scanner


@pytest.mark.parametrize(("text", "read"), [
    ("_BIO-FP-1_", " BIO-FP-1 "), ("no.__4471__", "no._ 4471 _"), ("telNo___555-0162", "telNo _ 555-0162"), ("Name: ____Ann____ x", "Name: ___ Ann ___ x"),
    ("_a_ _b_", " a   b "), ("user_name ruth_", "user_name ruth "), ("| _1_ |", "|  1  |"),
])  # fmt: skip
def test_underscores_beside_a_word_are_blanks(text: str, read: str) -> None:
    assert unlined(text) == read


@pytest.mark.parametrize("text", [
    "john__doe", "user_name", "a_b_c", "https://example.org/_x/y_z", "_ga=GA1.2.3"[1:], "john_@example.org", "x?_id=1", "______", "", "_", "a__b c",
])  # fmt: skip
def test_underscores_of_a_word_stay(text: str) -> None:
    assert unlined(text) == text


@pytest.mark.parametrize(("text", "read"), [
    ("patientAcctNumber: 4471", "patient Acct Number: 4471"), ("{'memberId': 'x'}", "{'member Id': 'x'}"), ("rnLic", "rn Lic"),
])  # fmt: skip
def test_words_of_labels_that_are_run_together_are_set_apart(text: str, read: str) -> None:
    assert normalize(text).text == read


@pytest.mark.parametrize(
    "text",
    [
        "deSouza",
        "predniSONE",
        "iPhone",
        "mmHg",
        "eGFR",
        "athenaHealth",
        "McDonald",
        "PATIENTACCT",
        "patientacct",
        "planetGroup",
    ],
)
def test_other_words_with_capitals_in_them_stay(text: str) -> None:
    assert humps(text) == []


def test_a_place_in_split_text_is_that_of_the_text_as_sent() -> None:
    text = "caf\u00e9 patientAcct\u200b: 4471 9902 and planGroup: 33"
    normal = normalize(text)
    for word in ("Acct", "4471 9902", "Group", "33"):
        at = normal.text.index(word)
        start, end = normal.original(at, at + len(word))
        assert text[start:end].rstrip("\u200b") == word


@pytest.mark.parametrize(("text", "value"), [
    ("patientAcct: 4471 9902 18", "4471 9902 18"), ("Fingerprint no.__BIO-FP-cc83665756__", "BIO-FP-cc83665756"), ("MAC addr__A19B.51AF.A803__", "A19B.51AF.A803"),
    ("#+1 (212) 555-0133 x73632", "+1 (212) 555-0133 x73632"), ("(617/555-0155 ext. 52354/206 555 0134)", "617/555-0155 ext. 52354"),
    ("signed in as | sex\nruth-1653 | F", "ruth-1653"), ("Acc # is 26:S97500 today", "26:S97500"), ("Serial number (SN) of the patient: 8X20-672339", "8X20-672339"),
])  # fmt: skip
def test_what_forms_write_is_masked_whole(scanner: Scanner, text: str, value: str) -> None:
    start = text.index(value)
    masked = {at for one in scanner.scan([TextPart("body.plain", text)]).findings for at in range(one.start, one.end)}
    assert all(at in masked for at in range(start, start + len(value)) if text[at].isalnum())
