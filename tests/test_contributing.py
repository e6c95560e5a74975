"""The worked examples of CONTRIBUTING: their code works as they say."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration  # each example compiles kernels of its own copy

ROOT = Path(__file__).parent.parent
COPIED = ["sklearn_c2c", "tests", "pyproject.toml"]

SECTION = re.compile(r"^## (Add an? .*?)\n(.*?)(?=^## |\Z)", re.M | re.S)
LISTING = re.compile(r"^`([\w/.]+)`[^\n]*:\n\n```python\n(.*?)^```", re.M | re.S)

SECTIONS = {
    title: LISTING.findall(text)
    for title, text in SECTION.findall((ROOT / "CONTRIBUTING.md").read_text())
}

# The tests of each example that its lines concern.
CONCERNED = {
    "Add a strategy": "mirror",
    "Add a metric": "leap or these_are_all_metrics or once_by_its_kind",
    "Add a file format": "rtttl or names_that_are_given",
    "Add a model": "test_denoising or every_estimator or examples_of_an_estimator",
}
# Tests that an example's lines concern in files that it does not change.
UNCHANGED = {"Add a file format": ["tests/test_io_files.py"]}


def copy_of_the_project(folder, root=ROOT):
    """Copies with Numba's compiled files, valid by the times of the sources."""
    for name in COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, folder / name, ignore=being_written)
        else:
            shutil.copy2(root / name, folder / name)


def being_written(folder, names):
    """Files under the temporary names that Python and Numba rename soon.

    Another process of the tests may do so between their listing and their copy.
    """
    if Path(folder).name != "__pycache__":
        return []
    return [name for name in names if not name.endswith((".pyc", ".nbi", ".nbc"))]


def write(path, listing):
    """Write a new file, or new lines below lines that are there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(listing)
        return
    new = [line for line in listing.split("\n") if line.strip() not in ("", "...")]
    imports = [line for line in new if line.startswith("from ")]
    lines, place = path.read_text().split("\n"), -1
    for line in new:
        if line in imports:
            continue
        if line in lines[place + 1 :]:
            place = lines.index(line, place + 1)
        else:
            assert place >= 0, f"{path.name} has no line {line!r}"
            lines.insert(place := place + 1, line)
    ours = (i for i, line in enumerate(lines) if line.startswith("from sklearn_c2c"))
    lines[(first := next(ours, 0)) : first] = imports
    path.write_text("\n".join(lines))


def run(folder, *command, **variables):
    environment = os.environ | {"PYTHONPATH": str(folder)} | variables
    done = subprocess.run(
        [sys.executable, "-P", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_others_are_writing_is_not_copied(tmp_path):
    root, folder = tmp_path / "root", tmp_path / "copy"
    compiled = root / "sklearn_c2c" / "__pycache__"
    compiled.mkdir(parents=True)
    folder.mkdir()
    (root / "tests").mkdir()
    (root / "pyproject.toml").touch()
    whole = {"a.cpython-311.pyc", "kernels.adam-1.py311.nbi", "kernels.adam-1.1.nbc"}
    for name in whole:
        (compiled / name).touch()
    for name in ("a.cpython-311.pyc.140", "kernels.adam-1.py311.nbi.tmp.ab"):
        (compiled / name).symlink_to(tmp_path / "renamed meanwhile")
    copy_of_the_project(folder, root)
    copied = (folder / "sklearn_c2c" / "__pycache__").iterdir()
    assert {path.name for path in copied} == whole


def test_all_four_are_there():
    assert [title.split()[-1] for title in SECTIONS] == [
        "strategy", "metric", "format", "model",
    ]  # fmt: skip


@pytest.mark.parametrize("title", SECTIONS)
def test_an_example_does_what_it_says(title, tmp_path):
    copy_of_the_project(tmp_path)
    written = [tmp_path / name for name, _ in SECTIONS[title]]
    for path, (_, listing) in zip(written, SECTIONS[title], strict=True):
        write(path, listing)
    run(tmp_path, "-m", "ruff", "check", "--fix", "--select", "I,RUF022", *written)
    run(tmp_path, "-m", "ruff", "check", *written)
    run(tmp_path, "-m", "ruff", "format", "--check", *written)
    tests = [path for path in written if path.name.startswith("test_")]
    tests += UNCHANGED.get(title, [])
    sources = [path for path in written if path.name.startswith("_")]
    where = "import sklearn_c2c; print(sklearn_c2c.__file__)"
    assert run(tmp_path, "-c", where).startswith(str(tmp_path))
    run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, *sources,
        "-k", CONCERNED[title])  # fmt: skip
    for page in [path for path in written if path.name.startswith("plot_")]:
        # With little to compute, compiling would take longest.
        run(tmp_path, page, MPLBACKEND="Agg", NUMBA_DISABLE_JIT="1")


def test_a_strategy_takes_less_than_forty_lines_beside_its_docstring():
    lines = 0
    for name, listing in SECTIONS["Add a strategy"]:
        lines += sum(bool(line.strip()) for line in listing.split("\n"))
        if name == "sklearn_c2c/generation/_mirror.py":
            (mirror,) = (
                node
                for node in ast.parse(listing).body
                if isinstance(node, ast.FunctionDef)
            )
            docstring = ast.get_docstring(mirror, clean=False)
            lines -= sum(bool(line.strip()) for line in docstring.split("\n")) + 1
    assert 20 < lines < 40
