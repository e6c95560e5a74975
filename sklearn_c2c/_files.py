"""Files written whole or not at all, and read only if they are files."""

import contextlib
import os
import re
import secrets
import stat
from functools import lru_cache
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed
    fcntl = None

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{16}\.tmp", re.S)
_KINDS = {
    stat.S_IFDIR: "a folder without music",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def read_regular(path, max_bytes):
    """Read a regular file of limited size.

    Parameters
    ----------
    path : Path
    max_bytes : int

    Returns
    -------
    bytes

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If it is no regular file, or larger than `max_bytes`; it is then neither read
        nor waited for.
    """
    # Opening a device may have effects: the path is checked before as well.
    _check_regular(path, os.stat(path), max_bytes)
    with open(path, "rb", opener=_open_at_once) as file:
        _check_regular(path, os.fstat(file.fileno()), max_bytes)
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ValueError(_too_large(max_bytes))
    return data


def _open_at_once(path, flags):
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _check_regular(path, status, max_bytes):
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFDIR:
        os.scandir(path).close()  # raises the reason if it cannot be read
    if kind != stat.S_IFREG:
        raise ValueError(f"is {_KINDS.get(kind, 'something else')}, not a file")
    if status.st_size > max_bytes:
        raise ValueError(_too_large(max_bytes))


def _too_large(max_bytes):
    return f"is larger than the {max_bytes >> 20} MiB that are read"


def write_atomically(path, data, *, mode=0o666, sync=True):
    """Write bytes to a file so that it holds all of them or none.

    Temporary files that killed processes left in the folder are removed.

    Parameters
    ----------
    path : Path
    data : bytes
    mode : int
        Permissions of a new file, before the user's mask.
    sync : bool
        Whether to wait until the bytes, and the name in the folder, are on the disk.

    Raises
    ------
    OSError
        If the folder does not exist or cannot be written to; nothing is left behind.
    """
    path = Path(path)
    _sweep(path.parent.absolute())
    temporary, descriptor = _open_temporary(path, mode)
    try:
        with _held(descriptor):
            with open(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                if sync:
                    os.fsync(file.fileno())
            os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if sync:
        sync_folder(path.parent)


def sync_folder(folder):
    """Wait until the names in a folder are on the disk, if the system supports it.

    Parameters
    ----------
    folder : Path
    """
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):  # some file systems do not support it
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _open_temporary(path, mode):
    """Open a new file beside `path`, locked for as long as this process writes it."""
    while True:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        _lock(descriptor)
        if temporary.exists():  # not removed by another process before it was locked
            return temporary, descriptor
        os.close(descriptor)


@contextlib.contextmanager
def _held(descriptor):
    """Keep the lock of an open file when that is closed."""
    held = os.dup(descriptor) if fcntl else None
    try:
        yield
    finally:
        if fcntl:
            os.close(held)


def _lock(descriptor):
    """Lock a file unless another process has; return whether it is locked now."""
    if fcntl:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False


@lru_cache(maxsize=256)
def _sweep(folder):
    """Remove temporary files of killed processes from a folder, once per process.

    A process that still writes holds a lock on its file, which ends with the process.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        left = [entry.path for entry in entries if _TEMPORARY.fullmatch(entry.name)]
        for path in left:
            with contextlib.suppress(OSError):
                _remove_unlocked(path)


def _remove_unlocked(path):
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags)
    try:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        if regular and _lock(descriptor):
            os.unlink(path)
    finally:
        os.close(descriptor)
