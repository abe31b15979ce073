"""Writes small OLE compound files (MS-CFB, version 3), for tests of what reads them."""

from __future__ import annotations

import struct

_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def compound(streams: dict[str, bytes]) -> bytes:
    """A file with these streams; `/` in a name makes a storage."""
    names: list[tuple[str, ...]] = [()]
    for path in sorted(streams):
        steps = tuple(path.split("/"))
        names += [steps[: n + 1] for n in range(len(steps)) if steps[: n + 1] not in names]
    small, small_fat, starts, sectors, fat = bytearray(), [], {}, bytearray(), []

    def chain(table: list[int], count: int) -> int:
        first = len(table)
        table.extend([*range(first + 1, first + count), _END] if count else [])
        return first if count else _END

    def put(data: bytes) -> int:
        nonlocal sectors
        sectors += data + bytes(-len(data) % 512)
        return chain(fat, (len(data) + 511) // 512)

    for path, data in streams.items():
        steps = tuple(path.split("/"))
        if len(data) >= 4096:
            starts[steps] = put(data)
        else:
            starts[steps] = chain(small_fat, (len(data) + 63) // 64)
            small += data + bytes(-len(data) % 64)
    starts[()] = put(bytes(small)) if small else _END
    first_small = (
        put(b"".join(struct.pack("<I", each) for each in small_fat) + b"\xff" * (-4 * len(small_fat) % 512))
        if small_fat
        else _END
    )
    entries = b""
    for at, steps in enumerate(names):
        below = [n for n, each in enumerate(names) if each[:-1] == steps and each != ()]
        level = [n for n, each in enumerate(names) if each and steps and each[:-1] == steps[:-1]]
        following = level[level.index(at) + 1] if at in level and level.index(at) + 1 < len(level) else _FREE
        path = "/".join(steps)
        kind = 5 if not steps else 2 if path in streams else 1
        name = ("Root Entry" if not steps else steps[-1]).encode("utf-16-le")
        size = len(small) if not steps else len(streams.get(path, b""))
        entries += struct.pack(
            "<64sHBBIII16sIQQIQ", name, len(name) + 2, kind, 1, _FREE, following, below[0] if below and kind != 2 else _FREE,
            b"", 0, 0, 0, starts.get(steps, 0 if kind == 1 else _END), size,
        )  # fmt: skip
    first_entry = put(entries + bytes(-len(entries) % 512))
    count = 1
    while (len(fat) + count + 127) // 128 > count:
        count += 1
    first_fat = len(fat)
    fat += [_FAT] * count
    table = b"".join(struct.pack("<I", each) for each in fat)
    sectors += table + b"\xff" * (512 * count - len(table))
    head = struct.pack(
        "<8s16sHHHHHHIIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, 0, 0, 0, count, first_entry,
        0, 4096, first_small, (len(small_fat) * 4 + 511) // 512, _END, 0,
    )  # fmt: skip
    difat = [*range(first_fat, first_fat + count)]
    return head + b"".join(struct.pack("<I", each) for each in difat + [_FREE] * (109 - len(difat))) + bytes(sectors)
