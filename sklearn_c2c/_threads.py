"""Threads that give the same bits whatever their number. Imports nothing of ours."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import joblib
import numpy as np
from threadpoolctl import get_cached_controller

# Rows or columns that always stay together, so that each is rounded the same way
# however many threads there are.
_BLOCK = 128

# Handing a block to a thread costs as much as so many multiply-adds.
_WORTH_A_THREAD = 1_000_000


class _SingleThreadedBLAS:
    """Holds BLAS to one thread as long as anyone is within.

    BLAS splits a product by the number of its threads and rounds accordingly. The limit
    is the process's own, so with several threads in it the last to leave lifts it.
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
    """Undo that for OpenBLAS only the thread that set a limit first may set another."""
    for library in get_cached_controller().lib_controllers:
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread(force=True)


single_threaded_blas = _SingleThreadedBLAS()


class Workers:
    """Threads that share work among them in blocks that do not depend on their number.

    As many as the cores that the process may use, or ``OMP_NUM_THREADS`` if that is
    set, as joblib does in its worker processes. The caller is one of them.
    """

    def __init__(self):
        limit = os.environ.get("OMP_NUM_THREADS", "")
        cores = joblib.cpu_count()
        self.n_threads = min(cores, int(limit)) if limit.isdecimal() else cores
        self._pool = None

    def __enter__(self):
        single_threaded_blas.__enter__()
        if self.n_threads > 1:
            self._pool = ThreadPoolExecutor(self.n_threads - 1)
        return self

    def __exit__(self, *exception):
        if self._pool is not None:
            self._pool.shutdown()
        single_threaded_blas.__exit__(*exception)

    def run(self, function, size, work, *args):
        """Run ``function(lo, hi, *args)`` over 0 to size; work is its multiply-adds."""
        n_blocks = self.n_threads if work > _WORTH_A_THREAD else 1
        bounds = np.linspace(0, size, n_blocks + 1).astype(int) // _BLOCK * _BLOCK
        bounds[-1] = size
        blocks = [(lo, hi) for lo, hi in pairwise(bounds.tolist()) if lo < hi]
        others = [self._pool.submit(function, *block, *args) for block in blocks[1:]]
        if blocks:
            function(*blocks[0], *args)
        for other in others:
            other.result()


def matmul(A, B, workers):
    """``A @ B``, in blocks of A's rows whatever the number of threads."""
    out = np.empty((len(A), B.shape[1]), A.dtype)

    def rows(lo, hi):
        for i in range(lo, hi, _BLOCK):
            np.matmul(A[i : min(i + _BLOCK, hi)], B, out=out[i : min(i + _BLOCK, hi)])

    workers.run(rows, len(A), A.size * B.shape[1])
    return out
