"""What the gates say of a text: a pattern that they call absent matches nowhere in it."""

from __future__ import annotations

import random

import pytest

from gateway.domain.finding import TextPart
from gateway.phi.document import Document, gated
from gateway.phi.gates import Gates
from gateway.phi.lexicon import Lexicon
from gateway.phi.scan import Scanner
from tests.support.letters import ordinary_letters

_PIECES = (
    "dear maria", "hello ana lopez,", "in 1854", "since the 1790s", ", TX 75001", "\nSpringfield, IL", "P.O. Box 12", "PSC 3, Box 9", "address: 12 Elm St",
    "lives at 4 Oak Rd", "a 7 year old", "aged 12", "edad 15", "> quoted", "From: office", "On May 3 she wrote:", "00501", "12345-6789", "mr osgood", "9 mos. old",
)  # fmt: skip


@pytest.fixture(scope="module")
def patterns(scanner_made: Scanner) -> list:
    """Every pattern that has a gate by now."""
    from gateway.phi.gates import gates

    return list(gates()._patterns)


@pytest.fixture(scope="module")
def scanner_made() -> Scanner:
    """A scanner that has read a text, so that its patterns are made."""
    made = Scanner(Lexicon.load())
    made.scan([TextPart("text", " ".join(_PIECES) + " word" * 60)])
    return made


def test_an_absent_pattern_matches_nowhere_and_one_that_matches_is_not_absent(patterns):
    assert len(patterns) >= 5
    own = Gates()
    for one in patterns:
        own.add(one)
    chance = random.Random(4)
    absent_somewhere = set()
    letters = ordinary_letters(12)
    for number in range(240):
        words = letters[number % len(letters)].split(" ")
        for _ in range(number % 5):
            words.insert(chance.randrange(len(words)), chance.choice(_PIECES))
        data = " ".join(words[: chance.randint(20, len(words))]).encode()
        absent = own.absent(data)
        absent_somewhere |= absent
        for one in patterns:
            assert (one.search(data) is None) == (id(one) in absent), (one.pattern, data)
    assert len(absent_somewhere) == len(patterns)


def test_a_document_finds_what_it_found_without_gates():
    pattern = gated(r"(?i)\bzebra (\d{2})\b")
    text = "word " * 60
    there, nowhere = f"{text}the Zebra 42 {text}", text + text
    lexicon = Lexicon.load()
    for source, found in ((there, ["42"]), (nowhere, []), (there.replace("word", "wörd"), ["42"])):
        document = Document(TextPart("text", source), lexicon)
        assert [document.text[start:end] for start, end in document.spans(pattern, 1)] == found
        assert document.holds(pattern) is bool(found)


def test_a_pattern_made_later_takes_part_from_the_next_text_on():
    own = Gates()
    data = b"nothing of the kind " * 20
    assert own.absent(data) == frozenset()
    late = gated(r"\bfound nowhere at all\b")
    own.add(late)
    assert own.absent(data) == {id(late)}
    assert own.absent(data + b" found nowhere at all ") == frozenset()
