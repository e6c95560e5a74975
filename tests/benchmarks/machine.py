"""Description of the machine, and the speed of its memory and of its products."""

import datetime
import importlib.metadata
import os
import platform
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import joblib
import numba
import numpy as np
import psutil
from threadpoolctl import threadpool_limits

import sklearn_c2c
from tests.benchmarks import clock

_PACKAGES = (
    "numpy",
    "scipy",
    "numba",
    "scikit-learn",
    "joblib",
    "torch",
    "keras",
    "jax",
    "distributed",
)
# Far more than the largest cache.
_LARGE = 2**29
_REPEATS = 9


def describe():
    """The machine, the versions and the date, in words."""
    return {
        "processor": _processor(),
        "cores used": joblib.cpu_count(),
        "caches": ", ".join(_caches()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{_system()}, Python {platform.python_version()}",
        "versions": ", ".join(_versions()),
        "date": datetime.date.today().isoformat(),
    }


def _processor():
    cpuinfo = Path("/proc/cpuinfo")
    names = cpuinfo.exists() and re.search(r"model name\s*: (.*)", cpuinfo.read_text())
    return names[1] if names else platform.processor()


def _caches():
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size, cores = (
            (folder / name).read_text().strip()
            for name in ("level", "type", "size", "shared_cpu_list")
        )
        if kind != "Instruction":
            shared = "a core" if cores == "0" else f"for cores {cores}"
            yield f"L{level} {int(size[:-1]):,} KiB {shared}"


def _system():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return f"{platform.system()} {platform.release()}"


def _versions():
    yield f"sklearn_c2c {sklearn_c2c.__version__}"
    for name in _PACKAGES:
        try:
            yield f"{name} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            yield f"{name} not installed"


def seconds_of_others():
    """CPU seconds, up to now, of all processes but this one and its ended children."""
    times = psutil.cpu_times()
    # Of Linux: no work, or counted twice.
    idle = ("idle", "iowait", "guest", "guest_nice")
    idle = sum(getattr(times, name, 0) for name in idle)
    return sum(times) - idle - sum(os.times()[:4])


@numba.njit(nogil=True, fastmath=True, error_model="numpy")
def _read(w, m, v):
    total = np.float32(0)
    for i in range(len(w)):
        total += w[i] + m[i] + v[i]
    return total


@numba.njit(nogil=True, fastmath=True, error_model="numpy")
def _update(w, m, v):
    half = np.float32(0.5)
    for i in range(len(w)):
        m[i] = half * (m[i] + w[i])
        v[i] = half * (v[i] + w[i])
        w[i] = half * (m[i] + v[i])
    return w[0]


def bandwidth(n_bytes=_LARGE):
    """Bytes a second that all cores stream through three arrays of float32.

    Parameters
    ----------
    n_bytes : int
        Size of the arrays together.

    Returns
    -------
    dict
        ``read``: each is read. ``update``: each is read and written, as Adam does with
        weights and moments, both counted. The best of several passes.
    """
    n, n_threads = max(n_bytes // 12, 1), joblib.cpu_count()
    arrays = [np.ones(n, np.float32) for _ in range(3)]
    bounds = np.linspace(0, n, n_threads + 1).astype(int)
    blocks = [[a[lo:hi] for a in arrays] for lo, hi in pairwise(bounds)]
    # Small arrays are traversed many times in one timing.
    n_passes = max(1, 2**26 // n_bytes)
    with ThreadPoolExecutor(n_threads) as pool:

        def rate(stream, n_streams):
            def passes(block):
                for _ in range(n_passes):
                    stream(*block)

            def go():
                list(pool.map(passes, blocks))

            go()
            return 4 * n_streams * n * n_passes / _fastest(go)

        return {"read": rate(_read, 3), "update": rate(_update, 6)}


def matrix_rate(n=3000):
    """Operations a second of a large square float32 product, two for each term."""
    A = np.ones((n, n), np.float32)
    out = np.empty_like(A)
    with threadpool_limits(joblib.cpu_count()):
        return 2 * n**3 / _fastest(lambda: np.matmul(A, A, out=out))


def _fastest(function):
    times = []
    for _ in range(_REPEATS):
        start = clock.now()
        function()
        times.append(clock.now() - start)
    return min(times)
