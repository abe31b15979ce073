"""The template language: `{slot}`, `[[one|two]]`, and marks that say which label a piece of text has.

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


def mark(label: int, text: str) -> str:
    """The text as a piece that has the label."""
    return f"{OPEN}{label}{text}{CLOSE}"


def expand(template: str, rng: random.Random, slot: Callable[[str, str], str]) -> str:
    """The template with every choice made, innermost first, and every slot filled."""
    while "[[" in template:
        changed = _CHOICE.sub(lambda match: rng.choice(match.group(1).split("|")), template)
        if changed == template:
            raise ValueError(f"an unbalanced choice: {template[:80]}")
        template = changed
    return _SLOT.sub(lambda match: slot(match.group(1), match.group(2) or ""), template)


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
