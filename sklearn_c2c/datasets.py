"""Corpora: Celtic reels, Bach's sopranos, and folders of your own.

The first two are read from the music21 that is installed, which brings the music; no
tune is part of this package.
"""

import importlib.util
import re
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from sklearn_c2c.io import read_melodies
from sklearn_c2c.io._abc import decode, header_field, split_tunes
from sklearn_c2c.io._choice import Choice, Rejection, SourcedTune, melodies_from
from sklearn_c2c.io._key import parse_key
from sklearn_c2c.io._reader import read_tunes, tunes_in

_CELTIC_RANGE = (55, 83)  # G3 to B5
_ONEILL, _RYAN = "oneills1850", "ryansMammoth"
_COLLECTIONS = {
    _ONEILL: "O'Neill's Music of Ireland",
    _RYAN: "Ryan's Mammoth Collection",
}
_COMMON_TIME = {"C", "C|", "4/4", "2/2"}


def load_celtic(*, n_melodies=75, return_X_y=False):
    """Load Irish reels in D major, the style of the paper's experiments.

    They are the reels of O'Neill's Music of Ireland that are in D major and in common
    or cut time, fill 8 measures after the pick-up without chords, stay within G3-B5,
    and differ from each other, by tune number. Each is read as `read_melodies` reads
    by default: repeats once, triplets rounded to sixteenths.

    Parameters
    ----------
    n_melodies : int or None, default=75
        How many of them, from the first. None gives all, and those of Ryan's Mammoth
        Collection after them.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    Bunch or (ndarray, ndarray)
        ``data``
            ndarray of int16, shape (n_melodies, 128): 8 measures of 16 sixteenths, see
            `sklearn_c2c.melody`.
        ``target``, ``target_names``
            Which collection each melody is from: 0, O'Neill; 1, Ryan.
        ``titles``, ``sources``, ``tonalities``, ``tempos``
            One per melody, as from `read_melodies`.
        ``rejected``
            List of ``(source, title, reason)`` of the reels in D left out.
        ``time_signature``, ``steps_per_quarter``, ``n_measures``, ``DESCR``

    Raises
    ------
    ValueError
        If there are fewer than `n_melodies`.
    FileNotFoundError
        If the installed music21 has no corpus.

    Notes
    -----
    The music comes with music21, whose corpus has a licence of its own.

    Examples
    --------
    >>> reels = load_celtic()
    >>> reels.data.shape
    (75, 128)
    >>> "The Green Mountain" in reels.titles
    True
    """
    folders = [_ONEILL] if n_melodies is not None else [_ONEILL, _RYAN]
    tunes = [tune for folder in folders for tune in _reels_in_d(folder)]
    choice = Choice(time_signature="4/4", pitch_range=_CELTIC_RANGE)
    reels = _distinct(melodies_from(tunes, choice))
    reels = _first(reels, n_melodies)
    reels.target = np.array(
        [folders.index(source.split("/")[0]) for source in reels.sources]
    )
    reels.target_names = [_COLLECTIONS[folder] for folder in folders]
    reels.DESCR = (
        f"{len(reels.data)} reels in D major in common or cut time, from "
        f"{' and '.join(reels.target_names)}, as music21 brings them: the first 8 "
        f"measures after the pick-up, 4 steps a quarter note, pitches within G3-B5."
    )
    return (reels.data, reels.target) if return_X_y else reels


def _reels_in_d(folder):
    """Tunes of a collection that are reels in D in common or cut time, by number."""
    blocks = []
    for path in sorted(_corpus(folder).glob("*.abc")):
        for block in split_tunes(decode(path.read_bytes())):
            if _is_reel_in_d(block):
                number = int(re.sub(r"\D", "", header_field(block, "X")) or 0)
                blocks.append((path.name, number, block))
    if folder == _ONEILL:  # numbered through; in Ryan's each file is one tune
        blocks.sort(key=lambda found: found[1])
    # Only they are parsed, as one book, so that one cache entry holds them.
    book = "\n\n".join(block for _, _, block in blocks)
    tunes = tunes_in(book.encode(), ".abc", folder)
    return [
        SourcedTune(f"{folder}/{name}#{number}", tune)
        for (name, number, _), (_, tune) in zip(blocks, tunes, strict=True)
    ]


def _is_reel_in_d(block):
    rhythm, metre, key = (header_field(block, letter) or "" for letter in "RMK")
    if "reel" not in rhythm.lower() or metre not in _COMMON_TIME:
        return False
    try:
        return str(parse_key(key)) == "D major"
    except ValueError:
        return False


def _distinct(melodies):
    """Keep the first of equal rows."""
    first = {}
    for i, row in enumerate(melodies.data):
        first.setdefault(row.tobytes(), i)
    kept = sorted(first.values())
    for i in sorted(set(range(len(melodies.data))) - set(kept)):
        same = melodies.sources[first[melodies.data[i].tobytes()]]
        reason = f"has the same notes as {same}"
        melodies.rejected.append(
            Rejection(melodies.sources[i], melodies.titles[i], reason)
        )
    return _take(melodies, kept)


def _first(melodies, n_melodies):
    """Keep the first rows, if there are as many."""
    found = len(melodies.data)
    if n_melodies is None:
        return melodies
    if not 1 <= n_melodies <= found:
        raise ValueError(
            f"Found n_melodies={n_melodies}; expected 1 to {found}, or None for all "
            f"there are."
        )
    return _take(melodies, range(n_melodies))


def _take(melodies, rows):
    rows = list(rows)
    kept = Bunch(**melodies)
    kept.data = melodies.data[rows]
    for name in ("titles", "sources", "tonalities", "tempos"):
        kept[name] = [melodies[name][i] for i in rows]
    return kept


def _corpus(folder):
    """A folder of music21's corpus, found without importing music21."""
    spec = importlib.util.find_spec("music21")
    path = Path(spec.submodule_search_locations[0], "corpus", folder) if spec else None
    if path is None or not path.is_dir():
        raise FileNotFoundError(
            f"Found no corpus {folder!r} in music21; expected the one that "
            f"`pip install music21` brings. Install it again, or read a folder of "
            f"your own with load_folder."
        )
    return path


def load_bach_sopranos(*, n_melodies=80, return_X_y=False):
    """Load the sopranos of Bach's four-part chorales, from BWV 253 on.

    Each is the soprano of a chorale in 4/4 that fills 8 measures after the pick-up,
    transposed so that its tonic is D, by the shortest way, its mode kept.

    Parameters
    ----------
    n_melodies : int or None, default=80
        How many of them, by BWV number: 80 end with BWV 347. None gives all.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    Bunch or (ndarray, ndarray)
        ``data``
            ndarray of int16, shape (n_melodies, 128): 8 measures of 16 sixteenths, see
            `sklearn_c2c.melody`.
        ``target``, ``target_names``
            The mode of each chorale: 0, major; 1, minor.
        ``titles``, ``sources``, ``tonalities``, ``tempos``
            One per melody, as from `read_melodies`; the tonality is that before it was
            transposed.
        ``rejected``
            List of ``(source, title, reason)`` of the chorales left out.
        ``time_signature``, ``steps_per_quarter``, ``n_measures``, ``DESCR``

    Raises
    ------
    ValueError
        If there are fewer than `n_melodies`.
    FileNotFoundError
        If the installed music21 has no corpus.

    Examples
    --------
    >>> sopranos = load_bach_sopranos()
    >>> sopranos.data.shape
    (80, 128)
    """
    paths = _chorales()
    choice = Choice(time_signature="4/4", key="D", part="Soprano")
    wanted = len(paths) if n_melodies is None else n_melodies
    tunes, missing = [], wanted
    while True:
        # A chorale takes a moment to parse: no more of them than are still missing.
        batch, paths = paths[: max(1, missing)], paths[max(1, missing) :]
        tunes += read_tunes(batch)
        sopranos = melodies_from(tunes, choice)
        missing = wanted - len(sopranos.data)
        if missing <= 0 or not paths:
            break
    sopranos = _first(sopranos, n_melodies)
    sopranos.sources = [f"bach/{Path(source).name}" for source in sopranos.sources]
    sopranos.titles = [
        title or Path(source).stem
        for title, source in zip(sopranos.titles, sopranos.sources, strict=True)
    ]
    modes = ["major", "minor"]
    sopranos.target = np.array(
        [modes.index(tonality.split()[1]) for tonality in sopranos.tonalities]
    )
    sopranos.target_names = modes
    sopranos.DESCR = (
        f"{len(sopranos.data)} sopranos of Bach's four-part chorales in 4/4, from BWV "
        f"253 on, as music21 brings them: the first 8 measures after the pick-up, "
        f"4 steps a quarter note, transposed to D."
    )
    return (sopranos.data, sopranos.target) if return_X_y else sopranos


def _chorales():
    """Files of the chorales BWV 253 to 438, by number."""
    numbered = {}
    for path in _corpus("bach").glob("bwv*.mxl"):
        match = re.fullmatch(r"bwv(\d+)", path.stem)
        if match and 253 <= int(match[1]) <= 438:
            numbered[int(match[1])] = path
    return [numbered[number] for number in sorted(numbered)]


def load_folder(path, *, return_X_y=False, **options):
    r"""Load a folder of your own tunes.

    Parameters
    ----------
    path : path-like
        A folder of ABC, MIDI and MusicXML files, in which each folder may be a class.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.
    **options
        How to read them: any parameter of `read_melodies`.

    Returns
    -------
    Bunch or (ndarray, ndarray)
        What `read_melodies` returns, and:

        ``target``, ``target_names``
            The folder each tune lies in, below `path`: its number and, by that
            number, the names, in order; ``"."`` is `path` itself.

    Raises
    ------
    NotADirectoryError
        If `path` is no folder.
    FileNotFoundError, ValueError
        As from `read_melodies`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> for name in ("jigs", "reels"):
    ...     path = pathlib.Path(folder.name, name)
    ...     path.mkdir()
    ...     _ = (path / "tune.abc").write_text("X:1\nM:C\nL:1/4\nK:D\nDEFG|\n")
    >>> tunes = load_folder(folder.name, n_measures=1)
    >>> tunes.target, tunes.target_names
    (array([0, 1]), ['jigs', 'reels'])
    >>> folder.cleanup()
    """
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(
            f"Expected a folder, found the file {str(path)!r}; read_melodies reads it."
        )
    tunes = read_melodies(path, **options)
    folders = [
        Path(source).relative_to(path).parent.as_posix() for source in tunes.sources
    ]
    tunes.target_names = sorted(set(folders))
    tunes.target = np.array([tunes.target_names.index(folder) for folder in folders])
    return (tunes.data, tunes.target) if return_X_y else tunes
