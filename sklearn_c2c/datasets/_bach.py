"""Bach's chorales: their sopranos, and all four voices."""

import re
from pathlib import Path

import numpy as np

from sklearn_c2c.datasets._bundled import corpus_folder, first_rows
from sklearn_c2c.io import Choice, melodies_from, read_tunes

_VOICES = ("Soprano", "Alto", "Tenor", "Bass")


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
    sopranos = _with_modes(first_rows(sopranos, n_melodies))
    sopranos.DESCR = (
        f"{len(sopranos.data)} sopranos of Bach's four-part chorales in 4/4, from BWV "
        f"253 on, as music21 brings them: the first 8 measures after the pick-up, "
        f"4 steps a quarter note, transposed to D."
    )
    return (sopranos.data, sopranos.target) if return_X_y else sopranos


def load_bach_chorales(*, n_melodies=None, return_X_y=False):
    """Load Bach's chorales in four voices: soprano, alto, tenor and bass.

    They are all chorales of music21's corpus with parts of these names, in 4/4, that
    fill 8 measures after the pick-up. All voices are transposed together, by at most
    six semitones, so that the tonic is D; the mode is kept. Parts of instruments beside
    the voices are left out, and so are chorales with the notes of an earlier one.

    Parameters
    ----------
    n_melodies : int or None, default=None
        Number of chorales, by BWV number. None gives all.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    Bunch or (ndarray, ndarray)
        ``data``
            ndarray of int16, shape (n_chorales, 512): the 128 steps of the soprano,
            then those of alto, tenor and bass (see `melody.split_voices`), each 8
            measures of 16 sixteenths.
        ``phrase_ends``
            ndarray of bool, shape (n_chorales, 128): whether a note of the soprano
            sounds under a fermata, which is at the end of each phrase. 348 of the 354
            have them, most of them four.
        ``target``, ``target_names``
            The mode of each chorale: 0, major; 1, minor.
        ``voices``
            The names of the voices.
        ``titles``, ``sources``, ``tonalities``, ``tempos``
            One per chorale, as from `read_melodies`; the tonality is the one before the
            transposition.
        ``rejected``
            List of ``(source, title, reason, kind, found)`` of the pieces left out.
        ``time_signature``, ``steps_per_quarter``, ``n_measures``
            As from `read_melodies`.
        ``n_voices``, ``DESCR``
            As from `read_melodies`.

    Raises
    ------
    ValueError
        If `n_melodies` is larger than the number of chorales.
    FileNotFoundError
        If the installed music21 has no corpus.

    See Also
    --------
    load_bach_sopranos : The sopranos of BWV 253 to 438 alone.

    Examples
    --------
    >>> chorales = load_bach_chorales()
    >>> chorales.data.shape
    (354, 512)
    >>> chorales.voices
    ['Soprano', 'Alto', 'Tenor', 'Bass']
    """
    folder = corpus_folder("bach")
    paths = sorted([*folder.glob("bwv*.mxl"), *folder.glob("bwv*.xml")], key=_bwv)
    choice = Choice(time_signature="4/4", key="D", voices=_VOICES, duplicates="drop")
    chorales = _with_modes(
        first_rows(melodies_from(read_tunes(paths), choice), n_melodies)
    )
    chorales.voices = list(_VOICES)
    chorales.DESCR = (
        f"{len(chorales.data)} of Bach's chorales in 4/4, as music21 brings them, each "
        "in four voices, soprano first: the first 8 measures after the pick-up, 4 "
        "steps a quarter note, transposed to D."
    )
    return (chorales.data, chorales.target) if return_X_y else chorales


def _bwv(path):
    """Order of a file by the numbers in its name, then by its name."""
    return [int(number) for number in re.findall(r"\d+", path.stem)], path.stem


def _with_modes(chorales):
    """Name the chorales by their files, and add the mode of each as the target."""
    chorales.sources = [f"bach/{Path(source).name}" for source in chorales.sources]
    chorales.titles = [
        title or Path(source).stem
        for title, source in zip(chorales.titles, chorales.sources, strict=True)
    ]
    modes = ["major", "minor"]
    chorales.target = np.array(
        [modes.index(tonality.split()[1]) for tonality in chorales.tonalities]
    )
    chorales.target_names = modes
    return chorales


def _chorales():
    """Files of the chorales BWV 253 to 438, by number."""
    numbered = {}
    for path in corpus_folder("bach").glob("bwv*.mxl"):
        match = re.fullmatch(r"bwv(\d+)", path.stem)
        if match and 253 <= int(match[1]) <= 438:
            numbered[int(match[1])] = path
    return [numbered[number] for number in sorted(numbered)]
