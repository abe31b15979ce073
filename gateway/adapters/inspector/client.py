"""The port's one implementation: every message to a confined child of its own, every failure to a gap.

There is no second way: without launcher, child or a layer that was in force at the start, each part is SCANNER_FAILED.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace

from gateway.adapters.inspector import protocol
from gateway.adapters.inspector.box import Box, LauncherLost
from gateway.adapters.inspector.conversation import ChildLost, Conversation
from gateway.adapters.inspector.limits import BoxLimits
from gateway.adapters.inspector.sandbox import in_order
from gateway.domain.errors import ConfigError
from gateway.domain.finding import Gap, GapReason, TextPart
from gateway.domain.threat import Threat
from gateway.ports.inspector import Edit, Inspection, Specimen

_LAUNCHER_GRACE = 2.0
"""Seconds that the launcher's clock leaves to ours, so that the worker is the one who says "too late"."""


class BoxedInspector:
    """Inspects messages in sandboxed children; safe to use from several threads."""

    def __init__(self, limits: BoxLimits, spawn: Callable[[], Box], clock: Callable[[], float]) -> None:
        self._limits = limits
        self._spawn = spawn
        self._clock = clock
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(limits.children)
        self._box: Box | None = None
        self._closed = False
        self._layers: frozenset[str] = frozenset()
        self._instruments: frozenset[str] = frozenset()

    @classmethod
    def start(
        cls,
        limits: BoxLimits,
        *,
        clock: Callable[[], float] = time.monotonic,
        reader: str | None = None,
        search: Sequence[str] = (),
        meanwhile: Callable[[], object] | None = None,
    ) -> BoxedInspector:
        """Start the launcher, before this process loads a key, and try one child. ConfigError when that fails.

        The launcher takes a second to load its readers; `meanwhile` is what this process does in that time.
        `reader` (`module:function`) and `search` are for tests: another reader in the child, and where it lies.
        """
        inspector = cls(limits, lambda: Box.spawn(limits, reader=reader, search=search), clock)
        if meanwhile is not None:
            inspector._begin(meanwhile)
        conversation = inspector._converse(limits.message_seconds)
        if conversation is None:
            inspector.close()
            raise ConfigError("the inspector's launcher does not start: see that its readers' libraries are installed")
        conversation.close()
        return inspector

    def inspect(self, specimens: Iterable[Specimen], seconds: float | None = None) -> Inspection:
        """Inspect all specimens of one message in one child; only what the specimens' own iterators raise passes."""
        hasty = seconds is not None
        within = min(seconds or self._limits.message_seconds, self._limits.message_seconds)
        texts: list[TextPart] = []
        gaps: list[Gap] = []
        threats: list[Threat] = []
        with ExitStack() as stack:
            conversation: Conversation | None = None
            failed: GapReason | None = None
            for number, specimen in enumerate(specimens):
                if failed is None and number >= self._limits.specimens:
                    failed = GapReason.TOO_MANY_PARTS
                if failed is None and conversation is None:
                    stack.enter_context(self._slots)
                    conversation = self._converse(within, hasty=hasty)
                    if conversation:
                        stack.enter_context(conversation)
                if failed is None and conversation is None:
                    failed = GapReason.SCANNER_FAILED
                if failed or conversation is None:
                    gaps.append(Gap(specimen.part, failed or GapReason.SCANNER_FAILED))
                    continue
                try:
                    answer = conversation.ask(specimen)
                except ChildLost as lost:
                    gaps.append(Gap(specimen.part, lost.reason))
                    failed = lost.after
                    continue
                texts += answer.texts
                gaps += answer.gaps
                threats += answer.threats
        return Inspection(tuple(texts), tuple(gaps), tuple(threats))

    def units(self, specimen: Specimen) -> Inspection:
        """The texts that a redacted copy would hold, from a child of their own."""
        with ExitStack() as stack:
            stack.enter_context(self._slots)
            conversation = self._converse(self._limits.message_seconds)
            if conversation is None:
                return Inspection(gaps=(Gap(specimen.part, GapReason.SCANNER_FAILED),))
            stack.enter_context(conversation)
            try:
                return conversation.ask(specimen, protocol.UNITS)
            except ChildLost as lost:
                return Inspection(gaps=(Gap(specimen.part, lost.reason),))

    def rewrite(self, specimen: Specimen, edits: Sequence[Edit]) -> bytes | None:
        """A new document with the edits made, from a child of its own; None when none could be made."""
        with ExitStack() as stack:
            stack.enter_context(self._slots)
            conversation = self._converse(self._limits.message_seconds)
            if conversation is None:
                return None
            stack.enter_context(conversation)
            try:
                return conversation.rewrite(specimen, edits)
            except ChildLost:
                return None

    def layers(self) -> tuple[str, ...]:
        """The sandbox layers that the first child reported, in the order of `sandbox.LAYERS`."""
        return in_order(self._layers)

    def instruments(self) -> frozenset[str]:
        """System libraries that the first child had: `ocr-eng` and the like for pictures, `libarchive` for 7z."""
        return self._instruments

    @property
    def launcher(self) -> int | None:
        """The launcher's process id, or None when there is none at present."""
        with self._lock:
            return self._box.pid if self._box else None

    def close(self) -> None:
        """End the launcher and every child; later messages are gaps."""
        with self._lock:
            self._closed = True
            box, self._box = self._box, None
        if box:
            box.close()

    def _converse(self, seconds: float, *, hasty: bool = False) -> Conversation | None:
        """A child that has greeted, from a new launcher when the old one is dead; None when there is none to be had."""
        for _ in range(2):
            box: Box | None = None
            try:
                box = self._living_box()
                return self._greeted(box, seconds, hasty=hasty)
            except LauncherLost:
                self._bury(box)
            except ChildLost as lost:
                if lost.launcher_alive:
                    return None
                self._bury(box)
        return None

    def _begin(self, meanwhile: Callable[[], object]) -> None:
        with suppress(LauncherLost):  # told to the first who asks for a child
            self._living_box()
        try:
            meanwhile()
        except BaseException:
            self.close()
            raise

    def _living_box(self) -> Box:
        with self._lock:
            if self._closed:
                raise LauncherLost("closed")
            if self._box is None:
                self._box = self._spawn()
            return self._box

    def _bury(self, box: Box | None) -> None:
        with self._lock:
            if box is None or self._box is not box:  # another thread was faster
                return
            self._box = None
        box.close()

    def _greeted(self, box: Box, seconds: float, *, hasty: bool) -> Conversation:
        data, status = box.ask(seconds + _LAUNCHER_GRACE, hasty=hasty)
        conversation = Conversation(data, status, replace(self._limits, message_seconds=seconds), self._clock)
        try:
            greeted = conversation.greet()
            layers = frozenset(in_order(greeted))
            if not self._layers:
                self._layers, self._instruments = layers, greeted - layers
            if self._layers - layers:  # a child less confined than what `check` was shown
                raise ChildLost(GapReason.SCANNER_FAILED)
        except BaseException:
            conversation.close()
            raise
        return conversation
