"""Read files in pieces, through the cache, in one process or several.

A tune book of hundreds of tunes is divided into pieces, each of them a book of its own,
so that processes can share one file. Each piece has its own entry in the cache.
"""

import contextlib
import re
from itertools import accumulate, groupby
from typing import NamedTuple

from sklearn_c2c._files import read_regular
from sklearn_c2c.io import _cache
from sklearn_c2c.io._abc import decode, header_field, read_abc, split_tunes
from sklearn_c2c.io._choice import SourcedTune
from sklearn_c2c.io._midi import read_midi
from sklearn_c2c.io._music21 import estimate_key
from sklearn_c2c.io._musicxml import read_musicxml
from sklearn_c2c.io._processes import in_processes
from sklearn_c2c.io._tune import Tune, TuneError, unexpected

MAX_BYTES = 64 * 2**20
# Target size of a piece: at most 0.1 s of parsing, to balance the processes.
_PIECE_BYTES = 16 * 2**10
# Some 1,200 tunes of ABC, or 1 s of work; a process takes a third of that to start.
_WORTH_PROCESSES = 512 * 2**10

READERS = {
    ".abc": read_abc,
    ".txt": read_abc,
    ".mid": read_midi,
    ".midi": read_midi,
    ".musicxml": read_musicxml,
    ".xml": read_musicxml,
    ".mxl": read_musicxml,
}


class Piece(NamedTuple):
    """Bytes for one reader, and the file they are from.

    The suffix is in lower case, with its dot; it decides the format. A file that cannot
    be opened is one piece without bytes, whose `fault` says why.
    """

    name: str
    suffix: str
    data: bytes
    fault: str = ""


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
    try:
        if suffix not in READERS and not path.is_dir():
            raise ValueError(
                f"has the suffix {suffix!r}; expected one of {', '.join(READERS)}"
            )
        data = read_regular(path, MAX_BYTES)
        return [Piece(str(path), suffix, book) for book in _books(suffix, data)]
    except OSError as error:
        fault = f"cannot be opened ({error.strerror or error})"
    except ValueError as error:
        fault = str(error)
    except Exception as error:  # one file must not stop the reading of others
        fault = unexpected(error)
    return [Piece(str(path), suffix, b"", fault)]


def _books(suffix, data):
    if READERS.get(suffix) is not read_abc or len(data) <= _PIECE_BYTES:
        return [data]
    tunes = [text.encode() for text in split_tunes(decode(data))]
    return [b"".join(book) for book in _grouped(tunes, tunes)] or [data]


def read_pieces(pieces, n_jobs):
    """Read pieces, through the cache.

    Parameters
    ----------
    pieces : list of Piece
    n_jobs : int or None
        Number of processes (see `in_processes`); one, if more do not pay.

    Yields
    ------
    list of SourcedTune
        The tunes of each piece, in order.
    """
    known = [_known(piece) for piece in pieces]
    unread = [
        piece for piece, tunes in zip(pieces, known, strict=True) if tunes is None
    ]
    n_bytes = sum(len(piece.data) for piece in unread)
    # Small files are sent in batches, as each message takes time.
    batches = _grouped(unread, [piece.data for piece in unread])
    n_jobs = n_jobs if n_bytes > _WORTH_PROCESSES else 1
    results = in_processes(_read_batch, batches, n_jobs)
    read = (tunes for result in results for tunes in result)
    for piece, tunes in zip(pieces, known, strict=True):
        tunes = next(read) if tunes is None else tunes
        yield [SourcedTune(_place(piece, tune), tune) for tune in tunes]


def _known(piece):
    """Tunes of a piece that is cached or cannot be opened; else None."""
    if piece.fault:
        return [Tune(fault=piece.fault, fault_kind="file")]
    return _cache.load(piece.data, piece.suffix)


def _place(piece, tune):
    # The number is any text after X:, and must not read as part of a path.
    number = re.sub(r"[/\\]", "_", tune.number)
    return f"{piece.name}#{number}" if number else piece.name


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
    """Read a piece and cache its tunes; a damaged one gives one tune with a fault."""
    try:
        tunes = [_with_key(tune) for tune in READERS[piece.suffix](piece.data)]
    except TuneError as error:
        tunes = [Tune(fault=str(error), fault_kind=error.kind)]
    except Exception as error:  # one file must not stop the reading of others
        return _read_singly(piece, error)
    _cache.store(piece.data, piece.suffix, tunes)
    return tunes


def _read_singly(piece, error):
    """Read the tunes of a piece one by one after an unexpected error.

    Nothing is cached: the cause may have been temporary, such as full memory.
    """
    texts = _texts_of(piece)
    if len(texts) > 1:
        singles = [piece._replace(data=text.encode()) for text in texts]
        return [tune for single in singles for tune in _read(single)]
    text = "".join(texts)
    number, title = (header_field(text, letter) or "" for letter in "XT")
    return [Tune(number, title, fault=unexpected(error))]


def _texts_of(piece):
    """Text of each tune of a piece, if it is one of text that can be divided."""
    with contextlib.suppress(Exception):  # dividing may be what failed
        return split_tunes(decode(piece.data)) if piece.suffix == ".abc" else []
    return []


def _with_key(tune):
    return tune if tune.key or tune.fault else estimate_key(tune)
