"""Files are read beside any others, and written whole or not at all."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sklearn_c2c import _files
from sklearn_c2c._files import write_atomically
from sklearn_c2c.datasets import load_folder
from sklearn_c2c.io import _pieces, read_melodies, write_melody
from sklearn_c2c.io._choice import NothingReadError

TUNE = "X:1\nT:Tune\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|\n"
OPTIONS = {"n_measures": 2, "steps_per_quarter": 1}
posix = pytest.mark.skipif(os.name != "posix", reason="kinds of files of POSIX")


@pytest.fixture
def folder(tmp_path):
    """A folder with one good tune, to which tests add others."""
    folder = tmp_path / "tunes"
    folder.mkdir()
    (folder / "m.abc").write_text(TUNE)
    return folder


def left_out(folder, **options):
    """Name, reason and kind of all that is left out beside the good tune."""
    melodies = load_folder(folder, **(OPTIONS | options))
    assert melodies.sources == [str(folder / "m.abc#1")]
    return {
        os.path.relpath(r.source, folder): (r.reason, r.kind) for r in melodies.rejected
    }


@posix
@pytest.mark.parametrize("suffix", [".abc", ".mid", ".musicxml", ".mxl"])
def test_whatever_has_the_name_of_a_file(folder, suffix, tmp_path):
    os.mkfifo(folder / f"a{suffix}")
    with socket.socket(socket.AF_UNIX) as sock:
        place = os.getcwd()
        os.chdir(folder)  # the name of a socket must be short
        sock.bind(f"b{suffix}")
        os.chdir(place)
        (folder / f"c{suffix}").symlink_to("/dev/zero")
        (folder / f"d{suffix}").symlink_to(tmp_path / "missing")
        (folder / f"e{suffix}").symlink_to(folder / f"f{suffix}")
        (folder / f"f{suffix}").symlink_to(folder / f"e{suffix}")
        (folder / f"x{suffix}").mkdir()
        (folder / f"y{suffix}").symlink_to(folder)
        (folder / f"z{suffix}").write_bytes(b"")
        found = left_out(folder)
    reasons = {name[0]: found[name][0] for name in found}
    assert reasons["a"] == "is a FIFO, not a file"
    assert reasons["b"] == "is a socket, not a file"
    assert reasons["c"] == "is a device, not a file"
    assert reasons["d"] == "cannot be opened (No such file or directory)"
    for name in "ef":
        assert reasons[name].startswith("cannot be opened (Too many levels of symb")
    assert reasons["x"] == "is a folder without music, not a file"
    # A link back to a parent folder is not followed.
    assert set(reasons) == set("abcdefxz")
    assert [found[name][1] for name in sorted(found)] == ["file"] * 7 + ["damaged"]


@posix
def test_a_fifo_or_a_device_by_its_own_name_is_not_waited_for(tmp_path):
    fifo = tmp_path / "tune.abc"
    os.mkfifo(fifo)
    device = tmp_path / "tune.mid"
    device.symlink_to("/dev/zero")
    with pytest.raises(NothingReadError, match=r"\(file 2\).*is a FIFO.*is a device"):
        read_melodies([fifo, device])


@posix
def test_a_file_that_becomes_a_fifo_is_not_waited_for(folder, monkeypatch):
    fifo = folder / "a.abc"
    os.mkfifo(fifo)
    regular, stat = os.stat(folder / "m.abc"), os.stat
    monkeypatch.setattr(
        os, "stat", lambda path, **k: regular if path == fifo else stat(path, **k)
    )
    assert left_out(folder) == {"a.abc": ("is a FIFO, not a file", "file")}


def test_names_that_are_given_and_are_not_there(folder, tmp_path):
    good = folder / "m.abc"
    for missing in (tmp_path / "no.abc", good / "below.abc"):
        with pytest.raises(FileNotFoundError, match="no file or folder"):
            read_melodies([good, missing], **OPTIONS)
    # An unreadable path does not stop the others.
    link = tmp_path / "link.abc"
    link.symlink_to(tmp_path / "missing")
    text = tmp_path / "tune.doc"
    text.write_text(TUNE)
    found = read_melodies([link, good, text], **OPTIONS)
    assert len(found.data) == 1
    assert [r.kind for r in found.rejected] == ["file", "file"]
    assert "has the suffix '.doc'; expected one of .abc" in found.rejected[1].reason


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), OSError(5)]
)
def test_files_and_folders_that_cannot_be_opened(folder, monkeypatch, error):
    (folder / "a.abc").write_text(TUNE)
    (folder / "sub").mkdir()

    def refusing(function):
        def call(path, *rest, **named):
            if str(path).endswith(("a.abc", "sub")):
                raise error
            return function(path, *rest, **named)

        return call

    for name in ("open", "listdir", "scandir"):
        monkeypatch.setattr(os, name, refusing(getattr(os, name)))
    what = error.strerror or "5"
    refused = (f"cannot be opened ({what})", "file")
    assert left_out(folder) == {"a.abc": refused, "sub": refused}


def test_folders_below_are_read_once_and_links_to_them_too(folder, tmp_path):
    (folder / "m.abc").rename(tmp_path / "elsewhere.abc")
    (folder / "book.abc").mkdir()
    (folder / "book.abc" / "one.abc").write_text(TUNE)
    (folder / "book.abc" / "up").symlink_to(folder)
    other = tmp_path / "other"
    other.mkdir()
    (other / "two.abc").write_text(TUNE)
    (folder / "linked").symlink_to(other)
    found = load_folder(folder, **OPTIONS)
    assert found.target_names == ["book.abc", "linked"]
    assert found.rejected == []


def test_folders_deeper_than_the_stack(folder, monkeypatch):
    depth = 1200
    monkeypatch.chdir(folder)
    for _ in range(depth):
        os.mkdir("d")
        os.chdir("d")
    Path("deep.abc").write_text(TUNE)
    try:
        assert len(read_melodies(folder, **OPTIONS).data) == 2
    finally:  # pytest's clean-up is recursive
        os.remove("deep.abc")
        for _ in range(depth):
            os.chdir("..")
            os.rmdir("d")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_file_too_large_is_refused_before_it_is_read(folder, monkeypatch, n_jobs):
    monkeypatch.setattr(_pieces, "_WORTH_PROCESSES", 0)
    with open(folder / "a.abc", "wb") as file:
        file.truncate(2**40)
    for name in "bcd":
        (folder / f"{name}.mid").write_bytes(b"MThd")
    found = left_out(folder, n_jobs=n_jobs)
    assert found["a.abc"] == ("is larger than the 64 MiB that are read", "file")


def test_a_file_that_grows_while_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "tune.abc"
    path.write_bytes(b"12345")
    assert _files.read_regular(path, 5) == b"12345"
    with pytest.raises(ValueError, match="larger"):
        _files.read_regular(path, 4)
    status = os.stat(path)
    monkeypatch.setattr(
        os, "fstat", lambda _: os.stat_result([*status[:6], 0, 0, 0, 0])
    )
    monkeypatch.setattr(os, "stat", lambda _: os.stat_result([*status[:6], 0, 0, 0, 0]))
    with pytest.raises(ValueError, match="larger"):
        _files.read_regular(path, 4)


ERRORS = [MemoryError(), RecursionError("deep\nstack"), OverflowError("9" * 999)]


@pytest.mark.parametrize("error", [*ERRORS, AssertionError("no")], ids=type)
@pytest.mark.parametrize(
    ("places", "piece_bytes", "kind"),
    [
        (["_pieces.read_regular"], 1000, "file"),
        (["_pieces.decode"], 10, "file"),
        (["_pieces.decode", "_abc.decode"], 1000, "damaged"),
        (["_abc._read_tune"], 1000, "damaged"),
        (["_pieces.estimate_key"], 1000, "damaged"),
        (["_excerpt.unfold"], 1000, "damaged"),
    ],
)
def test_an_error_that_nobody_foresaw(
    folder, monkeypatch, error, places, piece_bytes, kind
):
    monkeypatch.setenv("SKLEARN_C2C_CACHE", "")
    monkeypatch.setattr(_pieces, "_PIECE_BYTES", piece_bytes)
    bad = folder / "a.abc"
    bad.write_text(TUNE.replace("Tune", "Bad").replace("K:C\nC", "K:\n_C"))

    def failing(function):
        def call(given, *rest, **named):
            about = repr(given)  # a path, bytes, text, a tune or a part
            if any(word in about for word in ("a.abc", "Bad", " 59, ")):
                raise error
            return function(given, *rest, **named)

        return call

    for place in places:
        place = f"sklearn_c2c.io.{place}"
        module, name = place.rsplit(".", 1)
        function = getattr(sys.modules[module], name)
        monkeypatch.setattr(place, failing(function))
    ((reason, found),) = left_out(folder, time_signature="4/4").values()
    assert reason.startswith(f"could not be read ({type(error).__name__}")
    assert "\n" not in reason and len(reason) < 300
    assert found == kind


def test_an_error_in_one_tune_of_a_book_leaves_the_others(folder, monkeypatch):
    book = "".join(TUNE.replace("X:1\nT:Tune", f"X:{i}\nT:Tune {i}") for i in range(9))
    (folder / "m.abc").write_text(book)
    read_abc = _pieces.READERS[".abc"]

    def read(data):
        if b"Tune 4" in data:
            raise OverflowError("large")
        return read_abc(data)

    monkeypatch.setenv("SKLEARN_C2C_CACHE", "")
    monkeypatch.setitem(_pieces.READERS, ".abc", read)
    found = read_melodies(folder, **OPTIONS)
    assert found.titles == [f"Tune {i}" for i in range(9) if i != 4]
    assert found.rejected == [
        (str(folder / "m.abc#4"), "Tune 4", "could not be read (OverflowError: large)",
         "damaged", None),
    ]  # fmt: skip


def test_a_memory_error_is_not_kept(folder, monkeypatch):
    monkeypatch.setenv("SKLEARN_C2C_CACHE", str(folder / "cache"))

    def fail(data):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setitem(_pieces.READERS, ".abc", fail)
        with pytest.raises(
            NothingReadError, match=r"could not be read \(MemoryError\)"
        ):
            read_melodies(folder / "m.abc", **OPTIONS)
    assert len(read_melodies(folder / "m.abc", **OPTIONS).data) == 1


def test_ctrl_c_ends_it(folder, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setenv("SKLEARN_C2C_CACHE", "")
    monkeypatch.setitem(_pieces.READERS, ".abc", interrupt)
    with pytest.raises(KeyboardInterrupt):
        read_melodies(folder, **OPTIONS)
    monkeypatch.setattr(_pieces, "read_regular", interrupt)
    with pytest.raises(KeyboardInterrupt):
        read_melodies(folder, **OPTIONS)


def test_a_number_is_no_part_of_the_path(folder):
    (folder / "m.abc").write_text(TUNE.replace("X:1", "X:../../1\\2"))
    found = load_folder(folder, **OPTIONS)
    assert found.target_names == ["."]
    assert found.sources == [str(folder / "m.abc") + "#.._.._1_2"]


# Writing


def leftovers(folder):
    return [name for name in os.listdir(folder) if name.endswith(".tmp")]


@pytest.fixture
def unswept():
    _files._sweep.cache_clear()


WRITER = """
import os, sys, time
from sklearn_c2c._files import write_atomically
os.fsync = lambda descriptor: (print("writing", flush=True), time.sleep(60))
write_atomically(sys.argv[1], b"half")
"""


@posix
def test_what_a_killed_process_left_is_swept_and_what_one_writes_is_not(
    tmp_path, unswept
):
    target = tmp_path / "model"
    target.write_bytes(b"whole")
    mine = tmp_path / ".mine.tmp"
    mine.write_bytes(b"not ours")
    link = tmp_path / ".model.0123456789abcdef.tmp"
    link.symlink_to(mine)
    command = [sys.executable, "-c", WRITER, str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout.readline() == b"writing\n"
            write_atomically(tmp_path / "other", b"1")
            assert len(leftovers(tmp_path)) == 3  # its writer is still running
        finally:
            writer.send_signal(signal.SIGKILL)
    assert target.read_bytes() == b"whole"
    _files._sweep.cache_clear()
    write_atomically(tmp_path / "other", b"2")
    assert sorted(leftovers(tmp_path)) == sorted([".mine.tmp", link.name])
    assert mine.read_bytes() == b"not ours"


@posix
def test_a_file_swept_before_it_was_locked_is_made_anew(tmp_path, monkeypatch):
    lock, swept = _files._lock, []

    def sweep_first(descriptor):
        if not swept:
            swept.append(descriptor)
            (name,) = leftovers(tmp_path)
            _files._remove_unlocked(tmp_path / name)
        return lock(descriptor)

    monkeypatch.setattr(_files, "_lock", sweep_first)
    write_atomically(tmp_path / "model", b"whole")
    assert os.listdir(tmp_path) == ["model"]
    assert swept


@pytest.mark.parametrize("sync", [True, False])
def test_the_folder_is_synced_after_the_name(tmp_path, monkeypatch, sync):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(
        os, "fsync", lambda fd: done.append(os.fstat(fd).st_mode >> 12) or fsync(fd)
    )
    monkeypatch.setattr(os, "replace", lambda *a: done.append("name") or replace(*a))
    write_atomically(tmp_path / "model", b"whole", sync=sync)
    assert (tmp_path / "model").read_bytes() == b"whole"
    folders = [4] if os.name == "posix" else []
    assert done == ([8, "name", *folders] if sync else ["name"])


@pytest.mark.parametrize("name", ["replace", "fsync"])
def test_nothing_is_left_of_what_could_not_be_written(tmp_path, monkeypatch, name):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, name, fail)
    with pytest.raises(OSError, match="No space"):
        write_atomically(tmp_path / "model", b"whole")
    assert os.listdir(tmp_path) == []


def test_without_locks_nothing_is_swept(tmp_path, monkeypatch, unswept):
    monkeypatch.setattr(_files, "fcntl", None)
    left = tmp_path / ".model.0123456789abcdef.tmp"
    left.write_bytes(b"")
    write_atomically(tmp_path / "model", b"whole")
    assert sorted(os.listdir(tmp_path)) == [left.name, "model"]


def test_a_tune_written_is_there(tmp_path):
    write_melody([60, 62], tmp_path / "a.abc", steps_per_quarter=1)
    assert os.listdir(tmp_path) == ["a.abc"]
