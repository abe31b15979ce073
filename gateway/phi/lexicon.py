"""The word lists of the detector, read once per worker from gateway/phi/data."""

from __future__ import annotations

import csv
import gzip
import tomllib
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, cast

from gateway.phi.normalize import fold_name

GIVEN, RARE, SURNAME, WORD, STOP, PLACE, AMBIGUOUS, EPONYM = 1, 2, 4, 8, 16, 32, 64, 128
NAME = GIVEN | RARE | SURNAME
_DATA = "gateway.phi.data"


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`flags` says of a folded word which lists hold it; phrases are lower case."""

    flags: dict[str, int] = field(repr=False)
    places: frozenset[str] = field(repr=False)
    eponym_nouns: frozenset[str] = field(repr=False)
    zip3_state: dict[str, str] = field(repr=False)
    drugs: frozenset[str] = field(repr=False)
    conditions: frozenset[str] = field(repr=False)
    health: dict[str, frozenset[str]] = field(repr=False)
    """The lists of health.toml by name."""
    classes: dict[str, dict[str, Any]] = field(repr=False)
    seen: dict[str, tuple[str, str, int, int]] = field(default_factory=dict, repr=False)
    """What words.py found out about words of these lists, so that it need not again."""
    dull: set[str] = field(default_factory=set, repr=False)
    """What small_names.py found to be ordinary words of these lists, with the signs beside them."""
    place_firsts: frozenset[str] = field(default=frozenset(), repr=False)
    """The first words of places of several words."""
    small_given: frozenset[str] = field(default=frozenset(), repr=False)
    """Given names that are no words, so that they count in small letters too."""
    towns: frozenset[str] = field(default=frozenset(), repr=False)
    """Towns of the world of one word, folded, that are no surnames: a capital is enough to mean them."""
    lands: frozenset[str] = field(default=frozenset(), repr=False)
    """Countries, peoples, States, makes of cars and companies, folded: alone neither a person nor a place of a person."""
    whole_eponyms: frozenset[str] = field(default=frozenset(), repr=False)
    """Names in several words of signs, operations and persons of textbooks, with blanks for hyphens."""
    eponym_surnames: frozenset[str] = field(default=frozenset(), repr=False)
    """Eponyms that are common surnames as well: they count as such only among other eponyms or beside their noun."""
    suffices: frozenset[str] = frozenset()
    suffices_score: float = 0.6

    @classmethod
    def load(cls) -> Lexicon:
        """Read every list; a missing or broken file raises, so that no worker starts half blind."""
        flags: dict[str, int] = {}
        places = _lines("places.txt.gz")
        towns = _lines("towns.txt.gz")
        for name, bit in (("words", WORD), ("surnames", SURNAME), ("given_rare", RARE), ("given_common", GIVEN)):
            for word in _lines(f"{name}.txt.gz"):
                flags[word] = flags.get(word, 0) | bit
        stop = table("stop.toml")
        for key, bit in (
            ("eponyms", EPONYM),
            ("words", STOP),
            ("function_words", STOP),
            ("ambiguous_given", AMBIGUOUS),
        ):
            for word in stop[key]:
                flags[word] = flags.get(word, 0) | bit
        named_after = table("eponyms.toml")
        for word in named_after["alone"]:
            flags[fold_name(word)] = flags.get(fold_name(word), 0) | EPONYM
        ordinary = table("ordinary.toml")
        for word in (*ordinary["english"], *ordinary["spanish"]):
            key = fold_name(word)
            flags[key] = flags.get(key, 0) | (AMBIGUOUS if flags.get(key, 0) & GIVEN else WORD)
        for place in places:
            if " " not in place:
                key = fold_name(place)
                flags[key] = flags.get(key, 0) | PLACE
        places += [one for one in towns if " " in one]
        health = {key: frozenset(map(str, words)) for key, words in table("health.toml").items()}
        alone = table("suffices.toml")
        return cls(
            flags=flags, places=frozenset(map(fold_name, places)), eponym_nouns=frozenset(stop["eponym_nouns"]),
            zip3_state={row[0]: row[1] for row in csv.reader(_read("zip3_states.csv").decode().splitlines())},
            drugs=(frozenset(_lines("drugs.txt.gz")) | health["brands"]) - health["ignore"],
            conditions=frozenset(_lines("conditions.txt.gz")) - health["ignore"],
            health=health, classes=table("classes.toml"),
            place_firsts=frozenset(fold_name(one.split(" ", 1)[0]) for one in places if " " in one),
            small_given=frozenset(
                word for word in _lines("given_common.txt.gz") if flags[word] & (GIVEN | WORD | AMBIGUOUS | STOP) == GIVEN
            ),
            towns=frozenset(one for one in towns if " " not in one),
            lands=frozenset(fold_name(one) for one in (*ordinary["lands"], *ordinary["makes"], *ordinary["trade"])),
            whole_eponyms=frozenset(fold_name(one.replace("-", " ")) for one in named_after["whole"]),
            eponym_surnames=frozenset(map(fold_name, named_after["surnames"])),
            suffices=frozenset(alone["kinds"]), suffices_score=float(alone["min_score"]),
        )  # fmt: skip


def table(name: str) -> dict[str, Any]:
    """One TOML file of the data folder."""
    return tomllib.loads(_read(name).decode("utf-8"))


def number(*path: str) -> int:
    """A number that law sets, from safe_harbor.toml."""
    value: Any = table("safe_harbor.toml")
    for key in path:
        value = value[key]
    return cast("int", value)


def small_zip3() -> frozenset[str]:
    """Three-digit ZIP areas with too few people to be named, 45 CFR 164.514(b)(2)(i)(B)."""
    return frozenset(table("safe_harbor.toml")["zip3"]["small"])


def _read(name: str) -> bytes:
    return files(_DATA).joinpath(name).read_bytes()


def _lines(name: str) -> list[str]:
    data = _read(name)
    return (gzip.decompress(data) if name.endswith(".gz") else data).decode("utf-8").split("\n")[:-1]
