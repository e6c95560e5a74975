"""Irish reels."""

import re

import numpy as np

from sklearn_c2c.datasets._bundled import corpus_folder, first_rows
from sklearn_c2c.io import (
    Choice,
    abc_texts,
    header_field,
    melodies_from,
    read_abc_texts,
)
from sklearn_c2c.melody import parse_key

_CELTIC_RANGE = (55, 83)  # G3 to B5
_ONEILL, _RYAN = "oneills1850", "ryansMammoth"
_COLLECTIONS = {
    _ONEILL: "O'Neill's Music of Ireland",
    _RYAN: "Ryan's Mammoth Collection",
}
_COMMON_TIME = {"C", "C|", "4/4", "2/2"}
# The bars of these reels do not add up. The reader accepts them by rules added later;
# without them the corpus is the one that the documentation measures.
_INCOMPLETE = {
    ("1476-1555.abc", 1517),
    ("1476-1555.abc", 1531),
    ("ScotchPatriotsReel.abc", 1),
}


def load_celtic(*, n_melodies=75, return_X_y=False):
    """Load Irish reels in D major, the style of the paper's experiments.

    They are the reels of O'Neill's Music of Ireland, by tune number, that are in D
    major and in common or cut time, fill 8 measures after the pick-up without chords,
    stay within G3-B5, and differ from each other; three whose bars do not add up in the
    source are left out. They are read with the defaults of `read_melodies`: repeats
    once, triplets rounded to sixteenths.

    Parameters
    ----------
    n_melodies : int or None, default=75
        Number of melodies, from the first. None gives all, followed by those of Ryan's
        Mammoth Collection.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    Bunch or (ndarray, ndarray)
        ``data``
            ndarray of int16, shape (n_melodies, 128): 8 measures of 16 sixteenths, see
            `sklearn_c2c.melody`.
        ``target``, ``target_names``
            Collection of each melody: 0, O'Neill; 1, Ryan.
        ``titles``, ``sources``, ``tonalities``, ``tempos``
            One per melody, as from `read_melodies`.
        ``rejected``
            List of ``(source, title, reason, kind, found)`` of the reels in D left out.
        ``time_signature``, ``steps_per_quarter``, ``n_measures``, ``DESCR``
            As from `read_melodies`.

    Raises
    ------
    ValueError
        If `n_melodies` is larger than the number of reels.
    FileNotFoundError
        If the installed music21 has no corpus.

    Notes
    -----
    The music comes with music21, whose corpus has its own licence.

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
    choice = Choice(time_signature="4/4", pitch_range=_CELTIC_RANGE, duplicates="drop")
    reels = melodies_from(tunes, choice)
    reels = first_rows(reels, n_melodies)
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
    reels = []
    for path in sorted(corpus_folder(folder).glob("*.abc")):
        for text in abc_texts(path):
            if _is_reel_in_d(text):
                number = int(re.sub(r"\D", "", header_field(text, "X")) or 0)
                if (path.name, number) not in _INCOMPLETE:
                    reels.append((path.name, number, text))
    if folder == _ONEILL:  # O'Neill's books number their tunes; Ryan's have one a file
        reels.sort(key=lambda reel: reel[1])
    # Only these tunes are parsed.
    sources = [f"{folder}/{name}#{number}" for name, number, _ in reels]
    return read_abc_texts(folder, [text for *_, text in reels], sources)


def _is_reel_in_d(text):
    rhythm, metre, key = (header_field(text, letter) or "" for letter in "RMK")
    if "reel" not in rhythm.lower() or metre not in _COMMON_TIME:
        return False
    try:
        return str(parse_key(key)) == "D major"
    except ValueError:
        return False
