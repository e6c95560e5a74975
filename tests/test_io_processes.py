"""One process or several: the same tunes, in the same order, with the same faults."""

import os
import sys
from multiprocessing import parent_process

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_c2c.io import _pieces, _processes, read_melodies, write_melody
from sklearn_c2c.io._abc import read_abc
from sklearn_c2c.io._reader import read_tunes

pytestmark = pytest.mark.integration

OPTIONS = {"n_measures": 1, "steps_per_quarter": 1, "time_signature": "4/4"}
TUNES = [
    "X:{0}\nT:Tune {0}\nM:4/4\nL:1/4\nK:C\nCDEF|\n\n",
    "X:{0}\nT:No key, {0}\nK:\nC2D2E2F2|\n\n",
    "X:{0}\nT:Bad {0}\nK:Zzz\nCDEF|\n\n",
    "X:{0}\r\nT:Caf\xe9 {0}\r\nM:3/4\r\nK:D\r\nC2D2E2|\r\n",
]


@pytest.fixture
def folder(tmp_path):
    book = "L:1/8\nR:\\1 reel\n" + "".join(
        TUNES[i % 4].format(i + 1) for i in range(200)
    )
    (tmp_path / "book.abc").write_bytes(book.encode("latin-1"))
    (tmp_path / "empty.abc").write_bytes(b"")
    (tmp_path / "prose.abc").write_text("The Green Mountain\n" * 2000)
    (tmp_path / "damaged.mid").write_bytes(b"MThd")
    for i in range(20):
        write_melody([60 + i] * 4, tmp_path / f"{i}.mid", steps_per_quarter=1)
        (tmp_path / f"{i}.abc").write_text(TUNES[0].format(i))
    return tmp_path


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(_pieces, "_PIECE_BYTES", 1000)
    monkeypatch.setattr(_pieces, "_WORTH_PROCESSES", 0)


def content(melodies):
    """All entries, so that two corpora can be compared."""
    arrays = {name: melodies[name].tolist() for name in ("data", "phrase_ends")}
    return melodies | arrays


def test_two_processes_read_what_one_reads(folder, small_pieces, monkeypatch):
    monkeypatch.setenv("SKLEARN_C2C_CACHE", "")
    one = read_melodies(folder, n_jobs=1, **OPTIONS)
    assert len(one.data) == 140
    assert len(one.rejected) == 103
    monkeypatch.setenv("SKLEARN_C2C_CACHE", str(folder / "cache"))
    two = read_melodies(folder, n_jobs=2, **OPTIONS)
    again = read_melodies(folder, n_jobs=2, **OPTIONS)
    assert content(one) == content(two) == content(again)


def test_small_pieces_are_what_the_whole_is(folder, small_pieces, monkeypatch):
    monkeypatch.setenv("SKLEARN_C2C_CACHE", "")
    assert len(_pieces.pieces_of(folder / "book.abc")) > 5
    divided = read_melodies(folder, n_jobs=1, **OPTIONS)
    monkeypatch.setattr(_pieces, "_PIECE_BYTES", 10**6)
    assert len(_pieces.pieces_of(folder / "book.abc")) == 1
    assert content(read_melodies(folder, n_jobs=1, **OPTIONS)) == content(divided)


def described(tunes):
    """All fields of a tune, so that two can be compared."""
    for tune in tunes:
        yield tune.number, tune.title, tune.key, tune.tempo, tune.fault
        for part in tune.parts:
            yield part.name, part.notes.tolist(), part.measures.tolist()


LINES = ["X:1", "X: 2", "M:2/4", "L:1/4", "R:\\g", "K:C", "K:D", "CD|EF", "T:\xe9", ""]


@given(
    st.lists(st.sampled_from(LINES)),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "latin-1"]),
)
def test_a_book_in_pieces(tmp_path_factory, lines, end, encoding):
    path = tmp_path_factory.getbasetemp() / "book.abc"
    path.write_bytes(end.join(["X:0", "K:C", *lines]).encode(encoding))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_pieces, "_PIECE_BYTES", 8)
        pieces = _pieces.pieces_of(path)
    found = [tune for piece in pieces for tune in read_abc(piece.data)]
    assert list(described(found)) == list(described(read_abc(path.read_bytes())))


def test_more_than_is_held_in_memory_at_once(folder, monkeypatch):
    whole = read_tunes(folder, n_jobs=1)
    monkeypatch.setattr(sys.modules["sklearn_c2c.io._reader"], "MAX_BYTES", 50)
    rounds = read_tunes(folder, n_jobs=1)
    assert [source for source, _ in whole] == [source for source, _ in rounds]
    assert list(described(t for _, t in whole)) == list(described(t for _, t in rounds))


def refuse(*_):
    raise AssertionError("a process was started")


def test_little_to_read_starts_no_process(folder, monkeypatch):
    monkeypatch.setattr(_pieces, "_PIECE_BYTES", 1000)
    monkeypatch.setattr("joblib.externals.loky.ProcessPoolExecutor", refuse)
    monkeypatch.setenv("SKLEARN_C2C_CACHE", str(folder / "cache"))
    read_melodies(folder, **OPTIONS)
    monkeypatch.setattr(_pieces, "_WORTH_PROCESSES", 0)
    read_melodies(folder, n_jobs=2, **OPTIONS)  # all of it is in the cache
    monkeypatch.setenv("SKLEARN_C2C_CACHE", "")
    with pytest.raises(AssertionError, match="was started"):
        read_melodies(folder, n_jobs=2, **OPTIONS)


def test_no_jobs(folder):
    with pytest.raises(ValueError, match="Found n_jobs=0; expected"):
        read_melodies(folder, n_jobs=0)


def where(item):
    return item, os.getpid()


def test_the_caller_takes_part():
    found = list(_processes.in_processes(where, list(range(50)), 2))
    assert [item for item, _ in found] == list(range(50))
    assert os.getpid() in {process for _, process in found}


def die_elsewhere(item):
    if parent_process() is not None:
        os._exit(1)
    return item


def test_what_a_killed_process_leaves_is_done():
    assert list(_processes.in_processes(die_elsewhere, [1, 2, 3], 3)) == [1, 2, 3]


@pytest.mark.parametrize("name", ["__init__", "submit"])
def test_where_no_process_can_be_started_the_caller_does_all(monkeypatch, name):
    from joblib.externals.loky import ProcessPoolExecutor

    def fail(*_):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(ProcessPoolExecutor, name, fail)
    found = list(_processes.in_processes(where, [1, 2, 3], 2))
    assert found == [(item, os.getpid()) for item in (1, 2, 3)]


def fail_at_two(item):
    if item == 2:
        raise ValueError("two")
    return item


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_error_comes_out(n_jobs):
    results = _processes.in_processes(fail_at_two, list(range(100)), n_jobs)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(results)


def nested(n_jobs):
    return [pid for _, pid in _processes.in_processes(where, [1, 2, 3], n_jobs)]


def test_one_of_several_processes_starts_no_others():
    from joblib import Parallel, delayed

    for backend in ("loky", "multiprocessing"):
        for pids in Parallel(n_jobs=2, backend=backend)([delayed(nested)(2)] * 2):
            assert len(set(pids)) == 1


def modules_after_reading(pieces):
    _pieces._read_batch(pieces)
    return sorted({name.split(".")[0] for name in sys.modules})


def test_a_process_imports_no_more_than_it_needs(monkeypatch):
    from joblib.externals.loky import ProcessPoolExecutor

    monkeypatch.setenv("SKLEARN_C2C_CACHE", "")
    executor = ProcessPoolExecutor(1)
    piece = _pieces.Piece("tune", ".abc", TUNES[0].format(1).encode())
    found = executor.submit(modules_after_reading, [piece]).result()
    executor.shutdown()
    assert "sklearn_c2c" in found
    heavy = {"sklearn", "scipy", "numba", "music21", "pandas", "matplotlib"}
    # Modules of the test runner are imported in workers, too, by their names.
    assert not heavy & set(found)
