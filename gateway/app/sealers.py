"""The sealers of further methods, put together from an installation's parts."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from gateway.app.installation import Installation
from gateway.flow.compose import Words
from gateway.flow.keys import WorkerKeys
from gateway.flow.parcels import Parcels
from gateway.flow.passwords import Passwords
from gateway.flow.sealed_pdf import SealedPdf
from gateway.mime.limits import Limits
from gateway.ports.checkpoint import Checkpoint
from gateway.render.mail import TEMPLATES
from gateway.seal.pdf_pages import Typesetter

_PAGES = TEMPLATES / "letters" / "letter.typ"


def pdf_sealer(
    home: Installation, parcels: Parcels, keys: WorkerKeys, words: Words, limits: Limits, reached: Checkpoint
) -> SealedPdf:
    """Encrypted PDF, with passwords by agreed phrase, text message or the page of a link."""
    renderer, practice = home.renderer(), home.settings.practice
    passwords = Passwords(
        home.store(), keys, home.notifier(), renderer, home.clock, home.tokens, words, parcels, practice.language[:2], reached
    )  # fmt: skip
    return SealedPdf(
        passwords, Typesetter(_PAGES), parcels, renderer, words, limits, practice.language, ZoneInfo(practice.time_zone)
    )
