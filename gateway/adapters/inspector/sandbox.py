"""What holds a child: layers that each report whether they are in force, none trusted to be the only one.

`isolate` is for the launcher, once, after the readers are loaded: an unprivileged user and empty namespaces, which
every child inherits (a network namespace per child would cost more than most documents). `confine` is for the child,
before it reads a byte. `protect_this_process` is for the processes that hold keys.
"""

from __future__ import annotations

import os
import resource
import signal

from gateway.adapters.inspector import kernel, landlock, seccomp
from gateway.adapters.inspector.limits import BoxLimits

LAYERS = ("rlimits", "no_new_privs", "not_dumpable", "seccomp", "userns", "netns", "landlock", "unprivileged")
"""Every layer there is, in the order in which they are shown."""

KEPT_DESCRIPTORS = 4
"""Null, null, null, and the socket to the worker."""

_NOBODY = 65534
_APART = kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWNS


def protect_this_process() -> None:
    """For a role with keys: no core files, and no ptrace or /proc/PID/mem by others of its user (prctl(2)).

    OSError when the kernel refuses; the role must then not load its keys.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)


def isolate() -> frozenset[str]:
    """Leave root, the network and the other processes' IPC behind; the layers that the kernel gave.

    Call it single-threaded, after the last file was opened: as `nobody` much can no longer be read.
    """
    layers: set[str] = set()
    if os.geteuid() == 0:
        if _unshared(_APART):
            layers.add("netns")
        _become_nobody()
    if os.geteuid() != 0:
        layers.add("unprivileged")
    if _unshared(kernel.CLONE_NEWUSER | _APART):
        layers |= {"userns", "netns"}
    elif _unshared(kernel.CLONE_NEWUSER):
        layers.add("userns")
    protect_this_process()
    return frozenset(layers)


def _become_nobody() -> None:
    try:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    except OSError:  # a container in which `nobody` does not exist; the layer is then not reported
        return


def _unshared(flags: int) -> bool:
    try:
        kernel.unshare(flags)
    except OSError:
        return False
    return True


def confine(limits: BoxLimits, parent: int) -> frozenset[str]:
    """Apply every layer of the child to this process, for good; the layers in force.

    `parent` is the launcher's process id: when it dies, the child dies. OSError when a layer that every Linux has is
    refused; the child must then end.
    """
    kernel.drop_capabilities()
    protect_this_process()
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    layers = {"not_dumpable", "no_new_privs"} if kernel.prctl(kernel.PR_GET_DUMPABLE) == 0 else {"no_new_privs"}
    if landlock.install():  # needs a descriptor for its ruleset, so before the limit on descriptors
        layers.add("landlock")
    _limit(limits)
    layers.add("rlimits")
    if seccomp.install():
        layers.add("seccomp")
    return frozenset(layers)


def _limit(limits: BoxLimits) -> None:
    both = {
        resource.RLIMIT_AS: limits.memory_bytes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: KEPT_DESCRIPTORS,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for which, amount in both.items():
        resource.setrlimit(which, (amount, amount))
    # the soft limit is a signal that says why, the hard one a second later is death
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))


def in_order(layers: frozenset[str]) -> tuple[str, ...]:
    """The known layers among these, in the order of `LAYERS`."""
    return tuple(each for each in LAYERS if each in layers)
