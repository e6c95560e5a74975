"""Tunes of ABC books one by one, to choose them by their headers."""

from sklearn_c2c.io._abc import decode, split_tunes
from sklearn_c2c.io._choice import SourcedTune
from sklearn_c2c.io._pieces import Piece, read_pieces


def abc_texts(path):
    """Text of each tune in a file of ABC.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of str
        In the form that `header_field` and `read_abc_texts` take.
    """
    return split_tunes(decode(path.read_bytes()))


def read_abc_texts(name, texts, sources):
    """Read tunes of ABC as one book, with one entry in the cache.

    Parameters
    ----------
    name : str
        Name of the book.
    texts : list of str
        The text of each tune.
    sources : list of str
        Source of each tune.

    Returns
    -------
    list of SourcedTune
        For `melodies_from`.
    """
    book = "\n\n".join(texts)
    (found,) = read_pieces([Piece(name, ".abc", book.encode())], n_jobs=1)
    return [
        SourcedTune(source, tune)
        for source, (_, tune) in zip(sources, found, strict=True)
    ]
