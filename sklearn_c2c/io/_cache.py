"""Tunes already read, kept as plain arrays on disk.

An entry is one file, named by the SHA-256 of what was read: a checksum of that and of
its content, a JSON header, then three int32 arrays. A file that is damaged, of another
format or owner, or the entry of other data counts as absent.
"""

import contextlib
import hashlib
import json
import os
import stat
import sys
from pathlib import Path

import numpy as np

from sklearn_c2c._files import write_atomically
from sklearn_c2c.io._tune import Part, Tune

# Change it whenever the same bytes would be read differently.
FORMAT = b"sklearn_c2c tunes 10\n"
_DIGEST = hashlib.sha256().digest_size
_MAX_BYTES = 2**28


def load(data, suffix):
    """Tunes of a file's bytes, if they are in the cache.

    Parameters
    ----------
    data : bytes
    suffix : str
        The kind of file; the same bytes may mean something else in another.

    Returns
    -------
    list of Tune, or None
    """
    folder = cache_folder()
    # A faulty entry is no error: the file itself is read.
    with contextlib.suppress(Exception):
        key = _key(data, suffix)
        return _unpack(_private_bytes(_entry(folder, key)), key) if folder else None
    return None


def store(data, suffix, tunes):
    """Cache the tunes of a file's bytes, if there is a cache folder.

    Parameters
    ----------
    data : bytes
    suffix : str
    tunes : list of Tune
    """
    folder = cache_folder()
    if folder:
        with contextlib.suppress(Exception):  # such as a full disk
            key = _key(data, suffix)
            content = _pack(tunes, key)
            write_atomically(_entry(folder, key), content, mode=0o600, sync=False)


def _key(data, suffix):
    return hashlib.sha256(FORMAT + suffix.encode() + b"\n" + data).digest()


def _entry(folder, key):
    return folder / f"{key.hex()}.tunes"


def cache_folder():
    """Folder of the cache, created if missing; None if it is turned off or impossible.

    Returns
    -------
    Path or None
        ``SKLEARN_C2C_CACHE`` if that is set (to nothing: no cache), else in the
        user's cache folder. Only a folder that no other user can write to is used.
    """
    setting = os.environ.get("SKLEARN_C2C_CACHE")
    if setting == "":
        return None
    try:
        folder = Path(setting) if setting else _user_cache() / "sklearn_c2c"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder if _is_private(folder.lstat()) else None
    except (OSError, RuntimeError):  # not writable; no home directory
        return None


def _user_cache():
    if sys.platform == "win32" and "LOCALAPPDATA" in os.environ:
        return Path(os.environ["LOCALAPPDATA"])
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _is_private(status):
    """Whether only this user can write there; not checked on Windows."""
    if not hasattr(os, "getuid"):
        return True
    others = stat.S_IWGRP | stat.S_IWOTH
    ours = status.st_uid == os.getuid() and not stat.S_ISLNK(status.st_mode)
    return ours and not status.st_mode & others


def _private_bytes(entry):
    descriptor = os.open(entry, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with open(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not (stat.S_ISREG(status.st_mode) and _is_private(status)):
            raise ValueError("not a file of ours")
        if status.st_size > _MAX_BYTES:
            raise ValueError("too large")
        return file.read()


def _pack(tunes, key):
    parts = [part for tune in tunes for part in tune.parts]
    header = [
        (
            tune.number,
            tune.title,
            tune.key,
            tune.tempo,
            tune.fault,
            tune.fault_kind,
            tune.warnings,
            tune.composer,
            _sizes(tune),
        )
        for tune in tunes
    ]
    arrays = [
        getattr(part, name)
        for name in ("notes", "measures", "fermatas")
        for part in parts
    ]
    header = json.dumps(header).encode()
    content = len(header).to_bytes(8, "little") + header
    content += b"".join(array.astype("<i4").tobytes() for array in arrays)
    return FORMAT + hashlib.sha256(key + content).digest() + content


def _sizes(tune):
    return [
        (
            part.name,
            part.id,
            part.chords,
            len(part.notes),
            len(part.measures),
            len(part.fermatas),
        )
        for part in tune.parts
    ]


def _unpack(data, key):
    start = len(FORMAT) + _DIGEST
    content = data[start:]
    if data[:start] != FORMAT + hashlib.sha256(key + content).digest():
        raise ValueError("damaged, or another's")
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    table = np.frombuffer(content[8 + length :], dtype="<i4").astype(np.int64)
    sizes = [size for tune in header for size in tune[-1]]
    n_notes, n_measures, n_fermatas = (
        sum(size[column] for size in sizes) for column in (-3, -2, -1)
    )
    if len(table) != 4 * n_notes + 7 * n_measures + n_fermatas:
        raise ValueError("damaged")
    parts = np.split(table, [4 * n_notes, 4 * n_notes + 7 * n_measures])
    notes, measures, fermatas = parts
    return list(_tunes(header, notes.reshape(-1, 4), measures.reshape(-1, 7), fermatas))


def _tunes(header, notes, measures, fermatas):
    note = measure = fermata = 0
    for *fields, sizes in header:
        number, title, key, tempo, fault, fault_kind, warnings, composer = fields
        parts = []
        for name, part_id, chords, n_notes, n_measures, n_fermatas in sizes:
            parts.append(
                Part(
                    name,
                    notes[note : note + n_notes],
                    measures[measure : measure + n_measures],
                    part_id,
                    tuple(map(tuple, chords)),
                    fermatas[fermata : fermata + n_fermatas],
                )
            )
            note, measure = note + n_notes, measure + n_measures
            fermata += n_fermatas
        yield Tune(
            number,
            title,
            key,
            tempo,
            tuple(parts),
            fault,
            fault_kind,
            tuple(warnings),
            composer=composer,
        )
