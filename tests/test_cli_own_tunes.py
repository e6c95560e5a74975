"""Tunes of one's own that the command moves, or plays out, until a model takes them."""

import re

import pytest

from sklearn_c2c import cli
from tests.command import fails, run

TUNES = "\n".join(
    f"X:{i}\nT:Tune {i}\nM:4/4\nL:1/8\nK:D\n{text}\n"
    for i, text in enumerate(
        ["D2FA d2AF|G2BG A4|", "A2FA B2AF|E2GE D4|", "f2df e2ce|d2fd A4|"], 1
    )
)
OWN = "X:1\nT:Own\nM:4/4\nL:1/8\nK:D\n{}\n"
VARY = ["--n", 1, "--strength", 0.2]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("learned")
    (folder / "tunes.abc").write_text(TUNES)
    options = ["--measures", 2, "--h", 4, "--max-iter", 3, "--batch-size", 2]
    assert run("train", folder / "tunes.abc", *options, "--out", folder / "m.c2c") == 0
    return folder / "m.c2c"


@pytest.fixture
def own(tmp_path):
    def own(text):
        path = tmp_path / "own.abc"
        path.write_text(OWN.format(text))
        return path

    return own


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("D,2F,A, D2A,F,|G,2B,G, A,4|", "up 12 semitones"),
        ("D,,2F,,A,, D,2A,,F,,|G,,2B,,G,, A,,4|", "up 24 semitones"),
        ("d'2f'a' d'2a'f'|g'2b'g' a'4|", "down 24 semitones"),
    ],
)
def test_a_tune_out_of_range_is_moved_by_octaves_and_back(
    model, own, tmp_path, capsys, text, way
):
    out = tmp_path / "out"
    assert run("vary", "--model", model, own(text), *VARY, "--out", out) == 0
    assert f"; moved {way} into the range D4 to " in capsys.readouterr().out
    first = (out / "melody-01.abc").read_text()
    notes = re.sub(r"[\s|]", "", first.partition("K:D\n")[2])
    assert notes.startswith(re.sub(r"[\s|]", "", text)[:6])


def test_a_tune_that_fits_in_no_octave_is_refused(model, own, tmp_path, capsys):
    out = tmp_path / "out"
    said = fails(
        capsys, "vary", "--model", model, own("D,,8|d'8|"), *VARY, "--out", out
    )
    assert "Own spans D2 to D6, and the model knows D4 to " in said
    assert "it fits in no octave." in said and "pitch_range" not in said


def test_repeats_are_played_out_where_a_tune_is_too_short(model, own, tmp_path, capsys):
    out = tmp_path / "out"
    command = ["vary", "--model", model, own("|:D2FA d2AF:|"), *VARY, "--out", out]
    assert run(*command) == 0
    assert "; repeats played out, as it is too short" in capsys.readouterr().out
    out = tmp_path / "other"
    command = ["vary", "--model", model, own("D2FA d2AF|"), *VARY, "--out", out]
    assert "has 1 measure, fewer than the 2" in fails(capsys, *command)


@pytest.mark.parametrize(
    ("n_stated", "line"),
    [
        (0, "tempo: 120 beats a minute, as no tune states one"),
        (1, "tempo: 120 beats a minute, the default, as only 1 of 9 tunes states one"),
        (2, "tempo: 120 beats a minute, the default, as only 2 of 9 tunes state one"),
        (3, "tempo: 32 beats a minute, the median of 3 tunes"),
    ],
)
def test_few_tunes_that_state_a_tempo_tell_none(n_stated, line):
    tempos = [32.0] * n_stated + [None] * (9 - n_stated)
    usual = cli._tempo.usual_tempo(tempos, "4/4")
    assert cli._tempo.describe_tempo(None, usual, tempos, "4/4") == line
