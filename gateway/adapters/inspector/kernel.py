"""The few system calls that Python 3.11 does not offer, by ctypes, with the numbers of x86_64 and aarch64."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

PR_SET_PDEATHSIG = 1
PR_GET_DUMPABLE = 3
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
PR_GET_NO_NEW_PRIVS = 39

CLONE_NEWNS = 0x0002_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWNET = 0x4000_0000

LANDLOCK_CREATE_RULESET = 444
LANDLOCK_RESTRICT_SELF = 446
CLOSE_RANGE = 436
"""The same on every architecture, as all calls since Linux 5.1."""

_CAPSET: Mapping[str, int] = MappingProxyType({"x86_64": 126, "aarch64": 91})
_CAPABILITY_VERSION_3 = 0x2008_0522


def machine() -> str:
    """The architecture's name, as `uname -m` says it."""
    return platform.machine()


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def prctl(option: int, first: int = 0, second: int = 0) -> int:
    """Set or ask something of this process, as its manual page says, the unused arguments zero; OSError as the kernel says."""
    arguments = [ctypes.c_ulong(each) for each in (first, second, 0, 0)]
    return _checked(_libc().prctl(ctypes.c_int(option), *arguments))


def unshare(flags: int) -> None:
    """Leave namespaces, as the call of that name does; OSError where the kernel or its settings forbid it."""
    _checked(_libc().unshare(ctypes.c_int(flags)))


def syscall(number: int, *arguments: int) -> int:
    """Any system call with integers (or addresses); OSError as the kernel says."""
    call = _libc().syscall
    call.restype = ctypes.c_long
    return _checked(call(ctypes.c_long(number), *(ctypes.c_long(each) for each in arguments)))


def close_from(first: int) -> None:
    """Close every descriptor from `first` on; os.closerange may try each number up to a limit of a milliard."""
    try:
        syscall(CLOSE_RANGE, first, 0xFFFF_FFFF, 0)
    except OSError:  # before Linux 5.9
        for entry in list(Path("/proc/self/fd").iterdir()):
            if int(entry.name) >= first:
                os.closerange(int(entry.name), int(entry.name) + 1)


def drop_capabilities() -> None:
    """Empty the permitted, effective and inheritable sets, in whichever user namespace they hold (capset(2))."""
    number = _CAPSET.get(machine())
    if number is None:
        return
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()
    syscall(number, ctypes.addressof(header), ctypes.addressof(sets))
