"""The corpora agree with their descriptions."""

import numpy as np
import pytest

from sklearn_c2c import datasets
from sklearn_c2c.io import _pieces, write_melody
from sklearn_c2c.melody import HOLD, REST, check_melodies


def test_celtic_is_the_first_75_reels():
    reels = datasets.load_celtic()
    assert reels.data.shape == (75, 128)
    assert reels.data.dtype == np.int16
    check_melodies(reels.data)
    pitches = reels.data[reels.data < REST]
    assert (pitches.min(), pitches.max()) == (55, 83)
    assert len(np.unique(reels.data, axis=0)) == 75
    numbers = [int(source.split("#")[1]) for source in reels.sources]
    assert numbers == sorted(numbers)
    assert reels.titles[numbers.index(1205)] == "The Green Mountain"
    assert set(reels.tonalities) == {"D major"}
    assert reels.target.tolist() == [0] * 75
    assert reels.target_names == ["O'Neill's Music of Ireland"]
    assert (reels.data == HOLD).mean() == pytest.approx(0.52, abs=0.01)
    assert "75 reels" in reels.DESCR


def test_all_of_celtic_adds_ryan():
    reels, some = datasets.load_celtic(n_melodies=None), datasets.load_celtic()
    assert len(reels.data) > 120
    assert np.array_equal(reels.data[:75], some.data)
    assert len(np.unique(reels.data, axis=0)) == len(reels.data)
    assert set(reels.target) == {0, 1}
    assert len(reels.target_names) == 2
    assert all(rejection.reason for rejection in reels.rejected)


def test_a_second_load_reads_no_file_again(monkeypatch):
    reels = datasets.load_celtic()

    def read(piece):
        raise AssertionError(f"{piece.name} is read again")

    monkeypatch.setattr(_pieces, "_read", read)
    np.testing.assert_array_equal(datasets.load_celtic().data, reels.data)


def test_all_reels_are_those_that_the_figures_were_measured_on():
    reels = datasets.load_celtic(n_melodies=None)
    assert reels.data.shape == (134, 128)
    assert np.bincount(reels.target).tolist() == [83, 51]


def test_bach_sopranos():
    sopranos = datasets.load_bach_sopranos()
    assert sopranos.data.shape == (80, 128)
    check_melodies(sopranos.data)
    assert sopranos.sources[0] == "bach/bwv253.mxl"
    assert sopranos.sources[-1] == "bach/bwv347.mxl"
    assert sopranos.target_names == ["major", "minor"]
    # A chorale in D major or minor ends its phrases on the notes of D more than on
    # others: transposed, D is the most frequent pitch class.
    pitches = sopranos.data[sopranos.data < REST] % 12
    assert set(np.argsort(np.bincount(pitches))[-3:]) >= {2, 9}


@pytest.mark.parametrize("load", [datasets.load_celtic, datasets.load_bach_sopranos])
def test_conventions(load):
    X, y = load(n_melodies=5, return_X_y=True)
    assert X.shape == (5, 128)
    assert y.shape == (5,)
    melodies = load(n_melodies=5)
    for name in ("titles", "sources", "tonalities", "tempos", "target"):
        assert len(melodies[name]) == 5
    with pytest.raises(ValueError, match="n_melodies=0; expected 1 to"):
        load(n_melodies=0)
    with pytest.raises(ValueError, match="n_melodies=1000; expected 1 to"):
        load(n_melodies=1000)


def test_without_the_corpus_of_music21(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="pip install music21"):
        datasets.load_celtic()


def test_load_folder(tmp_path):
    for name in ("b", "a/c"):
        (tmp_path / name).mkdir(parents=True)
        write_melody([60, 62], tmp_path / name / "x.mid", steps_per_quarter=1)
    write_melody([60, 62], tmp_path / "y.abc", steps_per_quarter=1)
    options = {"n_measures": 1, "steps_per_quarter": 1}
    tunes = datasets.load_folder(tmp_path, **options)
    assert tunes.target_names == [".", "a/c", "b"]
    assert tunes.target.tolist() == [1, 2, 0]
    X, y = datasets.load_folder(tmp_path, return_X_y=True, **options)
    assert len(X) == len(y) == 3
    with pytest.raises(NotADirectoryError, match="read_melodies reads it"):
        datasets.load_folder(tmp_path / "y.abc")
    with pytest.raises(FileNotFoundError):
        datasets.load_folder(tmp_path / "missing")
