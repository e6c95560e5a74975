"""Tunes that were read are cached, and forged entries are ignored."""

import os
import pickle
import sys

import pytest

from sklearn_c2c.io import _cache, read_melodies
from sklearn_c2c.io._tune import Tune

BOOK = """X:1
T:First
Q:1/4=100
M:4/4
L:1/4
K:D
D[DF]HAD|
w:\N{SNOWMAN}

X:2
T:Bad
K:Zzz
D@

X:3
T:Third
M:4/4
L:1/4
K:G
[V:1]GABc|
[V:2]G,4|
"""
OPTIONS = {"n_measures": 1, "steps_per_quarter": 1, "chords": "highest", "part": None}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("SKLEARN_C2C_CACHE", str(folder))
    return folder


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.abc"
    path.write_text(BOOK, encoding="utf-8")
    return path


@pytest.fixture
def reads(monkeypatch):
    """Count how often text is really parsed."""
    calls = []
    pieces = sys.modules["sklearn_c2c.io._pieces"]
    read_abc = pieces.READERS[".abc"]
    monkeypatch.setitem(
        pieces.READERS, ".abc", lambda data: calls.append(1) or read_abc(data)
    )
    return calls


def test_a_second_load_gives_the_same_without_parsing(cache, book, reads):
    first, second = (read_melodies(book, **OPTIONS) for _ in range(2))
    assert len(reads) == 1
    assert first.data.tolist() == second.data.tolist()
    assert first.rejected == second.rejected
    assert [r.title for r in first.rejected] == ["Bad", "Third"]
    for name in ("titles", "sources", "tonalities", "tempos"):
        assert first[name] == second[name]
    for melodies in (first, second):
        assert melodies.phrase_ends.tolist() == [[False, False, True, False]]


def test_other_choices_use_the_same_entry(cache, book, reads):
    read_melodies(book, **OPTIONS)
    melodies = read_melodies(book, **(OPTIONS | {"part": 0, "key": "D"}))
    assert len(reads) == 1
    assert melodies.data[:, 0].tolist() == [62, 62]


def test_changed_content_is_read_anew(cache, book, reads):
    read_melodies(book, **OPTIONS)
    book.write_text(BOOK.replace("First", "Other"), encoding="utf-8")
    assert read_melodies(book, **OPTIONS).titles == ["Other"]
    assert len(reads) == 2


class Planted:
    """Leaves a mark if it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("planted",)


def flip(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: flip(data, 0),
        lambda data: flip(data, 30),
        lambda data: flip(data, 60),
        lambda data: flip(data, len(data) - 1),
        lambda data: data + b"more",
        lambda data: pickle.dumps(Planted()),
    ],
)
def test_a_damaged_or_planted_entry_is_rebuilt(
    cache, book, reads, damage, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    first = read_melodies(book, **OPTIONS)
    (entry,) = cache.iterdir()
    good = entry.read_bytes()
    entry.write_bytes(damage(good))
    second = read_melodies(book, **OPTIONS)
    assert second.data.tolist() == first.data.tolist()
    assert len(reads) == 2
    assert entry.read_bytes() == good
    assert not (tmp_path / "planted").exists()


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"{}",
        b"[1]",
        b'[["1", "T", "", null, "", [["", -1, 0]]]]',
        b'[["1", "T", "", null, "", [["", 1000000000, 1]]]]',
        b"\xff",
    ],
)
def test_an_entry_with_a_good_checksum_and_a_wrong_shape_is_rebuilt(
    cache, book, header, monkeypatch
):
    import hashlib

    first = read_melodies(book, **OPTIONS)
    (entry,) = cache.iterdir()
    content = len(header).to_bytes(8, "little") + header + b"\0" * 16
    key = bytes.fromhex(entry.stem)
    checksum = hashlib.sha256(key + content).digest()
    entry.write_bytes(_cache.FORMAT + checksum + content)
    assert read_melodies(book, **OPTIONS).data.tolist() == first.data.tolist()


def test_an_entry_of_another_tune_is_not_believed(cache, book, reads):
    read_melodies(book, **OPTIONS)
    (entry,) = cache.iterdir()
    book.write_text(BOOK.replace("First", "Other").replace("AD|", "AA|"), "utf-8")
    read_melodies(book, **OPTIONS)
    (other,) = set(cache.iterdir()) - {entry}
    other.write_bytes(entry.read_bytes())
    again = read_melodies(book, **OPTIONS)
    assert len(reads) == 3
    assert (again.titles, again.data[0, -1]) == (["Other"], 69)


def test_all_of_a_tune_is_kept(cache):
    warnings = ("one", "two")
    tune = Tune("1", "T", "D major", 90.0, (), "a fault", "empty", warnings, "Anon.")
    _cache.store(b"bytes", ".abc", [tune])
    assert _cache.load(b"bytes", ".abc") == [tune]
    assert _cache.load(b"bytes", ".mid") is None


@pytest.mark.parametrize("error", [MemoryError, RecursionError, OverflowError])
def test_no_error_of_the_cache_comes_out(cache, book, monkeypatch, error):
    def fail(*_):
        raise error

    first = read_melodies(book, **OPTIONS)
    for name in ("_unpack", "_pack"):
        monkeypatch.setattr(_cache, name, fail)
        assert read_melodies(book, **OPTIONS).data.tolist() == first.data.tolist()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="permissions of POSIX")
def test_what_others_can_write_to_is_not_used(cache, book, reads):
    read_melodies(book, **OPTIONS)
    (entry,) = cache.iterdir()
    assert cache.stat().st_mode & 0o777 == 0o700
    assert entry.stat().st_mode & 0o777 == 0o600
    entry.chmod(0o666)
    read_melodies(book, **OPTIONS)
    assert len(reads) == 2
    cache.chmod(0o777)
    read_melodies(book, **OPTIONS)
    assert len(reads) == 3


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="symbolic links")
def test_a_link_is_not_followed(cache, book, reads, tmp_path):
    read_melodies(book, **OPTIONS)
    (entry,) = cache.iterdir()
    entry.rename(tmp_path / "elsewhere")
    entry.symlink_to(tmp_path / "elsewhere")
    read_melodies(book, **OPTIONS)
    assert len(reads) == 2
    assert not entry.is_symlink()


def test_without_a_place_to_write_it_reads_all_the_same(tmp_path, book, monkeypatch):
    for setting in ("", str(book), str(book / "below a file")):
        monkeypatch.setenv("SKLEARN_C2C_CACHE", setting)
        assert len(read_melodies(book, **OPTIONS).data) == 1
    monkeypatch.delenv("SKLEARN_C2C_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    if sys.platform == "linux":
        assert _cache.cache_folder() == tmp_path / "user" / "sklearn_c2c"
