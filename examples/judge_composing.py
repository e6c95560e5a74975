"""Judge methods that compose, complete and encode melodies, over seeds.

    python examples/judge_composing.py --out judging --docs docs/composing.md

prints the tables of "Does it sound like a tune?" and writes them as a page, with the
criteria for each of them. Finished experiments are kept in ``journal.jsonl`` of the
folder: after Ctrl-C or any other end, the same command resumes.
"""

import argparse
import dataclasses
import json
import sys
import time
from functools import partial
from pathlib import Path

from judging.page import markdown
from judging.tasks import FULL, PARTS, QUICK, perform

import sklearn_c2c
from sklearn_c2c import journal


def main(arguments=None):
    """Run the missing experiments, then print and write the page."""
    options = _parser().parse_args(arguments)
    plan = QUICK if options.quick else FULL
    plan = dataclasses.replace(plan, transposed=options.transposed)
    if options.seeds is not None:
        plan = plan.with_seeds(options.seeds)
    started = time.monotonic()
    try:
        records = judge(plan, options.out, parts=options.only, n_jobs=options.jobs)
    except KeyboardInterrupt:
        sys.exit("Stopped. The same command goes on from here.")
    page = markdown(plan, records)
    print(page)
    if options.docs:
        Path(options.docs).write_text(page, "utf-8")
    minutes = (time.monotonic() - started) / 60
    print(f"Finished after {minutes:.0f} minutes.", file=sys.stderr)


def judge(plan, out, *, parts=PARTS, n_jobs=1, verbose=True):
    """Run a plan into a folder, and return task and result of everything.

    Parameters
    ----------
    plan : Plan
        What to run.
    out : path-like
        The folder; results of an interrupted run in it are reused.
    parts : list of str, default=PARTS
        Which parts of the plan.
    n_jobs : int, default=1
        Worker processes.
    verbose : bool, default=True
        Whether to name finished experiments.

    Returns
    -------
    list of dict
        Each with a ``task`` and its ``result``.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    tasks = plan.tasks(parts)
    results = journal.run(
        partial(perform, plan=plan),
        tasks,
        out / "journal.jsonl",
        n_jobs=n_jobs,
        key=json.dumps({"version": sklearn_c2c.__version__} | plan.sizes()),
        verbose=verbose,
    )
    return [
        {"task": task, "result": result}
        for task, result in zip(tasks, results, strict=True)
    ]


def _parser():
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        epilog="The same command resumes an interrupted run.",
    )
    parser.add_argument("--out", default="judging", help="folder of the journal")
    parser.add_argument("--docs", metavar="FILE", help="write the page as Markdown")
    parser.add_argument(
        "--seeds",
        type=int,
        help="number of seeds (10; at most 3 for completion, 1 for search)",
    )
    parser.add_argument("--jobs", type=int, default=1, help="worker processes (1)")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=PARTS, help="some parts only"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, to try the command out"
    )
    parser.add_argument(
        "--transposed",
        action="store_true",
        help="search also with models of transposed tunes, which takes longer",
    )
    return parser


if __name__ == "__main__":
    main()
