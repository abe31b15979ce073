"""The KeyShelf port."""

from __future__ import annotations

import pytest

from gateway.domain.errors import PermanentError
from gateway.domain.protected import Protected
from gateway.ports.shelf import KeyShelf


class TestKeyShelf:
    @pytest.mark.proves("rest.key-shelf")
    def test_what_was_put_is_got(self, shelf: KeyShelf) -> None:
        shelf.put("epoch-2026-03-02", Protected(b"\x00secret\n"))
        assert shelf.get("epoch-2026-03-02") == Protected(b"\x00secret\n")
        assert shelf.names() == ("epoch-2026-03-02",)

    def test_put_never_replaces(self, shelf: KeyShelf) -> None:
        shelf.put("a", Protected(b"1"))
        with pytest.raises(PermanentError):
            shelf.put("a", Protected(b"2"))
        assert shelf.get("a") == Protected(b"1")

    @pytest.mark.proves("rest.key-shelf")
    def test_destroyed_is_gone(self, shelf: KeyShelf) -> None:
        shelf.put("a", Protected(b"1"))
        shelf.put("b", Protected(b"2"))
        shelf.destroy("a")
        shelf.destroy("a")
        assert shelf.get("a") is None
        assert shelf.names() == ("b",)
        shelf.put("a", Protected(b"3"))
        assert shelf.get("a") == Protected(b"3")

    @pytest.mark.parametrize("name", ["", ".", "..", ".shelf", "a/b", "../a", "A", "a\0", "a\n", "x" * 129])
    def test_names_cannot_leave_the_shelf(self, shelf: KeyShelf, name: str) -> None:
        with pytest.raises(PermanentError):
            shelf.put(name, Protected(b"x"))
        with pytest.raises(PermanentError):
            shelf.get(name)
        with pytest.raises(PermanentError):
            shelf.destroy(name)
