"""Run a campaign: lives of all kinds in turn, until a number of kills was survived."""

import argparse
import sys
from collections import Counter

from tests.killing.jobs import JOBS
from tests.killing.lives import campaign


def main():
    """Run a campaign, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.killing")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    totals, n_faults = {kind: Counter() for kind in JOBS}, 0
    for kind, counts, fault in campaign(args.kills, args.seed):
        totals[kind] += counts
        n_faults += fault != ""
        print(_wording(kind, counts), fault, flush=True)
    print()
    for kind, counts in totals.items():
        print("In all,", _wording(kind, counts))
    print(f"{n_faults} faults")
    return 1 if n_faults else 0


def _wording(kind, counts):
    return (
        f"{kind}: {counts['kills']} kills in {counts['lives']} lives, "
        f"{counts['writing']} of them while a file was written."
    )


if __name__ == "__main__":
    sys.exit(main())
