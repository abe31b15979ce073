"""Documents made of template lines: notes, mails and threads, letters, judgments, records, lists, single sentences."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tools.train.augment import spoil
from tools.train.grammar import expand, parse
from tools.train.slots import World

KINDS = ("clinical", "queries", "mail", "general", "legal", "office", "spanish", "operation")
_SHARE = {
    "sentence": 20, "note": 20, "mail": 24, "letter": 6, "judgment": 7, "records": 8, "query": 6, "spanish": 7, "plain": 6, "roster": 3, "prose": 5, "mixed": 4, "named": 6, "operation": 5, "whole": 90, "torn": 30,
}  # fmt: skip


_SENTENCE = re.compile(r"(?<=[.!?]) +(?=[A-Z{])")


@cache
def lines(kind: str) -> list[str]:
    """The templates of one kind."""
    text = (Path(__file__).parent / "templates" / f"{kind}.txt").read_text(encoding="utf-8")
    return [line.replace("\\n", "\n").replace("\\t", "\t") for line in text.splitlines() if line.strip()]


@cache
def wholes() -> list[str]:
    """Whole documents, each written by itself; `===` stands between them."""
    texts = [
        path.read_text(encoding="utf-8")
        for path in sorted((Path(__file__).parent / "templates" / "whole").glob("*.txt"))
    ]
    found = [one.strip("\n") for text in texts for one in re.split(r"^===[ \t]*$", text, flags=re.MULTILINE)]
    return [one for one in found if one]


@cache
def torn() -> list[str]:
    """The lines of the whole documents and, of long lines, the sentences."""
    found = [line.strip() for one in wholes() for line in one.splitlines()]
    parts = [part for line in found for part in (_sentences(line) if len(line) > 200 else [line])]
    return [one for one in parts if one and _closed(one)]


def _sentences(line: str) -> Iterator[str]:
    """The sentences of a line; none ends within a slot, a mark or a choice."""
    first = 0
    for end in _SENTENCE.finditer(line):
        if _closed(line[first : end.start()]):
            yield line[first : end.start()]
            first = end.end()
    yield line[first:]


def _closed(text: str) -> bool:
    return all(text.count(one) == text.count(other) for one, other in ("{}", ("[[", "]]")))


def _some(rng: random.Random, kind: str, least: int, most: int) -> list[str]:
    return [rng.choice(lines(kind)) for _ in range(rng.randint(least, most))]


def _paragraph(rng: random.Random, kinds: tuple[str, ...], least: int, most: int) -> str:
    """Lines of the kinds, ordinary prose among them."""
    return " ".join(_line(rng, kinds) for _ in range(rng.randint(least, most)))


def _line(rng: random.Random, kinds: tuple[str, ...]) -> str:
    draw = rng.random()
    return "{prose}" if draw < 0.2 else "{named}" if draw < 0.32 else rng.choice(lines(rng.choice(kinds)))


def _note(rng: random.Random) -> str:
    blocks: list[str] = []
    if rng.random() < 0.7:
        blocks.append(rng.choice([
            "{hosp}\n{addr}", "[[DISCHARGE SUMMARY|PROGRESS NOTE|Progress Note|Consultation|Operative Report|Discharge Summary|Clinic Note]]",
            "Patient: {p}\nMRN: {mrn}\nDOB: {date}\nProvider: {d}", "PATIENT NAME: {p.lf}\nDATE: {date}\nPHYSICIAN: {d}, MD", "Name: {p} Age: {age} [[M|F]] Date: {date}", "{p} ({mrn})\n{date}",
            "Patient {p} (MRN: {mrn}, DOB: {date}) presents with {cond}. Current medication: {drug} {dose}. Contact: {phone}.",
        ]))  # fmt: skip
    for _ in range(rng.randint(1, 6)):
        head = rng.choice(["", "", "{head}:\n", "{head}: ", "{head}\n"])
        blocks.append(head + _paragraph(rng, ("clinical", "clinical", "clinical", "general"), 1, 5))
    if rng.random() < 0.6:
        blocks.append(
            rng.choice(
                [
                    "{d}, MD",
                    "Electronically signed by {d.n}, M.D. {date}",
                    "Dictated by: {d}\nTranscribed by: {s.i}\ncc: {x.t}",
                    "Provider: {d}\nContact: {phone}",
                    "Signed: Dr. {d.n}",
                    "Sincerely,\n\n{d.n}, M.D.\n{hosp}",
                ]
            )
        )
    return rng.choice(["\n", "\n\n", "\n\n"]).join(blocks)


def _headers(rng: random.Random) -> str:
    return rng.choice([
        "From: {s} <{s.e}>\nTo: {r} <{r.e}>\nSubject: [[RE: |FW: |]]{cap} {noun}\nDate: {day}, {date}",
        "From:\t{s.lf}\nSent:\t{day}, {month} {num:2}, {year} {time}\nTo:\t{r.lf}; {w.lf}; {x.lf}\nCc:\t{y.lf}\nSubject:\t[[RE: |FW: |]]{caps}",
        "From: {s.n}\nSent: {day}, {month} {num:2}, {year} {time}\nTo: {r.n}\nSubject: [[RE: |FW: ||Re: ]]{cap} {cap}",
        "{s.n}\n{date} {time}\nTo: {r.n}/{abbr}/{abbr}@{abbr}, {w.n}/{abbr}/{abbr}@{abbr}\ncc: {x.n}/{abbr}/{abbr}@{abbr} \nSubject: [[Re: |]]{caps}",
        "To: {r.e}\ncc: {w.e}, {x.e}\nFrom: {s.e}\nSubject: {noun}", "Subject: {caps}\nFrom: {s}\nTo: {r}", "Message-ID: {id}\nDate: {date}\nFrom: {s.e}\nTo: {r.e}, {w.e}\nSubject: {cap} {noun}\nX-From: {s}\nX-To: {r}, {w}\nX-cc: ",
        "To: {r.n}/{abbr}/{abbr}@{abbr}\ncc:  \n\nSubject: {cap} {noun}",
    ])  # fmt: skip


def _mail(rng: random.Random) -> str:
    topic = rng.choice(
        [
            ("mail",),
            ("mail",),
            ("mail", "general"),
            ("mail", "office"),
            ("mail", "clinical"),
            ("mail", "legal"),
            ("office",),
        ]
    )
    blocks = [_headers(rng)] if rng.random() < 0.5 else []
    if rng.random() < 0.7:
        blocks.append(
            rng.choice(
                [
                    "{r.f},",
                    "Hi {r.f},",
                    "Dear {r.t},",
                    "{r.f}:",
                    "{r.f} -",
                    "Hello {r.f}",
                    "Hi {r.f}!",
                    "{r.f} & {w.f},",
                    "Dear {r.f},",
                    "All,",
                    "Team,",
                    "hey {r.f}",
                    "{r.l},",
                    "Good morning {r.f},",
                    "Mr. {r.l},",
                    "Folks,",
                ]
            )
        )
    blocks += [_paragraph(rng, topic, 1, 4) for _ in range(rng.randint(1, 4))]
    if rng.random() < 0.75:
        blocks.append(
            rng.choice(
                [
                    "Thanks,\n{s.f}",
                    "{s.f}",
                    "Regards,\n{s.n}",
                    "Thanks. {s.f}",
                    "{s.n}\n{job}\n{firm}\n{phone}",
                    "Best,\n\n{s.f} {s.l}\n{firm}\n{addr}\n{phone}\n{s.e}",
                    "-- \n{s.n}\n{dept}",
                    "-{s.f}",
                    "Thank you,\n\n{s.n}, {job}\n{hosp}\nPhone: {phone}",
                    "xoxo {s.f}",
                    "Take care,\n{s.f}",
                    "Sent from my iPhone",
                    "Love,\n{s.f}",
                    "Sincerely,\n{s}",
                    "{s.i}",
                ]
            )
        )
    return rng.choice(["\n\n", "\n\n", "\n"]).join(blocks)


def _thread(rng: random.Random) -> str:
    text = _mail(rng)
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        bar = rng.choice(
            [
                "-----Original Message-----",
                "----- Forwarded message -----",
                "On {date}, {s} wrote:",
                "---------------------- Forwarded by {x.n}/{abbr}/{abbr} on {date} {time} ---------------------------",
                " -----Original Message-----",
                "Begin forwarded message:",
            ]
        )
        below = _mail(rng)
        if rng.random() < 0.3:
            below = "\n".join("> " + line for line in below.splitlines())
        text += f"\n\n{bar}\n{below}"
    return text


def _letter(rng: random.Random) -> str:
    return "\n\n".join([
        rng.choice(["{hosp}\n{addr}\n{phone}", "{s.n}\n{addr}", "{firm}\n{road}\n{place}", "{date}"]), rng.choice(["{date}", "{month} {num:2}, {year}"]), rng.choice(["{r}\n{addr}", "{r.t}\n{hosp}\n{addr}", "{r.n}, MD\n{dept}\n{hosp}"]),
        rng.choice(["RE: {p}\nDOB: {date}", "Re: {p.n}, {date}", "Subject: {caps}", "RE: {p.lf}  MRN {mrn}"]), rng.choice(["Dear {r.t}:", "Dear Dr. {r.l},", "Dear {r.n},", "To Whom It May Concern:", "Dear {r.f},"]),
        _paragraph(rng, ("clinical", "office", "legal"), 2, 6), _paragraph(rng, ("clinical", "office"), 1, 4), rng.choice(["Sincerely,\n\n{s.n}, M.D.", "Sincerely,\n\n\n{s.n}\n{job}", "Yours truly,\n{s}\n{hosp}", "Respectfully,\n\n{s.n}, Esq.\n{firm}"]),
    ])  # fmt: skip


def template(rng: random.Random) -> str:
    """A template of a whole document of a kind drawn by its share."""
    kind = rng.choices(list(_SHARE), list(_SHARE.values()))[0]
    if kind == "sentence":
        return " ".join(_some(rng, rng.choice(("clinical", "mail", "general", "general", "legal", "office")), 1, 2))
    if kind == "whole":
        return rng.choice(wholes())
    if kind == "torn":
        return rng.choice(["\n", " ", " ", "\n\n"]).join(rng.choice(torn()) for _ in range(rng.randint(1, 5)))
    if kind == "note":
        return _note(rng)
    if kind == "mail":
        return _thread(rng)
    if kind == "letter":
        return _letter(rng)
    if kind == "judgment":
        joint = rng.choice(["\n", "\n\n", " "])
        return joint.join(
            f"{at}. {line}" if rng.random() < 0.5 else line
            for at, line in enumerate(_some(rng, "legal", 3, 10), rng.randint(1, 60))
        )
    if kind == "records":
        return "\n".join(_some(rng, "office", 1, 6))
    if kind == "query":
        return " ".join(_some(rng, "queries", 1, 2))
    if kind == "spanish":
        return rng.choice([" ", "\n", "\n\n"]).join(_some(rng, "spanish", 1, 6))
    if kind == "roster":
        one = rng.choice(
            [
                "{%s}",
                "{%s.lf}",
                "{%s.n}, {job}",
                "{%s.n}\t{phone}",
                "{%s.f}",
                "{%s.l}",
                "Dr. {%s.l}",
                "{%s.lf}; ",
                "- {%s}: {noun}",
            ]
        )
        return rng.choice(["\n", ", ", "; ", "\n"]).join(
            one % letter for letter in rng.sample("abcdefghijklmnopqrstuvwxyz", rng.randint(2, 12))
        )
    if kind == "prose":
        return rng.choice([" ", "\n", "\n\n"]).join(["{prose}"] * rng.randint(2, 12))
    if kind == "named":
        return rng.choice([" ", " ", "\n"]).join(
            rng.choice(("{named}", "{named}", "{prose}")) for _ in range(rng.randint(1, 8))
        )
    if kind == "mixed":
        return _mixed(rng)
    if kind == "operation":
        return rng.choice([" ", "  ", "\n", ".,"]).join(_some(rng, "operation", 3, 12))
    return _plain(rng)


def _mixed(rng: random.Random) -> str:
    """Names and places in sentences of no pattern at all: a name between two halves of ordinary prose."""
    middle = (
        "{w.f}",
        "{w.l}",
        "{w}",
        "{w.t}",
        "{w.f} {x.l}",
        "{place}",
        "{firm}",
        "{w.f} and {x.f}",
        "{cap}",
        "{cap} {cap}",
        "{film}",
        "{drug}",
        "{day}",
        "{w.f}'s",
        "{hosp}",
    )
    parts = []
    for _ in range(rng.randint(1, 6)):
        joint = rng.choice((" ", " ", ", ", " for ", " with ", " by ", " from ", " to ", " that ", " and ", " of "))
        end = rng.choice((" ", ", ", " is ", " was ", " has ", " and ", ". ", " will ", " said ", " in "))
        parts.append(rng.choice(("{phrase}" + joint, "", "")) + rng.choice(middle) + end + "{phrase}.")
    return rng.choice((" ", "\n")).join(parts)


def _plain(rng: random.Random) -> str:
    """Text in which nobody is named: capitals, headings, codes and diseases only."""
    safe = [
        line
        for kind in ("clinical", "queries", "mail", "general", "legal", "operation")
        for line in lines(kind)
        if _nobody(line)
    ]
    return rng.choice(["\n", " ", " ", "\n\n"]).join(rng.choice(safe) for _ in range(rng.randint(3, 14)))


@cache
def _nobody(line: str) -> bool:
    return not re.search(r"\{([a-z](\.[a-z]+)?|place|addr|road|city|hosp|care|phone|mrn|ssn|id|firm|zipcode)\}", line)


def _with_named(text: str, world: World, rng: random.Random) -> str:
    pieces = text.split("{named}")
    return "".join(piece + (world.prose.named(rng) if at < len(pieces) - 1 else "") for at, piece in enumerate(pieces))


def documents(world: World, seed: int, count: int) -> Iterator[tuple[str, list[int]]]:
    """`count` documents with the label of every character, half of them spoilt; the same seed gives the same text."""
    for index in range(count):
        rng = random.Random(f"{seed}:{index}")
        text, labels = parse(expand(_with_named(template(rng), world, rng), rng, world.slots(rng).slot))
        if len(text) > 300 and rng.random() < 0.25:  # the engine hands over stretches, too
            first = rng.randint(0, len(text) - 200)
            last = rng.randint(first + 150, len(text))
            text, labels = text[first:last], labels[first:last]
        yield spoil(text, labels, rng)
