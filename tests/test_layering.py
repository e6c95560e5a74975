"""Allowed imports: arrows only go up the list of rooms."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import sklearn_c2c

ROOMS = {
    "_nn": set(),
    "_data": set(),
    "_epochs": set(),
    "_viterbi": {"_nn"},
    "_overlaps": {"_nn"},
    "_files": set(),
    "_extras": set(),
    "_titles": set(),
    "_web": set(),
    "_fitted": set(),
    "_validation": set(),
    "journal": {"_files"},
    "melody": set(),
    "_ngrams": set(),
    "io": {"_files", "_titles", "melody"},
    "datasets": {"io", "melody"},
    "_tokens": {"melody"},
    "_transitions": {"_fitted", "_nn", "_validation", "_viterbi", "melody"},
    "preprocessing": {"_fitted", "_tokens", "_transitions", "_validation", "melody"},
    "markov": {"_fitted", "_ngrams", "_validation", "melody"},
    "autoencoder": {"_data", "_epochs", "_fitted", "_nn", "_validation"},
    "boltzmann": {"_data", "_epochs", "_fitted", "_nn", "_validation"},
    "harmony": {
        "_data",
        "_epochs",
        "_fitted",
        "_nn",
        "_transitions",
        "_validation",
        "autoencoder",
        "melody",
    },
    "generation": {"melody"},
    "objectives": {"generation", "melody", "metrics"},
    "metrics": {"_ngrams", "_overlaps", "datasets", "generation", "markov", "melody"},
    "display": {
        "_extras",
        "_files",
        "_web",
        "generation",
        "melody",
        "metrics",
        "io",
    },
    "model_selection": {"generation", "journal", "metrics"},
    "page": {"_files", "_titles", "_web", "display", "generation", "melody", "metrics"},
    "persistence": {"_files", "_fitted"},
    "onnx": {"_extras", "_files", "autoencoder", "generation", "preprocessing"},
    "cli": {
        "_validation",
        "autoencoder",
        "datasets",
        "display",
        "generation",
        "harmony",
        "io",
        "melody",
        "metrics",
        "objectives",
        "onnx",
        "page",
        "persistence",
        "preprocessing",
    },
}
PACKAGE = Path(sklearn_c2c.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports_of_ours(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            package, first, *_ = [*name.split("."), ""]
            module = sklearn_c2c._ESTIMATORS.get(first, f"sklearn_c2c.{first}")
            room = module.split(".")[1]
            if package == "sklearn_c2c" and room in ROOMS:
                yield room


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_up(path):
    room = room_of(path)
    if room == "__init__":
        return
    assert room in ROOMS, f"{path.name} is in no room"
    assert set(imports_of_ours(path)) - {room} <= ROOMS[room]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms_use_the_doors_of_other_rooms(path):
    private = re.findall(r"from sklearn_c2c\.(\w+)\._\w+ import", path.read_text())
    assert set(private) <= {room_of(path)}


def test_the_inner_door_of_io_is_documented_and_used():
    from sklearn_c2c import io

    inner = {name for name in vars(io) if name[0] != "_"} - set(io.__all__)
    inner = {name for name in inner if not isinstance(vars(io)[name], ModuleType)}
    assert {"Choice", "melodies_from", "read_tunes"} <= inner
    others = " ".join(path.read_text() for path in FILES if room_of(path) != "io")
    assert {name for name in inner if re.search(rf"\b{name}\b", others)} == inner
    for name in inner - {"PER_MELODY"}:
        assert vars(io)[name].__doc__


@pytest.mark.parametrize("name", ["music21", "symusic"])
def test_only_io_knows(name):
    users = {
        room_of(path) for path in FILES if f"import {name}" in path.read_text()
        or f"from {name}" in path.read_text()
    }  # fmt: skip
    assert users <= {"io"}


HEAVY = {"music21", "matplotlib", "onnx", "typst", "verovio", "skops"}


def loaded_by(statement):
    program = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return set(done.stdout.split())


@pytest.mark.parametrize("statement", ["import sklearn_c2c", "import sklearn_c2c.cli"])
def test_the_import_is_light(statement):
    assert not {*HEAVY, "numba", "rich", "pandas", "torch"} & loaded_by(statement)


@pytest.mark.integration
def test_rooms_do_not_load_what_they_read_save_and_show_with():
    rooms = ("io", "datasets", "display", "onnx", "page", "persistence")
    statement = "import " + ", ".join(f"sklearn_c2c.{room}" for room in rooms)
    assert not HEAVY & loaded_by(statement)


def test_every_public_name_is_there():
    for name in sklearn_c2c.__all__:
        assert getattr(sklearn_c2c, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(sklearn_c2c, "nothing")  # noqa: B009
