"""Threads that give the same bits whatever their number."""

import os
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

import joblib
import numpy as np
from threadpoolctl import get_cached_controller

# Fixed block sizes, independent of the number of threads, so that rounding is too.
# Column blocks are larger because BLAS packs the rows again for each of them.
_BLOCK = 128
_COLUMNS = 1024

# Work items per thread; several, so that a delayed thread does not delay the rest.
_SHARES = 4

# Below this many multiply-adds a second thread does not pay.
_WORTH_A_THREAD = 1_000_000


class _SingleThreadedBLAS:
    """Limit BLAS to one thread while any caller is inside the context.

    BLAS splits a product by the number of its threads and rounds accordingly. The limit
    holds for the whole process, so the last of several threads to leave lifts it.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._n_within = 0
        self._limit = None

    def __enter__(self):
        with self._lock:
            if self._n_within == 0:
                _leave_blas_to_any_thread()
                self._limit = get_cached_controller().limit(limits=1, user_api="blas")
            self._n_within += 1

    def __exit__(self, *exception):
        with self._lock:
            self._n_within -= 1
            if self._n_within == 0:
                _leave_blas_to_any_thread()
                self._limit.restore_original_limits()
                _leave_blas_to_any_thread()


def _leave_blas_to_any_thread():
    """Let any thread set a limit of OpenBLAS, not only the one that set it first."""
    for library in get_cached_controller().lib_controllers:
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread(force=True)


single_threaded_blas = _SingleThreadedBLAS()


@cache
def _n_cores():
    """Cores the process may use; the query reads files, 10 % of a decoding's time."""
    return joblib.cpu_count()


class Workers:
    """Threads that share work among them in blocks that do not depend on their number.

    There are as many as the cores that the process may use, or ``OMP_NUM_THREADS`` if
    that is set, as joblib does in its worker processes. The caller is one of them. The
    others start, and BLAS is limited, at the first use: for one melody both would cost
    more than the work. The context can be entered again after its end.
    """

    def __init__(self):
        limit = os.environ.get("OMP_NUM_THREADS", "")
        cores = _n_cores()
        self.n_threads = min(cores, int(limit)) if limit.isdecimal() else cores
        self._pool = None
        self._limits_blas = False

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
        if self._limits_blas:
            single_threaded_blas.__exit__(*exception)
            self._limits_blas = False

    def limit_blas(self):
        """Limit BLAS to one thread from here on; to be called before work is shared."""
        if not self._limits_blas:
            single_threaded_blas.__enter__()
            self._limits_blas = True

    def run(self, function, size, work, *args, block=_BLOCK):
        """Run ``function(lo, hi, *args)`` over 0 to size; work is its multiply-adds.

        Shares begin at multiples of block.
        """
        shared = work > _WORTH_A_THREAD and self.n_threads > 1
        n_shares = _SHARES * self.n_threads if shared else 1
        bounds = [i * size // n_shares // block * block for i in range(n_shares)]
        shares = deque((lo, hi) for lo, hi in pairwise([*bounds, size]) if lo < hi)

        def take_shares():
            while shares:
                try:
                    share = shares.popleft()
                except IndexError:  # another thread took the last one
                    return
                function(*share, *args)

        n_others = min(self.n_threads, len(shares)) - 1
        if n_others > 0 and self._pool is None:
            self._pool = ThreadPoolExecutor(self.n_threads - 1)
        others = [self._pool.submit(take_shares) for _ in range(n_others)]
        take_shares()
        for other in others:
            other.result()


def matmul(A, B, workers, plus=None):
    """``A @ B + plus``, in blocks of rows or columns whatever the number of threads."""
    workers.limit_blas()
    (n_rows, n_in), n_columns = A.shape, B.shape[1]
    out = np.empty((n_rows, n_columns), A.dtype)

    def rows(lo, hi):
        for block in _blocks(lo, hi, _BLOCK):
            np.matmul(A[block], B, out=out[block])
            if plus is not None:
                out[block] += plus

    def columns(lo, hi):
        for block in _blocks(lo, hi, size):
            np.matmul(A, B[:, block], out=out[:, block])
            if plus is not None:
                out[:, block] += plus[block]

    # A narrow product is halved for two threads.
    size = min(_COLUMNS, -(-n_columns // 2))

    work = n_rows * n_in * n_columns
    if n_rows > n_columns:
        workers.run(rows, n_rows, work)
    else:
        workers.run(columns, n_columns, work, block=size)
    return out


def _blocks(lo, hi, size):
    return [slice(i, min(i + size, hi)) for i in range(lo, hi, size)]
