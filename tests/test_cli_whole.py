"""The command on whole tunes, each of its own length: O'Neill's, and some made here."""

import re
from pathlib import Path

import numpy as np
import pytest

from sklearn_c2c import persistence
from sklearn_c2c.io import read_melodies
from sklearn_c2c.melody import END, melody_lengths
from tests.command import fails, run

pytest.importorskip("verovio")
pytest.importorskip("matplotlib")

pytestmark = pytest.mark.integration

ONEILL = "oneills1850/0351-0400.abc"
NUMBERS = 354, 373, 385, 394, 398  # of tunes of 8 to 20 measures in 4/4
TINY = ["--h", "4", "--units", "8", "--max-iter", "3"]
BEGINNING = """\
X:1
T:Mine
M:4/4
L:1/8
K:C
|: cdef g4 | f2e2 d4 :|
"""


def whole_tunes(folder):
    """Melodies of the ABC files of a folder, as they are played."""
    paths = sorted(Path(folder).glob("*.abc"))
    return [read_melodies(p, n_measures=None, repeats="played").data[0] for p in paths]


@pytest.fixture(scope="module")
def tunes(tmp_path_factory):
    """Tunes of O'Neill's collection, each in a file."""
    music21 = pytest.importorskip("music21")
    text = (Path(music21.__file__).parent / "corpus" / ONEILL).read_text("latin-1")
    folder = tmp_path_factory.mktemp("tunes")
    for tune in re.split(r"(?m)^(?=X:)", text)[1:]:
        number = int(re.match(r"X:\s*(\d+)", tune)[1])
        if number in NUMBERS:
            (folder / f"{number}.abc").write_text(tune)
    return folder


@pytest.fixture(scope="module")
def corpus(tunes):
    return read_melodies(tunes, n_measures=(4, 64), repeats="played", duplicates="drop")


@pytest.fixture(scope="module")
def model(tunes, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "whole.c2c"
    assert run("train", tunes, "--whole", "--out", path, *TINY) == 0
    return path


def test_compose_writes_melodies_of_their_own_lengths(tunes, corpus, tmp_path, capsys):
    out = tmp_path / "out"
    assert run("compose", tunes, "--whole", "--out", out, "--n", 2, *TINY) == 0
    low, high = min(corpus.measures), max(corpus.measures)
    said = capsys.readouterr().out
    assert f"tunes read, whole, {low} to {high} measures, in " in said
    assert len(whole_tunes(out)) == 2
    page = (out / "index.html").read_text("utf-8")
    assert f"whole, {low} to {high} measures of " in page
    assert page.count('<section class="melody"') == 2


def test_a_model_keeps_whole_tunes(model, corpus):
    _, about = persistence.load(model, return_metadata=True)
    assert np.array_equal(about["data"] == END, corpus.data == END)
    assert tuple(about["reading"]["n_measures"]) == (4, 64)
    assert about["reading"]["repeats"] == "played"


def test_tunes_of_other_lengths_are_left_out_with_their_option(tunes, corpus, capsys):
    longest = max(corpus.measures)
    limits = f"4-{longest - 1}"
    assert run("inspect", tunes, "--whole", "--measures", limits) == 0
    said = capsys.readouterr().out
    highest = 1 << (longest - 1).bit_length()
    row = rf"longer than {longest - 1} measures +--measures 4-{highest}$"
    assert re.search(row, said, re.M)
    assert f"has {longest} measures, more than --measures {limits}" in said
    assert run("inspect", tunes, "--whole", "--measures", f"{longest}-64") == 0
    said = capsys.readouterr().out
    assert re.search(
        rf"shorter than {longest} measures +--measures \d+-64$", said, re.M
    )


def test_options_that_do_not_go_with_whole_tunes(tunes, tmp_path, capsys):
    compose = ["compose", tunes, "--out", tmp_path / "out"]
    whole = [*compose, "--whole"]
    assert "--whole and --paper are 2 models" in fails(capsys, *whole, "--paper")
    assert "--hidden is not a parameter" in fails(capsys, *whole, "--hidden", 8)
    assert "pass limits, such as --measures 4-64" in fails(
        capsys, *whole, "--measures", 8
    )
    assert "pass --whole, too" in fails(capsys, *compose, "--measures", "8-16")
    assert "--units is not a parameter" in fails(
        capsys, *compose, "--variational", "--units", 8
    )
    assert "--whole needs files" in fails(
        capsys, "compose", "--whole", "--out", tmp_path / "out"
    )
    assert list(tmp_path.iterdir()) == []


def test_the_time_is_said_before(tunes, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sklearn_c2c.cli._kinds._SECONDS_A_MEASURE", 100.0)
    train = ["train", tunes, "--whole", *TINY]
    assert run(*train, "--out", tmp_path / "a.c2c") == 0
    assert re.search(
        r"3 epochs, about \d+ minutes? on two cores", capsys.readouterr().out
    )


@pytest.mark.parametrize(
    "command",
    [
        ["generate", "--n", 1],
        ["interpolate", 1, 2, "--steps", 1],
        ["sweep", "--steps", 1],
        ["vary", 1, "--n", 1],
        ["attribute", 1, "note-density", "--scales", 1],
        ["recurse", 1, "--max-iter", 1],
        ["optimize", "most-notes", "--starts", 1, "--max-iter", 1],
    ],
    ids=lambda command: command[0],
)
def test_later_commands_compose_with_whole_tunes(model, tmp_path, command):
    assert run(*command, "--model", model, "--out", tmp_path / "out") == 0
    melodies = whole_tunes(tmp_path / "out")
    assert melodies and all(len(melody) % 16 == 0 for melody in melodies)


def test_a_tune_of_the_corpus_is_written_with_its_own_length(model, corpus, tmp_path):
    assert run("vary", 1, "--n", 1, "--model", model, "--out", tmp_path / "out") == 0
    own = corpus.data[0][: melody_lengths(corpus.data[0])]
    assert (whole_tunes(tmp_path / "out")[0] < 128).sum() == (own < 128).sum()


def test_a_tune_of_the_users_own_may_be_shorter(model, tmp_path, capsys):
    (tmp_path / "mine.abc").write_text(BEGINNING)
    out = tmp_path / "out"
    vary = ["vary", tmp_path / "mine.abc", "--model", model, "--n", 1]
    assert run(*vary, "--form", "none", "--out", out) == 0
    assert "whole, 4 measures" in capsys.readouterr().out
    first = whole_tunes(out)[0]
    assert len(first) == 64 and (first[:32] == first[32:]).all()
    longer = BEGINNING.replace("|: ", "|: " + "C8 | " * 200)
    (tmp_path / "mine.abc").write_text(longer)
    assert "404 measures, more than the" in fails(
        capsys, *vary, "--force", "--out", out
    )


def test_a_beginning_is_continued_to_an_end(model, tmp_path):
    (tmp_path / "mine.abc").write_text(BEGINNING)
    out = tmp_path / "out"
    on = ["continue", tmp_path / "mine.abc", "--model", model, "--n", 1]
    assert run(*on, "--out", out) == 0
    (melody,) = whole_tunes(out)
    given = read_melodies(tmp_path / "mine.abc", n_measures=4, repeats="played")
    assert (melody[:60] == given.data[0][:60]).all()


def test_letters_are_no_form_of_whole_tunes(model, tmp_path, capsys):
    generate = ["generate", "--model", model, "--out", tmp_path / "out"]
    message = fails(capsys, *generate, "--form", "AABA")
    assert "--form AABA divides melodies of one length" in message
