"""How much memory this process holds, in bytes."""

import re
import resource
import sys
from pathlib import Path

import psutil

_STATUS = Path("/proc/self/status")


def resident():
    """Resident memory now."""
    return psutil.Process().memory_info().rss


def peak():
    """The most memory that was ever resident."""
    if _STATUS.exists():
        # On Linux ru_maxrss also counts the process before it executed Python.
        return 1024 * int(re.search(r"VmHWM:\s*(\d+) kB", _STATUS.read_text())[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
