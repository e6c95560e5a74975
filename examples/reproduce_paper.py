"""Reproduce "Compress to Create": every figure and Table 1 as numbers over seeds.

    python examples/reproduce_paper.py --out reproduction

writes ``report.html``, one page that needs no network, and ``data.json``, the data that
it is made of. Finished experiments are kept in ``journal.jsonl``: after Ctrl-C or any
other end, the same command resumes. ``--only voices harmony`` runs
these sections alone.
"""

import argparse
import dataclasses
import json
import os
import shutil
import sys
import time
from functools import partial
from pathlib import Path

from reproduction.assembly import assemble
from reproduction.findings import markdown, updated
from reproduction.plan import FULL, QUICK, perform
from reproduction.report import render
from reproduction.sections import NAMES, tasks

import sklearn_c2c
from sklearn_c2c import journal
from sklearn_c2c.io import read_melodies


def main(arguments=None):
    """Run the missing experiments, then write the report."""
    options = _parser().parse_args(arguments)
    plan = QUICK if options.quick else FULL
    if options.seeds is not None:
        plan = dataclasses.replace(plan, n_seeds=options.seeds)
    plan = dataclasses.replace(plan, only=tuple(options.only))
    second_reel = options.second_reel and _second_reel(options.second_reel)
    started = time.monotonic()
    try:
        data = reproduce(
            plan, options.out, n_jobs=options.jobs, second_reel=second_reel
        )
    except KeyboardInterrupt:
        sys.exit("Stopped. The same command goes on from here.")
    if options.docs:
        docs = Path(options.docs)
        page = (
            updated(docs.read_text("utf-8"), plan, data)
            if plan.only
            else markdown(plan, data)
        )
        docs.write_text(page, "utf-8")
    minutes = (time.monotonic() - started) / 60
    print(f"Wrote {Path(options.out, 'report.html')} after {minutes:.0f} minutes.")


def reproduce(plan, out, *, n_jobs=1, second_reel=None, verbose=True):
    """Run a plan into a folder, and return the data of its report.

    Parameters
    ----------
    plan : Plan
        What to run.
    out : path-like
        The folder; results of an interrupted run in it are reused.
    n_jobs : int, default=1
        Worker processes.
    second_reel : list of int, default=None
        A melody of 128 steps to take in place of the corpus' own second reel.
    verbose : bool, default=True
        Whether to name finished experiments.

    Returns
    -------
    dict
        The content of ``data.json``.
    """
    out = Path(out)
    records = perform_all(
        plan, out, n_jobs=n_jobs, second_reel=second_reel, verbose=verbose
    )
    data = assemble(plan, records)
    _write(out / "data.json", json.dumps(data, allow_nan=False))
    _write(out / "report.html", render(plan, data))
    shutil.rmtree(out / "models", ignore_errors=True)
    return data


def perform_all(plan, out, *, n_jobs=1, second_reel=None, verbose=True):
    """Run the tasks missing in a folder's journal; return all tasks and results."""
    out.mkdir(parents=True, exist_ok=True)
    models = out / "models"
    shared = {"second_reel": second_reel, "effort": plan.effort}
    function = partial(perform, folder=str(models), **shared)
    key = json.dumps({"version": sklearn_c2c.__version__} | shared)
    records = []
    # First the models: two experiments that need the same one would both train it.
    for part in tasks(plan):
        results = journal.run(
            function,
            part,
            out / "journal.jsonl",
            n_jobs=n_jobs,
            key=key,
            verbose=verbose,
        )
        records += [
            {"task": task, "result": result}
            for task, result in zip(part, results, strict=True)
        ]
    return records


def _write(path, text):
    """Write whole or not at all."""
    beside = path.with_name(path.name + ".part")
    beside.write_text(text, "utf-8")
    os.replace(beside, path)


def _second_reel(path):
    """Read the first melody of a file, as the reels of the corpus are read."""
    tunes = read_melodies(
        path, n_measures=8, time_signature="4/4", key="D", steps_per_quarter=4
    )
    melody = tunes.data[0]
    pitches = melody[melody < 128]
    if not (pitches.min() >= 55 and pitches.max() <= 83):
        raise SystemExit(
            f"{path}: expected pitches from G3 to B5 (55 to 83), found "
            f"{pitches.min()} to {pitches.max()}."
        )
    return melody.tolist()


def _parser():
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        epilog="The same command resumes an interrupted run.",
    )
    parser.add_argument("--out", default="reproduction", help="folder of the report")
    parser.add_argument("--seeds", type=int, help="number of seeds (5; 1 with --quick)")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes (2)")
    parser.add_argument(
        "--quick", action="store_true", help="a few minutes: fewer pairs and starts"
    )
    parser.add_argument(
        "--second-reel", metavar="FILE", help="a tune in place of Willa Fjord"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=NAMES,
        default=(),
        metavar="SECTION",
        help=f"run these sections alone: {', '.join(NAMES)}",
    )
    parser.add_argument(
        "--docs",
        metavar="FILE",
        help="write the findings as Markdown; with --only, replace their parts in it",
    )
    return parser


if __name__ == "__main__":
    main()
