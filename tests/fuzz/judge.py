"""The judge of an input: it must be refused, or read as what can be written again."""

import random
import time
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sklearn_c2c.io._abc_writer import melody_to_abc
from sklearn_c2c.io._choice import SourcedTune, melodies_from
from sklearn_c2c.io._parameters import Choice
from sklearn_c2c.io._pieces import READERS
from sklearn_c2c.io._tune import TuneError
from sklearn_c2c.io._writer import melody_to_midi
from sklearn_c2c.melody import END, check_melodies
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
# The package's own files: makers of valid ones, and judges of damaged ones.
_KEPT = {".tunes": (entries, judge_entry), ".jsonl": (journals, judge_journal)}
SUFFIXES = list(_GROWTH)

# As lenient as can be, so that much is accepted.
_LENIENT = {"part": 0, "chords": "highest"}
_CHOICES = [
    Choice(1, **_LENIENT),
    Choice(2, repeats="played", pickup="keep", **_LENIENT),
    Choice(4, 12, key="D", **_LENIENT),
    Choice(1, "auto", off_grid="reject"),
    Choice((None, 64), **_LENIENT),
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
    files = _KEPT[suffix][0]() if suffix in _KEPT else real_tunes(suffix)
    if not files or rng.random() < 0.3:
        return _GROWTH[suffix](rng)
    return mutated(rng.choice(files), files, rng)


class Judged(NamedTuple):
    """An input without a fault."""

    n_results: int  # melodies read, tunes of a cache entry, results of a journal
    seconds: float  # of processor time, in the slowest way of reading


def judge(suffix, data):
    """Read an input as a file of its suffix would be, in several ways.

    Each melody that was not read from another input before is written and read again.

    Parameters
    ----------
    suffix : str
    data : bytes

    Returns
    -------
    Judged

    Raises
    ------
    AssertionError
        If a melody is not legal, or not the same when it is read again.
    Exception
        Any error that the reader raises but `TuneError`, which is its own and is
        caught here.
    """
    begun = time.process_time()
    if suffix in _KEPT:
        n_results = _KEPT[suffix][1](data)
        return Judged(n_results, time.process_time() - begun)
    tunes = _tunes(suffix, data)
    to_read = time.process_time() - begun
    n_melodies, to_choose = 0, []
    for choice in _CHOICES:
        begun = time.process_time()
        found = _chosen(tunes, choice)
        to_choose.append(time.process_time() - begun)
        if found is not None:
            check_melodies(found.data)
            n_melodies += len(found.data)
            for row, n_measures in zip(found.data[:2], found.measures, strict=False):
                notation = _notation(found, n_measures)
                _check_written(row[row != END].tobytes(), row.dtype, notation)
    return Judged(n_melodies, to_read + max(to_choose))


def _tunes(suffix, data):
    try:
        return list(READERS[suffix](data))
    except TuneError as error:
        assert str(error), "refused without a reason"
        return []


def _chosen(tunes, choice):
    """The result of `read_melodies`, or None if it reads no tune."""
    try:
        return melodies_from([SourcedTune("input", tune) for tune in tunes], choice)
    except ValueError as error:
        assert str(error), "refused without a reason"
        return None


def _notation(found, n_measures):
    return found.time_signature, found.steps_per_quarter, n_measures, found.pickup


@lru_cache(maxsize=2**13)
def _check_written(data, dtype, notation):
    """Write a melody in both formats and read it again, once for all that are equal."""
    row = np.frombuffer(data, dtype)
    time_signature, steps_per_quarter, n_measures, pickup = notation
    metre = {"time_signature": time_signature, "steps_per_quarter": steps_per_quarter}
    settings = {"title": "t", "tempo": 120, "key": None, "pickup": pickup == "keep"}
    for suffix, write in ((".abc", melody_to_abc), (".mid", melody_to_midi)):
        written = write(row, **settings, **metre)
        source = written.encode() if isinstance(written, str) else written
        again = melodies_from(
            [SourcedTune("again", tune) for tune in READERS[suffix](source)],
            Choice(n_measures, pickup=pickup, **metre),
        )
        np.testing.assert_array_equal(again.data, row[None], f"read again as {suffix}")
