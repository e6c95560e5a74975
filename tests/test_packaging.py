"""Metadata in pyproject.toml agree with the package."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILE = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = FILE["project"]
HOOK = FILE["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]

# Packages whose import name is not the name they are installed by.
INSTALLED_BY = {"sklearn": "scikit-learn", "dask": "distributed"}


def declared(*extras):
    stated = [*PROJECT["dependencies"]]
    for extra in extras:
        stated += PROJECT["optional-dependencies"][extra]
    return {re.match(r"[\w-]+", requirement)[0] for requirement in stated}


def imported():
    for path in (ROOT / "sklearn_c2c").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module]
            for name in names:
                first = name.split(".")[0]
                if first not in sys.stdlib_module_names and first != "sklearn_c2c":
                    yield INSTALLED_BY.get(first, first)


def test_what_is_imported_is_declared():
    found = {*imported()}
    assert {"numpy", "scikit-learn", "music21"} <= found
    assert found <= declared("studio", "notebook", "onnx", "dask")


def test_each_requirement_has_a_lowest_version():
    extras = PROJECT["optional-dependencies"].values()
    for requirement in [*PROJECT["dependencies"], *(r for e in extras for r in e)]:
        assert ">=" in requirement or requirement.startswith("sklearn_c2c[")


def test_links_of_the_package_page_are_absolute():
    text = (ROOT / "README.md").read_text()
    for rule in HOOK["substitutions"]:
        text = re.sub(rule["pattern"], rule["replacement"], text)
    links = re.findall(r"\]\((\S+?)\)", text)
    home = PROJECT["urls"]["Source"]
    assert len(links) > 5
    for link in links:
        assert link.startswith(f"{home}/"), link
        kind, branch, path = link.removeprefix(f"{home}/").split("/", 2)
        assert branch == "main" and (ROOT / path).is_file()
        assert kind == ("raw" if path.endswith(".png") else "blob")


@pytest.mark.parametrize("name", PROJECT["urls"])
def test_addresses_are_below_the_home_of_the_source(name):
    assert PROJECT["urls"][name].startswith(PROJECT["urls"]["Source"])


def test_the_lowest_python_is_a_classifier():
    lowest = PROJECT["requires-python"].removeprefix(">=")
    assert f"Programming Language :: Python :: {lowest}" in PROJECT["classifiers"]
