"""Run a function over many tasks, and save each result as soon as it is finished.

A journal is a file with one line for each finished task, a JSON object with a checksum.
After Ctrl-C, ``kill -9`` or a power cut, a run continues when it is started again, also
with another backend or on another machine.
"""

import hashlib
import json
import os
import sys
import time
import warnings
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager, suppress
from functools import partial

from joblib import Parallel, delayed
from joblib.parallel import get_active_backend

from sklearn_c2c._files import sync_folder

__all__ = ["run"]

# Worker deaths after which a task that runs alone is given up.
_DEATHS_ALONE = 2

# Start of every line, by which a journal is recognised.
_START = b'{"key": '

# End of every line, with the checksum of all bytes before it. Lines of earlier versions
# have no checksum.
_CHECKSUM, _END = b', "checksum": "', b'"}'
_CHECKSUM_DIGITS = 16

# Attempts to lock a journal, and seconds between two of them.
_LOCK_ATTEMPTS, _LOCK_PAUSE = 20, 0.05

# Position of the locked byte on Windows, where locked bytes cannot be written.
_FAR_BEYOND_THE_END = 2**31 - 2


def run(function, tasks, path=None, *, n_jobs=None, key="", verbose=False):
    """Call a function for each task, in parallel, and write the results to a journal.

    Each result is written to the disk at once, and a task that is in the journal is not
    run again. If a worker process dies, usually for lack of memory, the unfinished
    tasks are run by new workers.

    Parameters
    ----------
    function : callable
        Called with the items of a task as keyword arguments. Bind arguments that all
        tasks share, such as the data, with `functools.partial`.
    tasks : list of dict
        Keyword arguments: strings, numbers, booleans, None, and lists and dicts of
        these. Equal tasks are run once.
    path : str or path-like, default=None
        The journal. It is created if it does not exist. None saves nothing.
    n_jobs : int, default=None
        Number of parallel tasks. None means 1 unless `joblib.parallel_config` sets it;
        that also sets the backend. Dask uses all its workers.
    key : str, default=""
        Identifies everything the results depend on beside the tasks: function, data,
        settings, version. Lines with another key are kept in the journal and not used.
    verbose : bool, default=False
        Whether to write a line to stderr for each finished task.

    Returns
    -------
    results : list
        In the order of `tasks`, after a round trip through JSON: tuples are lists, and
        floats keep all bits.

    Raises
    ------
    TypeError
        If a task or a result cannot be written as JSON.
    ValueError
        If `path` is a file of another kind, or a line of the journal is damaged. The
        message names the line.
    BlockingIOError
        If another run uses the journal.
    RuntimeError
        If the worker of a task dies repeatedly, also when the task runs alone.
    Exception
        Exceptions of the function. The journal keeps all finished tasks in every case.

    Notes
    -----
    Only the calling process writes, so workers may be on other machines. After a kill
    only the tasks that were running are run again. An incomplete line at the end of the
    file, or one that a power cut left as zeros, is removed with a warning, and its task
    is run again; a changed byte anywhere else is an error. The backend
    ``"multiprocessing"`` waits forever for a worker that has died; prefer ``"loky"``.

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
    """Yield text and result of each task, and run tasks again if workers die.

    After a worker dies, the tasks it may have been running are retried last. If no
    other task finishes any more, they are run one at a time to identify the culprit,
    which is given up, and named in an error after all others have finished.
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
            f"The worker of the task {text} dies repeatedly, usually for lack of "
            "memory. The finished tasks are in the journal, if there is one."
        ) from death


def _in_parallel(n_jobs, function, tasks, running):
    """Yield results as they finish; `running` lists the tasks given to workers."""

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
    """Yield results as they finish; at the end `running` lists the tasks given up.

    This uses Dask's client, since joblib waits forever for tasks that Dask has given
    up, and runs tasks in the calling process if a single worker is left.
    """
    from distributed import KilledWorker, as_completed

    submit = partial(backend.client.submit, pure=False, **backend.submit_kwargs)
    # The result of a task is computed again if its worker dies; scattered data is lost.
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
    """Exceptions that mean that a worker has died."""
    distributed = sys.modules.get("distributed")
    return BrokenExecutor, *([distributed.KilledWorker] if distributed else [])


@contextmanager
def _opened(path):
    """Open the journal, locked until the end of the block or of the process."""
    if path is None:
        yield None
        return
    with open(path, "a+b") as file:
        try:
            _lock_soon(file.fileno())
        except (BlockingIOError, PermissionError) as error:
            raise BlockingIOError(
                f"The journal {path} is in use by another run, or by workers of an "
                "earlier one; end them, or choose another path."
            ) from error
        sync_folder(os.path.dirname(os.path.abspath(path)))
        yield file


def _lock_soon(descriptor):
    """Lock a file, with a few attempts.

    A new worker process is forked with the open files of its parent, and with them it
    has the lock of a run that ends meanwhile, until it starts its program.
    """
    for _ in range(_LOCK_ATTEMPTS - 1):
        with suppress(BlockingIOError, PermissionError):
            return _lock(descriptor)
        time.sleep(_LOCK_PAUSE)
    _lock(descriptor)


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
    """Results by the text of their task; an incomplete end of the file is removed."""
    file.seek(0)
    content = file.read()
    *lines, torn = content.split(b"\n")
    entries = [_entry(line) for line in lines]
    while entries and entries[-1] is None and b"\0" in lines[len(entries) - 1]:
        entries.pop()  # a power cut can leave several lines as zeros
    _check_lines(file.name, [*lines, torn], entries)
    end = sum(len(line) + 1 for line in lines[: len(entries)])
    if end < len(content):
        warnings.warn(
            f"Removed the end of the journal {file.name}, {len(content) - end} bytes "
            f"from line {len(entries) + 1} on, which were written incompletely. Their "
            "tasks are run again.",
            stacklevel=3,
        )
        file.truncate(end)
        os.fsync(file.fileno())
    return {_text(e["task"]): e["result"] for e in entries if e["key"] == key}


def _entry(line):
    """Parse a line; None if it is damaged or not an entry of a journal."""
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
    """Complete a line by the checksum of its start."""
    digest = hashlib.sha256(start).hexdigest()[:_CHECKSUM_DIGITS]
    return start + _CHECKSUM + digest.encode() + _END


def _check_lines(name, lines, entries):
    """Reject other files, and journals that are damaged elsewhere than at the end."""
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
            f"{lines[faulty[0]][:60]!r}. Remove the line to run its task again, or "
            "restore the journal from a backup. Lines without a checksum are those of "
            "an earlier version; start a new journal then."
        )


def _is_begun(line):
    """Whether a line starts as one of a journal, possibly cut or followed by zeros."""
    written = line.rstrip(b"\0")
    return written.startswith(_START[: len(written)])


def _kept(entry, file):
    """Write an entry to the file, if there is one; return its result from JSON."""
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
