"""The box for untrusted content: a key-less launcher, one confined child per message, and the client that asks it.

`client` and `box` run in the worker, `launcher`, `child`, `preload` in the launcher's process tree; `protocol` is what
they say to each other and `sandbox` (with `kernel`, `seccomp`, `landlock`) is what holds the child. Nothing here has an
unconfined path: where the box cannot be had, every part is a gap.
"""

from gateway.adapters.inspector.client import BoxedInspector
from gateway.adapters.inspector.limits import BoxLimits
from gateway.adapters.inspector.sandbox import protect_this_process

__all__ = ["BoxLimits", "BoxedInspector", "protect_this_process"]
