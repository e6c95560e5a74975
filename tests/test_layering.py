"""Who may import whom: arrows only go up the list of rooms."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sklearn_c2c

ROOMS = {
    "_nn": set(),
    "_epochs": set(),
    "_viterbi": {"_nn"},
    "_overlaps": {"_nn"},
    "_files": set(),
    "_fitted": set(),
    "_validation": set(),
    "journal": {"_files"},
    "melody": set(),
    "_ngrams": set(),
    "io": {"_files", "melody"},
    "datasets": {"io", "melody"},
    "_transitions": {"_fitted", "_nn", "_validation", "_viterbi", "melody"},
    "preprocessing": {"_fitted", "_transitions", "_validation", "melody"},
    "markov": {"_fitted", "_ngrams", "_validation", "melody"},
    "autoencoder": {"_epochs", "_fitted", "_nn", "_validation"},
    "generation": {"melody"},
    "objectives": {"melody", "metrics"},
    "metrics": {"_ngrams", "_overlaps", "datasets", "markov", "melody"},
    "display": {"melody", "metrics", "io"},
    "model_selection": {"journal", "metrics"},
    "page": {"_files", "melody", "metrics", "display", "io"},
    "persistence": {"_files", "_fitted"},
    "cli": {
        "_validation",
        "autoencoder",
        "datasets",
        "display",
        "generation",
        "io",
        "melody",
        "metrics",
        "objectives",
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
            parts = name.split(".")
            if parts[0] == "sklearn_c2c" and len(parts) > 1 and parts[1] in ROOMS:
                yield parts[1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_up(path):
    room = room_of(path)
    if room == "__init__":
        return
    assert room in ROOMS, f"{path.name} is in no room"
    assert set(imports_of_ours(path)) - {room} <= ROOMS[room]


@pytest.mark.parametrize("path", [p for p in FILES if room_of(p) == "cli"])
def test_the_command_uses_the_doors_of_other_rooms(path):
    private = re.findall(
        r"from sklearn_c2c\.((?!cli)\w+)\._\w+ import", path.read_text()
    )
    assert not private


@pytest.mark.parametrize("name", ["music21", "symusic"])
def test_only_io_knows(name):
    users = {
        room_of(path) for path in FILES if f"import {name}" in path.read_text()
        or f"from {name}" in path.read_text()
    }  # fmt: skip
    assert users <= {"io"}


HEAVY = {"music21", "matplotlib", "verovio", "skops"}


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


def test_rooms_do_not_load_what_they_read_save_and_show_with():
    rooms = ("io", "datasets", "display", "page", "persistence")
    statement = "import " + ", ".join(f"sklearn_c2c.{room}" for room in rooms)
    assert not HEAVY & loaded_by(statement)


def test_every_public_name_is_there():
    for name in sklearn_c2c.__all__:
        assert getattr(sklearn_c2c, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(sklearn_c2c, "nothing")  # noqa: B009
