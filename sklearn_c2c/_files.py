"""Files written whole or not at all. Imports nothing of ours."""

import contextlib
import os
import re
import secrets
from pathlib import Path

# A name of its own, so that what a killed process left can be told from other files.
_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.sklearn_c2c\.tmp")


def write_atomically(path, data, *, mode=0o666, sync=True):
    """Write bytes to a file so that it never holds half of them.

    Parameters
    ----------
    path : str or path-like
    data : bytes
    mode : int
        Permissions of a new file, before the user's mask.
    sync : bool
        Whether to wait until the disk has the bytes, and the folder the new name.

    Raises
    ------
    OSError
        If the folder does not exist or cannot be written to; nothing is left behind.
    """
    path = Path(path)
    temporary, descriptor = _create_temporary(path.parent, mode)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.replace(temporary, path)
        if sync:
            sync_folder(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def sync_folder(folder):
    """Wait until the disk has the names of a folder's files.

    Windows keeps them by itself, and some file systems cannot be asked to.

    Parameters
    ----------
    folder : path-like
    """
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_abandoned(folder):
    """Remove the temporary files of `write_atomically` whose process was killed.

    One that is being written is locked and stays.

    Parameters
    ----------
    folder : path-like
    """
    with contextlib.suppress(OSError):
        names = [n for n in os.listdir(folder) if _TEMPORARY.fullmatch(n)]
        for path in (Path(folder, name) for name in names):
            with contextlib.suppress(OSError), open(path, "rb") as file:
                _lock(file.fileno())
                path.unlink()


def _create_temporary(folder, mode):
    """Create and lock a file; again, where `remove_abandoned` was faster."""
    while True:
        path = folder / f".{secrets.token_hex(8)}.sklearn_c2c.tmp"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with contextlib.suppress(OSError):  # some file systems have no locks
            _lock(descriptor)
        if os.fstat(descriptor).st_nlink:
            return path, descriptor
        os.close(descriptor)


def _lock(descriptor):
    """Lock a file of ours until it is closed; Windows does so to every open file.

    Raises
    ------
    OSError
        If another process has it.
    """
    with contextlib.suppress(ImportError):
        from fcntl import LOCK_EX, LOCK_NB, flock

        flock(descriptor, LOCK_EX | LOCK_NB)
