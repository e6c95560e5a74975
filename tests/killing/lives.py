"""Lives of jobs: each is killed several times, and judged after every kill."""

import multiprocessing
import os
import random
import signal
import tempfile
import time
from collections import Counter
from functools import partial
from itertools import cycle
from pathlib import Path

from sklearn_c2c import _files
from tests.killing.jobs import JOBS

_BEGUN = "begun"
_MOST_KILLS = 9  # of a life
_MOST_STEPS = 3  # of a job, from its start to its kill: a line is printed after each
_LONGEST_STEP = 1.0  # seconds
_WHILE_WRITING = 0.5  # share of the kills; the others come at any moment
_LONGEST_WRITE = 0.004  # seconds from its beginning in which a kill is tried

# Forks jobs from a process that has loaded what they need: they are at work at once.
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.killing.warm"])


def live(kind, rng, n_kills):
    """Kill a job at most `n_kills` times, then let it end; judge it.

    Parameters
    ----------
    kind : str
        Of `JOBS`.
    rng : random.Random
        Source of the moments.
    n_kills : int

    Returns
    -------
    counts : Counter
        Of ``"lives"``, ``"kills"``, and of those ``"writing"``: when a temporary file
        was left behind.
    fault : str
        Empty, if there is none.
    """
    counts = Counter(lives=1)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home, "job")
        folder.mkdir()
        job = JOBS[kind](folder, rng.choice(JOBS[kind].variants))
        try:
            code, left = -signal.SIGKILL, set()
            while code and counts["kills"] < n_kills:
                said, code = _run(job, partial(_kill, job, rng))
                assert code in (0, -signal.SIGKILL), f"ended by {code}: {said[-3:]}"
                before, left = left, leftovers(folder)
                # Each is removed by the next process that writes to its folder.
                folders = {path.parent for path in left}
                assert len(left) == len(folders), f"left over: {left}"
                counts["kills"] += code != 0
                counts["writing"] += len(left - before)
                job.check(_promises(said))
            if code:
                said, code = _run(job)
                assert code == 0, f"ended by {code}: {said[-3:]}"
            assert not leftovers(folder), f"left over: {leftovers(folder)}"
            job.check(_promises(said))
            job.check_end(said)
        except Exception as error:  # a damaged file may raise any error
            return counts, f"{type(error).__name__}: {error}"
    return counts, ""


def leftovers(folder):
    """Temporary files in a job's folders."""
    places = [folder, folder / "tunes", folder / "cache"]
    return {
        place / name
        for place in places
        if place.is_dir()
        for name in os.listdir(place)
        if _files._TEMPORARY.fullmatch(name)
    }


def _promises(said):
    return said[said.index(_BEGUN) + 1 :] if _BEGUN in said else []


def _run(job, meanwhile=None):
    """Run a job in a process of its own.

    Parameters
    ----------
    job : Job
    meanwhile : callable, default=None
        Called with the process.

    Returns
    -------
    said : list of str
        The lines that it wrote.
    code : int
        Exit code.
    """
    written = job.folder.with_name("said")
    written.write_bytes(b"")
    process = _SERVER.Process(target=_work, args=(job, written))
    process.start()
    if meanwhile:
        meanwhile(process)
    process.join()
    return written.read_text().splitlines(), process.exitcode


def _work(job, written):
    """Do a job, in the process that is killed."""
    os.setsid()  # to be killed together with the processes that it starts
    descriptor = os.open(written, os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.environ["SKLEARN_C2C_CACHE"] = str(job.folder / "cache")
    os.environ["OMP_NUM_THREADS"] = "1"  # the bits are those of any number of threads
    print(_BEGUN, flush=True)
    job.work()


def _kill(job, rng, process):
    """Kill a job's process at some moment, once in two when it has begun to write.

    Its child processes are killed with it or, once in two, are left running.
    """
    begun, n_steps = time.monotonic(), rng.randrange(_MOST_STEPS)
    while _n_lines(job) <= n_steps and process.is_alive():
        time.sleep(0.001)
    step = (time.monotonic() - begun) / (n_steps + 1)
    process.join(rng.uniform(0, min(step, _LONGEST_STEP)))
    if rng.random() < _WHILE_WRITING:
        before = _traces(job.folder)
        while _traces(job.folder) == before and process.is_alive():
            time.sleep(0.0001)
        time.sleep(rng.choice([0, rng.uniform(0, _LONGEST_WRITE)]))
    if process.is_alive():
        if rng.random() < 0.5:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _n_lines(job):
    return job.folder.with_name("said").read_bytes().count(b"\n")


def _traces(folder):
    """State that changes when a job begins to write."""
    sizes = [path.stat().st_size for path in folder.glob("*.jsonl")]
    return sorted(leftovers(folder)), sizes


# --------------------------------------------------------------------- campaigns


def campaign(n_kills, seed=0):
    """Kill jobs of all kinds in turn.

    Parameters
    ----------
    n_kills : int
    seed : int
        The same seed gives the same lives, up to the timing of the machine.

    Yields
    ------
    kind : str
    counts : Counter
        Of a life, see `live`.
    fault : str
    """
    for number, kind in enumerate(cycle(JOBS)):
        if not n_kills:
            return
        rng = random.Random(f"{kind} {seed} {number}")
        most = min(n_kills, rng.randint(1, _MOST_KILLS))
        counts, fault = live(kind, rng, most)
        n_kills -= counts["kills"]
        yield kind, counts, fault
