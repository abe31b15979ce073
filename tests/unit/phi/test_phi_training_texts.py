"""The texts the tagger is trained on: each can be expanded, and the marks give each character the label they name."""

from __future__ import annotations

import random
import re

import pytest

from tools.train.corpus import KINDS, lines, torn, wholes
from tools.train.grammar import HEALTH, LOCATION, NAME, ORGANIZATION, expand, mark, parse
from tools.train.lists import LISTS
from tools.train.slots import Slots

FORMS = frozenset({"", "f", "l", "lf", "t", "n", "i", "x", "e", "u", "in", "o", "q", "s", "k", "fl"})


def slot(name: str, form: str) -> str:
    """A slot's text where only its being there counts; an unknown one fails."""
    if len(name) == 1 and name.islower():
        assert form in FORMS, f"no form of a person: {form}"
        return mark(NAME, "Ann")
    assert name in {"prose", "named"} or name in LISTS or hasattr(Slots, f"_{name}"), f"no slot: {name}"
    return "x"


def labelled(template: str) -> list[tuple[str, int]]:
    """The words of an expanded template with the label of their first letter."""
    text, labels = parse(expand(template, random.Random(1), slot))
    return [(found.group(), labels[found.start()]) for found in re.finditer(r"\w+", text)]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("saw {=n|Okafor} at {=l|Mercy}", [("saw", 0), ("Okafor", NAME), ("at", 0), ("Mercy", LOCATION)]),
        ("{=l|{p.l} Pavilion}", [("Ann", LOCATION), ("Pavilion", LOCATION)]),
        ("{=o|the {=l|Riga} Court} sat", [("the", ORGANIZATION), ("Riga", ORGANIZATION), ("Court", ORGANIZATION), ("sat", 0)]),
        ("[[{=h|flu}|{=h|flu}]] and {p.f}", [("flu", HEALTH), ("and", 0), ("Ann", NAME)]),
    ],
)  # fmt: skip
def test_marks_label_what_is_written_out(template: str, expected: list[tuple[str, int]]) -> None:
    assert labelled(template) == expected


def test_every_text_expands_and_no_mark_is_left() -> None:
    texts = [*wholes(), *torn(), *(line for kind in KINDS for line in lines(kind))]
    assert len(wholes()) > 2000
    for text in texts:
        plain, _ = parse(expand(text, random.Random(1), slot))
        assert not re.search(r"[\x02-\x04]|\{=|\{[a-z](?:\.[a-z]+)?\}|\[\[|\]\]", plain), text[:80]


def test_whole_documents_differ() -> None:
    assert len(set(wholes())) == len(wholes())
