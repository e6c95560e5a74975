"""Seconds of the clock, or on a machine that does other work, CPU seconds.

``--cpu-time`` gives every process one thread and counts the seconds that it computes.
What others take of caches and memory is still in them.
"""

import os
import time

_COUNTS_CPU_TIME = "SKLEARN_C2C_BENCHMARKS_CPU_TIME"
_THREADS = (
    "LOKY_MAX_CPU_COUNT",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)


def count_cpu_time():
    """Count CPU seconds of one thread, here and in the processes started from here."""
    os.environ.update(dict.fromkeys((_COUNTS_CPU_TIME, *_THREADS), "1"))


def counts_cpu_time():
    """Whether seconds are those of the CPU."""
    return _COUNTS_CPU_TIME in os.environ


def now():
    """Seconds from any beginning."""
    return time.process_time() if counts_cpu_time() else time.perf_counter()
