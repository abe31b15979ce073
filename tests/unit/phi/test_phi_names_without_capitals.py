"""Names that no capital betrays, in other letters, as initials, and where only a name can stand; and what is none of these."""

from __future__ import annotations

import pytest

from gateway.domain.finding import Kind, TextPart
from gateway.phi.lexicon import GIVEN, STOP, SURNAME, WORD
from gateway.phi.scan import Scanner
from gateway.phi.small_names import small_bound


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner.load()


def read(scanner: Scanner, text: str) -> str:
    """The letters that are left to read when names are masked."""
    signs = list(text)
    for one in scanner.scan([TextPart("body.plain", text)]).findings:
        if one.kind is Kind.NAME:
            signs[one.start : one.end] = ["." if sign.isalnum() else sign for sign in signs[one.start : one.end]]
    return "".join(signs)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("maria gonzalez called, wants her lab results", "maria gonzalez"),
        ("does john smith have any allergies? dob 3/4/1960", "john smith"),
        ("i need a refill for my mom rosa martinez she takes metformin", "rosa martinez"),
        ("his daughter krystyna wrobel-lang stands at our desk with the POLST", "krystyna wrobel-lang"),
        ("hi mark,\ncan you call me about the bill", "mark"),
        ("The list is ready for Monday.\n\nThanks,\ncas", "cas"),
        ("Please review it by Friday and tell me what you think of it.\n\nMK\n\n-----Original Message-----\nFrom: Kuehn, Mary", "MK Kuehn Mary"),
        ("patient initials J.R., schizophrenia arm", "J.R."),
        ("LIVINGSTONE, P LAP CHOLE CANCELLED", "LIVINGSTONE P"),
        ("TOUSSAINT, J-B home meter reads high", "TOUSSAINT J-B"),
        ("Mr. van der Berg met Fatima al-Rashid; later the el-Sayed family came.", "van der Berg Fatima al-Rashid el-Sayed"),
        ("Mrs. Eulalia Arreola viuda de Campos called.", "Eulalia Arreola viuda de Campos"),
        ("It was about the Okada twins and their lice.", "Okada"),
        ("Grandpa: Papa Joe Medeiros, deaf", "Joe Medeiros"),
        ("Left axillary node of Constance Adebayo-Wright, for review", "Constance Adebayo-Wright"),
        ("Attached: Smith_John_labs.pdf and JaneDoe2024.pdf", "Smith John JaneDoe"),
        ("NM1*IL*1*EZE*OBINNA****MI*CTM00441788~", "EZE OBINNA"),
        ("ERR line 27: NGUYEN^THI^HONG NHUNG in this field", "NGUYEN THI HONG NHUNG"),
        ("Пациент: Иван Петров, боль в груди", "Иван Петров"),
        ("The patient Иван Петров was seen by Dr. Θεοδώρα Παπαδοπούλου today.", "Иван Петров Θεοδώρα Παπαδοπούλου"),
        ("is the rental in my name or yours? ill be back sat.\nbex", "bex"),
        ("can you cover for me\n\nkev\n\nSent from my phone", "kev"),
        ("please see below\n\ndre\n> are you in?", "dre"),
        ("患者姓名：王小明 来院", "王小明"),
        ("田中様 お願いします", "田中"),
        ("환자명: 김민수 예약", "김민수"),
        ("about my mother 林秀英 (Lam Xiu Ying) and her knee", "林秀英 Lam Xiu Ying"),
    ],
)  # fmt: skip
def test_the_name_is_masked_whole(scanner: Scanner, text: str, names: str) -> None:
    left = read(scanner, text)
    for name in names.split():
        assert not any(map(str.isalnum, left[text.index(name) : text.index(name) + len(name)])), left


@pytest.mark.parametrize(
    "text",
    [
        "The U.S. government and the D.C. office answered at 9 a.m.; the P.O. box is full.",
        "Thanks,\nBilling",
        "the levator ani muscle and the ora serrata were spared, indigo carmine was given",
        "Please bring basil, rosemary and a jar of ginger to the potluck",
        "Attached: report_final_v2.docx and new_patient_form.pdf",
        "OBX|1|NM|GLU^Glucose^L||99",
        "Frótese las palmas y los dorsos; tome jugo de manzana o gelatina amarilla.",
        "Sr. Vice President of Sales",
        "Return the form by COB Wednesday.",
        "谢谢",
        "I sat down for it.\ncheers",
        "is it ready?\nyes",
        "see you on the stairs\n\nlove\n> are you in?",
        "$ ls\nfoo",
        "milk\n- eggs",
    ],
)
def test_nobody_is_named(scanner: Scanner, text: str) -> None:
    assert read(scanner, text) == text


def test_a_small_word_needs_more_of_the_tagger_the_less_speaks_for_it() -> None:
    sure = [
        small_bound(flags, cued, bare)
        for flags, cued, bare in (
            (GIVEN, True, True),
            (GIVEN, False, True),
            (GIVEN, False, False),
            (SURNAME, False, True),
        )
    ]
    assert sure == sorted(sure)
    assert sure[-1] < 1
    assert small_bound(STOP | GIVEN, True, True) > 1
    assert small_bound(SURNAME, False, False) > 1
    assert small_bound(WORD | SURNAME, False, True) > 1
