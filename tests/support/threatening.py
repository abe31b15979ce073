"""Files that carry threats, and their harmless twins, made here byte by byte: nothing in them does anything."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

EICAR = "".join(("X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE!$H+H*")).encode()
PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + b"\x00" * 200
_SECTOR, _FREE, _END, _FAT = 512, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def zipped(**files: bytes) -> bytes:
    """A ZIP of these files; `__` in a name stands for `/`, `_dot_` for a point."""
    return packed({name.replace("__", "/").replace("_dot_", "."): data for name, data in files.items()})


def packed(files: dict[str, bytes], *, locked: bool = False) -> bytes:
    """A ZIP; `locked` marks every entry as encrypted, as a password does."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    data = bytearray(out.getvalue())
    if locked:
        for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            start = data.find(magic)
            while start >= 0:
                data[start + at] |= 1
                start = data.find(magic, start + 4)
    return bytes(data)


def docx(**more: bytes) -> bytes:
    """A Word document with more parts."""
    body = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>Lunch on Friday</w:t></w:r></w:p></w:body></w:document>'
    types = b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    more = {name.replace("__", "/").replace("_dot_", "."): data for name, data in more.items()}
    return packed({"[Content_Types].xml": types, "word/document.xml": body, **more})


def ole(streams: dict[str, bytes], clsid: bytes = b"\x00" * 16) -> bytes:
    """An OLE file (MS-CFB, version 3) with these streams; `A/B` is stream B in storage A. One level of storages."""
    entries: list[tuple[str, int, bytes, int]] = []  # name, type, data, parent
    storages: dict[str, int] = {}
    for path, data in streams.items():
        folder, _, name = path.rpartition("/")
        parent = 0
        if folder:
            if folder not in storages:
                entries.append((folder, 1, b"", 0))
                storages[folder] = len(entries)
            parent = storages[folder]
        entries.append((name, 2, data.ljust(4096, b"\x00"), parent))
    children: dict[int, list[int]] = {}
    for number, (_, _, _, parent) in enumerate(entries, 1):
        children.setdefault(parent, []).append(number)
    directory_sectors = -(-(len(entries) + 1) // 4)
    fat = [_FAT, *range(2, directory_sectors + 1), _END]
    content, starts = b"", {}
    for number, (_, kind, data, _) in enumerate(entries, 1):
        if kind == 2:
            starts[number] = len(fat)
            count = -(-len(data) // _SECTOR)
            fat += [*range(len(fat) + 1, len(fat) + count), _END]
            content += data.ljust(count * _SECTOR, b"\x00")
    rows = [_row("Root Entry", 5, _child(children, 0), _FREE, _END, 0, clsid)]
    for number, (name, kind, data, parent) in enumerate(entries, 1):
        family = children[parent]
        at = family.index(number)
        right = family[at + 1] if at + 1 < len(family) else _FREE
        rows.append(_row(name, kind, _child(children, number), right, starts.get(number, 0), len(data)))
    while len(rows) % 4:
        rows.append(b"\x00" * 68 + struct.pack("<III", _FREE, _FREE, _FREE) + b"\x00" * 48)
    head = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\x00" * 6
    )
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, _END, 0, _END, 0) + struct.pack("<I", 0) + b"\xff" * 432
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(_SECTOR, b"\xff")
    assert len(fat) <= 128
    return head + table + b"".join(rows) + content


def _child(children: dict[int, list[int]], number: int) -> int:
    return children[number][0] if number in children else _FREE


def _row(name: str, kind: int, child: int, right: int, start: int, size: int, clsid: bytes = b"\x00" * 16) -> bytes:
    wide = name.encode("utf-16-le") + b"\x00\x00"
    return (
        wide.ljust(64, b"\x00") + struct.pack("<HBB", len(wide), kind, 1) + struct.pack("<III", _FREE, right, child) + clsid
        + b"\x00" * 4 + b"\x00" * 16 + struct.pack("<IQ", start, size)
    )  # fmt: skip


def workbook(sheet_type: int) -> bytes:
    """The stream of an old Excel workbook with one sheet: 0 a worksheet, 1 a macro sheet (MS-XLS 2.4.28)."""
    begin = struct.pack("<HH", 0x809, 16) + b"\x00\x06\x05\x00" + b"\x00" * 12
    sheet = struct.pack("<HHIBB", 0x85, 14, 0, 0, sheet_type) + b"\x06\x00Sheet1"
    return begin + sheet + struct.pack("<HH", 0x0A, 0)


def pdf(catalog: str = "", hidden: bytes = b"") -> bytes:
    """A PDF with more in its catalogue, and, if any, objects hidden in a packed object stream."""
    out = f"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R {catalog} >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n".encode()
    if hidden:
        body = zlib.compress(b"7 0 " + hidden)
        out += f"3 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length {len(body)} >>\nstream\n".encode()
        out += body + b"\nendstream\nendobj\n"
    return out + b"trailer\n<< /Root 1 0 R >>\n%%EOF\n"
