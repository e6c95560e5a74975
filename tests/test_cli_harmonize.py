"""`c2c harmonize`."""

import numpy as np
import pytest

from sklearn_c2c import Harmonizer, datasets, io, metrics, persistence
from sklearn_c2c.cli import _harmonizing
from sklearn_c2c.melody import split_voices
from tests.command import fails, run

TUNE = """\
X:1
T:Morning
M:4/4
L:1/4
Q:1/4=96
K:G
G A B c | d2 B2 | c B A G | A4 | B c d e | d c B A | G A B A | G4 |
"""
VOICES = ["Soprano", "Alto", "Tenor", "Bass"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder that the command wrote, having learned a few chorales a little."""
    folder = tmp_path_factory.mktemp("harmonize")
    (folder / "tune.abc").write_text(TUNE)
    few = datasets.load_bach_chorales(n_melodies=12)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(datasets, "load_bach_chorales", lambda: few)
        patched.setitem(_harmonizing._NETWORK, "max_iter", 10)
        assert run("harmonize", folder / "tune.abc", "--out", folder / "out") == 0
    return folder


def read(path):
    return io.read_melodies(path, voices=VOICES, time_signature="4/4")


@pytest.mark.parametrize("suffix", [".mid", ".abc", ".musicxml"])
def test_the_tune_is_the_soprano_of_the_result(folder, suffix):
    tune = io.read_melodies(folder / "tune.abc", key=None)
    piece = read(folder / "out" / f"harmony{suffix}")
    voices = split_voices(piece.data, 4)
    assert (voices[0, 0] == tune.data[0]).all()
    assert piece.tempos == [96]
    assert metrics.voice_crossings(piece.data)[0] == 0
    sounds = voices < 128
    assert sounds.any(axis=2).all()  # no voice is silent
    if suffix != ".mid":
        assert piece.tonalities == ["G major"]


def test_the_page_shows_all_voices_and_measures(folder):
    page = (folder / "out" / "index.html").read_text("utf-8")
    assert "Morning, in 4 voices" in page
    for words in _harmonizing._WORDS.values():
        assert words in page


def test_the_model_is_used_again(folder, tmp_path, capsys):
    model = folder / "out" / "model.c2c"
    arguments = ["harmonize", "--model", model, folder / "tune.abc", "--out"]
    assert run(*arguments, tmp_path / "again") == 0
    assert "moved down 5 semitones to D, and back at the end" in capsys.readouterr().out
    for name in ("harmony.abc", "harmony.mid"):
        files = (folder / "out" / name, tmp_path / "again" / name)
        first, second = (file.read_bytes() for file in files)
        assert first == second
    assert not (tmp_path / "again" / "model.c2c").exists()
    # A tune of the corpus by its number.
    assert run("harmonize", "--model", model, 3, "--out", tmp_path / "third") == 0
    known = persistence.load(model, return_metadata=True)[1]
    third = split_voices(read(tmp_path / "third" / "harmony.mid").data, 4)
    assert (third[0, 0] == known["data"][2]).all()


@pytest.mark.parametrize(
    ("change", "at", "words"),
    [
        ({}, None, "no fermatas; the longest note of every two measures is taken as"),
        (
            {"A4": "HA4", "G4": "HG4"},
            {*range(48, 64), *range(112, 128)},
            "phrases end at 2 fermatas",
        ),
        ({"A4": "HHA4"}, {*range(48, 64)}, "phrases end at 1 fermata\n"),
    ],
)
def test_phrases_end_at_fermatas_or_are_guessed(
    folder, tmp_path, capsys, change, at, words
):
    text = TUNE
    for old, new in change.items():
        text = text.replace(old, new)
    (tmp_path / "tune.abc").write_text(text)
    given = []
    predict = Harmonizer.predict

    def watched(model, X, *, phrase_ends):
        given.append(phrase_ends)
        return predict(model, X, phrase_ends=phrase_ends)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Harmonizer, "predict", watched)
        model = folder / "out" / "model.c2c"
        tune = tmp_path / "tune.abc"
        assert run("harmonize", "--model", model, tune, "--out", tmp_path / "out") == 0
    assert f"Morning: {words}" in capsys.readouterr().out
    # Of equally long notes the last one counts: B2, A4, A and G4.
    guessed = [*range(24, 32), *range(48, 64), *range(92, 96), *range(112, 128)]
    expected = guessed if not change else [t for t in guessed if t in at]
    assert np.flatnonzero(given[0][0]).tolist() == expected


# What harmonize does with tunes of other kinds: a reason, or a result.
HEADER = "X:1\nT:Other\nM:4/4\nL:1/4\nK:G\n"
LINE = "G A B c | d2 B2 | c B A G | A4 | B c d e | d c B A | G A B A |"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEADER.replace("4/4", "3/4") + "G A B|c3|" * 8, "is in 3/4, not in 4/4"),
        (HEADER + "G A B c |]", "has 1 measure, fewer than the 8 to which voices are"),
        (HEADER + "z4|" * 8, "has no notes"),
        (HEADER + "z4|" * 8 + "G4|", "has 1 measure, fewer than the 8"),
        (HEADER + "[GB]4|" * 8, "has chords"),
    ],
)
def test_tunes_that_cannot_be_harmonised_are_refused(
    folder, tmp_path, capsys, monkeypatch, text, reason
):
    monkeypatch.setattr(Harmonizer, "fit", None)
    path, out = tmp_path / "other.abc", tmp_path / "out"
    path.write_text(text)
    model = "--model", folder / "out" / "model.c2c"
    for learned in (model, ()):  # without a model, before one is trained
        assert reason in fails(capsys, "harmonize", *learned, path, "--out", out)
        assert not out.exists()


@pytest.mark.parametrize(
    "text",
    [
        HEADER.replace("K:G", "K:Em") + LINE + " E4 |",  # in minor
        HEADER + "D |" + LINE + " G3 |",  # with a pick-up
        HEADER + LINE + " G4 |" + (LINE + " G4 |\n") * 20,  # longer than the model's
        HEADER + "z3 d | z4 | z2 d2 | z4 | z4 | B2 z2 | z4 | z3 d |",  # mostly rests
    ],
    ids=["minor", "pick-up", "long", "rests"],
)
def test_other_tunes_are_harmonised(folder, tmp_path, text):
    path, out = tmp_path / "other.abc", tmp_path / "out"
    path.write_text(text)
    model = folder / "out" / "model.c2c"
    assert run("harmonize", "--model", model, path, "--out", out) == 0
    voices = split_voices(read(out / "harmony.mid").data, 4)
    tune = io.read_melodies(path, key=None)
    assert (voices[0, 0] == tune.data[0]).all()
    assert metrics.voice_crossings(voices.reshape(1, -1))[0] == 0


def test_a_low_tune_is_moved_by_octaves_and_back(folder, tmp_path, capsys):
    path = tmp_path / "low.abc"
    path.write_text(TUNE.replace("K:G", "K:G transpose=-24"))
    tune = io.read_melodies(path, key=None).data[0]
    assert tune[0] == 67 - 24
    model = folder / "out" / "model.c2c"
    assert run("harmonize", "--model", model, path, "--out", tmp_path / "out") == 0
    assert "moved up 24 semitones for the model, and back" in capsys.readouterr().out
    voices = split_voices(read(tmp_path / "out" / "harmony.mid").data, 4)
    high = split_voices(read(folder / "out" / "harmony.mid").data, 4)
    assert (voices == np.where(high < 128, high - 24, high)).all()


def test_what_is_no_model_of_harmony_is_refused(folder, tmp_path, capsys):
    model = Harmonizer((2,), max_iter=1).fit([[60, 62]], [[50, 52]])
    persistence.save(model, tmp_path / "bare.c2c")
    out = tmp_path / "out"
    arguments = "harmonize", "--model", tmp_path / "bare.c2c", 1, "--out", out
    assert "is no model of harmony; use the model.c2c" in fails(capsys, *arguments)
    assert not out.exists()
    arguments = "harmonize", "--model", folder / "out" / "model.c2c", 99, "--out", out
    assert "a number from 1 to 12" in fails(capsys, *arguments)


def test_further_formats_are_written(folder, tmp_path):
    model, out = folder / "out" / "model.c2c", tmp_path / "out"
    also = ["--also", "wav,svg"]
    run("harmonize", "--model", model, folder / "tune.abc", *also, "--out", out)
    assert {"harmony.wav", "harmony.svg"} <= {file.name for file in out.iterdir()}
    assert (out / "harmony.svg").read_text().count("Soprano") == 1
    assert 'href="harmony.wav"' in (out / "index.html").read_text()


def test_a_model_of_harmony_varies_nothing(folder, tmp_path, capsys):
    model = folder / "out" / "model.c2c"
    arguments = "vary", "--model", model, folder / "tune.abc", "--out", tmp_path / "out"
    assert "is a model of harmony, which adds voices" in fails(capsys, *arguments)


def test_a_short_tune_is_to_be_filled_up(folder, tmp_path, capsys):
    path = tmp_path / "short.abc"
    path.write_text(TUNE.partition(" | B c d e")[0] + "|")
    model = folder / "out" / "model.c2c"
    arguments = "harmonize", "--model", model, path, "--out", tmp_path / "out"
    assert "has 4 measures, fewer than the 8 to which" in fails(capsys, *arguments)


def test_a_tune_that_fits_the_model_where_it_is_stays_there(folder, tmp_path, capsys):
    """Most of it is low for a soprano, and an octave higher its top is out of range."""
    path = tmp_path / "low.abc"
    low = TUNE.replace("K:G", "K:D").replace("|\n", "| ")
    path.write_text(
        low.partition("K:D")[0] + "K:D\n" + "D, E, F, D, |" * 7 + "E E E b|"
    )
    model, out = folder / "out" / "model.c2c", tmp_path / "out"
    run("harmonize", "--model", model, path, "--out", out)
    assert "for the model" not in capsys.readouterr().out


def test_a_tune_beyond_the_range_is_refused(folder, tmp_path, capsys):
    path = tmp_path / "wide.abc"
    path.write_text(TUNE.replace("| d2 B2 |", "| G,,,2 g''2 |"))
    model = folder / "out" / "model.c2c"
    arguments = "harmonize", "--model", model, path, "--out", tmp_path / "out"
    error = fails(capsys, *arguments)
    assert "Morning spans" in error and "moved to the key of the model" in error
