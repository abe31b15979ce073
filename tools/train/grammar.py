"""The template language: `{slot}`, `[[one|two]]`, `{=n|Text}`, and marks that say which label a piece of text has.

`{=n|...}` is a name written out, l a place, o an organization, i an identifier, h a health word; slots may stand inside.

A slot that names something personal returns its text between marks; `parse` takes the marks off and gives every
character its label. Labels are indexes into gateway.phi.tagger.LABELS.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

OPEN, CLOSE = "\x02", "\x03"
NAME, LOCATION, ORGANIZATION, ID, HEALTH = 1, 2, 3, 4, 5
_CHOICE = re.compile(r"\[\[((?:(?!\[\[|\]\]).)*)\]\]", re.DOTALL)
_SLOT = re.compile(r"\{([A-Za-z]+)(?:[.:]([a-z0-9_]+))?\}")
_OPENING = re.compile(r"\{=([nloih])\|")
_WRITTEN = re.compile(r"\{=([nloih])\x04([^{}]*)\}")
_LABELS = {"n": NAME, "l": LOCATION, "o": ORGANIZATION, "i": ID, "h": HEALTH}


def mark(label: int, text: str) -> str:
    """The text as a piece that has the label."""
    return f"{OPEN}{label}{text}{CLOSE}"


def expand(template: str, rng: random.Random, slot: Callable[[str, str], str]) -> str:
    """The template with every choice made, innermost first, and every slot filled."""
    template = _OPENING.sub("{=\\1\x04", template)  # so that its line parts no choices
    while "[[" in template:
        changed = _CHOICE.sub(lambda match: rng.choice(match.group(1).split("|")), template)
        if changed == template:
            raise ValueError(f"an unbalanced choice: {template[:80]}")
        template = changed
    text, before = _SLOT.sub(lambda match: slot(match.group(1), match.group(2) or ""), template), ""
    while text != before:
        before, text = text, _WRITTEN.sub(lambda match: mark(_LABELS[match.group(1)], match.group(2)), text)
    return text


def parse(marked: str) -> tuple[str, list[int]]:
    """The plain text and the label of each character; the outermost mark decides."""
    text: list[str] = []
    labels: list[int] = []
    open_labels: list[int] = []
    characters = iter(marked)
    for one in characters:
        if one == OPEN:
            open_labels.append(int(next(characters)))
        elif one == CLOSE:
            open_labels.pop()
        else:
            text.append(one)
            labels.append(open_labels[0] if open_labels else 0)
    return "".join(text), labels
