"""Engines that make OpenPGP messages: gpg in a process of its own, and Sequoia in this one."""

from __future__ import annotations

from gateway.adapters.openpgp.gpg import GpgEngine
from gateway.adapters.openpgp.sequoia import SequoiaEngine
from gateway.ports.openpgp import OpenPgpEngine
from gateway.seal.openpgp_own import OwnKey

__all__ = ["GpgEngine", "SequoiaEngine", "choose_engine"]


def choose_engine(name: str, own: OwnKey, program: str) -> OpenPgpEngine:
    """The engine of `[openpgp] engine`; ConfigError where it cannot run on this machine."""
    gpg = GpgEngine(own, program)
    return SequoiaEngine(own, gpg) if name == "sequoia" else gpg
