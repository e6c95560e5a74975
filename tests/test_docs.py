"""Listings of README and guide run in order, and their commands parse."""

import re
import shlex
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from sklearn_c2c.cli._parser import parse
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.io import write_melody

ROOT = Path(__file__).parent.parent
# Made by Sphinx, not present in a fresh clone.
MADE = {"_build", "api", "auto_examples"}
PAGES = ["README.md"] + [
    str(page.relative_to(ROOT))
    for page in sorted(ROOT.glob("docs/**/*.md"))
    if page.relative_to(ROOT).parts[1] not in MADE
]
# A fence may be longer than three, and its info string may have more than the language.
FENCE = re.compile(r"^(`{3,}|~{3,})[ \t]*(\S*)[^\n]*\n(.*?)^\1[ \t]*$", re.M | re.S)


def listings(name, language):
    blocks = FENCE.findall((ROOT / name).read_text())
    return [text for _, found, text in blocks if found == language]


def test_listings_are_found():
    teaching = [name for name in PAGES if "user_guide" in name]
    assert len(teaching) > 10
    for name in ["README.md", "docs/index.md", "docs/getting_started.md", *teaching]:
        assert listings(name, "python")


def test_every_listing_is_in_a_language_that_is_checked():
    for name in PAGES:
        blocks = FENCE.findall((ROOT / name).read_text())
        directives = {"{eval-rst}", "{include}", "{toctree}"}
        assert {found for _, found, _ in blocks} <= {
            "python", "sh", "text", "bibtex", *directives
        }  # fmt: skip


@pytest.fixture(scope="session")
def my_tunes(tmp_path_factory):
    """A folder of tunes, as the guide assumes that the reader has."""
    folder = tmp_path_factory.mktemp("reader") / "my tunes"
    folder.mkdir()
    for number, reel in enumerate(load_celtic().data[:12]):
        write_melody(reel, folder / f"reel{number}.abc", key="D")
    return folder


@pytest.mark.integration
@pytest.mark.parametrize("name", PAGES)
def test_listings_run(name, tmp_path, monkeypatch, my_tunes):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my tunes").symlink_to(my_tunes)
    names = {"__name__": "__main__"}
    for listing in listings(name, "python"):
        exec(compile(listing, name, "exec"), names)
    plt.close("all")


@pytest.mark.parametrize("name", PAGES)
def test_commands_parse(name):
    text = (ROOT / name).read_text()
    inline = re.findall(r"`(c2c [^`\n]+)`", text)
    shell = re.findall(r"(?:^|/)(c2c .*)$", "\n".join(listings(name, "sh")), re.M)
    for command in inline + shell:
        arguments = shlex.split(command)[1:]
        if "--help" in arguments:
            with pytest.raises(SystemExit, match=r"^0$"):
                parse(arguments)
        else:
            parse(arguments)


def test_ci_runs_the_readme_s_commands():
    compose, *commands = listings("README.md", "sh")
    assert "c2c compose" in compose
    ci = (ROOT / ".ci/run").read_text()
    assert 'grep -m 1 "$1" README.md' in ci
    lines = (ROOT / "README.md").read_text().splitlines()
    run = [
        next(line for line in lines if re.search(pattern, line))
        for pattern in re.findall(r"\$\(readme '?([^')]+)'?\)", ci)
    ]
    commands = [command.strip() for command in commands]
    assert sorted(run) == sorted(commands)
    tests, long, site = commands
    assert "pytest" in tests and "-m integration" in long and "sphinx -W" in site
    extras = re.findall(r"\[(\w+)\]", "".join([compose, *commands]))
    assert extras == ["studio", "test", "docs"]


def test_links_of_the_readme_lead_to_files():
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text())
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_every_chapter_is_in_the_guide():
    index = (ROOT / "docs/user_guide/index.md").read_text()
    (toctree,) = re.findall(r"```\{toctree\}\n:hidden:\n\n(.*?)```", index, re.S)
    chapters = {page.stem for page in ROOT.glob("docs/user_guide/*.md")} - {"index"}
    assert chapters <= set(toctree.split())
    assert all(f"]({chapter}.md" in index for chapter in chapters)
