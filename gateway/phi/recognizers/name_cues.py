"""What stands around a capitalised word and says that it is, or is not, a person: labels, greetings, headers, verbs."""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from typing import Any

from gateway.phi.document import Document, compiled
from gateway.phi.recognizers.name_words import AFTER_PEOPLE, BEFORE_PEOPLE, GREETINGS, LABELS, SAYS
from gateway.phi.words import Token

_AFTER_LABEL = " \t:=-\"'(>|*#,._/[;"
_BREAKS = " \n\t,;:<({[|\"'/>*"
_COLON = frozenset(':=|"')
_TOPICS = frozenset({"re", "subject", "fw", "fwd"})
"""Labels of anything, people too."""
_JOINS = frozenset({",", "and", ", and", "&", ";", "y", "or", ", or", "/"})
_PLAIN_LABELS = frozenset({"patient", "pt", "by", "paciente", "attn", "cc"})
"""Labels that need no colon."""


@cache
def _lines() -> tuple[Any, Any]:
    header = compiled(
        r"(?im)^[ \t>*]*(?:x ?- ?)?(?:from|to|cc|bcc|de|para|sender|reply-to|attendees|participants|required|optional)[ \t]?:[*]?[ \t]([^\n]*(?:\n[ \t>]*[^\n:]{2,}[;,>][ \t\r]*$|\n[ \t]+[^\n:]+$)*)"
    )
    closing = compiled(
        r"(?im)^[ \t>]*(?:(?:best|kind|kindest|warm|warmest|with kind|many|with best|very)?[ ]?(?:regards|wishes|thanks)|thanks(?: so much| again| much| a lot)?|thank you(?: again| very much)?|best|sincerely(?: yours)?|cheers|yours(?: truly| sincerely| faithfully)?|respectfully(?: yours| submitted)?|love|take care|saludos(?: cordiales)?|atentamente|cordialmente|gracias|un abrazo)[ \t]*[,.!\-]{0,2}[ \t\r]*\n(?:[ \t>\r]*\n){0,3}([^\n]{2,60})"
    )
    return header, closing  # fmt: skip


class Cues:
    """The lines of one document on which people stand: mail headers, and the line below a closing formula."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._headers = list(document.spans(_lines()[0], 1)) if ":" in document.text else []
        self._closings: list[tuple[int, int]] | None = None
        self._header_starts = [start for start, _ in self._headers]

    def on_header(self, start: int) -> bool:
        """Whether the place lies in the value of a header that lists people."""
        if not self._headers:
            return False
        at = bisect_right(self._header_starts, start) - 1
        return (
            at >= 0
            and start < self._headers[at][1]
            and not self._document.text[start - 2 : start].rstrip().endswith(("/", "@"))
        )

    @property
    def closings(self) -> list[tuple[int, int]]:
        """The lines below a closing formula."""
        if self._closings is None:
            self._closings = list(self._document.spans(_lines()[1], 1))
        return self._closings

    def signs(self, start: int) -> bool:
        """Whether the place lies on the line below a closing formula."""
        return any(begin <= start < end for begin, end in self.closings)

    def mailed(self, end: int) -> bool:
        """Whether an address in brackets, or `wrote:`, follows."""
        after = self._document.lower[end : end + 40].lstrip("\" '\t")
        if after[:1] in {"<", "[", "("}:
            word = after[1:].split(" ")[0].split("\n")[0]
            return "@" in word or word.startswith("mailto:")
        return after.startswith(("wrote:", "writes:", "escribió:"))


def label(document: Document, start: int) -> str:
    """What kind of label stands right before: `label`, `greeting`, `topic` or nothing."""
    before = document.lower[max(0, start - 36) : start]
    stripped = before.rstrip(_AFTER_LABEL)
    tail = before[len(stripped) :]
    if "\n" in tail or not stripped:
        return ""
    word = stripped[max(map(stripped.rfind, _BREAKS)) + 1 :]
    if word in GREETINGS and not tail.strip(" ,"):
        return "greeting"
    if word in LABELS and (not _COLON.isdisjoint(tail) or word in _PLAIN_LABELS):
        return "topic" if word in _TOPICS else "label"
    return "greeting" if stripped.endswith(SAYS) and tail.isspace() else ""


def word_before(document: Document, start: int) -> str:
    """The small word right before, with one blank between; nothing where there is none."""
    if start < 2 or document.text[start - 1] != " ":
        return ""
    before = document.text[max(0, start - 16) : start - 1]
    word = before[before.rfind(" ") + 1 :].rpartition("\n")[2]
    return word if word.islower() else ""


def word_after(document: Document, end: int) -> str:
    """The word right after, in lower case, with one blank between; nothing where there is none."""
    after = document.lower[end : end + 24]
    after = after.removeprefix("'s")
    if after[:1] != " ":
        return ""
    return after[1:].split(" ", 1)[0].split("\n", 1)[0].strip('.,;:()!?"')


def among_people(document: Document, token: Token) -> bool:
    """Whether the words beside a capitalised word speak of a person; a title case heading speaks of nothing."""
    after = document.text[token.end : token.end + 2]
    if after[:1] == " " and after[1:].isupper():
        return False
    before = word_before(document, token.start)
    return before in BEFORE_PEOPLE or (bool(before) and word_after(document, token.end) in AFTER_PEOPLE)


_CUED = frozenset((
    "dear", "hi", "hello", "hey", "hola", "thanks", "patient", "patients", "pt", "pts", "paciente", "mr", "mrs", "ms", "miss", "mx", "dr", "dra", "sr", "sra", "named", "called", "re", "client", "resident", "baby", "infant", "twin", "sister", "brother", "mother", "father", "mom", "mum", "dad", "mama", "papa",
    "daughter", "son", "wife", "husband", "spouse", "partner", "boyfriend", "girlfriend", "fiance", "fiancee", "aunt", "uncle", "cousin", "niece", "nephew", "grandma", "grandpa", "grandson", "granddaughter", "grandmother", "grandfather", "caregiver", "guardian", "nurse", "hija", "hijo", "madre", "padre", "esposo",
    "esposa", "hermano", "hermana", "abuela", "abuelo", "tía", "tío", "prima", "primo", "suegra", "suegro", "nieto", "nieta", "cuñado", "cuñada", "señora", "señor", "niña", "niño", "bebé", "friend", "neighbor", "roommate", "stepdad", "stepmom", "stepson", "kid", "kiddo", "nickname", "nicknamed", "aka", "alias", "mommy", "daddy", "granny", "grampa", "landlord", "landlady", "caseworker", "babysitter", "nanny", "teacher", "coach", "counselor", "interpreter", "sponsor", "comadre", "compadre", "vecina",
    "vecino", "suegro", "nuera", "yerno", "mamá", "papá", "mami", "papi", "doña", "don", "querida", "querido", "estimada", "estimado", "soy", "buenas", "plaintiff", "defendant", "petitioner", "respondent", "claimant", "appellant", "decedent", "justice", "judge", "officer", "detective", "sergeant", "capt", "captain", "prof", "professor"
))  # fmt: skip
"""Words right before a name."""


def cued(document: Document, start: int) -> bool:
    """Whether a greeting, a relation or `patient` stands right before, whatever its letters are."""
    before = document.lower[max(0, start - 20) : start]
    stripped = before.rstrip(" \t:.,(\"'")
    if "\n" in before[len(stripped) :] or len(stripped) == len(before):
        return False
    cut = max(map(stripped.rfind, " \n\t,.:;(/-\"'>"))
    return stripped[cut + 1 :] in _CUED


_PLACED = frozenset({"at", "in", "from", "to", "near", "outside", "of", "on", "via", "by", "into", "behind", "around", "leaving", "en", "a", "al", "de", "desde", "hasta"})  # fmt: skip


def placed(document: Document, start: int) -> bool:
    """Whether a word stands before, perhaps with an article between, behind which a place may follow: `at the Heights`."""
    before = word_before(document, start)
    if before in {"the", "el", "la", "los", "las"}:
        before = word_before(document, document.lower.rindex(before, 0, start))
    return before in _PLACED


def in_place(document: Document, token: Token) -> bool:
    """Whether a city's name stands where a place is meant: `in X`, `X, ST`."""
    after = document.text[token.end : token.end + 5]
    return word_before(document, token.start) in {"in", "near", "en"} or (
        after[:2] == ", " and after[2:4].isupper() and not after[4:5].isalpha()
    )


KIN = frozenset((
    "baby", "boy", "boys", "brothers", "child", "children", "couple", "estate", "families", "family", "girl", "girls", "home", "house", "household", "kid", "kids", "residence", "siblings", "sisters", "triplets", "twins", "wedding"
))  # fmt: skip


def of_a_family(document: Document, token: Token) -> bool:
    """Whether a surname stands for those who bear it: `the Okada twins`."""
    return word_before(document, token.start) in {"the", "los", "las"} and word_after(document, token.end) in KIN


def listed(document: Document, before: int, start: int) -> bool:
    """Whether only what joins names of a list stands between two places."""
    return 0 < start - before <= 6 and document.text[before:start].strip(" ").lower() in _JOINS


def own_line(document: Document, token: Token) -> bool:
    """Whether nothing else stands on the line."""
    text = document.text
    before = text[max(0, token.start - 12) : token.start]
    after = text[token.end : token.end + 12]
    lines = before.rpartition("\n")[2], after.partition("\n")[0]
    return (
        not any(line.strip(" \t\r,.-!>:~") for line in lines)
        and ("\n" in before or token.start < 12)
        and ("\n" in after or len(after) < 12)
    )


def spoken_to(document: Document, token: Token) -> bool:
    """Whether a line begins with the word and a comma: `Mark, could you`."""
    text = document.text
    before = text[max(0, token.start - 3) : token.start].rstrip(" \t>")
    after = text[token.end : token.end + 3]
    return (
        (not before or before[-1] == "\n")
        and after[:1] == ","
        and (after[1:2] in {"\n", "\r", ""} or after[2:3].islower())
    )
