"""`read_melodies`: find the sources, read their tunes, choose rows."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from sklearn.utils import Bunch

from sklearn_c2c.io import _excerpt as rules
from sklearn_c2c.io._abc import read_abc
from sklearn_c2c.io._cache import cached
from sklearn_c2c.io._key import parse_key
from sklearn_c2c.io._midi import read_midi
from sklearn_c2c.io._music21 import (
    estimate_key,
    read_musicxml,
    read_mxl,
    tunes_from_stream,
)
from sklearn_c2c.io._tune import (
    TICKS_PER_QUARTER,
    Tune,
    TuneError,
    grid_of,
    measure_ticks,
    parse_metre,
)
from sklearn_c2c.melody import pitch_name, transpose

# No more than this: 48 is the grid of both 64ths and 32nd triplets.
_MAX_STEPS_PER_QUARTER = 48
_MAX_BYTES = 64 * 2**20
_SECONDS_IN_SILENCE = 3.0


class Rejection(NamedTuple):
    """A tune left out: where it is, what it is called, and why, in words."""

    source: str
    title: str
    reason: str


class SourcedTune(NamedTuple):
    """A tune and where it was found, ``file`` or ``file#number``."""

    source: str
    tune: Tune


_READERS = {
    ".abc": read_abc,
    ".mid": read_midi,
    ".midi": read_midi,
    ".musicxml": read_musicxml,
    ".xml": read_musicxml,
    ".mxl": read_mxl,
}


def read_melodies(
    source,
    *,
    n_measures=8,
    steps_per_quarter=4,
    time_signature=None,
    key=None,
    repeats="written",
    part=None,
    chords="reject",
    off_grid="round",
    pitch_range=None,
    n_jobs=None,
):
    r"""Read melodies from ABC, MIDI and MusicXML files.

    Each tune gives one row: its first `n_measures` full measures, without the
    pick-up. The user guide, "Reading", states every rule.

    Parameters
    ----------
    source : path, music21 stream, or list of these
        A file (``.abc``, which may be a tune book, ``.mid``, ``.midi``,
        ``.musicxml``, ``.xml``, ``.mxl``), or a folder, of which all such files are
        read, in those within it too, by name.
    n_measures : int, default=8
        Length of each melody, in measures.
    steps_per_quarter : int or "auto", default=4
        Time steps in a quarter note: 4 for sixteenths. With ``"auto"`` the time step
        is the greatest common divisor of all onsets and durations that are read.
    time_signature : str, default=None
        The metre of all rows, such as ``"6/8"``; tunes in others are rejected. None
        takes the one most of the tunes are in. Cut time counts as 4/4, as it has the
        same steps. A tune that states no metre is taken to be in the one named here.
    key : str, default=None
        Tonic, such as ``"D"`` or ``"Bb"``, to which each tune is transposed by at most
        six semitones, its mode kept. A tune that states no key has it estimated
        (Krumhansl). None leaves the pitches as they are.
    repeats : {"written", "played"}, default="written"
        Whether each measure is read once, the last of several endings being taken, or
        repeats and endings are played out.
    part : str or int, default=None
        Which part to read of a tune that has several with notes, by its name or its
        number, from 0. None rejects such tunes.
    chords : {"reject", "highest"}, default="reject"
        What to do where several notes sound together: leave the tune out, or keep
        the highest.
    off_grid : {"round", "reject"}, default="round"
        What to do with an onset between two time steps: move it to the nearest, the
        earlier of two equally near, or leave the tune out.
    pitch_range : (int, int), default=None
        Lowest and highest MIDI pitch; a tune that leaves it is rejected.
    n_jobs : int, default=None
        Number of processes that read files; worth it for thousands of them.

    Returns
    -------
    Bunch
        ``data``
            ndarray of int16, shape (n_melodies, n_steps): see `sklearn_c2c.melody`.
        ``titles``, ``sources``, ``tonalities``, ``tempos``
            One per melody: title, ``file`` or ``file#number``, key before any
            transposition (``""`` if unknown), quarter notes a minute (None if
            unknown).
        ``rejected``
            List of ``(source, title, reason)``, one per tune left out.
        ``time_signature``, ``steps_per_quarter``, ``n_measures``
            What all rows share.
        ``DESCR``
            One sentence that says so.

    Raises
    ------
    FileNotFoundError
        If a path does not exist.
    ValueError
        If a folder holds no file of a known kind, no tune can be read (the message
        quotes the first reasons), or a parameter is out of range.
    TypeError
        If a source is neither a path nor a music21 stream.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "scale.abc")
    >>> _ = path.write_text("X:1\nM:2/4\nL:1/8\nK:D\nDEFG|A3z|")
    >>> read_melodies(path, n_measures=2, steps_per_quarter=2).data
    array([[ 62,  64,  66,  67,  69, 129, 129, 128]], dtype=int16)
    >>> folder.cleanup()
    """
    choice = Choice(
        n_measures,
        steps_per_quarter,
        time_signature,
        key,
        repeats,
        part,
        chords,
        off_grid,
        pitch_range,
    )
    return melodies_from(read_tunes(source, n_jobs=n_jobs), choice)


def read_tunes(source, *, n_jobs=None):
    """Read every tune of a source, unchosen (see `read_melodies`).

    Returns
    -------
    list of SourcedTune
    """
    sources = source if isinstance(source, (list, tuple)) else [source]
    tunes, paths = [], []
    for item in sources:
        if isinstance(item, (str, os.PathLike)):
            paths += _files(Path(item))
        elif type(item).__module__.startswith("music21."):
            tunes += [SourcedTune("stream", tune) for tune in tunes_from_stream(item)]
        else:
            raise TypeError(
                f"Expected a path, a music21 stream or a list of these, "
                f"got {type(item).__name__}."
            )
    if not paths and not tunes:
        raise ValueError("Expected at least one source, got an empty list.")
    jobs = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_read_file)(path) for path in paths
    )
    for found in _with_progress(jobs, len(paths)):
        tunes += found
    return tunes


def _files(path):
    """The path itself, or all files of a known kind in a folder."""
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file())
        known = [p for p in files if p.suffix.lower() in _READERS]
        if not known:
            found = ", ".join(p.name for p in files[:3]) or "no files at all"
            raise ValueError(
                f"Found no music in the folder {path}: expected "
                f"{', '.join(_READERS)}, found {found}."
            )
        return known
    if not path.exists():
        raise FileNotFoundError(f"Found no file or folder {str(path)!r} to read.")
    return [path]


def _read_file(path):
    """Read one file; one that cannot be read is a single tune with a fault."""
    size = path.stat().st_size
    if size > _MAX_BYTES:
        fault = f"is larger than the {_MAX_BYTES >> 20} MiB that are read"
        return [SourcedTune(str(path), Tune(fault=fault))]
    return tunes_in(path.read_bytes(), path.suffix.lower(), str(path))


def tunes_in(data, suffix, name):
    """Read the tunes of a file's bytes, through the cache.

    Parameters
    ----------
    data : bytes
    suffix : str
        In lower case, with its dot; decides the format.
    name : str
        What to call the source.

    Returns
    -------
    list of SourcedTune
    """
    if suffix not in _READERS:
        fault = f"has the suffix {suffix!r}; expected one of {', '.join(_READERS)}"
        return [SourcedTune(name, Tune(fault=fault))]

    def read(data):
        try:
            return [_with_key(tune) for tune in _READERS[suffix](data)]
        except TuneError as error:
            return [Tune(fault=str(error))]

    return [
        SourcedTune(f"{name}#{tune.number}" if tune.number else name, tune)
        for tune in cached(data, suffix, read)
    ]


def _with_key(tune):
    return tune if tune.key or tune.fault else estimate_key(tune)


def _with_progress(results, total):
    """Pass results on; say on a terminal how far they are when it takes long."""
    start = last = time.monotonic()
    shown = False
    for done, result in enumerate(results, start=1):
        now = time.monotonic()
        if now - start > _SECONDS_IN_SILENCE and now - last > 0.2:
            if sys.stderr.isatty():
                print(f"\rReading: {done} of {total} files", end="", file=sys.stderr)
                shown = True
            last = now
        yield result
    if shown:
        print(file=sys.stderr)


@dataclass(frozen=True)
class Choice:
    """The parameters of `read_melodies`, checked."""

    n_measures: int = 8
    steps_per_quarter: int | str = 4
    time_signature: str | None = None
    key: str | None = None
    repeats: str = "written"
    part: str | int | None = None
    chords: str = "reject"
    off_grid: str = "round"
    pitch_range: tuple[int, int] | None = None

    def __post_init__(self):
        _check_count("n_measures", self.n_measures, 4096)
        if self.steps_per_quarter != "auto":
            _check_count(
                "steps_per_quarter", self.steps_per_quarter, _MAX_STEPS_PER_QUARTER
            )
        _check_option("repeats", self.repeats, ("written", "played"))
        _check_option("chords", self.chords, ("reject", "highest"))
        _check_option("off_grid", self.off_grid, ("round", "reject"))
        if self.time_signature is not None:
            parse_metre(self.time_signature)
        if self.key is not None and parse_key(self.key).mode != "major":
            raise ValueError(
                f"Found key={self.key!r}; expected a tonic alone, such as 'D': each "
                f"tune keeps its mode."
            )
        if self.pitch_range is not None:
            bounds = tuple(np.ravel(self.pitch_range))
            if len(bounds) != 2 or not 0 <= bounds[0] <= bounds[1] <= 127:
                raise ValueError(
                    f"Found pitch_range={self.pitch_range}; expected two MIDI pitches "
                    f"0-127, the lower first."
                )


def _check_count(name, value, most):
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or not 1 <= value <= most:
        raise ValueError(f"Found {name}={value!r}; expected an integer 1 to {most}.")


def _check_option(name, value, options):
    if value not in options:
        raise ValueError(
            f"Found {name}={value!r}; expected {' or '.join(map(repr, options))}."
        )


def melodies_from(tunes, choice):
    """Turn tunes into rows.

    Parameters
    ----------
    tunes : list of SourcedTune
    choice : Choice

    Returns
    -------
    Bunch
        As `read_melodies` does.
    """
    metre = _common_metre(tunes, choice)
    kept, excerpts, rejected = [], [], []
    for sourced in tunes:
        try:
            excerpts.append(_excerpt_of(sourced.tune, metre, choice))
            kept.append(sourced)
        except ValueError as error:
            rejected.append(_rejection(sourced, error))
    steps_per_quarter = choice.steps_per_quarter
    if steps_per_quarter == "auto":
        steps_per_quarter = _finest_grid(excerpts)
    n_steps = choice.n_measures * _steps_per_measure(metre, steps_per_quarter)
    rows, read = [], []
    for sourced, notes in zip(kept, excerpts, strict=True):
        try:
            rows.append(_row(sourced.tune, notes, steps_per_quarter, n_steps, choice))
            read.append(sourced)
        except ValueError as error:
            rejected.append(_rejection(sourced, error))
    if not rows:
        reasons = "; ".join(f"{r.source} {r.reason}" for r in rejected[:3])
        raise ValueError(
            f"None of the {len(tunes)} tunes found can be read. First reasons: "
            f"{reasons}."
        )
    return Bunch(
        data=np.array(rows),
        titles=[sourced.tune.title for sourced in read],
        sources=[sourced.source for sourced in read],
        tonalities=[sourced.tune.key for sourced in read],
        tempos=[sourced.tune.tempo for sourced in read],
        rejected=rejected,
        time_signature=metre,
        steps_per_quarter=steps_per_quarter,
        n_measures=choice.n_measures,
        DESCR=_describe(len(rows), len(tunes), metre, steps_per_quarter, choice),
    )


def _rejection(sourced, error):
    return Rejection(sourced.source, sourced.tune.title, str(error))


def _common_metre(tunes, choice):
    """The metre asked for, or the one that most tunes start in."""
    if choice.time_signature is not None:
        return grid_of(*parse_metre(choice.time_signature))
    metres = [rules.metre_of(tune.parts[0]) for _, tune in tunes if not tune.fault]
    metres = [metre for metre in metres if metre]
    # Of equally frequent ones the first in the source.
    return max(metres, key=metres.count) if metres else "4/4"


def _excerpt_of(tune, metre, choice):
    """Notes of a tune's window in ticks, before they meet the grid."""
    part = rules.choose_part(tune, choice.part)
    own = rules.metre_of(part)
    if own is None and choice.time_signature is None:
        raise TuneError("states no metre; pass time_signature= to say which it is in")
    if own not in (None, metre):
        raise TuneError(f"is in {own}, not in {metre}")
    return rules.excerpt(part, metre, choice.n_measures, repeats=choice.repeats)


def _row(tune, notes, steps_per_quarter, n_steps, choice):
    """Row of steps of a tune's window."""
    exact = choice.steps_per_quarter == "auto"
    tolerance = 0 if exact else TICKS_PER_QUARTER // (2 * steps_per_quarter)
    notes = rules.one_voice(notes, choice.chords, tolerance)
    row = rules.on_grid(notes, steps_per_quarter, n_steps, choice.off_grid)
    if choice.key is not None:
        row = transpose(row, rules.semitones_to(tune, choice.key))
    if choice.pitch_range is not None:
        _check_range(row, *choice.pitch_range)
    return row


def _check_range(row, low, high):
    pitches = row[row < 128]
    if len(pitches) and not low <= pitches.min() <= pitches.max() <= high:
        raise TuneError(
            f"spans {pitch_name(pitches.min())} to {pitch_name(pitches.max())}, "
            f"beyond the range {pitch_name(low)} to {pitch_name(high)}"
        )


def _finest_grid(excerpts):
    steps = rules.finest_grid(excerpts)
    if steps > _MAX_STEPS_PER_QUARTER:
        raise ValueError(
            f"The greatest common divisor of all onsets and durations is 1/{steps} of "
            f"a quarter note: the notes lie on no grid. Pass steps_per_quarter, such "
            f"as 4 or 12, and they are rounded to it."
        )
    return steps


def _steps_per_measure(metre, steps_per_quarter):
    steps, rest = divmod(measure_ticks(metre) * steps_per_quarter, TICKS_PER_QUARTER)
    if rest:
        raise ValueError(
            f"A measure of {metre} is no whole number of steps at "
            f"steps_per_quarter={steps_per_quarter}; a multiple of it may do."
        )
    return int(steps)


def _describe(n_rows, n_tunes, metre, steps_per_quarter, choice):
    found = (
        ", the greatest common divisor of all onsets and durations"
        if choice.steps_per_quarter == "auto"
        else ""
    )
    return (
        f"{n_rows} of {n_tunes} tunes: {choice.n_measures} measures of {metre}, "
        f"{steps_per_quarter} steps a quarter note{found}."
    )
