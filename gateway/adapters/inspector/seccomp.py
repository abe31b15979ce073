"""The child's system call filter: a list of what pure computation needs, everything else answered with EPERM.

An allow-list, so that a call which a later kernel invents is refused too. Absent on purpose: everything that makes a
descriptor (open, socket, socketpair, accept, memfd, pipe, dup), everything that makes or watches a process (clone,
fork, execve, ptrace, process_vm_*, pidfd_*), and prctl, so that nothing can be undone. EPERM and not death, because
a library that merely tries (a font folder, a cache) then goes on without it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Mapping
from types import MappingProxyType

from gateway.adapters.inspector import kernel

_AUDIT_ARCH: Mapping[str, int] = MappingProxyType({"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7})

ALLOWED: Mapping[str, tuple[int, int]] = MappingProxyType({
    "read": (0, 63), "write": (1, 64), "close": (3, 57), "lseek": (8, 62), "mmap": (9, 222), "mprotect": (10, 226),
    "munmap": (11, 215), "brk": (12, 214), "mremap": (25, 216), "madvise": (28, 233), "futex": (202, 98),
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "sigaltstack": (131, 132),
    "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "nanosleep": (35, 101), "getpid": (39, 172),
    "gettid": (186, 178), "getppid": (110, 173), "getuid": (102, 174), "getgid": (104, 176), "geteuid": (107, 175),
    "getegid": (108, 177), "uname": (63, 160), "gettimeofday": (96, 169), "getrusage": (98, 165), "times": (100, 153),
    "sysinfo": (99, 179), "clock_gettime": (228, 113), "clock_getres": (229, 114), "clock_nanosleep": (230, 115),
    "getrandom": (318, 278), "getcpu": (309, 168), "restart_syscall": (219, 128), "set_robust_list": (273, 99),
    "rseq": (334, 293), "membarrier": (324, 283), "exit": (60, 93), "exit_group": (231, 94),
})  # fmt: skip
"""Name -> numbers on x86_64 and aarch64."""

TO_ITSELF: Mapping[str, tuple[int, int]] = MappingProxyType({"kill": (62, 129), "tgkill": (234, 131)})
"""Allowed only when the first argument is the child's own process id: abort() and raise() need them."""

_LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K

_KILL_PROCESS = 0x8000_0000
_ALLOW = 0x7FFF_0000
_REFUSE = 0x0005_0000 | errno.EPERM

_AT_NUMBER, _AT_ARCH, _AT_FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data; both machines are little-endian
_X32_BIT = 0x4000_0000

Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _column(machine: str) -> int:
    return 0 if machine == "x86_64" else 1


def assemble(machine: str, pid: int) -> list[Instruction]:
    """The filter for one process as (code, jump if true, jump if false, operand); KeyError for an unknown machine."""
    column = _column(machine)
    program: list[Instruction] = [
        (_LOAD_WORD, 0, 0, _AT_ARCH),
        (_JUMP_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD_WORD, 0, 0, _AT_NUMBER),
    ]
    if machine == "x86_64":  # the x32 numbers are a second door to the same calls
        program += [(_JUMP_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL_PROCESS)]
    for numbers in ALLOWED.values():
        program += [(_JUMP_EQUAL, 0, 1, numbers[column]), (_RETURN, 0, 0, _ALLOW)]
    for numbers in TO_ITSELF.values():
        program += [
            (_JUMP_EQUAL, 0, 4, numbers[column]),
            (_LOAD_WORD, 0, 0, _AT_FIRST_ARGUMENT),
            (_JUMP_EQUAL, 0, 1, pid),
            (_RETURN, 0, 0, _ALLOW),
            (_RETURN, 0, 0, _REFUSE),
        ]
    program.append((_RETURN, 0, 0, _REFUSE))
    return program


def install() -> bool:
    """Put the filter on this thread for good; True when a refused call is then really refused.

    Needs no_new_privs. False where the kernel has no seccomp filter or the machine is not one of ours.
    """
    machine = kernel.machine()
    if machine not in _AUDIT_ARCH:
        return False
    packed = b"".join(struct.pack("=HBBI", *each) for each in assemble(machine, os.getpid()))
    code = ctypes.create_string_buffer(packed, len(packed))
    program = _Program(len(packed) // 8, ctypes.addressof(code))
    try:
        kernel.prctl(kernel.PR_SET_SECCOMP, 2, ctypes.addressof(program))
    except OSError:
        return False
    try:
        kernel.prctl(kernel.PR_GET_NO_NEW_PRIVS)  # harmless, and not on the list
    except PermissionError:
        return True
    return False
