"""Several voices, read from files of every format."""

from collections import Counter

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_c2c.datasets import load_bach_chorales, load_bach_sopranos
from sklearn_c2c.io import read_melodies
from sklearn_c2c.melody import HOLD, REST, check_voices, split_voices

_ = HOLD
HEADER = "X:1\nM:4/4\nL:1/4\nK:C\n"
# The alto begins a measure late; the bass has the pick-up alone.
TUNE = HEADER + (
    "V:S\nz|c2 d2|e4|f2 e2|\n"
    "V:A name=Alt\nz|z4|G2 A/G/F|A4|\n"
    "V:B clef=bass\nG,|C,4|C,2 C2|F,2 C,2|\n"
)
ROWS = {
    "S": [72, _, _, _, 74, _, _, _, 76, *[_] * 7],
    "A": [*[REST] * 8, 67, _, _, _, 69, 67, 65, _],
    "B": [48, *[_] * 7, 48, _, _, _, 60, _, _, _],
}


def write(path, text):
    path.write_text(text)
    return path


@pytest.fixture
def tune(tmp_path):
    return write(tmp_path / "tune.abc", TUNE)


def read(path, voices, n_measures=2, steps_per_quarter=2, **options):
    return read_melodies(
        path,
        voices=voices,
        n_measures=n_measures,
        steps_per_quarter=steps_per_quarter,
        **options,
    )


@pytest.mark.parametrize("order", ["SAB", "BAS", "BS"])
def test_voices_are_read_in_the_order_asked_for(tune, order):
    read_rows = read(tune, list(order))
    voices = split_voices(read_rows.data[0], len(order))
    assert voices.tolist() == [ROWS[name] for name in order]
    assert read_rows.n_voices == len(order)
    assert read_rows.measures == [2]


def test_a_number_of_voices_takes_all_parts_of_a_tune(tune):
    assert_array_equal(read(tune, 3).data, read(tune, ["S", "A", "B"]).data)
    assert_array_equal(read(tune, 3).data, read(tune, [0, "Alt", 2]).data)
    with pytest.raises(ValueError, match=r"has 3 parts with notes, .*not voices=4"):
        read(tune, 4)
    assert read_melodies(tune, part="S", n_measures=2).n_voices == 1


def test_all_voices_have_the_same_measures(tune):
    # The alto alone would begin in its first measure that has a note.
    alone = read_melodies(tune, part="A", n_measures=2, steps_per_quarter=2).data[0]
    assert alone.tolist()[:8] == ROWS["A"][8:]
    # The pick-up, too, is that of all voices.
    kept = split_voices(read(tune, 3, pickup="keep").data[0], 3)
    assert kept[:, :8].tolist() == [[REST] * 8, [REST] * 8, [*[REST] * 6, 55, _]]


def test_voices_are_transposed_together(tune):
    rows = read(tune, 3, key="D").data[0]
    moved = read(tune, 3).data[0]
    assert_array_equal(rows, np.where(moved < 128, moved + 2, moved))


def test_what_is_not_as_asked_for_is_named(tmp_path, tune):
    with pytest.raises(ValueError, match="has no part 'T'"):
        read(tune, ["S", "T"])
    with pytest.raises(ValueError, match=r"has one part 'Alt' .*for two voices"):
        read(tune, ["A", "Alt"])
    with pytest.raises(ValueError, match=r"has chords: .* in measure 1"):
        read(write(tmp_path / "a.abc", HEADER + "V:1\nc4|\nV:2\n[CE]4|\n"), 2, 1)
    other = write(tmp_path / "b.abc", HEADER + "V:1\nc4|c4|\nV:2\nC2|C2|C4|\n")
    with pytest.raises(ValueError, match="has other bar lines in its part"):
        read(other, 2)
    silent = HEADER + "V:1\n" + "z4|" * 9 + "c4|\nV:2\n" + "z4|" * 10 + "c4|\n"
    rows = read(write(tmp_path / "c.abc", silent), 2, 1)
    assert rows.silent_measures == [9]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"voices": 0}, "voices=0; expected an integer 1 to 64"),
        ({"voices": []}, "expected a number of voices, or a list"),
        ({"voices": "Soprano"}, "expected a number of voices, or a list"),
        ({"voices": [None, "A"]}, "expected a number of voices, or a list"),
        ({"voices": 2, "part": "A"}, "expected one of them"),
        ({"voices": 2, "n_measures": None}, "voices do not end early"),
        ({"voices": 2, "n_measures": (2, 4)}, "voices do not end early"),
    ],
)
def test_voices_that_are_none_are_refused(tune, options, message):
    with pytest.raises(ValueError, match=message):
        read_melodies(tune, **options)


def test_range_and_duplicates_are_those_of_all_voices(tmp_path, tune):
    with pytest.raises(ValueError, match="spans C3 to E5"):
        read(tune, 3, pitch_range=(60, 84))
    copies = [tune, write(tmp_path / "other.abc", TUNE.replace("F,2 C,2", "F,2 D,2"))]
    assert len(read(copies, 3).data) == 2
    assert len(read(copies, 3, duplicates="drop").data) == 1  # the first two measures
    assert len(read(copies, 3, n_measures=3, duplicates="drop").data) == 2


# --------------------------------------------------------------------- chorales


@pytest.fixture(scope="module")
def chorales():
    return load_bach_chorales()


def test_all_chorales_that_fill_eight_measures_are_read(chorales):
    assert chorales.data.shape == (354, 512)
    check_voices(chorales.data, 4)
    reasons = Counter(rejection.kind for rejection in chorales.rejected)
    assert reasons == {
        "metre": 45,
        "parts": 5,
        "measures": 3,
        "duplicate": 2,
        "length": 1,
    }
    assert len(np.unique(chorales.data, axis=0)) == 354
    assert chorales.sources[:3] == [f"bach/bwv{n}.mxl" for n in ("1.6", "2.6", "3.6")]


def test_the_voices_are_in_order_and_in_the_key_of_d(chorales):
    voices = split_voices(chorales.data, 4)
    means = [voices[:, i][voices[:, i] < 128].mean() for i in range(4)]
    assert means == sorted(means, reverse=True)
    # The last bass note of a chorale is mostly its tonic; eight measures end earlier.
    pitches = voices[:, 3][voices[:, 3] < 128] % 12
    assert np.bincount(pitches, minlength=12).argmax() in (2, 9)
    assert set(chorales.target) == {0, 1}


def test_the_sopranos_are_those_that_are_read_alone(chorales):
    sopranos = load_bach_sopranos(n_melodies=None)
    upper = dict(zip(chorales.sources, chorales.data[:, :128], strict=True))
    found = [source for source in sopranos.sources if source in upper]
    assert len(found) == 161
    for source, row in zip(sopranos.sources, sopranos.data, strict=True):
        if source in upper:
            assert_array_equal(upper[source], row)


def test_some_chorales_and_the_classes():
    X, y = load_bach_chorales(n_melodies=10, return_X_y=True)
    assert X.shape == (10, 512)
    assert y.shape == (10,)
    with pytest.raises(ValueError, match="expected 1 to 354"):
        load_bach_chorales(n_melodies=355)
