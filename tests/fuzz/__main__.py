"""Run a campaign: inputs made from a seed, judged in monitored processes."""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

from tests.fuzz.campaign import kinds, run
from tests.fuzz.judge import SUFFIXES, made

# The unit of count for formats that hold no melodies.
_COUNTED = {
    ".tunes": "tunes read as without a cache",
    ".jsonl": "results found in journals",
}


def main():
    """Parse the command line, run, and print what was found."""
    options = _parser().parse_args()
    finds = []
    for suffix in options.formats:
        begun = time.monotonic()
        found = _run(suffix, options)
        finds += [find for outcome in found for find in outcome.finds]
        n_read = sum(outcome.n_results for outcome in found)
        print(
            f"{suffix}: {sum(outcome.n_inputs for outcome in found):,} inputs, "
            f"{n_read:,} {_COUNTED.get(suffix, 'melodies written and read again')}, "
            f"slowest {max(outcome.slowest for outcome in found):.2f} s, "
            f"{sum(len(outcome.finds) for outcome in found)} finds, "
            f"{time.monotonic() - begun:.0f} s",
            flush=True,
        )
    for n_finds, find in kinds(finds):
        print(
            f"{n_finds}x {find.suffix} number {find.number}: {find.fault} {find.where}"
        )
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            name = f"{find.seed}-{find.number}{find.suffix}"
            data = made(find.suffix, find.seed, find.number)
            (options.out / name).write_bytes(data)
    return 1 if finds else 0


def _run(suffix, options):
    """Share the inputs of one format out to processes."""
    bounds = [options.inputs * i // options.jobs for i in range(options.jobs + 1)]
    shares = [range(*pair) for pair in pairwise(bounds)]
    with ThreadPoolExecutor(options.jobs) as pool:
        return list(pool.map(lambda share: run(suffix, options.seed, share), shares))


def _parser():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    add = parser.add_argument
    add("--inputs", type=int, default=10_000, help="of each format")
    add("--formats", nargs="+", choices=SUFFIXES, default=SUFFIXES)
    add("--seed", type=int, default=0)
    add("--jobs", type=int, default=2, help="processes")
    add("--out", type=Path, help="folder for the inputs of the finds")
    return parser


if __name__ == "__main__":
    sys.exit(main())
