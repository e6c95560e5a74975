"""Run a function over many tasks and keep each result as soon as it is there.

A journal is a file of lines, one JSON object for each finished task, with a checksum.
Whoever starts the same run again goes on where it stopped: after Ctrl-C, ``kill -9`` or
a power cut, with another backend or on another machine.
"""

import hashlib
import json
import os
import sys
import warnings
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from functools import partial

from joblib import Parallel, delayed
from joblib.parallel import get_active_backend

from sklearn_c2c._files import sync_folder

__all__ = ["run"]

# So often may a task end its worker while it is the only one that runs.
_DEATHS_ALONE = 2

# What every line begins with; tells a journal from any other file.
_START = b'{"key": '

# How lines end: the checksum is of all that stands before it. Lines of earlier versions
# have none.
_CHECKSUM, _END = b', "checksum": "', b'"}'
_CHECKSUM_DIGITS = 16

# The byte that is locked on Windows, where what is locked cannot be written.
_FAR_BEYOND_THE_END = 2**31 - 2


def run(function, tasks, path=None, *, n_jobs=None, key="", verbose=False):
    """Call a function for each task, in parallel, and journal the results.

    Each result is on the disk as soon as it is there, and a task found in the journal
    is not run again. If a worker process dies, as a rule for want of memory, whatever
    is not finished goes on in fresh workers.

    Parameters
    ----------
    function : callable
        Called with the items of a task as keyword arguments. Give it what all tasks
        share, such as the data, with `functools.partial`.
    tasks : list of dict
        Keyword arguments: strings, numbers, booleans, None, and lists and dicts of
        these. Equal tasks are run once.
    path : str or path-like, default=None
        The journal; made if there is none, otherwise continued. If None, nothing is
        kept.
    n_jobs : int, default=None
        Number of tasks that run at the same time. None means one, or what
        `joblib.parallel_config` says, as it does of the backend. Dask uses all its
        workers.
    key : str, default=""
        What the results depend on beside the tasks: function, data, settings, version.
        Lines with another key stay in the journal and are not used.
    verbose : bool, default=False
        Whether to name each finished task on the standard error stream.

    Returns
    -------
    results : list
        In the order of `tasks`, as JSON holds them: tuples are lists, floats are the
        same to the last bit.

    Raises
    ------
    TypeError
        If a task or a result is not made of what JSON knows.
    ValueError
        If `path` is a file of another kind, or a line of the journal is damaged. The
        message names the line.
    BlockingIOError
        If another run is using the journal.
    RuntimeError
        If a task ends its worker again and again, also when it runs alone.
    Exception
        Whatever the function raises. In every case the journal keeps what is finished.

    Notes
    -----
    Only the calling process writes, so workers may be on other machines. After a kill
    at most the tasks that were running are run again. A line that was cut short at the
    end of the file, or of which a power cut left zeros, is removed with a warning, and
    its task run again; a changed byte anywhere else is an error. With the backend
    ``"multiprocessing"`` a worker that dies is waited for in vain: prefer ``"loky"``.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn_c2c import journal
    >>> path = os.path.join(tempfile.mkdtemp(), "powers.jsonl")
    >>> journal.run(pow, [{"base": 2, "exp": 3}, {"base": 5, "exp": 2}], path)
    [8, 25]
    >>> print(open(path).read(), end="")
    {"key": "", "task": {"base": 2, "exp": 3}, "result": 8, "checksum": "..."}
    {"key": "", "task": {"base": 5, "exp": 2}, "result": 25, "checksum": "..."}
    """
    by_text = {_text(task): task for task in tasks}
    with _opened(path) as file:
        results = _finished_before(file, key) if file else {}
        left = {text: by_text[text] for text in by_text if text not in results}
        for n_done, (text, result) in enumerate(_run(function, left, n_jobs), start=1):
            entry = {"key": key, "task": by_text[text], "result": result}
            results[text] = _kept(entry, file)
            if verbose:
                n_left = len(left) - n_done
                print(f"Finished {text}, {n_left} to go", file=sys.stderr)
    return [results[_text(task)] for task in tasks]


def _run(function, tasks, n_jobs):
    """Yield text and result of each task, whatever workers die.

    After a death those that were running go to the end, as one of them may be to blame.
    When nothing finishes any more they run alone, which shows who is: that one is left
    out, and named when all others are done.
    """
    backend, _ = get_active_backend()
    if type(backend).__name__ == "DaskDistributedBackend":
        start = partial(_on_dask, backend)
    else:
        start = partial(_in_parallel, n_jobs)
    left, given_up = dict(tasks), {}
    n_in_vain = 0
    while left:
        together = list(left)[-1:] if n_in_vain else list(left)
        n_left, running = len(left), []
        try:
            for text, result in start(
                function, {t: left[t] for t in together}, running
            ):
                running.remove(text)
                del left[text]
                yield text, result
        except _deaths() as death:
            left |= {text: left.pop(text) for text in running}
            if n_in_vain == _DEATHS_ALONE:
                del left[together[0]]
                given_up[together[0]] = death
        n_in_vain = n_in_vain + 1 if len(left) == n_left else 0
    for text, death in given_up.items():
        raise RuntimeError(
            f"The task {text} ends its worker again and again; the usual cause is want "
            "of memory. What has finished is in the journal, if there is one."
        ) from death


def _in_parallel(n_jobs, function, tasks, running):
    """Yield results as they come; `running` lists the tasks that are with a worker."""

    def dispatched():
        for text, task in tasks.items():
            running.append(text)
            yield delayed(_call)(function, text, task)

    parallel = Parallel(
        n_jobs=n_jobs,
        return_as="generator_unordered",
        batch_size=1,
        pre_dispatch="n_jobs",
    )
    yield from parallel(dispatched())


def _on_dask(backend, function, tasks, running):
    """Yield results as they come; in the end `running` lists the tasks given up.

    Through Dask's own client: joblib waits for ever for what Dask has given up, and
    when a single worker is left it runs the tasks in the calling process.
    """
    from distributed import KilledWorker, as_completed

    submit = partial(backend.client.submit, pure=False, **backend.submit_kwargs)
    # The result of a task and not scattered data, which would die with its worker.
    shared = submit(_itself, function)
    futures = [submit(_call, shared, text, task) for text, task in tasks.items()]
    running.extend(tasks)
    death = None
    try:
        for future in as_completed(futures):
            try:
                result = future.result()
            except KilledWorker as error:
                death = error
            else:
                yield result
    finally:
        backend.client.cancel([shared, *futures])
    if death is not None:
        raise death


def _call(function, text, task):
    return text, function(**task)


def _itself(function):
    return function


def _deaths():
    """Errors that tell of workers that died."""
    distributed = sys.modules.get("distributed")
    return BrokenExecutor, *([distributed.KilledWorker] if distributed else [])


@contextmanager
def _opened(path):
    """The journal, locked until the end of the block or of the process."""
    if path is None:
        yield None
        return
    with open(path, "a+b") as file:
        try:
            _lock(file.fileno())
        except (BlockingIOError, PermissionError) as error:
            raise BlockingIOError(
                f"The journal {path} is in use by another run, or by workers that one "
                "left behind: end it, or choose another path."
            ) from error
        sync_folder(os.path.dirname(os.path.abspath(path)))
        yield file


def _lock(descriptor):
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:  # Windows
        from msvcrt import LK_NBLCK, locking

        os.lseek(descriptor, _FAR_BEYOND_THE_END, os.SEEK_SET)
        locking(descriptor, LK_NBLCK, 1)
    else:
        flock(descriptor, LOCK_EX | LOCK_NB)


def _finished_before(file, key):
    """Results by the text of their task; what was not written whole is removed."""
    file.seek(0)
    content = file.read()
    *lines, torn = content.split(b"\n")
    entries = [_entry(line) for line in lines]
    while entries and entries[-1] is None and b"\0" in lines[len(entries) - 1]:
        entries.pop()  # of several lines a power cut can leave zeros
    _check_lines(file.name, [*lines, torn], entries)
    end = sum(len(line) + 1 for line in lines[: len(entries)])
    if end < len(content):
        warnings.warn(
            f"Removed the end of the journal {file.name}, {len(content) - end} bytes "
            f"from line {len(entries) + 1} on: it was not written whole. What it held "
            "is run again.",
            stacklevel=3,
        )
        file.truncate(end)
        os.fsync(file.fileno())
    return {_text(e["task"]): e["result"] for e in entries if e["key"] == key}


def _entry(line):
    """What a line says, or None if it is damaged or says something else."""
    start = len(line) - len(_CHECKSUM) - _CHECKSUM_DIGITS - len(_END)
    if start < 0 or line != _checked(line[:start]):
        return None
    try:
        entry = json.loads((line[:start] + b"}").decode())
    except (ValueError, RecursionError):
        return None
    names = ["key", "task", "result"]
    return entry if isinstance(entry, dict) and list(entry) == names else None


def _checked(start):
    """A line, of all that stands before its checksum."""
    digest = hashlib.sha256(start).hexdigest()[:_CHECKSUM_DIGITS]
    return start + _CHECKSUM + digest.encode() + _END


def _check_lines(name, lines, entries):
    """Refuse other files, and journals of which not only the end is damaged."""
    if not any(entries) and not _is_begun(lines[0]):
        raise ValueError(
            f"{name} is not a journal: expected every line to be an object of key, "
            f"task and result, found {lines[0][:60]!r}. Choose another path."
        )
    left = lines[len(entries)]
    is_known = _is_begun(left) or b"\0" in left
    faulty = [i for i, entry in enumerate(entries) if entry is None]
    faulty += [] if is_known else [len(entries)]
    if faulty:
        raise ValueError(
            f"Line {faulty[0] + 1} of the journal {name} is damaged: expected an "
            f"object of key, task, result and the checksum of these, found "
            f"{lines[faulty[0]][:60]!r}. Remove the line, and its task is run again; "
            "or take the journal from a backup. Lines without a checksum are of an "
            "earlier version: begin a new journal."
        )


def _is_begun(line):
    """Whether a line was begun as one of a journal, and then only zeros follow."""
    written = line.rstrip(b"\0")
    return written.startswith(_START[: len(written)])


def _kept(entry, file):
    """The result as JSON holds it, written to the journal's file if there is one."""
    text = _text(entry, sort_keys=False)
    if file is not None:
        file.write(_checked(text.encode()[:-1]) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return json.loads(text)["result"]


def _text(value, *, sort_keys=True):
    try:
        return json.dumps(value, sort_keys=sort_keys)
    except (TypeError, ValueError) as error:
        raise TypeError(
            "Expected tasks and results of strings, numbers, booleans, None, lists and "
            f"dicts, got {value!r}: {error}."
        ) from error
