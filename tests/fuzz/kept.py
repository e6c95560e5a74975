"""The package's own files, cache entries and journals, damaged and grown."""

import hashlib
import json
import os
import tempfile
import warnings
from functools import cache
from pathlib import Path
from unittest import mock

from sklearn_c2c import journal
from sklearn_c2c.io import _cache
from sklearn_c2c.io._pieces import Piece, read_pieces
from tests.fuzz.tunes import real_tunes

_MOST_BYTES = 2**18
_KEY = "a version and a digest"

# Pieces of JSON, each legal or nearly so. @ is replaced by the whole piece, many times.
_JSON = r"""[@] {"a":@} [@,@] "@" @1 -@0 1.@5 1e@9 [[],@] {"a":1,"a":@} "\u@000" "\@"
null@ NaN true -0.0 {} [] "" 1e999 18446744073709551616 {"checksum":"@"} [-1,@]
["",-1,@]""".split()
_SIZES = [0, 1, -1, 3, 2**31, 10**9, 2**63, 10**30, 0.5, None, "1", True, []]


# -------------------------------------------------------------------------- cache


@cache
def _sources():
    """Files whose entries are damaged, and their tunes as read without a cache."""
    files = [(suffix, real_tunes(suffix)[0]) for suffix in (".abc", ".mid")]
    pieces = [Piece("tune", *file) for file in files]
    with mock.patch.dict(os.environ, SKLEARN_C2C_CACHE=""):
        return [(piece, _read(piece)) for piece in pieces]


def _read(piece):
    ((*tunes,),) = read_pieces([piece], 1)
    return described(sourced.tune for sourced in tunes)


def described(tunes):
    """All fields of tunes, so that two lists of them can be compared.

    Parameters
    ----------
    tunes : iterable of Tune

    Returns
    -------
    list of dict
    """
    return [
        vars(tune)
        | {
            "parts": [
                (part.name, part.notes.tolist(), part.measures.tolist())
                for part in tune.parts
            ]
        }
        for tune in tunes
    ]


@cache
def entries():
    """Entries of the cache, as bytes."""
    with _cache_folder() as folder:
        for piece, _ in _sources():
            list(read_pieces([piece], 1))
        return [path.read_bytes() for path in sorted(folder.iterdir())]


class _cache_folder(tempfile.TemporaryDirectory):
    """A folder that serves as the cache inside the context."""

    def __enter__(self):
        self._setting = mock.patch.dict(os.environ, SKLEARN_C2C_CACHE=self.name)
        self._setting.start()
        return Path(super().__enter__())

    def __exit__(self, *error):
        self._setting.stop()
        super().__exit__(*error)


def grown_entry(rng):
    """Write an entry whose header grows or is false, also behind a right checksum."""
    if rng.random() < 0.2:
        return _zeroed(rng.choice(entries()), rng)
    if rng.random() < 0.5:
        header = _grown_json(rng)
    else:
        sizes = [("", "", [], rng.choice(_SIZES), rng.choice(_SIZES)) for _ in range(2)]
        tune = ["1", "T", "", None, "", "damaged", [], "", sizes[: rng.randint(0, 2)]]
        header = json.dumps([tune] * rng.choice([1, 2, 2000])).encode()
    length = len(header) if rng.random() < 0.8 else rng.choice([0, 7, 2**62, 2**64 - 1])
    content = length.to_bytes(8, "little") + header
    content += bytes(4 * rng.choice([0, 1, 4, 7, 11, 2**16]))
    piece, _ = rng.choice(_sources())
    key = _cache._key(piece.data, piece.suffix) if rng.random() < 0.5 else b""
    return _signed(key, content)


def _signed(key, content):
    return _cache.FORMAT + hashlib.sha256(key + content).digest() + content


def judge_entry(data):
    """Read tunes whose entry in the cache is replaced.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    int
        Number of tunes that were read as without a cache.

    Raises
    ------
    AssertionError
        If the tunes are not those read without a cache.
    """
    with _cache_folder() as folder:
        return sum(_judge_entry_of(*source, data, folder) for source in _sources())


def _judge_entry_of(piece, expected, data, folder):
    key = _cache._key(piece.data, piece.suffix)
    entry = _cache._entry(folder, key)
    entry.write_bytes(data)
    entry.chmod(0o600)
    _cache.load(piece.data, piece.suffix)
    content = data[len(_signed(key, b"")) :]
    if data == _signed(key, content) and data not in entries():
        return 0  # an entry with a valid checksum may hold any tunes
    assert _read(piece) == expected, "a damaged entry was believed"
    kept = _cache.load(piece.data, piece.suffix)
    assert described(kept) == expected, "the entry was not rebuilt"
    return len(expected)


# ------------------------------------------------------------------------ journal

_TASKS = [{"h": h, "random_state": seed} for h in (4, 16) for seed in range(3)]


def _fit(h, random_state):
    return {"loss": h / 7 - random_state, "train": [0.1 * h, None, "\N{SNOWMAN}\n"]}


@cache
def journals():
    """Journals, as bytes: of all tasks, of some, and with lines of another key."""
    return [
        _journalled(_TASKS, [_KEY]),
        _journalled(_TASKS[::2], [_KEY]),
        _journalled(_TASKS[1:4], ["another", _KEY]),
    ]


def _journalled(tasks, keys):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal")
        for key in keys:
            fit = _fit if key == _KEY else dict
            journal.run(fit, tasks, path, key=key)
        return path.read_bytes()


def grown_journal(rng):
    """Write a journal with one line grown, or as after a power cut."""
    if rng.random() < 0.3:
        return _zeroed(rng.choice(journals()), rng)
    lines = rng.choice(journals()).splitlines(keepends=True)
    key = json.dumps(rng.choice([_KEY, "another"])).encode()
    values = [_grown_json(rng), b"{}"]
    rng.shuffle(values)
    start = b'{"key": %s, "task": %s, "result": %s' % (key, *values)
    grown = rng.choice([journal._checked(start), start + b"}"]) + b"\n"
    n_times = int(2 ** rng.triangular(0, 12, 0))
    n_times = max(1, min(n_times, _MOST_BYTES // len(grown)))
    lines.insert(rng.randrange(len(lines) + 1), grown * n_times)
    return b"".join(lines)


def judge_journal(data):
    """Resume a journal.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    int
        Number of results in it.

    Raises
    ------
    AssertionError
        If a result is wrong, or a present one is computed again, or a refused journal
        is changed.
    """
    expected = [_fit(**task) for task in _TASKS]
    again = []

    def fit(**task):
        again.append(task)
        return _fit(**task)

    with (
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(),
        mock.patch("os.fsync"),  # not needed without a real power cut
    ):
        warnings.simplefilter("ignore")
        path = Path(folder, "journal")
        path.write_bytes(data)
        try:
            found = journal.run(fit, _TASKS, path, key=_KEY)
        except ValueError as error:
            assert str(error), "refused without a reason"
            assert path.read_bytes() == data, "refused and changed"
            return 0
        assert found == expected, "a damaged line was believed"
        whole = {*data.split(b"\n")[:-1]}
        assert not [task for task in again if _line(task) in whole], "made again"
        assert journal.run(None, _TASKS, path, key=_KEY) == expected, "not kept"
    return len(_TASKS) - len(again)


@cache
def _lines():
    return journals()[0].splitlines()


def _line(task):
    return _lines()[_TASKS.index(task)]


# -------------------------------------------------------------------------- both


def _zeroed(data, rng):
    """Damage of a power cut: zeros in place of the end, or of a block."""
    start = rng.randrange(len(data) + 1)
    stop = len(data) if rng.random() < 0.7 else rng.randrange(start, len(data) + 1)
    n_more = rng.choice([0, 0, 1, 4096])
    return data[:start] + bytes(stop - start) + data[stop:] + bytes(n_more)


def _grown_json(rng):
    """Write JSON that repeats one piece many times, nested or in a list."""
    piece = rng.choice(_JSON)
    n_times = int(2 ** rng.triangular(0, 17, 0))
    n_times = max(1, min(n_times, _MOST_BYTES // len(piece)))
    begin, _, end = piece.partition("@")
    if rng.random() < 0.5:
        text = begin * n_times + rng.choice(["0", "", "[]"]) + end * n_times
    else:
        text = "[" + ",".join([piece.replace("@", "0")] * n_times) + "]"
    return text.replace("@", "0").encode()
