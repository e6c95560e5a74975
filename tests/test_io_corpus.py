"""Real tunes: round trips, and agreement with a second reader (symusic)."""

import re
from collections import Counter
from difflib import SequenceMatcher

import numpy as np
import pytest
from symusic import Score

from sklearn_c2c.datasets import corpus_folder
from sklearn_c2c.io import _abc, _excerpt, read_melodies, write_melody
from sklearn_c2c.io._reader import read_tunes
from sklearn_c2c.io._tune import ONSET, PITCH, TICKS_PER_QUARTER
from sklearn_c2c.preprocessing import PianoRollEncoder

COLLECTIONS = ["oneills1850", "ryansMammoth", "airdsAirs", "essenFolksong"]
SUFFIXES = [".mid", ".abc", ".musicxml"]


def read_collection(name, metre):
    return read_melodies(
        corpus_folder(name), time_signature=metre, chords="highest", part=0
    )


def metres_of(name):
    tunes = [tune for _, tune in read_tunes(corpus_folder(name)) if not tune.fault]
    return {str(_excerpt.metre_of(tune.parts[:1]) or "4/4") for tune in tunes}


def check_round_trips(melodies, folder, suffix, every=1):
    metre = melodies.time_signature
    path = folder / f"melody{suffix}"
    for row, source in zip(
        melodies.data[::every], melodies.sources[::every], strict=True
    ):
        write_melody(row, path, time_signature=metre, key="D")
        read = read_melodies(path, time_signature=metre, off_grid="reject")
        assert read.data[0].tolist() == row.tolist(), source


@pytest.mark.integration
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("metre", ["4/4", "6/8"])
def test_some_tunes_come_back_unchanged(tmp_path, monkeypatch, metre, suffix):
    melodies = read_collection("airdsAirs", metre)
    monkeypatch.setenv("SKLEARN_C2C_CACHE", "")
    check_round_trips(melodies, tmp_path, suffix, every=40)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_all_tunes_come_back_unchanged(tmp_path, monkeypatch, collection, suffix):
    found = 0
    for metre in metres_of(collection):
        try:
            melodies = read_collection(collection, metre)
        except ValueError:  # the few tunes in it are all too short, or broken
            continue
        with monkeypatch.context() as patch:
            patch.setenv("SKLEARN_C2C_CACHE", "")
            check_round_trips(melodies, tmp_path, suffix)
        encoder = PianoRollEncoder().fit(melodies.data)
        encoded = encoder.transform(melodies.data)
        assert np.array_equal(encoder.inverse_transform(encoded), melodies.data)
        found += len(melodies.data)
    print(collection, suffix, found)
    assert found > 500


# Differences of the second reader, by design, that are taken out of the text: it plays
# grace notes, chord symbols, ornaments and words; holds notes under fermatas longer;
# swings the dotted rhythms of hornpipes; and reads other forms into repeats.
DIFFERENT = re.compile(r'\{[^}]*\}|"[^"]*"|![^!]*!|H?x(?=\s*[|:])')
ORNAMENT = re.compile(r"[~.H-WYh-v](?=[~.H-WYh-v]*[\\^_=]*[A-Ga-g\[(])")
ENDING = re.compile(r"\[\d[\d,]*|\|\s*\d[\d,]*")
REPEAT = re.compile(r":\|+\]?:?|\|+:|::")


def comparable(tune):
    lines = []
    for line in tune.split("\n"):
        if not re.match(r"[A-Za-z]:|%", line):
            line = ORNAMENT.sub("", DIFFERENT.sub("", line))
            line = REPEAT.sub("|", ENDING.sub("|", line))
        elif line[0] in "NZSBHFDAOwWR":
            continue
        lines.append(line)
    return "\n".join(lines)


def rhythm(onsets, pitches):
    """Time to the next onset (48ths of a quarter note) and pitch, per note."""
    order = np.lexsort((pitches, onsets))
    onsets = np.round(np.asarray(onsets)[order] * 48).astype(int)
    gaps = np.diff(onsets, append=onsets[-1])
    return list(zip(gaps.tolist(), np.asarray(pitches)[order].tolist(), strict=True))


def ours(text):
    tune = _abc.read_abc(text.encode())[0]
    if tune.fault or len(tune.sounding_parts) != 1:
        return None
    notes = _excerpt.join_ties(tune.sounding_parts[0].notes)
    onsets = notes[:, ONSET] / TICKS_PER_QUARTER
    chords = len(np.unique(onsets)) < len(onsets)  # it spreads them in time
    return None if chords else rhythm(onsets, notes[:, PITCH])


def theirs(text):
    score = Score.from_abc(text)
    notes = [note for track in score.tracks for note in track.notes]
    onsets = [note.time / score.ticks_per_quarter for note in notes]
    return rhythm(onsets, [note.pitch for note in notes])


def agreement(collection, every):
    count = Counter()
    for path in sorted(corpus_folder(collection).glob("*.abc"))[::every]:
        for text in _abc.split_tunes(_abc.decode(path.read_bytes())):
            text = comparable(text)
            own = ours(text)
            if own is None:
                continue
            matcher = SequenceMatcher(None, own, theirs(text), autojunk=False)
            agree = sum(block.size for block in matcher.get_matching_blocks())
            count += Counter(notes=len(own), agree=agree, tunes=1)
    return count


def test_a_second_reader_agrees_on_some():
    count = agreement("oneills1850", every=13) + agreement("ryansMammoth", every=40)
    assert count["tunes"] > 100
    assert count["agree"] / count["notes"] > 0.999


@pytest.mark.slow
@pytest.mark.parametrize("collection", ["oneills1850", "ryansMammoth"])
def test_a_second_reader_agrees_on_all(collection):
    count = agreement(collection, every=1)
    print(count)
    assert count["agree"] / count["notes"] > 0.999
