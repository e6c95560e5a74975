"""Books of ABC tune by tune, for who chooses tunes by their headers."""

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
        What `header_field` and `read_abc_texts` take.
    """
    return split_tunes(decode(path.read_bytes()))


def read_abc_texts(name, texts, sources):
    """Read tunes of ABC, as one book that has one entry in the cache.

    Parameters
    ----------
    name : str
        What the book is called.
    texts : list of str
        The text of each tune.
    sources : list of str
        Where each tune is from.

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
