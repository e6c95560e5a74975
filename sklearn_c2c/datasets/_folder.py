"""Folders of the user's own tunes."""

from pathlib import Path

import numpy as np

from sklearn_c2c.io import read_melodies


def load_folder(path, *, return_X_y=False, **options):
    r"""Load a folder of your own tunes.

    Parameters
    ----------
    path : path-like
        A folder of ABC, MIDI and MusicXML files, in which each folder may be a class.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.
    **options
        Any parameter of `read_melodies`.

    Returns
    -------
    Bunch or (ndarray, ndarray)
        The entries of `read_melodies`, and:

        ``target``, ``target_names``
            The folder that holds each tune, below `path`: its number, and the names in
            the order of the numbers; ``"."`` is `path` itself.

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
