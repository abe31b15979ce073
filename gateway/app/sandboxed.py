"""Starting the sandbox for untrusted documents as `[sandbox]` says."""

from __future__ import annotations

from collections.abc import Callable

from gateway.adapters.inspector import BoxedInspector, BoxLimits
from gateway.config.inspection import SandboxSection
from gateway.domain.errors import ConfigError


def start_inspector(one: SandboxSection, meanwhile: Callable[[], object] | None = None) -> BoxedInspector:
    """Start it with those limits, and do `meanwhile` while it loads; ConfigError where this machine gives weaker layers than the setting asks for."""
    found = BoxedInspector.start(
        BoxLimits(
            memory_bytes=one.memory_bytes,
            cpu_seconds=max(1, round(one.cpu.total_seconds())),
            message_seconds=one.message.total_seconds(),
            start_seconds=one.start.total_seconds(),
            specimen_bytes=one.specimen_bytes,
            specimens=one.specimens,
            text_bytes=one.text_bytes,
            answers=one.answers,
            children=one.children,
            pictures=one.pictures,
        ),
        meanwhile=meanwhile,
    )
    missing = [layer for layer in ("seccomp", "netns") if layer not in found.layers()]
    if missing and one.mode == "strong":
        found.close()
        raise ConfigError(
            f"sandbox.mode: this machine does not give {' and '.join(missing)} to the children that open documents; "
            'allow it, or write mode = "weak" and read docs/security-model.md'
        )
    return found
