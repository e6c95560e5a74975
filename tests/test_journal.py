"""The journal: no result is lost, no task run twice, no file damaged."""

import contextlib
import json
import os
import random
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import BrokenExecutor
from functools import partial
from types import SimpleNamespace

import joblib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sklearn_c2c import journal
from tests.deaths import calls, die_always, die_once, noted

TASKS = [{"x": x} for x in range(6)]
SQUARES = [0, 1, 4, 9, 16, 25]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "calls"


# ------------------------------------------------------------------ results


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_results_are_in_the_order_of_the_tasks(path, backend, n_jobs):
    with joblib.parallel_config(backend=backend):
        powers = [{"base": 7, "exp": e} for e in (3, 1, 2)]
        assert journal.run(pow, powers, path, n_jobs=n_jobs) == [343, 7, 49]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert sorted(line["result"] for line in lines) == [7, 49, 343]
    assert all(line["key"] == "" and line["task"]["base"] == 7 for line in lines)


def test_no_tasks_no_results_and_no_journal_if_none_is_asked_for(path, tmp_path):
    assert journal.run(pow, [], path) == []
    assert path.read_bytes() == b""
    assert journal.run(pow, [{"base": 2, "exp": 2}]) == [4]
    assert list(tmp_path.iterdir()) == [path]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=10,
)


@given(JSON)
@settings(max_examples=50)
def test_what_was_journalled_is_what_was_returned(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("any") / "journal"
    first = journal.run(dict, [{"value": value}], path)
    assert repr(first) == repr([{"value": value}])  # repr: -0.0, NaN, every last bit
    assert repr(journal.run(None, [{"value": value}], path)) == repr(first)


def when_journalled(path, x):
    """Wait until the result of the task before, if there is one, is on disk."""
    deadline = time.monotonic() + 60
    while x and f'{{"x": {x - 1}}}' not in path.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.001)
    return x * x


def test_a_result_is_on_disk_before_others_are_there(path):
    with joblib.parallel_config(backend="threading"):
        results = journal.run(partial(when_journalled, path), TASKS, path, n_jobs=2)
    assert results == SQUARES


def test_each_result_is_synced_to_the_disk_when_it_is_whole(path, monkeypatch):
    synced = []

    def fsync(descriptor):
        synced.append(path.read_bytes())

    monkeypatch.setattr(journal.os, "fsync", fsync)
    journal.run(dict, TASKS[:3], path)
    whole = path.read_bytes().splitlines(keepends=True)
    assert [lines for lines in synced if lines] == [
        b"".join(whole[:n]) for n in (1, 2, 3)
    ]


def test_a_line_as_earlier_releases_wrote_it_is_read(path):
    line = (
        b'{"key": "k", "task": {"base": 2, "exp": 3}, "result": 8, '
        b'"checksum": "ec827d703165f6c8"}\n'
    )
    task = {"base": 2, "exp": 3}
    path.write_bytes(line)
    assert journal.run(None, [task], path, key="k") == [8]
    path.unlink()
    journal.run(pow, [task], path, key="k")
    assert path.read_bytes() == line


def test_finished_tasks_are_not_run_again(path, file):
    function = partial(noted, file)
    assert journal.run(function, TASKS[:3], path) == SQUARES[:3]
    assert journal.run(function, TASKS[::-1] + TASKS, path) == SQUARES[::-1] + SQUARES
    assert calls(file) == [0, 1, 2, 3, 4, 5]


def test_lines_with_another_key_stay_and_are_not_used(path):
    def run(key, function):
        return journal.run(function, [{"a": 1}], path, key=key)

    assert run("first", dict) == [{"a": 1}]
    assert run("second", lambda a: "other") == ["other"]
    assert run("first", None) == [{"a": 1}]
    assert len(path.read_text().splitlines()) == 2


def test_a_task_is_the_same_whatever_the_order_of_its_items(path):
    journal.run(dict, [{"a": 1, "b": 2}], path)
    assert journal.run(None, [{"b": 2, "a": 1}], path) == [{"a": 1, "b": 2}]


@pytest.mark.parametrize("tasks", [[{"a": {1, 2}}], [{"a": b"bytes"}]])
def test_tasks_that_json_does_not_know(path, tasks):
    with pytest.raises(TypeError, match="strings, numbers, booleans"):
        journal.run(dict, tasks, path)
    assert not path.exists()


def test_a_result_that_json_does_not_know(path):
    with pytest.raises(TypeError, match=r"got .*complex|got .*1j"):
        journal.run(lambda a: 1j if a else 0, [{"a": 0}, {"a": 1}], path)
    assert journal.run(None, [{"a": 0}], path) == [0]


def test_what_finished_before_an_error_is_kept(path, file):
    with pytest.raises(ZeroDivisionError):
        journal.run(lambda a: 1 / a, [{"a": a} for a in (4, 2, 0, 1)], path)
    assert journal.run(None, [{"a": 4}, {"a": 2}], path) == [0.25, 0.5]


def test_verbose_names_what_is_finished(capsys):
    journal.run(pow, [{"base": 2, "exp": e} for e in (1, 2)], verbose=True)
    assert capsys.readouterr().err.splitlines() == [
        'Finished {"base": 2, "exp": 1}, 1 to go',
        'Finished {"base": 2, "exp": 2}, 0 to go',
    ]


# -------------------------------------------------------------------- files


def test_a_line_cut_short_anywhere_is_mended(path, file):
    journal.run(partial(noted, file), TASKS[:3], path)
    whole = path.read_bytes()
    start = whole[:-1].rfind(b"\n") + 1
    for end in range(start, len(whole)):
        path.write_bytes(whole[:end])
        file.unlink()
        says = pytest.warns(UserWarning, match=r"from line 3 on, which were")
        with says if end > start else contextlib.nullcontext():
            assert journal.run(partial(noted, file), TASKS[:3], path) == SQUARES[:3]
        assert calls(file) == [2]
        assert path.read_bytes() == whole


@pytest.fixture
def journalled(path):
    """A journal of three lines."""
    journal.run(dict, [{"x": "a\nb"}, {"x": 1.5}, {"x": [True, None]}], path)
    return path.read_bytes()


def mended(path, content):
    """Results from a journal with this content, which must return all that it held.

    Missing results are computed. None if it is refused; then it is not changed.
    """
    path.write_bytes(content)
    tasks = [{"x": "a\nb"}, {"x": 1.5}, {"x": [True, None]}]
    again = []
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            results = journal.run(lambda x: again.append(x) or {"x": x}, tasks, path)
        except ValueError as error:
            assert "is not a journal" in str(error) or "Line " in str(error)
            assert path.read_bytes() == content
            return None
    assert results == tasks
    return len(said), len(again) > 0


def test_no_flipped_bit_gives_another_result(path, journalled):
    n_lines_before_the_last = journalled[:-1].rfind(b"\n") + 1
    for position in range(len(journalled)):
        content = bytearray(journalled)
        content[position] ^= 1 << position % 8
        is_last = position >= n_lines_before_the_last
        assert mended(path, content) in ([None, (1, True)] if is_last else [None])


@pytest.mark.parametrize("n_more", [0, 4096])
def test_zeros_at_the_end_are_removed(path, journalled, n_more):
    for n_kept in range(0, len(journalled), 3):
        n_zeros = len(journalled) - n_kept + n_more
        assert mended(path, journalled[:n_kept] + bytes(n_zeros)) == (1, True)
    first, rest = journalled.split(b"\n", 1)
    zeroed = first + b"\n" + bytes(20) + b"\n" + bytes(5) + b"\n"
    assert mended(path, zeroed) == (1, True)
    assert mended(path, bytes(len(first)) + b"\n" + rest) is None


@given(st.data())
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
def test_no_damage_gives_another_result(path, journalled, data):
    content = bytearray(journalled)
    start = data.draw(st.integers(0, len(content)))
    stop = data.draw(st.integers(start, min(len(content), start + 200)))
    # Bytes of the journal itself give lines that are nearly valid.
    own = st.integers(0, len(content)).map(lambda i: journalled[i : i + 150])
    content[start:stop] = data.draw(st.binary(max_size=80) | own)
    mended(path, content)


def test_the_line_that_is_damaged_is_named_and_can_be_removed(path, journalled):
    lines = journalled.splitlines(keepends=True)
    content = lines[0] + lines[1].replace(b"1.5", b"2.5") + lines[2]
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"Line 2 of the journal .* Remove the line"):
        journal.run(None, [{"x": 1.5}], path)
    path.write_bytes(lines[0] + lines[2])
    assert journal.run(dict, [{"x": 1.5}], path) == [{"x": 1.5}]


def test_an_end_that_no_journal_has_is_refused_and_not_touched(path, journalled):
    path.write_bytes(journalled + b"my notes")
    with pytest.raises(ValueError, match=r"of the journal .* is damaged"):
        journal.run(None, [{"x": 1.5}], path)
    assert path.read_bytes() == journalled + b"my notes"


def test_lines_without_checksums_are_not_believed(path):
    line = b'{"key": "", "task": {"x": 2}, "result": {"a": 1, "checksum": "0"}}\n'
    path.write_bytes(line)
    with pytest.raises(ValueError, match="of an earlier version; start a new journal"):
        journal.run(dict, [{"x": 2}], path)
    assert path.read_bytes() == line


def test_a_line_of_endless_nesting_is_no_entry(path):
    path.write_bytes(b'{"key": "", "task": {}, "result": ' + b"[" * 200_000 + b"\n")
    with pytest.raises(ValueError, match="Line 1 of the journal"):
        journal.run(dict, [{"x": 1}], path)


def test_the_folder_is_synced_when_a_journal_is_made(path, monkeypatch):
    synced = []
    monkeypatch.setattr(journal, "sync_folder", lambda folder: synced.append(folder))
    journal.run(dict, [{"x": 1}], path)
    assert synced == [str(path.parent)]


@pytest.mark.parametrize(
    "content",
    [
        b"X:1\nT:My only copy\nK:D\nDEFG|\n",
        b"a line without an end",
        b'{"key": "", "task": {}}\n',
        b'{"key": "", "task": {}, "result": 1}\nnotes\n{"key": ',
        b"[1, 2]\n",
        b"\x00\xff",
    ],
)
def test_a_file_of_another_kind_is_refused_and_not_touched(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"is not a journal|Line [12] of the journal"):
        journal.run(pow, [{"base": 1, "exp": 1}], path)
    assert path.read_bytes() == content


def nested(path, x):
    return journal.run(pow, [{"base": x, "exp": 2}], path)


def test_two_runs_cannot_share_a_journal(path):
    with pytest.raises(BlockingIOError, match="in use by another run"):
        journal.run(partial(nested, path), [{"x": 3}], path)
    assert journal.run(partial(nested, None), [{"x": 3}], path) == [[9]]


def test_a_lock_that_is_held_for_a_moment_is_waited_for(path):
    fcntl = pytest.importorskip("fcntl")
    other = path.open("ab")  # as a worker has it that is about to start its program
    fcntl.flock(other, fcntl.LOCK_EX)
    timer = threading.Timer(0.2, other.close)
    timer.start()
    assert journal.run(pow, [{"base": 2, "exp": 2}], path) == [4]
    assert other.closed
    timer.join()


def test_the_lock_where_there_is_no_fcntl(path, monkeypatch):
    locked = set()

    def locking(descriptor, mode, n_bytes):
        assert (mode, n_bytes) == ("no wait", 1)
        assert 2**30 < os.lseek(descriptor, 0, os.SEEK_CUR) < 2**31
        if locked:
            raise PermissionError(13, "Permission denied")
        locked.add(descriptor)

    windows = SimpleNamespace(LK_NBLCK="no wait", locking=locking)
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", windows)
    with pytest.raises(BlockingIOError, match="in use by another run"):
        journal.run(partial(nested, path), [{"x": 3}], path)
    locked.clear()
    assert journal.run(pow, [{"base": 2, "exp": 2}], path) == [4]
    assert path.stat().st_size < 100


# ------------------------------------------------------------------- deaths


@pytest.mark.integration
def test_a_worker_that_dies_is_replaced(path, file):
    assert journal.run(partial(die_once, file), TASKS, path, n_jobs=2) == SQUARES
    assert calls(file).count(2) == 2
    assert journal.run(None, TASKS, path) == SQUARES


@pytest.mark.integration
def test_a_task_that_ends_its_workers_is_named_when_all_others_are_done(path, file):
    with pytest.raises(RuntimeError, match=r'The worker of the task {"x": 2} dies'):
        journal.run(partial(die_always, file), TASKS, path, n_jobs=2)
    others = [task for task in TASKS if task["x"] != 2]
    assert journal.run(None, others, path) == [0, 1, 9, 16, 25]
    # At worst it ends every run of all tasks before another task is done, which is then
    # run alone; three more deaths in a row are its own.
    assert 3 <= calls(file).count(2) <= len(others) + 3


def test_what_dies_together_with_a_deadly_task_is_done(path, monkeypatch):
    started = []

    def start(n_jobs, function, tasks, running):
        started.append(len(tasks))
        running.extend(tasks)
        if TASKS[5] in tasks.values():
            raise BrokenExecutor
        for text, task in tasks.items():
            yield text, function(**task)

    monkeypatch.setattr(journal, "_in_parallel", start)
    with pytest.raises(RuntimeError, match=r'The worker of the task {"x": 5} dies'):
        journal.run(dict, TASKS, path)
    assert journal.run(None, TASKS[:5], path) == TASKS[:5]
    # All tasks die; the deadly one, run alone, dies twice more and is left out.
    assert started == [6, 1, 1, 5]


@pytest.mark.parametrize(
    ("n_finished", "given"), [(2, [6, 4]), (1, [6, 5]), (0, [6, 1, 5])]
)
def test_tasks_run_alone_only_while_nothing_finishes(monkeypatch, n_finished, given):
    started = []

    def start(n_jobs, function, tasks, running):
        started.append(len(tasks))
        running.extend(tasks)
        for n_before, (text, task) in enumerate(tasks.items()):
            if len(started) == 1 and n_before == n_finished:
                raise BrokenExecutor
            yield text, function(**task)

    monkeypatch.setattr(journal, "_in_parallel", start)
    assert journal.run(dict, TASKS) == TASKS
    assert started == given


PROGRAM = """
import os, sys, time
from functools import partial
import joblib
from sklearn_c2c import journal

def noted(file, x):
    time.sleep(0.02)
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, b"%d\\n" % x)
    os.close(descriptor)
    return x * x

path, file, n_jobs = sys.argv[1:]
tasks = [{"x": x} for x in range(24)]
# Workers whose parent was killed leave soon, and not after five minutes.
with joblib.parallel_config("loky", n_jobs=int(n_jobs), idle_worker_timeout=2):
    print(journal.run(partial(noted, file), tasks, path))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL")
@pytest.mark.integration
@pytest.mark.parametrize("n_jobs, n_kills", [(1, 4), (2, 2)])
def test_killed_at_any_moment_it_goes_on(path, file, n_jobs, n_kills):
    command = [sys.executable, "-c", PROGRAM, path, file, str(n_jobs)]
    rng, n_killed = random.Random(0), 0
    for _ in range(n_kills):
        n_calls = len(calls(file)) + rng.randrange(1, 6)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while len(calls(file)) < n_calls and process.poll() is None:
            time.sleep(0.001)
        process.kill()
        n_killed += process.wait() != 0
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [x * x for x in range(24)]
    assert set(calls(file)) == set(range(24))
    # For each worker the running task and, with processes, one that had just ended.
    allowed = n_killed * (1 if n_jobs == 1 else 2 * n_jobs)
    assert len(calls(file)) <= 24 + allowed
