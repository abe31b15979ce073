"""The method openpgp of an installation: whether it is offered, and what makes its messages."""

from __future__ import annotations

import shutil

from gateway.adapters.openpgp import choose_engine
from gateway.app.keyfiles import KeyFiles
from gateway.config.model import Settings
from gateway.ports.openpgp import OpenPgpEngine


def offered(settings: Settings) -> bool:
    """Whether OpenPGP is a method here: not switched off, its own key made, and its program there."""
    one = settings.openpgp
    return one.enabled and KeyFiles(settings.keys.dir).has_openpgp() and shutil.which(one.program) is not None


def engine(settings: Settings) -> OpenPgpEngine:
    """What makes OpenPGP messages, with the practice's own key: workers only. ConfigError where one of them does not serve."""
    one = settings.openpgp
    return choose_engine(one.engine, KeyFiles(settings.keys.dir).openpgp(), one.program)
