"""Ordinary English in which nobody is named: definitions and examples of WordNet 3.0 (Debian package wordnet-base).

Only glosses without a capital inside are taken, so that no person or place slips in unlabelled.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

from gateway.phi.lexicon import GIVEN, STOP, Lexicon

FOLDER = Path("/usr/share/wordnet")
_GROUP, _PLACE, _PERSON, _PLANT, _ANIMAL = 14, 15, 18, 20, 5


_SOMEONE = re.compile(
    r"\b(?:he|she|him|his|the (?:man|woman|boy|girl|doctor|patient|student|teacher|child|candidate|lawyer|old man|actor|prisoner))\b"
)
_SOMEWHERE = re.compile(
    r"(?<=\b(?:in|to|at) )the (?:city|town|village|country|hotel|school|house|office|room|street|mountains|park|store|house|center|region)\b|(?<=from )the (?:city|town|country|house|office|room)\b"
)


class Prose:
    """Sentences, common words and capitalised words that are no names; all from the four data files of WordNet."""

    def __init__(self, folder: Path, lexicon: Lexicon) -> None:
        sentences: set[str] = set()
        capitals: set[str] = set()
        for part in ("noun", "verb", "adj", "adv"):
            for line in (folder / f"data.{part}").read_text(encoding="utf-8").splitlines():
                if not line.startswith("  "):
                    data, _, gloss = line.partition(" | ")
                    sentences.update(_phrases(gloss))
                    capitals.update(_capitals(data.split()))
        self.sentences = sorted(sentences)
        self.capitals = sorted(capitals)
        self.about = [one for one in self.sentences if _SOMEONE.search(one)]
        self.where = [one for one in self.sentences if _SOMEWHERE.search(one)]
        counts = (line.split()[:2] for line in (folder / "cntlist.rev").read_text(encoding="utf-8").splitlines())
        tagged = {key.partition("%")[0] for key, _ in counts}
        flags = lexicon.flags
        self.words = sorted(
            one
            for one in tagged
            if one.isalpha() and one.islower() and len(one) > 2 and not flags.get(one, 0) & (GIVEN | STOP)
        )

    def sentence(self, rng: random.Random) -> str:
        """One sentence, as people begin and end it."""
        text = rng.choice(self.sentences)
        style = rng.random()
        if style < 0.15:
            text += f", {rng.choice(('and', 'but', 'so', 'because', 'which is'))} {rng.choice(self.sentences)}"
        if style < 0.85:
            text = text[0].upper() + text[1:]
        return text + rng.choice((".", ".", ".", ".", "!", "?", "", ";", ":"))

    def named(self, rng: random.Random) -> str:
        """A template: a sentence about someone or somewhere, with a name or place for the pronoun or noun."""
        if rng.random() < 0.25:
            text = _SOMEWHERE.sub(
                lambda _: rng.choice(("{place}", "{city}", "{city}", "{hosp}")), rng.choice(self.where)
            )
        else:
            who = rng.choice(("{w.f}", "{w.f}", "{w.f}", "{w.l}", "{w.n}", "{w.t}", "{w.x}", "{p.x}", "Dr. {d.l}"))
            text = _SOMEONE.sub(lambda found: who + "'s" if found.group() == "his" else who, rng.choice(self.about))
        return (
            (text[0].upper() if rng.random() < 0.8 else text[0]) + text[1:] + rng.choice((".", ".", ".", "!", "?", ""))
        )


def _phrases(gloss: str) -> list[str]:
    found = []
    for piece in re.split(r'[";]', gloss):
        text = piece.strip(" ,-()")
        text = re.sub(r"^\([^)]*\)\s*", "", text)
        if (
            12 < len(text) < 160
            and " " in text
            and not re.search(r"[A-Z]", text.replace(" I ", " ")[1:])
            and "`" not in text
        ):
            found.append(text)
    return found


def _capitals(fields: list[str]) -> list[str]:
    if int(fields[1]) in {_GROUP, _PLACE, _PERSON, _PLANT, _ANIMAL} or "@i" in fields:
        return []
    count = int(fields[3], 16)
    lemmas = [fields[4 + 2 * at].replace("_", " ") for at in range(count)]
    return [one for one in lemmas if one[0].isupper() and one.replace(" ", "").isalpha()]
