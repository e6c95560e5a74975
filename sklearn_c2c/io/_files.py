"""Files written whole or not at all."""

import contextlib
import os
import secrets
from pathlib import Path


def write_atomically(path, data, *, mode=0o666, sync=True):
    """Write bytes to a file so that it never holds half of them.

    Parameters
    ----------
    path : Path
    data : bytes
    mode : int
        Permissions of a new file, before the user's mask.
    sync : bool
        Whether to wait until the disk has the bytes.

    Raises
    ------
    OSError
        If the folder does not exist or cannot be written to; nothing is left behind.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
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
