"""Text messages as files, for trying things out and for tests: `capture:///dir`, one JSON object a file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gateway.adapters.durable import make_folder, refusals
from gateway.domain.errors import ConfigError
from gateway.ports.clock import Clock
from gateway.ports.tokens import Tokens


class CaptureNotifier:
    """Writes `ID.json` with `to`, `text` and `at`; ids sort by time. Readable by this user only."""

    def __init__(self, url: str, clock: Clock, tokens: Tokens) -> None:
        parts = urlsplit(url)
        if parts.netloc or parts.query or parts.fragment or not parts.path.startswith("/"):
            raise ConfigError("notifier: write an absolute path, as in capture:///var/lib/sealgate/texts")
        self._folder, self._clock, self._tokens = Path(unquote(parts.path)), clock, tokens

    def send(self, phone: str, text: str) -> None:
        """Write one file; StoreUnavailable when the medium refuses."""
        row = {"to": phone, "text": text, "at": self._clock.now().isoformat()}
        with refusals("a text message cannot be captured"):
            make_folder(self._folder)
            place = self._folder / f"{self._tokens.id()}.json"
            fresh = place.with_suffix(".new")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            # A reader that lists the folder sees whole messages only.
            fresh.rename(place)
