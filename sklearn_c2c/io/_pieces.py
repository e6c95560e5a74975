"""Files in pieces that are read, and kept, one by one, in one process or several.

A tune book of hundreds of tunes is several pieces, each of them a book of its own, so
that one file can be shared out. What is cached is a piece.
"""

from itertools import accumulate, groupby
from typing import NamedTuple

from sklearn_c2c.io import _cache
from sklearn_c2c.io._abc import decode, read_abc, split_tunes
from sklearn_c2c.io._choice import SourcedTune
from sklearn_c2c.io._midi import read_midi
from sklearn_c2c.io._music21 import estimate_key, read_musicxml, read_mxl
from sklearn_c2c.io._processes import in_processes
from sklearn_c2c.io._tune import Tune, TuneError

MAX_BYTES = 64 * 2**20
# A tenth of a second's work at the most: nobody waits long for whoever is last.
_PIECE_BYTES = 16 * 2**10
# Some 1,200 tunes of ABC, a second's work; another process takes a third to start.
_WORTH_PROCESSES = 512 * 2**10

READERS = {
    ".abc": read_abc,
    ".mid": read_midi,
    ".midi": read_midi,
    ".musicxml": read_musicxml,
    ".xml": read_musicxml,
    ".mxl": read_mxl,
}


class Piece(NamedTuple):
    """Bytes that a reader understands, and the file they are from.

    The suffix is in lower case, with its dot; it decides the format.
    """

    name: str
    suffix: str
    data: bytes


def pieces_of(path):
    """Divide a file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of Piece
        One, unless it is a book of many tunes.
    """
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    books = [data]
    if suffix == ".abc" and _PIECE_BYTES < len(data) <= MAX_BYTES:
        tunes = [text.encode() for text in split_tunes(decode(data))]
        books = [b"".join(book) for book in _grouped(tunes, tunes)] or [data]
    return [Piece(str(path), suffix, book) for book in books]


def read_pieces(pieces, n_jobs):
    """Read pieces, through the cache.

    Parameters
    ----------
    pieces : list of Piece
    n_jobs : int or None
        Number of processes (see `in_processes`); one, if more are not worth it.

    Yields
    ------
    list of SourcedTune
        The tunes of each piece, in order.
    """
    known = [_cache.load(piece.data, piece.suffix) for piece in pieces]
    unread = [
        piece for piece, tunes in zip(pieces, known, strict=True) if tunes is None
    ]
    n_bytes = sum(len(piece.data) for piece in unread)
    # Small files are sent together, since each sending takes a moment.
    batches = _grouped(unread, [piece.data for piece in unread])
    n_jobs = n_jobs if n_bytes > _WORTH_PROCESSES else 1
    results = in_processes(_read_batch, batches, n_jobs)
    read = (tunes for result in results for tunes in result)
    for piece, tunes in zip(pieces, known, strict=True):
        tunes = next(read) if tunes is None else tunes
        yield [SourcedTune(_place(piece, tune), tune) for tune in tunes]


def _place(piece, tune):
    return f"{piece.name}#{tune.number}" if tune.number else piece.name


def _grouped(items, texts):
    """Group items whose texts together are about as long as a piece."""
    begins = accumulate(map(len, texts), initial=0)
    groups = groupby(
        zip(items, begins, strict=False), lambda pair: pair[1] // _PIECE_BYTES
    )
    return [[item for item, _ in group] for _, group in groups]


def _read_batch(pieces):
    return [_read(piece) for piece in pieces]


def _read(piece):
    """Read a piece, and keep its tunes; one that is damaged is one tune, a fault."""
    try:
        tunes = [_with_key(tune) for tune in _reader_of(piece)(piece.data)]
    except TuneError as error:
        tunes = [Tune(fault=str(error))]
    _cache.store(piece.data, piece.suffix, tunes)
    return tunes


def _reader_of(piece):
    if len(piece.data) > MAX_BYTES:
        raise TuneError(f"is larger than the {MAX_BYTES >> 20} MiB that are read")
    if piece.suffix not in READERS:
        raise TuneError(
            f"has the suffix {piece.suffix!r}; expected one of {', '.join(READERS)}"
        )
    return READERS[piece.suffix]


def _with_key(tune):
    return tune if tune.key or tune.fault else estimate_key(tune)
