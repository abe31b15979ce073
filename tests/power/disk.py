"""A disk as a power cut leaves it: what was synced is there, what was not may be, whole, in part or not at all.

The rules are POSIX's, not one file system's: syncing a file keeps its content and not its name; a name is kept by
syncing its directory; a rename into another directory is a name there and none here, each kept by its own directory;
nothing orders what was not synced. Made from a list of deeds, one after the other.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.power.recording import Deed

Files = dict[str, bytes]


@dataclass(eq=False)
class Content:
    """A file's bytes: synced, and the writes and truncations after that."""

    synced: bytes = b""
    loose: list[tuple[int, bytes | None]] = field(default_factory=list)


@dataclass(eq=False)
class Folder:
    """A directory's names: as they are now, synced, and the changes after that (name, what it names or None)."""

    now: dict[str, Node] = field(default_factory=dict)
    synced: dict[str, Node] = field(default_factory=dict)
    loose: list[tuple[tuple[str, Node | None], ...]] = field(default_factory=list)

    def change(self, *changes: tuple[str, Node | None]) -> None:
        """One atomic change of names."""
        _rename(self.now, changes)
        self.loose.append(changes)


Node = Content | Folder


class Disk:
    """One folder's tree."""

    def __init__(self) -> None:
        self.root = Folder()
        self._inodes: dict[int, Node] = {}

    def do(self, deed: Deed) -> None:
        """One more deed."""
        match deed.kind:
            case "c" | "d":
                self._inodes[deed.inode] = made = Content() if deed.kind == "c" else Folder()
                folder, name = self._at(deed.path)
                folder.change((name, made))
            case "w" | "t":
                node = self._inodes[deed.inode]
                assert isinstance(node, Content)
                node.loose.append((deed.offset, deed.data if deed.kind == "w" else None))
            case "s":
                self._sync(deed)
            case "r" | "l":
                self._name_again(deed)
            case "u":
                folder, name = self._at(deed.path)
                folder.change((name, None))

    def cut(self, dice: random.Random | None, *, torn: bool = False) -> Files:
        """The files after a cut now. Without dice nothing unsynced survives; with them, what they say."""
        found: Files = {}
        _collect(self.root, "", found, dice, torn=torn)
        return found

    def whole(self) -> Files:
        """The files as they are now: everything survives."""
        found: Files = {}
        _collect(self.root, "", found, None, everything=True)
        return found

    def _sync(self, deed: Deed) -> None:
        node = self.root if deed.path == "" else self._inodes[deed.inode]
        if isinstance(node, Folder):
            node.synced = dict(node.now)
        else:
            node.synced = _written(node.synced, node.loose)
        node.loose.clear()

    def _name_again(self, deed: Deed) -> None:
        folder, name = self._at(deed.path)
        other, second = self._at(deed.other)
        node = folder.now[name]
        if deed.kind == "l":
            other.change((second, node))
        elif folder is other:
            folder.change((name, None), (second, node))
        else:
            other.change((second, node))
            folder.change((name, None))

    def _at(self, path: str) -> tuple[Folder, str]:
        *above, name = path.split("/")
        folder = self.root
        for one in above:
            found = folder.now[one]
            assert isinstance(found, Folder)
            folder = found
        return folder, name


def _rename(names: dict[str, Node], changes: tuple[tuple[str, Node | None], ...]) -> None:
    for name, node in changes:
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


def _collect(
    folder: Folder, prefix: str, found: Files, dice: random.Random | None, *, everything: bool = False,
    torn: bool = False,
) -> None:  # fmt: skip
    names = dict(folder.synced)
    for changes in folder.loose:
        if everything or (dice is not None and dice.random() < 0.5):
            _rename(names, changes)
    for name, node in names.items():
        if name.endswith("-shm"):
            continue  # mapped memory: SQLite makes it anew
        if isinstance(node, Folder):
            _collect(node, f"{prefix}{name}/", found, dice, everything=everything, torn=torn)
        elif everything:
            found[prefix + name] = _written(node.synced, node.loose)
        elif dice is None or not node.loose:
            found[prefix + name] = node.synced
        else:
            found[prefix + name] = _written(node.synced, _survivors(node.loose, dice, torn=torn))


def _survivors(loose: list[tuple[int, bytes | None]], dice: random.Random, *, torn: bool) -> list[tuple[int, bytes | None]]:  # fmt: skip
    share = dice.choice((0.1, 0.5, 0.9, 1.0))
    kept = [one for one in loose if dice.random() < share]
    if not torn:
        return kept
    pieces: list[tuple[int, bytes | None]] = []
    sector = dice.choice((512, 4096))
    for offset, data in kept:
        if data is None or dice.random() < 0.7:
            pieces.append((offset, data))
            continue
        start = 0
        while start < len(data):
            size = sector - (offset + start) % sector
            if dice.random() < 0.5:
                pieces.append((offset + start, data[start : start + size]))
            start += size
    return pieces


def _written(content: bytes, deeds: list[tuple[int, bytes | None]]) -> bytes:
    if not deeds:
        return content
    made = bytearray(content)
    for offset, data in deeds:
        end = offset + (len(data) if data is not None else 0)
        if len(made) < end:
            made += bytes(end - len(made))
        if data is None:
            del made[offset:]
        else:
            made[offset:end] = data
    return bytes(made)
