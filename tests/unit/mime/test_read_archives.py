"""TAR, packed files, 7z and nests of them: what is in them is read, and bombs and locks are gaps."""

from __future__ import annotations

import bz2
import ctypes
import gzip
import io
import lzma
import tarfile

import pytest

from gateway.domain.finding import GapReason
from gateway.mime.documents import Budget, read
from gateway.mime.documents.instruments import Instruments
from tests.support.identified import THIRTEEN, missing_from
from tests.unit.mime.test_read_documents import zipped

PART = "attachment:f"
WORDS = "\n".join(THIRTEEN).encode()


@pytest.fixture(scope="module")
def tools() -> Instruments:
    found = Instruments(archives=Instruments.load().archives)
    if found.archives is None:
        pytest.skip("NO LIBARCHIVE: archives other than ZIP are gaps on this machine")
    return found


def opened(data: bytes, budget: Budget) -> tuple[dict[str, str], set[GapReason]]:
    texts, gaps = read(PART, "", "a.bin", data, budget)
    assert all(each.part == PART or each.part.startswith(f"{PART}/") for each in (*texts, *gaps))
    return {each.part: each.text for each in texts}, {each.reason for each in gaps}


def tarred(files: dict[str, bytes], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def seven(tools: Instruments, files: dict[str, bytes], packing: bytes = b"lzma2") -> bytes:
    """A 7z archive, written by libarchive."""
    library = tools.archives
    assert library is not None
    library.archive_write_new.restype = ctypes.c_void_p
    library.archive_entry_new.restype = ctypes.c_void_p
    archive = ctypes.c_void_p(library.archive_write_new())
    assert library.archive_write_set_format_7zip(archive) == 0
    assert library.archive_write_set_options(archive, b"compression=" + packing) == 0
    buffer, used = ctypes.create_string_buffer(10_000_000), ctypes.c_size_t()
    assert library.archive_write_open_memory(archive, buffer, ctypes.c_size_t(len(buffer)), ctypes.byref(used)) == 0
    for name, content in files.items():
        entry = ctypes.c_void_p(library.archive_entry_new())
        library.archive_entry_set_pathname(entry, name.encode())
        library.archive_entry_set_size(entry, ctypes.c_int64(len(content)))
        library.archive_entry_set_filetype(entry, 0o100000)
        assert library.archive_write_header(archive, entry) == 0
        library.archive_write_data(archive, content, ctypes.c_size_t(len(content)))
        library.archive_entry_free(entry)
    assert library.archive_write_close(archive) == 0
    library.archive_write_free(archive)
    return buffer.raw[: used.value]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_in_every_packing(tools, mode):
    texts, gaps = opened(tarred({"visits/Pat_Roe.txt": WORDS}, mode), Budget(instruments=tools))
    assert (missing_from("".join(texts.values())), gaps) == ([], set())
    assert "visits/Pat Roe.txt" in texts[PART]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_one_packed_file(tools, pack):
    texts, gaps = opened(pack(WORDS), Budget(instruments=tools))
    assert (missing_from("".join(texts.values())), gaps) == ([], set())


@pytest.mark.parametrize("packing", [b"lzma1", b"lzma2", b"bzip2", b"deflate", b"store"])
def test_7z(tools, packing):
    data = seven(tools, {"Pat_Roe.txt": WORDS, "b.csv": b"a,b"}, packing)
    assert data.startswith(b"7z\xbc\xaf\x27\x1c")
    texts, gaps = opened(data, Budget(instruments=tools))
    assert (missing_from(texts[f"{PART}/Pat_Roe.txt"]), gaps) == ([], set())


def test_nests_of_different_archives_and_too_deep_ones(tools):
    nest = seven(tools, {"a.tgz": tarred({"b.zip": zipped({"c.gz": gzip.compress(WORDS)})}, "w:gz")})
    texts, gaps = opened(nest, Budget(instruments=tools))
    assert (missing_from("".join(texts.values())), gaps) == ([], set())
    for _ in range(8):
        nest = tarred({"a": nest})
    assert GapReason.TOO_DEEP in opened(nest, Budget(instruments=tools))[1]


@pytest.mark.parametrize("make", [
    lambda tools: gzip.compress(b"a" * 150_000_000),
    lambda tools: gzip.compress(gzip.compress(b"a" * 150_000_000)),
    lambda tools: tarred({"zeros": bytes(40_000_000)}, "w:xz"),
    lambda tools: seven(tools, {"zeros": bytes(40_000_000)}),
    lambda tools: tarred({f"{n}": b"" for n in range(6000)}),
])  # fmt: skip
def test_bombs_are_gaps(tools, make):
    texts, gaps = opened(make(tools), Budget(instruments=tools))
    assert GapReason.BOMB in gaps
    assert sum(map(len, texts.values())) < 200_000


def test_broken_and_locked_archives_are_gaps(tools):
    whole = seven(tools, {"a.txt": WORDS * 50})
    assert opened(whole[: len(whole) // 2], Budget(instruments=tools))[1]
    assert opened(gzip.compress(bytes(2048) + WORDS), Budget(instruments=tools))[1] == {GapReason.MALFORMED}
    assert opened(whole[:8] + bytes(60), Budget(instruments=tools))[1]
    packed = gzip.compress(WORDS * 50)
    assert opened(packed[: len(packed) // 2], Budget(instruments=tools))[1] == {GapReason.MALFORMED}
    assert opened(b"\x1f\x8b\x08" + bytes(90), Budget(instruments=tools))[1] == {GapReason.MALFORMED}
    assert opened(b"Rar!\x1a\x07\x01\x00" + bytes(90), Budget(instruments=tools))[1]
    assert opened(whole, Budget())[1] == {GapReason.UNKNOWN_TYPE}


def test_no_name_is_a_path(tools):
    texts, _ = opened(tarred({"../../../tmp/slip": WORDS}), Budget(instruments=tools))
    assert "../../../tmp/slip" in texts[PART]
