"""Draw changes, run the tests that reach them, and print those that no test noticed."""

import argparse
import json
import shutil
import sys
from pathlib import Path

from tests.mutation import trial
from tests.mutation.changes import changed, drawn

_ROOT = Path(__file__).parents[2]
_LEFT_OUT = (".git", ".venv", "__pycache__", "_build")
_MODULES = "melody preprocessing io persistence journal generation metrics".split()
_LEAST = 22  # changes of a module


def main():
    """Parse the command line, run, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    add = parser.add_argument
    add("--n", type=int, default=150, help="changes, in proportion to a module's lines")
    add("--seed", type=int, default=0)
    add("--seconds", type=float, default=30, help="of tests for a change that survives")
    add("--out", type=Path, required=True, help="folder for the copy that is changed")
    options = parser.parse_args()
    folder = options.out.resolve()
    tree = folder / "tree"
    if not tree.exists():
        shutil.copytree(_ROOT, tree, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    trial.prepare(tree)
    texts = {module: _texts(tree, module) for module in _MODULES}
    reach = _reach(folder, [name for module in texts.values() for name in module])
    for module, changes in draw(texts, options.n, options.seed):
        n_noticed = 0
        for change in changes:
            noticed = is_noticed(folder, change, reach, options.seconds)
            n_noticed += noticed
            place = f"{change.name}:{change.line}"
            word = "noticed" if noticed else "SURVIVED"
            print(f"{word} {place}: {change.before} -> {change.after}", flush=True)
        print(f"{module}: {n_noticed} of {len(changes)} noticed", flush=True)


def _texts(tree, module):
    """Map the names of a module's files to their texts."""
    package = tree / "sklearn_c2c"
    paths = sorted((package / module).glob("*.py")) or [package / f"{module}.py"]
    return {str(path.relative_to(tree)): path.read_text() for path in paths}


def _reach(folder, names):
    """Trace the unit tests, unless a trace exists."""
    out = folder / "reach.json"
    if not out.exists():
        plugin = trial.Reach(folder / "tree", names, out)
        if trial.run([], folder, "tunes", 7200, [plugin]) != 0:
            out.unlink(missing_ok=True)
            sys.exit(f"Tests fail without a change: {folder / 'tests.log'}.")
    return json.loads(out.read_text())


def draw(texts, n, seed):
    """Yield each module with its changes."""
    length = {m: "".join(files.values()).count("\n") for m, files in texts.items()}
    for module, files in texts.items():
        share = round(n * length[module] / sum(length.values()))
        yield module, drawn(files, max(share, _LEAST), f"{seed} {module}")


def is_noticed(folder, change, reach, seconds):
    """Whether one of the tests that reach a change fails with it."""
    path = folder / "tree" / change.name
    source = path.read_text()
    # A changed reader must not use the cache of another one.
    tunes = "changed" if change.name.startswith("sklearn_c2c/io") else "tunes"
    path.write_text(changed(source, change.number))
    try:
        for tests, expected in _turns(change, reach, seconds):
            shutil.rmtree(folder / "changed", ignore_errors=True)
            if trial.run(tests, folder, tunes, 20 + 5 * expected) != 0:
                return True
    finally:
        path.write_text(source)
    return False


def _turns(change, reach, seconds):
    """Yield (tests, their seconds): first the quick tests of the module itself."""
    module = change.name.removesuffix(".py").split("/")[1]
    ranked = sorted(
        (took > 0.5, module not in test, sum(map(len, files.values())), test, took)
        for test, (took, files) in reach.items()
        if any(change.first <= i <= change.last for i in files.get(change.name, ()))
    )
    total, length = 0.0, 2.0
    while ranked and total < seconds:
        tests, expected = [], 0.0
        while ranked and expected < length and len(tests) < 50:
            *_, test, took = ranked.pop(0)
            tests.append(test)
            expected += took
        yield tests, expected
        total, length = total + expected, 2 * length


if __name__ == "__main__":
    main()
