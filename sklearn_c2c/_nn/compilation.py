"""How Numba compiles our kernels and caches them."""

import contextlib
import hashlib
import logging
import time
from pathlib import Path

import numba
from numba.core import event
from numba.core.caching import FunctionCache

# Sums may be reordered and fused, which SIMD needs; NaN and infinity are preserved.
_REORDER = {"reassoc", "contract", "arcp", "nsz"}

# Seconds of compilation up to which no message is printed.
_SHORT = 1.0

# Instructions within compiled kernels that Numba's cache does not track.
_EMITTERS = [Path(__file__).with_name(name) for name in ("lanes.py", "tiles.py")]
_EMITTED = hashlib.sha256(b"".join(p.read_bytes() for p in _EMITTERS)).hexdigest()


def jit(function):
    """Compile on the first call, or load what an earlier process compiled.

    Parameters
    ----------
    function : callable

    Returns
    -------
    callable
        It releases Python's global lock and does not check for division by zero, which
        would keep loops from SIMD.
    """
    compiled = numba.njit(nogil=True, error_model="numpy", fastmath=_REORDER)(function)
    # Like cache=True, but damaged files are compiled again. A RuntimeError means that
    # no folder can be written to, as in a read-only container.
    with contextlib.suppress(RuntimeError):
        compiled._cache = _Cache(function)
    return compiled


class _Cache(FunctionCache):
    """Numba's files of compiled functions; unreadable ones are compiled again.

    A truncated file, as after a full disk, may raise any error of pickle. Functions
    that were compiled with other tiles are not loaded.
    """

    def _index_key(self, sig, codegen):
        return (*super()._index_key(sig, codegen), _EMITTED)

    def load_overload(self, sig, target_context):
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            with contextlib.suppress(OSError):
                self.flush()  # else the new function could not be added
            return None

    def save_overload(self, sig, data):
        with contextlib.suppress(OSError):  # no space left, or no longer writable
            super().save_overload(sig, data)


class _Announcer(event.Listener):
    """Explains the wait, once, if compiling takes longer than `_SHORT`."""

    def __init__(self):
        self._depth, self._began, self._seconds, self._said = 0, 0.0, 0.0, False

    def on_start(self, event):
        if not _is_ours(event):
            return
        if self._depth == 0:
            self._began = time.perf_counter()
            if self._seconds > _SHORT and not self._said:
                self._said = True
                logging.getLogger("sklearn_c2c").warning(
                    "sklearn_c2c compiles its kernels, which takes some seconds the "
                    "first time on a machine."
                )
        self._depth += 1

    def on_end(self, event):
        if not _is_ours(event):
            return
        self._depth -= 1
        if self._depth == 0:
            self._seconds += time.perf_counter() - self._began


def _is_ours(event):
    module = event.data["dispatcher"].py_func.__module__  # None of one made by exec
    return (module or "").startswith("sklearn_c2c.")


event.register("numba:compile", _Announcer())
