"""Many inputs in processes monitored for time, memory and exit."""

import multiprocessing
import resource
import time
import traceback
from collections import Counter
from typing import NamedTuple

from tests.fuzz.judge import judge, made

MOST_SECONDS = 2.0
MOST_BYTES = 512 * 2**20


class Find(NamedTuple):
    """An input that caused a fault."""

    suffix: str
    seed: int
    number: int
    fault: str  # the last line of the traceback, or what was exceeded
    where: str  # the place in the code, if there is one


class Outcome(NamedTuple):
    """Outcomes of the inputs of one format."""

    n_inputs: int
    n_results: int
    slowest: float  # seconds of processor time
    finds: list[Find]


def run(suffix, seed, numbers, judge=judge):
    """Judge inputs in another process, and start a new one after each that ends it.

    Parameters
    ----------
    suffix : str
    seed : int
    numbers : range
    judge : callable, default=judge
        ``(suffix, data)`` to a `Judged`; an error that it raises is a find.

    Returns
    -------
    Outcome
    """
    n_results, slowest, finds = 0, 0.0, []
    position = numbers.start
    while position < numbers.stop:
        here, there = multiprocessing.Pipe()
        rest = range(position, numbers.stop)
        task = (there, suffix, seed, rest, judge)
        worker = multiprocessing.Process(target=_work, args=task)
        worker.start()
        there.close()
        here.recv()  # has started
        while position < numbers.stop:
            if not here.poll(10 * MOST_SECONDS):
                worker.kill()
                finds.append(Find(suffix, seed, position, "hangs", ""))
                position += 1
                break
            try:
                n_read, seconds, find = here.recv()
            except EOFError:
                worker.join()
                fault = f"ends the process with code {worker.exitcode}"
                finds.append(Find(suffix, seed, position, fault, ""))
                position += 1
                break
            n_results += n_read
            slowest = max(slowest, seconds)
            finds += [find] if find else []
            position += 1
        worker.join(1)
        here.close()
    return Outcome(len(numbers), n_results, slowest, finds)


def _work(pipe, suffix, seed, numbers, judge):
    # Imported when a first melody is written, outside the time of that input.
    import music21  # noqa: F401

    resource.setrlimit(resource.RLIMIT_AS, (_size() + MOST_BYTES,) * 2)
    pipe.send("started")
    for number in numbers:
        data = made(suffix, seed, number)
        begun = time.process_time()
        n_results, seconds, find = 0, 0.0, None
        try:
            n_results, seconds = judge(suffix, data)
        except BaseException as error:
            fault = traceback.format_exception_only(error)[-1].strip()[:200]
            where = _place(error)
            find = Find(suffix, seed, number, fault, where)
            seconds = time.process_time() - begun
        if find is None and seconds > MOST_SECONDS:
            find = Find(suffix, seed, number, f"takes {seconds:.1f} s", "")
        pipe.send((n_results, seconds, find))


def _size():
    """Bytes of address space that this process has before it reads an input."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _place(error):
    """The last line of a traceback that is in this package."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "sklearn_c2c" in f.filename] or frames
    return f"{ours[-1].filename.rsplit('/', 1)[-1]}:{ours[-1].lineno}" if ours else ""


def kinds(finds):
    """Finds by fault and place: how many, and the first of each.

    Returns
    -------
    list of (int, Find)
        The most frequent first.
    """
    counts, first = Counter(), {}
    for find in finds:
        fault = find.fault.split(":")[0]
        key = find.suffix, fault, find.where
        counts[key] += 1
        first.setdefault(key, find)
    return [(n, first[key]) for key, n in counts.most_common()]
