"""Atomic writing of files, and reading of regular files only."""

import contextlib
import errno
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
    """Read a regular file that is not too large.

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
        If it is not a regular file, such as a FIFO or a device, or larger than
        `max_bytes`. It is not read then, and the call does not block.
    """
    # Checked before opening too, since opening a device may have side effects.
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
        os.scandir(path).close()  # raises an OSError if it cannot be read
    if kind != stat.S_IFREG:
        raise ValueError(f"is {_KINDS.get(kind, 'something else')}, not a file")
    if status.st_size > max_bytes:
        raise ValueError(_too_large(max_bytes))


def _too_large(max_bytes):
    return f"is larger than the {max_bytes >> 20} MiB that are read"


def by_suffix(path, functions):
    """Return the function for the suffix of a path, of those by suffix."""
    path = Path(path)
    function = functions.get(path.suffix.lower())
    if function is None:
        raise ValueError(
            f"Found the suffix {path.suffix!r} in {str(path)!r}; expected one of "
            f"{', '.join(functions)}."
        )
    return function


def check_folder(path):
    """Check that the folder of a file to write exists, before any long work.

    Parameters
    ----------
    path : Path

    Raises
    ------
    FileNotFoundError
        If it does not.
    """
    folder = path.absolute().parent
    if not folder.is_dir():
        reason = "There is no such folder to write to; create it first"
        raise FileNotFoundError(errno.ENOENT, reason, str(folder))


def write_atomically(path, data, *, mode=0o666, sync=True):
    """Write bytes to a file atomically.

    Temporary files that killed processes left in the folder are removed.

    Parameters
    ----------
    path : Path
    data : bytes
    mode : int
        Permissions of a new file, to which the umask is applied.
    sync : bool
        Whether to wait until the bytes and the folder entry are on the disk.

    Raises
    ------
    OSError
        If the folder does not exist or is not writable. The file is not changed then.
    """
    path = Path(path)
    check_folder(path)
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
    """Wait until the entries of a folder are on the disk, on POSIX systems.

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
    """Open a new file beside `path`, and lock it while it is written."""
    while True:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        _lock(descriptor)
        if temporary.exists():  # another process may remove it before it is locked
            return temporary, descriptor
        os.close(descriptor)


@contextlib.contextmanager
def _held(descriptor):
    """Keep the lock of an open file after the file is closed."""
    held = os.dup(descriptor) if fcntl else None
    try:
        yield
    finally:
        if fcntl:
            os.close(held)


def _lock(descriptor):
    """Lock a file unless another process has locked it; return whether it is locked."""
    if fcntl:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False


@lru_cache(maxsize=256)
def _sweep(folder):
    """Remove temporary files of killed processes, once per folder and process.

    A process locks its temporary file, and the lock ends with the process, so files
    without a lock are left over.
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
