"""Run benchmarks, keep their records, write the page."""

import argparse
import importlib
import json
import shlex
import sys
from pathlib import Path

from tests.benchmarks import clock, machine
from tests.benchmarks.tables import table

_HERE = Path(__file__).parent
# Order of the sections; others follow by name.
_ORDER = [
    "training",
    "wirings",
    "phases",
    "epochs",
    "large",
    "interactive",
    "start",
    "reading",
    "sweep",
]


def main():
    """Parse the command line and run the benchmarks."""
    benchmarks = _benchmarks()
    options = _parser(benchmarks).parse_args()
    if options.cpu_time:
        clock.count_cpu_time()
    if not options.render:
        _measure({name: benchmarks[name] for name in options.only}, options)
    page = _page(benchmarks, _read(options.results))
    if options.out:
        options.out.write_text(page)
    else:
        print(page)


def _benchmarks():
    """All benchmarks of this folder, in the order of the page."""
    names = sorted(path.stem.removeprefix("bench_") for path in _HERE.glob("bench_*"))
    names.sort(key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
    found = [
        importlib.import_module(f"tests.benchmarks.bench_{name}") for name in names
    ]
    return dict(zip(names, found, strict=True))


def _parser(benchmarks):
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__
    )
    names = list(benchmarks)
    add = parser.add_argument
    add("--only", nargs="+", choices=names, default=names, help="which to run")
    add("--out", type=Path, help="the page to write; without, it is printed")
    add("--render", action="store_true", help="write the page, measure nothing")
    add(
        "--results",
        type=Path,
        default=Path("build", "benchmarks.jsonl"),
        help="the file that records are kept in (%(default)s)",
    )
    add(
        "--cpu-time",
        action="store_true",
        help="of epochs, CPU seconds of one thread: for a machine with other work",
    )
    add("--rounds", type=int, help="repetitions, where not each benchmark's own number")
    case = "of training and recurrent, only cases that match this"
    add("--case", default="", metavar="REGEX", help=case)
    for name, benchmark in benchmarks.items():
        if hasattr(benchmark, "add_options"):
            benchmark.add_options(parser.add_argument_group(name))
    return parser


def _measure(benchmarks, options):
    """Append each record to the file as it comes."""
    command = shlex.join(["python", "-m", "tests.benchmarks", *sys.argv[1:]])
    known = {"command": command, "machine": machine.describe()}
    options.results.parent.mkdir(parents=True, exist_ok=True)
    with options.results.open("a") as results:
        for name, benchmark in benchmarks.items():
            print(f"{name}: {benchmark.TITLE}", file=sys.stderr)
            for record in benchmark.measure(options):
                results.write(json.dumps({"benchmark": name, **record, **known}) + "\n")
                results.flush()
                print(f"    {record['case']}", file=sys.stderr)


def _read(path):
    """The last record of each case, by benchmark."""
    records = {}
    for line in path.read_text().splitlines():
        record = json.loads(line)
        records.setdefault(record["benchmark"], {})[record["case"]] = record
    return {name: list(cases.values()) for name, cases in records.items()}


def _page(benchmarks, records):
    sections = [_INTRODUCTION, _machine(records)]
    for name, benchmark in benchmarks.items():
        if name in records:
            sections += [f"## {benchmark.TITLE}", benchmark.report(records[name])]
    return "\n\n".join(sections) + "\n"


_INTRODUCTION = """\
# Benchmarks

Measured and written by `python -m tests.benchmarks --out docs/benchmarks.md` in a copy
of the repository with the extra `benchmark` installed. Programs that are compared were
run in turn; on another machine look at the ratios."""


def _machine(records):
    """The machine, as stated by the last record."""
    last = list(list(records.values())[-1])[-1]
    return table(["machine", ""], last["machine"].items())


if __name__ == "__main__":
    main()
