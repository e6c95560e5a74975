"""What may be done with an input: refuse it, or read what can be written again."""

import random

import numpy as np

from sklearn_c2c.io._abc_writer import melody_to_abc
from sklearn_c2c.io._choice import Choice, SourcedTune, melodies_from
from sklearn_c2c.io._pieces import READERS
from sklearn_c2c.io._tune import TuneError
from sklearn_c2c.io._writer import melody_to_midi
from sklearn_c2c.melody import check_melodies
from tests.fuzz.growth import grown_abc, grown_midi, grown_musicxml, grown_mxl
from tests.fuzz.kept import (
    entries,
    grown_entry,
    grown_journal,
    journals,
    judge_entry,
    judge_journal,
)
from tests.fuzz.mutations import mutated
from tests.fuzz.tunes import real_tunes

_GROWTH = {
    ".abc": grown_abc,
    ".mid": grown_midi,
    ".musicxml": grown_musicxml,
    ".mxl": grown_mxl,
    ".tunes": grown_entry,
    ".jsonl": grown_journal,
}
# What the package keeps for itself: valid files, and what judges others.
_KEPT = {".tunes": (entries, judge_entry), ".jsonl": (journals, judge_journal)}
SUFFIXES = list(_GROWTH)

# As lenient as can be, so that much is accepted.
_LENIENT = {"part": 0, "chords": "highest"}
_CHOICES = [
    Choice(1, **_LENIENT),
    Choice(2, repeats="played", pickup="keep", **_LENIENT),
    Choice(4, 12, key="D", **_LENIENT),
    Choice(1, "auto", off_grid="reject"),
]


def made(suffix, seed, number):
    """Make one input.

    Parameters
    ----------
    suffix : str
        The format.
    seed, number : int
        Of the campaign, and of the input within it: the same give the same bytes.

    Returns
    -------
    bytes
    """
    rng = random.Random(f"{suffix} {seed} {number}")
    if suffix == ".mxl" or rng.random() < 0.3:
        return _GROWTH[suffix](rng)
    files = _KEPT[suffix][0]() if suffix in _KEPT else real_tunes(suffix)
    return mutated(rng.choice(files), files, rng)


def judge(suffix, data):
    """Read an input as a file of its suffix would be, in several ways.

    Parameters
    ----------
    suffix : str
    data : bytes

    Returns
    -------
    int
        How many melodies were read, each of which could be written and read again; of
        a cache entry how many tunes, of a journal how many results.

    Raises
    ------
    AssertionError
        If a melody is not legal, or another one when it is read again.
    Exception
        Whatever the reader lets through; only `TuneError` is one of its own, and
        caught here.
    """
    if suffix in _KEPT:
        return _KEPT[suffix][1](data)
    tunes = _tunes(suffix, data)
    n_melodies = 0
    for choice in _CHOICES:
        found = _chosen(tunes, choice)
        if found is None:
            continue
        check_melodies(found.data)
        n_melodies += len(found.data)
        for row in found.data[:2]:
            _check_written(row, found)
    return n_melodies


def _tunes(suffix, data):
    try:
        return list(READERS[suffix](data))
    except TuneError as error:
        assert str(error), "refused without a reason"
        return []


def _chosen(tunes, choice):
    """What `read_melodies` makes of the tunes, or None if of none of them."""
    try:
        return melodies_from([SourcedTune("input", tune) for tune in tunes], choice)
    except ValueError as error:
        assert str(error), "refused without a reason"
        return None


def _check_written(row, found):
    metre = {
        "time_signature": found.time_signature,
        "steps_per_quarter": found.steps_per_quarter,
    }
    for suffix, write in ((".abc", melody_to_abc), (".mid", melody_to_midi)):
        pickup = found.pickup == "keep"
        written = write(row, title="t", tempo=120, key=None, pickup=pickup, **metre)
        data = written.encode() if isinstance(written, str) else written
        again = melodies_from(
            [SourcedTune("again", tune) for tune in READERS[suffix](data)],
            Choice(found.n_measures, pickup=found.pickup, **metre),
        )
        np.testing.assert_array_equal(again.data, row[None], f"read again as {suffix}")
