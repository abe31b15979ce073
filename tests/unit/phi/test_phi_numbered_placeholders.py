"""Numbered placeholders: one number a person or value, never two values under one, the same through a quoted thread."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.finding import Finding, Kind, TextPart
from gateway.phi.numbering import Numbers
from gateway.phi.redact import redact_text
from gateway.phi.scan import Scanner


def found(text: str, *names: str, kind: Kind = Kind.NAME, part: str = "t", score: float = 0.9) -> list[Finding]:
    """Every occurrence of each name."""
    findings = []
    for name in names:
        at = text.find(name)
        while at >= 0:
            findings.append(Finding(kind, part, at, at + len(name), score, "x"))
            at = text.find(name, at + len(name))
    return findings


def numbered(text: str, findings: list[Finding]) -> str:
    return redact_text(text, findings, label=Numbers({"t": text}, findings).of)


def test_short_forms_of_a_certain_name_are_the_same_person() -> None:
    text = "Ms. Doe came. Pat Doe sleeps. Doe, Pat. DOE again, and Zed Roe; Pat M. Doe."
    findings = found(text, "Ms. Doe", "Pat Doe", "Doe, Pat", "DOE", "Zed Roe", "Pat M. Doe")
    assert (
        numbered(text, findings) == "[name-1] came. [name-1] sleeps. [name-1]. [name-1] again, and [name-2]; [name-1]."
    )


def test_a_short_form_of_two_people_is_neither() -> None:
    text = "Pat Doe, Sam Doe; Doe"
    findings = [Finding(Kind.NAME, "t", *span, 0.9, "x") for span in ((0, 7), (9, 16), (18, 21))]
    assert numbered(text, findings) == "[name-1], [name-2]; [name-3]"


def test_an_uncertain_name_takes_nobody_in() -> None:
    text = "Rose Garden; Garden"
    findings = [Finding(Kind.NAME, "t", 0, 11, 0.5, "x"), Finding(Kind.NAME, "t", 13, 19, 0.5, "x")]
    assert numbered(text, findings) == "[name-1]; [name-2]"


def test_people_that_differ_in_order_or_suffix_are_two() -> None:
    text = "James Thomas, Thomas James, Al Doe Jr., Al Doe Sr."
    findings = found(text, "James Thomas", "Thomas James", "Al Doe Jr.", "Al Doe Sr.")
    assert numbered(text, findings) == "[name-1], [name-2], [name-3], [name-4]"


def test_a_finding_over_two_people_takes_neither_in() -> None:
    text = "Sam Roe. Doe, Pat and Sam Roe"
    findings = [Finding(Kind.NAME, "t", 0, 17, 0.9, "x"), Finding(Kind.NAME, "t", 22, 29, 0.9, "x")]
    assert numbered(text, findings) == "[name-1] and [name-2]"


def test_values_count_by_kind_and_by_what_they_say() -> None:
    text = "(212) 555-0134 = 1-212-555-0134, 555-0134; 1/23 and 12/3; SSN 900-12-3456 900 12 3456"
    findings = [
        *found(text, "(212) 555-0134", "1-212-555-0134", kind=Kind.PHONE),
        Finding(Kind.PHONE, "t", 33, 41, 0.9, "x"),
        *found(text, "1/23", "12/3", kind=Kind.DATE),
        *found(text, "900-12-3456", "900 12 3456", kind=Kind.SSN),
    ]
    assert numbered(text, findings) == "[phone-1] = [phone-1], [phone-2]; [date-1] and [date-2]; SSN [ssn-1] [ssn-1]"


def test_a_thread_that_quotes_itself_keeps_its_numbers() -> None:
    names = ("Pat Doe", "Sam Roe", "Ann Lee", "Bo Fay")
    first = "Pat Doe was here with Ann Lee."
    second = f"Sam Roe says no to Pat Doe.\n\nOn 2 Mar, Ann Lee wrote:\n> {first}\n"
    third = "Bo Fay and Sam Roe.\n\nOn 3 Mar, Sam Roe wrote:\n" + "".join(f"> {one}\n" for one in second.splitlines())
    given_numbers: list[dict[str, str]] = []
    for text in (first, second, third):
        findings = found(text, *names)
        numbers = Numbers({"t": text}, findings)
        given_numbers.append({one: numbers.of(Kind.NAME, one) for one in names if one in text})
    assert given_numbers[0] == {"Pat Doe": "[name-1]", "Ann Lee": "[name-2]"}
    assert given_numbers[1] == given_numbers[0] | {"Sam Roe": "[name-3]"}
    assert given_numbers[2] == given_numbers[1] | {"Bo Fay": "[name-4]"}


def test_placeholders_of_somebody_else_are_not_given_again() -> None:
    text = "> [name-2] wrote\nPat Doe"
    findings = found(text, "Pat Doe")
    assert numbered(text, findings) == "> [name-2] wrote\n[name-3]"


def test_parts_are_counted_in_their_order_and_only_those_that_are_shown() -> None:
    texts = {"subject": "Pat Doe", "body.plain": "Sam Roe, Pat Doe"}
    findings = [
        *found(texts["body.plain"], "Sam Roe", "Pat Doe", part="body.plain"),
        *found(texts["subject"], "Pat Doe", part="subject"),
        Finding(Kind.NAME, "header:from", 0, 3, 0.9, "x"),
    ]
    numbers = Numbers(texts, findings)
    assert numbers.of(Kind.NAME, "Pat Doe") == "[name-1]"
    assert numbers.of(Kind.NAME, "Sam Roe") == "[name-2]"
    assert numbers.of(Kind.NAME, "Somebody New") == "[name-3]"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["Pat Doe", "Sam Roe", "Ann Lee Fay", "Bo Fay", "Zed Quill", "Lee Pat"]),
        min_size=1,
        max_size=12,
    )
)
def test_full_names_share_a_number_only_with_themselves(names: list[str]) -> None:
    text = "; ".join(names)
    at, findings = 0, []
    for name in names:
        findings.append(Finding(Kind.NAME, "t", at, at + len(name), 0.9, "x"))
        at += len(name) + 2
    labels = numbered(text, findings).split("; ")
    assert len(set(zip(names, labels, strict=True))) == len(set(names)) == len(set(labels))


def test_numbered_text_holds_nothing_when_scanned_again(scanner: Scanner) -> None:
    text = "Patient: Quentin Zorblatt, MRN 4650146, seen 3/4/2026.\nMr. Zorblatt has no fever; call (212) 555-0134."
    report = scanner.scan([TextPart("t", text)])
    letter = numbered(text, list(report.findings))
    assert "Patient: [name-1], " in letter
    assert "[name-1] has no fever" in letter
    assert not [one for one in scanner.scan([TextPart("t", letter)]).findings if one.kind.identifies]
