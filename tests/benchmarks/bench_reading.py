"""Reading 3,000 ABC tunes, in one process and in two, from cold and from the cache.

    python tests/benchmarks/bench_reading.py [--tunes 3000] [--rounds 7]

The first tunes of O'Neill's, Ryan's and Aird's collections as music21 brings them, a
folder of files with 1 to 200 tunes each. Each run is a fresh interpreter; what it
imports before it reads is not counted, the processes that it starts are. Runs take
turns, each cold one with an empty cache folder. Medians and their ratios are printed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

COLLECTIONS = "oneills1850", "ryansMammoth", "airdsAirs"
READ = """
import sys, time
import sklearn.utils
from sklearn_c2c.io import read_melodies
start = time.perf_counter()
read = read_melodies(sys.argv[1], n_jobs=int(sys.argv[2]))
print(time.perf_counter() - start, len(read.data) + len(read.rejected))
"""


def copy_tunes(folder, n_tunes):
    """Copy the first tunes of the collections; return their number."""
    import music21

    corpus = Path(music21.__file__).parent / "corpus"
    for collection in COLLECTIONS:
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


def seconds(folder, n_jobs, cache):
    """Time of one read in a fresh interpreter, and the number of tunes it found."""
    done = subprocess.run(
        [sys.executable, "-c", READ, folder, str(n_jobs)],
        env=os.environ | {"SKLEARN_C2C_CACHE": cache},
        capture_output=True,
        text=True,
        check=True,
    )
    duration, n_tunes = done.stdout.split()
    return float(duration), int(n_tunes)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tunes", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    times = {"one process": [], "two processes": [], "from the cache": []}
    with tempfile.TemporaryDirectory() as folder:
        copy_tunes(Path(folder), options.tunes)
        for _ in range(options.rounds):
            for n_jobs, name in ((1, "one process"), (2, "two processes")):
                with tempfile.TemporaryDirectory() as cache:
                    duration, n_tunes = seconds(folder, n_jobs, cache)
                    times[name].append(duration)
                    again, _ = seconds(folder, n_jobs, cache)
                    times["from the cache"].append(again)
    print(f"{n_tunes} tunes, {options.rounds} rounds")
    for name, found in times.items():
        median = statistics.median(found)
        print(f"{name:15} {median:5.2f} s ({min(found):.2f} to {max(found):.2f})")
    one, two, cached = (statistics.median(found) for found in times.values())
    print(f"one / two processes {one / two:.2f}, one / cache {one / cached:.1f}")


if __name__ == "__main__":
    main()
