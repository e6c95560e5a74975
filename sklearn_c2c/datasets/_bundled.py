"""The music that comes with music21, and the choice of rows of it."""

import importlib.util
from pathlib import Path

from sklearn.utils import Bunch

from sklearn_c2c.io import PER_MELODY


def corpus_folder(name):
    """Find a folder of music21's corpus, without importing music21.

    Parameters
    ----------
    name : str
        Folder of the corpus, such as "oneills1850" or "ryansMammoth".

    Returns
    -------
    pathlib.Path

    Raises
    ------
    FileNotFoundError
        If music21 is not installed, or its corpus has no such folder.

    See Also
    --------
    load_folder : Read the tunes of a folder.

    Examples
    --------
    >>> from sklearn_c2c.datasets import corpus_folder
    >>> corpus_folder("ryansMammoth").name
    'ryansMammoth'
    """
    spec = importlib.util.find_spec("music21")
    path = Path(spec.submodule_search_locations[0], "corpus", name) if spec else None
    if path is None or not path.is_dir():
        raise FileNotFoundError(
            f"Found no corpus {name!r} in music21; expected the one that "
            f"`pip install music21` brings. Install it again, or read a folder of "
            f"your own with load_folder."
        )
    return path


def first_rows(melodies, n_melodies):
    """Keep the first rows, if there are that many."""
    found = len(melodies.data)
    if n_melodies is None:
        return melodies
    if not 1 <= n_melodies <= found:
        raise ValueError(
            f"Found n_melodies={n_melodies}; expected 1 to {found}, or None for all "
            f"there are."
        )
    return take_rows(melodies, range(n_melodies))


def take_rows(melodies, rows):
    """Keep these rows, with all entries for each."""
    rows = list(rows)
    kept = Bunch(**melodies)
    kept.data, kept.phrase_ends = melodies.data[rows], melodies.phrase_ends[rows]
    for name in PER_MELODY:
        kept[name] = [melodies[name][i] for i in rows]
    return kept
