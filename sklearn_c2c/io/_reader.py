"""`read_melodies`: find the sources, read their tunes, choose rows."""

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

from sklearn_c2c._files import read_regular
from sklearn_c2c.io._abc_text import holds_abc
from sklearn_c2c.io._choice import SourcedTune, melodies_from
from sklearn_c2c.io._music21 import tunes_from_stream
from sklearn_c2c.io._parameters import Choice
from sklearn_c2c.io._pieces import MAX_BYTES, READERS, pieces_of, read_pieces

_SECONDS_IN_SILENCE = 3.0


def read_melodies(
    source,
    *,
    n_measures=8,
    steps_per_quarter=4,
    time_signature=None,
    key=None,
    mode=None,
    repeats="written",
    pickup="drop",
    part=None,
    voices=None,
    chords="reject",
    off_grid="round",
    pitch_range=None,
    duplicates="keep",
    n_jobs=-1,
):
    r"""Read melodies from ABC, MIDI and MusicXML files.

    Each tune gives one row: its first `n_measures` full measures from the first that
    has a note; if a part of the tune ends in the last of them, up to there. With
    ``n_measures=None`` or limits it is the whole tune. A tune or file that cannot be
    read is left out and listed with its reason.
    The user guide, "Corpora and reading rules", states every rule.

    Parameters
    ----------
    source : path, music21 stream, or list of these
        A file (``.abc``, which may be a tune book, ``.txt`` with ABC in it, ``.mid``,
        ``.midi``, ``.musicxml``, ``.xml``, ``.mxl``), or a folder, whose files of these
        kinds, including those in subfolders, are read in the order of their names.
    n_measures : int, None or (low, high), default=8
        Length of each melody, in measures. None reads whole tunes, from the first full
        measure that has a note to the last one that has; the last may be short by a
        pick-up, and is filled up. Limits, such as ``(8, 32)``, read whole tunes of at
        least `low` and at most `high` measures, each 1 to 4096 or None, and reject
        the others: no tune is cut.
    steps_per_quarter : int or "auto", default=4
        Time steps in a quarter note: 4 for sixteenths. With ``"auto"`` the time step
        is the greatest common divisor of all onsets and durations that are read.
    time_signature : str, default=None
        The metre of all rows, such as ``"6/8"``; tunes in others are rejected. None
        takes the one most of the tunes are in. Cut time counts as 4/4, as it has the
        same steps. A tune that states no metre is taken to be in the one named here.
    key : str, default=None
        Tonic, such as ``"D"`` or ``"Bb"``, to which each tune is transposed by at most
        six semitones, its mode kept. A mode, as in ``"Dm"`` or ``"D dorian"``, also
        sets `mode`. The key of a tune that states none is estimated
        (Krumhansl). None leaves the pitches as they are.
    mode : str, default=None
        The mode of all tunes: ``"major"``, ``"minor"`` or a church mode. Tunes in other
        modes, also in the relative ones with the same notes, and tunes of unknown key
        are rejected. ``"any"`` takes all tunes, and so does None unless `key` has a
        mode.
    repeats : {"written", "played"}, default="written"
        Whether each measure is read once, with the last of several endings, or repeats
        and endings are played out.
    pickup : {"drop", "keep"}, default="drop"
        What to do with the notes before the first full measure: leave them out, or add
        a measure in front that ends with them, with rest before them; for a tune
        without a pick-up this measure is rest.
    part : str or int, default=None
        Which part to read of a tune that has several with notes, by its name (or, in
        ABC, the id of the voice) or its number, from 0. ``"melody"`` takes the part
        that is named so, or like a singer or a melody instrument; else the one with the
        highest mean pitch among the parts in which one note sounds at a time, or among
        all if there are none. None rejects such tunes.
    voices : int or list of str or int, default=None
        Voices to read of each tune, for rows of several: their parts as `part` takes
        them, in the order of the row, such as ``["Soprano", "Alto"]``; or how many
        parts with notes a tune has, which are read in their own order. A row is their
        melodies one after the other (see `melody.split_voices`), of the same measures
        and transposed together. Not with whole tunes.
    chords : {"reject", "highest"}, default="reject"
        What to do where several notes of a part sound together: leave the tune out, or
        keep the highest.
    off_grid : {"round", "reject"}, default="round"
        What to do with an onset between two time steps: move it to the nearest, the
        earlier of two equally near, or leave the tune out.
    pitch_range : (int, int), default=None
        Lowest and highest MIDI pitch; a tune that leaves it is rejected.
    duplicates : {"keep", "drop"}, default="keep"
        Whether to keep or reject rows equal to an earlier one; with `key`, rows that
        differ by a transposition count as equal.
    n_jobs : int or None, default=-1
        Number of processes that read: -1 is one per core, None what
        `joblib.parallel_config` says, or 1. Further processes are started only for
        some thousand tunes that are not in the cache.

    Returns
    -------
    Bunch
        ``data``
            ndarray of int16, shape (n_melodies, n_steps): see `sklearn_c2c.melody`.
            With `voices`, n_steps is the number of steps of all of them together. Of
            whole tunes n_steps is the length of the longest; the others are filled up
            with `END`.
        ``phrase_ends``
            ndarray of bool, shape (n_melodies, n_steps of one voice): whether a note
            sounds that has a fermata, of the melody or, with `voices`, of the first
            voice while any has one. Fermatas are signs of ABC and MusicXML, at the ends
            of phrases; MIDI has none.
        ``titles``, ``sources``, ``tonalities``, ``tempos``
            One per melody: title, ``file`` or ``file#number``, key before any
            transposition (``""`` if unknown), quarter notes a minute (None if
            unknown).
        ``upbeats``
            One per melody: steps at its end that led to what is played next (the
            repeat, or the next part or phrase), in which its last note is held, or its
            rest goes on, instead; 0 for a melody that is as written.
        ``measures``
            One per melody: how many full measures it has, without that of a pick-up.
        ``silent_measures``
            One per melody: measures before the first note that were left out.
        ``warnings``
            One tuple per melody of short sentences: what was left out or changed when
            it was read.
        ``rejected``
            List of ``(source, title, reason, kind, found)``, one per tune left out.
            ``found`` is its metre (``""`` if it states none), its mode, or how many
            measures or parts it has, None where the kind says all. The kind
            is one of ``"file"`` (cannot be opened, too large, unknown suffix),
            ``"damaged"`` (not understood), ``"empty"`` (no notes), ``"parts"``,
            ``"metre"``, ``"measures"`` (bar lines that do not keep the metre),
            ``"length"``, ``"chords"``, ``"off grid"``, ``"key"`` (none to transpose
            from), ``"mode"``, ``"range"``, ``"duplicate"``.
        ``time_signature``, ``steps_per_quarter``, ``n_measures``, ``pickup``
            Parameters that all rows share; `n_measures` as it was given.
        ``n_voices``
            Number of voices of a row.
        ``DESCR``
            One sentence about the corpus.

    Raises
    ------
    FileNotFoundError
        If a path does not exist.
    ValueError
        If a folder holds no file of a known kind, no tune can be read (the message
        quotes the first reasons, ``error.rejected`` has all), or a parameter is out of
        range.
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
    >>> read_melodies([path, path], n_measures=2, duplicates="drop").rejected[0].kind
    'duplicate'
    >>> header = "M:2/4\nL:1/4\nK:D\n"
    >>> _ = path.write_text(f"X:1\n{header}DE|FG|A2|]\n\nX:2\n{header}A|DE|F|]\n")
    >>> whole = read_melodies(path, n_measures=None, steps_per_quarter=1)
    >>> whole.data
    array([[ 62,  64,  66,  67,  69, 129],
           [ 62,  64,  66, 129, 130, 130]], dtype=int16)
    >>> whole.measures
    [3, 2]
    >>> folder.cleanup()
    """
    choice = Choice(
        n_measures=n_measures,
        steps_per_quarter=steps_per_quarter,
        time_signature=time_signature,
        key=key,
        mode=mode,
        repeats=repeats,
        pickup=pickup,
        part=part,
        voices=voices,
        chords=chords,
        off_grid=off_grid,
        pitch_range=pitch_range,
        duplicates=duplicates,
    )
    return melodies_from(read_tunes(source, n_jobs=n_jobs), choice)


def read_tunes(source, *, n_jobs=-1):
    """Read every tune of a source (see `read_melodies`) without choosing any.

    Returns
    -------
    list of SourcedTune
    """
    sources = source if isinstance(source, (list, tuple)) else [source]
    tunes, paths = [], []
    for item in sources:
        if isinstance(item, (str, os.PathLike)):
            paths += find_files(item).music
        elif type(item).__module__.startswith("music21."):
            tunes += [SourcedTune("stream", tune) for tune in tunes_from_stream(item)]
        else:
            raise TypeError(
                f"Expected a path, a music21 stream or a list of these, "
                f"got {type(item).__name__}."
            )
    if not paths and not tunes:
        raise ValueError("Expected at least one source, got an empty list.")
    return tunes + read_files(paths, n_jobs=n_jobs)


def read_files(paths, *, n_jobs=-1):
    """Read every tune of files that were found (see `find_files`).

    Returns
    -------
    list of SourcedTune
    """
    if n_jobs == 0:
        raise ValueError("Found n_jobs=0; expected a number of processes, or -1.")
    found = _with_progress(_tunes_of_each(paths, n_jobs), len(paths))
    return [tune for tunes in found for tune in tunes]


class Files(NamedTuple):
    """Files to read, and the other files of a folder."""

    music: list
    others: list


def find_files(path):
    """Find the music files of a folder, or the path itself.

    Returns
    -------
    Files
        Hidden files are not among the `others`.
    """
    path = Path(path)
    if not os.path.isdir(path):
        _check_exists(path)
        return Files([path], [])
    files, folders = _walk(path)
    # Folders in `files` could not be listed: an attempt to read them gives the reason.
    known = [p for p in files if _is_music(p) or os.path.isdir(p)]
    with_music = {parent for p in known for parent in p.parents}
    known += [p for p in folders if p.suffix.lower() in READERS and p not in with_music]
    if not known:
        found = ", ".join(p.name for p in sorted(files)[:3]) or "no files at all"
        raise ValueError(
            f"Found no music in the folder {path}: expected "
            f"{', '.join(READERS)}, found {found}."
        )
    others = set(files) - set(known)
    return Files(sorted(known), sorted(p for p in others if p.name[:1] != "."))


def _is_music(path):
    """Whether a file in a folder is to be read; most text files are not ABC."""
    if path.suffix.lower() == ".txt":
        with contextlib.suppress(OSError, ValueError):
            return holds_abc(read_regular(path, MAX_BYTES))
        return False
    return path.suffix.lower() in READERS


def _check_exists(path):
    """Check that the path exists; whether it can be opened shows when it is read."""
    with contextlib.suppress(PermissionError):
        if not os.path.lexists(path):
            raise FileNotFoundError(f"Found no file or folder {str(path)!r} to read.")


def _walk(path):
    """Contents of a folder; a folder that several links lead to is visited once.

    Returns
    -------
    files : list of Path
        All that are no folders, and folders that cannot be read.
    folders : list of Path
        Those below it that can be read.
    """
    files, folders, pending, visited = [], [], [path], set()
    while pending:
        folder = pending.pop()
        try:
            status = os.stat(folder)
            names = sorted(os.listdir(folder), reverse=True)
        except OSError:
            files.append(folder)
            continue
        identity = status.st_dev, status.st_ino
        if identity in visited:
            continue
        visited.add(identity)
        folders.append(folder)
        for name in names:
            below = folder / name
            (pending if os.path.isdir(below) else files).append(below)
    return files, folders[1:]


def _tunes_of_each(paths, n_jobs):
    """Tunes of each file."""
    for files in _rounds(paths):
        read = read_pieces([piece for pieces in files for piece in pieces], n_jobs)
        for pieces in files:
            yield [tune for _ in pieces for tune in next(read)]


def _rounds(paths):
    """Pieces of each file, in rounds that fit into memory."""
    files, n_bytes = [], 0
    for path in paths:
        files.append(pieces_of(path))
        n_bytes += sum(len(piece.data) for piece in files[-1])
        if n_bytes > MAX_BYTES:
            yield files
            files, n_bytes = [], 0
    yield files


def _with_progress(results, total):
    """Yield the results; show progress on a terminal if reading takes long."""
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
