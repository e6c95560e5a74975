"""Reading ABC tunes, in one process and in two, from cold and from the cache."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from tests.benchmarks.tables import table

TITLE = "Reading tunes"

_N_ROUNDS = 5
_COLLECTIONS = "oneills1850", "ryansMammoth", "airdsAirs"
_READ = """
import sys, time
import sklearn.utils
from sklearn_c2c.io import read_melodies
start = time.perf_counter()
read = read_melodies(sys.argv[1], n_jobs=int(sys.argv[2]))
print(time.perf_counter() - start, len(read.data) + len(read.rejected))
"""
_N_JOBS = {"one process": 1, "two processes": 2}
_CACHED = "from the cache"


def add_options(parser):
    """Number of tunes."""
    parser.add_argument("--tunes", type=int, default=3000)


def measure(options):
    """Read in fresh interpreters, in turn, each with an empty cache and once more."""
    seconds = {name: [] for name in (*_N_JOBS, _CACHED)}
    with tempfile.TemporaryDirectory() as folder:
        _copy_tunes(Path(folder), options.tunes)
        for _ in range(options.rounds or _N_ROUNDS):
            for name, n_jobs in _N_JOBS.items():
                with tempfile.TemporaryDirectory() as cache:
                    cold, n_tunes = _read(folder, n_jobs, cache)
                    again, _ = _read(folder, n_jobs, cache)
                seconds[name].append(cold)
                seconds[_CACHED].append(again)
    yield {"case": f"{n_tunes:,} tunes", "seconds": seconds}


def _copy_tunes(folder, n_tunes):
    """Copy the first tunes of the collections, as files of 1 to 200 tunes each."""
    import music21

    corpus = Path(music21.__file__).parent / "corpus"
    for collection in _COLLECTIONS:
        for path in sorted((corpus / collection).glob("*.abc")):
            head, *tunes = path.read_text("latin-1").split("\nX:")
            tunes = ([head] if head.startswith("X:") else []) + [
                f"X:{tune}" for tune in tunes
            ]
            text = "\n".join(tunes[:n_tunes])
            (folder / f"{collection} {path.name}").write_text(text, "latin-1")
            n_tunes -= len(tunes[:n_tunes])
            if not n_tunes:
                return


def _read(folder, n_jobs, cache):
    """Time of one read in a fresh interpreter, and the number of tunes it found."""
    done = subprocess.run(
        [sys.executable, "-c", _READ, folder, str(n_jobs)],
        env=os.environ | {"SKLEARN_C2C_CACHE": cache},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    duration, n_tunes = done.stdout.split()
    return float(duration), int(n_tunes)


def report(records):
    """Seconds, and the speed relative to one process."""
    record = records[-1]
    medians = {name: median(found) for name, found in record["seconds"].items()}
    one = next(iter(medians.values()))
    rows = [
        [
            name,
            f"{seconds:.2f} ({min(found):.2f}-{max(found):.2f})",
            f"{one / seconds:.2f}",
        ]
        for (name, seconds), found in zip(
            medians.items(), record["seconds"].values(), strict=True
        )
    ]
    return (
        f"`read_melodies` on {record['case']} of O'Neill's, Ryan's and Aird's "
        "collections as music21 brings them. Each run is a fresh interpreter; its "
        "imports before reading are not counted, the processes that it starts are. "
        "Medians, with the shortest and longest. Two processes are not twice as fast: "
        "one alone finds and chooses, and the other first has to start, and then waits "
        "for work while the first holds Python's lock.\n\n"
        + table(["", "s", "times as fast as one"], rows)
    )
