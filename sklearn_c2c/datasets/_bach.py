"""Sopranos of chorales."""

import re
from pathlib import Path

import numpy as np

from sklearn_c2c.datasets._bundled import corpus_folder, first_rows
from sklearn_c2c.io import Choice, melodies_from, read_tunes


def load_bach_sopranos(*, n_melodies=80, return_X_y=False):
    """Load the sopranos of Bach's four-part chorales, from BWV 253 on.

    Each is the soprano of a chorale in 4/4 that fills 8 measures after the pick-up,
    transposed by at most six semitones so that its tonic is D, its mode kept.

    Parameters
    ----------
    n_melodies : int or None, default=80
        Number of melodies, by BWV number: 80 end with BWV 347. None gives all.
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
            One per melody, as from `read_melodies`; the tonality is the one before the
            transposition.
        ``rejected``
            List of ``(source, title, reason, kind, found)`` of the chorales left out.
        ``time_signature``, ``steps_per_quarter``, ``n_measures``, ``DESCR``
            As from `read_melodies`.

    Raises
    ------
    ValueError
        If `n_melodies` is larger than the number of sopranos.
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
        # Parsing a chorale is slow: read only as many as are still missing.
        batch, paths = paths[: max(1, missing)], paths[max(1, missing) :]
        tunes += read_tunes(batch)
        sopranos = melodies_from(tunes, choice)
        missing = wanted - len(sopranos.data)
        if missing <= 0 or not paths:
            break
    sopranos = first_rows(sopranos, n_melodies)
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
    for path in corpus_folder("bach").glob("bwv*.mxl"):
        match = re.fullmatch(r"bwv(\d+)", path.stem)
        if match and 253 <= int(match[1]) <= 438:
            numbered[int(match[1])] = path
    return [numbered[number] for number in sorted(numbered)]
