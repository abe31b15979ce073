"""From the texts of one message to their hits: rules, health terms and classes, the tagger's say, one span per place.

Each part is read for itself, a repeated one by its twin. Whatever fails is a gap of its part, never a miss.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from threading import Lock

from gateway.domain.finding import Gap, GapReason, Kind, Mode, SensitiveClass, TextPart
from gateway.phi.arbiter import BOUNDS, Tags, Window, weigh, windows
from gateway.phi.beginnings import Bounds
from gateway.phi.context import Classes
from gateway.phi.disguise import disguised
from gateway.phi.document import Document
from gateway.phi.lexicon import Lexicon
from gateway.phi.recognizers import RuleEngine
from gateway.phi.recognizers.blocks import grown
from gateway.phi.recognizers.health_terms import EVERYDAY, WEAK, HealthTerms
from gateway.phi.recognizers.rule import Hit
from gateway.phi.spans import merge, without_evidence
from gateway.phi.tagger import Scores, TaggerFailed
from gateway.phi.twins import Layout, Twin, may_repeat, twin

_SPOKEN = frozenset({Kind.NAME, Kind.AGE, Kind.HEALTH_TERM, Kind.ORGANIZATION})
"""What counts of a phrase that stands where programs write: kinds made of words. Numbers are chance there."""
_WINDOWS_AT_ONCE = 64


@dataclass(slots=True)
class Part:
    """One part as read."""

    document: Document
    trace: bool = False
    hits: list[Hit] = field(default_factory=list)
    classes: set[SensitiveClass] = field(default_factory=set)
    boilerplate: list[tuple[int, int]] = field(default_factory=list)

    def counting(self) -> Iterator[Hit]:
        """The hits outside signature and disclaimer."""
        for hit in self.hits:
            at = bisect_right(self.boilerplate, (hit.start, sys.maxsize)) - 1
            if at < 0 or hit.start >= self.boilerplate[at][1]:
                yield hit


class PartReader:
    """All recognisers, and the tagger if there is one; keeps no state of any message."""

    def __init__(self, lexicon: Lexicon, tagger: Tags | TaggerFailed | None = None) -> None:
        self._lexicon, self._tagger, self._one_at_a_time = lexicon, tagger, Lock()
        self._rules, self._terms, self._classes = RuleEngine(), HealthTerms(lexicon), Classes(lexicon)

    def read(
        self,
        parts: Sequence[TextPart],
        mode: Mode,
        failed: list[Gap],
        everywhere: bool = False,
        day: date | None = None,
    ) -> list[Part]:
        """The parts in their order, without those that became gaps; `everywhere`: the tagger sees every word, `day`:
        from it ages count.
        """
        bounds = BOUNDS[mode]
        bounds = replace(bounds, everywhere=bounds.everywhere or everywhere)
        found: dict[int, Part] = {}
        layouts: list[tuple[Layout, Part]] = []
        # The part with the fewest line breaks first: see twins.py.
        for at in sorted(range(len(parts)), key=lambda at: parts[at].text.count("\n")):
            try:
                if not parts[at].trace and disguised(parts[at].text):
                    failed.append(Gap(parts[at].part, GapReason.AMBIGUOUS))
                found[at] = self._one(parts[at], bounds, day, layouts)
            except Exception:  # noqa: BLE001 - whatever fails here must become a gap, never a miss
                failed.append(Gap(parts[at].part, GapReason.SCANNER_FAILED))
        return [found[at] for at in sorted(found)]

    def _one(self, source: TextPart, bounds: Bounds, day: date | None, layouts: list[tuple[Layout, Part]]) -> Part:
        part = Part(Document(source, self._lexicon, day), source.trace)
        if source.trace:
            self._find(part, bounds)
            self._keep_what_counts(part)
            return part
        words = part.document.small_words
        alike = [one for one in layouts if may_repeat(one[0].words, words)]
        layout = Layout(part.document.text, words)
        for theirs, read in alike:
            repeated = twin(theirs, layout)
            if repeated is not None:
                self._repeat(part, read, repeated, bounds)
                return part
        self._find(part, bounds)
        layouts.append((layout, part))
        return part

    def _find(self, part: Part, bounds: Bounds) -> None:
        document = part.document
        hits = merge(document, [*self._rules.run(document), *self._terms.find(document)])
        if not part.trace:
            hits = grown(document, self._weighed(document, hits, bounds))
        part.hits = hits
        evidence = dict.fromkeys(self._classes.find(document))
        part.hits += [hit for _, hit in evidence]
        part.classes = {one for one, _ in evidence}

    def _keep_what_counts(self, part: Part) -> None:
        """Of what programs write: what is certain, and phrases."""
        phrase = part.document.speaks
        part.hits = [hit for hit in part.hits if self._certain(hit) or (phrase and _spoken(hit))]
        if not phrase:
            part.classes = set()

    def _certain(self, hit: Hit) -> bool:
        return hit.kind.value in self._lexicon.suffices and hit.score >= self._lexicon.suffices_score

    def _repeat(self, part: Part, read: Part, repeated: Twin, bounds: Bounds) -> None:
        """The hits of the part that this one repeats, and what its own stretches hold."""
        document = part.document
        carried = list(repeated.carried(read.hits))
        part.classes = set(read.classes)
        for start, end in repeated.again:
            piece = Part(Document(TextPart(document.part, document.text[start:end]), self._lexicon, document.day))
            self._find(piece, bounds)
            part.classes |= piece.classes
            carried += [Hit(one.kind, one.start + start, one.end + start, one.score, one.by) for one in piece.hits]
        others, evidence = without_evidence(carried)
        part.hits = [*merge(document, others), *dict.fromkeys(evidence)]

    def _weighed(self, document: Document, hits: list[Hit], bounds: Bounds) -> list[Hit]:
        """The hits after the tagger had its say. A tagger that did not load fails only where it is needed."""
        if self._tagger is None:
            return hits
        wanted = windows(document, hits, bounds.everywhere)
        if not wanted:
            return hits
        return weigh(document, hits, self._looked(wanted), bounds)

    def _looked(self, wanted: list[Window]) -> list[tuple[Window, Scores]]:
        if isinstance(self._tagger, TaggerFailed) or self._tagger is None:
            raise self._tagger or TaggerFailed("there is no tagger")
        looked: list[tuple[Window, Scores]] = []
        with self._one_at_a_time:  # it remembers words and is not safe to share
            for first in range(0, len(wanted), _WINDOWS_AT_ONCE):
                some = wanted[first : first + _WINDOWS_AT_ONCE]
                looked += zip(some, self._tagger.tag([one.words for one in some]), strict=True)
                for one in some:
                    one.words.clear()  # only its places are needed now, and a long text's words are many megabytes
        return looked


def _spoken(hit: Hit) -> bool:
    return hit.kind in _SPOKEN and hit.by not in {WEAK, EVERYDAY}
