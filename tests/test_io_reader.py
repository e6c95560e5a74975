"""Finding sources, reporting unreadable ones, and checking parameters."""

import pytest

from sklearn_c2c.io import read_melodies, write_melody

TUNE = "X:1\nT:Tune\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|\n"
OPTIONS = {"n_measures": 2, "steps_per_quarter": 1}
ROW = [60, 62, 64, 65, 67, 69, 71, 72]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "tune.abc").write_text(TUNE)
    write_melody(ROW, tmp_path / "a.mid", steps_per_quarter=1)
    write_melody(ROW, tmp_path / "c.XML", steps_per_quarter=1)
    (tmp_path / "notes.txt").write_text("not music")
    return tmp_path


def test_a_folder_is_read_by_name_those_within_it_too(folder):
    melodies = read_melodies(folder, **OPTIONS)
    assert melodies.data.tolist() == [ROW] * 3
    sources = [str(folder / name) for name in ("a.mid", "b/tune.abc#1", "c.XML")]
    assert melodies.sources == sources
    assert melodies.titles == ["a", "Tune", "c"]
    assert melodies.rejected == []


def test_a_list_of_files_is_read_in_its_order(folder):
    paths = [folder / "b" / "tune.abc", str(folder / "a.mid")]
    assert read_melodies(paths, **OPTIONS).titles == ["Tune", "a"]


def test_processes_give_what_one_gives(folder, monkeypatch):
    monkeypatch.setenv("SKLEARN_C2C_CACHE", "")
    one, two = (read_melodies(folder, n_jobs=n, **OPTIONS) for n in (1, 2))
    assert one.sources == two.sources
    assert one.data.tolist() == two.data.tolist()


def test_one_bad_file_among_good_ones_is_rejected(folder):
    (folder / "bad.mid").write_bytes(b"MThd")
    (folder / "prose.abc").write_text("The Green Mountain\n\nis a reel.\n")
    melodies = read_melodies(folder, **OPTIONS)
    assert len(melodies.data) == 3
    reasons = {r.source.rsplit("/", 1)[-1]: r.reason for r in melodies.rejected}
    assert "it has no MIDI header" in reasons["bad.mid"]
    assert "no line starts with X:" in reasons["prose.abc"]


def test_nothing_to_read(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        read_melodies(tmp_path / "missing.abc")
    with pytest.raises(ValueError, match=r"expected \.abc.*found no files at all"):
        read_melodies(tmp_path)
    (tmp_path / "readme.txt").write_text("hello")
    with pytest.raises(ValueError, match=r"found readme\.txt"):
        read_melodies(tmp_path)
    with pytest.raises(ValueError, match="no ABC tune"):
        read_melodies(tmp_path / "readme.txt")
    with pytest.raises(ValueError, match=r"has the suffix '\.doc'"):
        (tmp_path / "readme.doc").write_text("hello")
        read_melodies(tmp_path / "readme.doc")
    with pytest.raises(ValueError, match="got an empty list"):
        read_melodies([])
    with pytest.raises(TypeError, match=r"Expected a path.*got int"):
        read_melodies(3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_measures": 0}, "n_measures=0; expected an integer"),
        ({"n_measures": True}, "n_measures=True; expected an integer"),
        ({"steps_per_quarter": 1.5}, "steps_per_quarter=1.5; expected an integer"),
        ({"steps_per_quarter": "all"}, "steps_per_quarter='all'; expected"),
        ({"time_signature": "waltz"}, "'waltz'; expected beats"),
        ({"key": "H"}, "'H'; expected a tonic"),
        ({"repeats": "no"}, "repeats='no'; expected 'written' or 'played'"),
        ({"chords": "lowest"}, "chords='lowest'; expected 'reject' or 'highest'"),
        ({"off_grid": "drop"}, "off_grid='drop'; expected 'round' or 'reject'"),
        ({"pitch_range": (83, 55)}, "expected two MIDI pitches"),
        ({"pitch_range": 60}, "expected two MIDI pitches"),
        ({"time_signature": "3/8", "steps_per_quarter": 1}, "not a whole number of"),
    ],
)
def test_parameters_out_of_range(folder, options, words):
    with pytest.raises(ValueError, match=words):
        read_melodies(folder, **options)


def test_a_tune_too_long_to_be_one(tmp_path):
    path = tmp_path / "long.abc"
    path.write_text(TUNE + "CDEF|" * 20000)
    with pytest.raises(ValueError, match="more than the 65536 that are read"):
        read_melodies(path)
    path.write_text(TUNE + "(" * 60000)
    read_melodies(path, **OPTIONS)
