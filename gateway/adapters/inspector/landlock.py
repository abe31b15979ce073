"""Landlock without any rule: no file can be opened, made or removed, no TCP port reached, no outsider signalled."""

from __future__ import annotations

import ctypes
import os
import struct

from gateway.adapters.inspector import kernel

_VERSION_QUESTION = 1  # LANDLOCK_CREATE_RULESET_VERSION


def _ruleset(version: int) -> bytes:
    """The struct landlock_ruleset_attr with every right that this version of Landlock knows (landlock(7))."""
    files = (1 << 13) - 1
    if version >= 2:
        files |= 1 << 13  # link or rename between folders
    if version >= 3:
        files |= 1 << 14  # truncate
    if version >= 5:
        files |= 1 << 15  # ioctl on devices
    if version < 4:
        return struct.pack("=Q", files)
    if version < 6:
        return struct.pack("=QQ", files, 0b11)  # TCP bind and connect
    return struct.pack("=QQQ", files, 0b11, 0b11)  # abstract Unix sockets and signals out of the domain


def install() -> bool:
    """Restrict this thread for good; needs no_new_privs. False where the kernel has no Landlock or it is off."""
    try:
        version = kernel.syscall(kernel.LANDLOCK_CREATE_RULESET, 0, 0, _VERSION_QUESTION)
        attributes = _ruleset(version)
        buffer = ctypes.create_string_buffer(attributes, len(attributes))
        ruleset = kernel.syscall(kernel.LANDLOCK_CREATE_RULESET, ctypes.addressof(buffer), len(attributes), 0)
    except OSError:
        return False
    try:
        kernel.syscall(kernel.LANDLOCK_RESTRICT_SELF, ruleset, 0)
    except OSError:
        return False
    finally:
        os.close(ruleset)
    return True
