"""Fixtures and settings of all tests."""

import hashlib
import os
import shutil
import signal
from pathlib import Path

# The user's own cache of tunes is not touched. The tests have a cache for the present
# readers: tunes cached by other versions would hide a fault.
ROOT = Path(__file__).parent.parent
READERS = sorted((ROOT / "sklearn_c2c" / "io").glob("*.py"))
DIGEST = hashlib.sha256(b"".join(path.read_bytes() for path in READERS)).hexdigest()
CACHE = ROOT / ".pytest_cache" / f"tunes-{DIGEST[:16]}"
os.environ.setdefault("SKLEARN_C2C_CACHE", str(CACHE))
if "PYTEST_XDIST_WORKER" not in os.environ:
    for other in set(CACHE.parent.glob("tunes*")) - {CACHE}:
        shutil.rmtree(other, ignore_errors=True)

# Before SciPy is imported: without it scikit-learn skips its array API checks.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

# Figures are drawn without a screen, in child processes too.
os.environ["MPLBACKEND"] = "Agg"

# Each worker uses one core: two workers with several threads each slow one another
# down by a factor of four.
if "PYTEST_XDIST_WORKER" in os.environ:
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import hypothesis
import numba
import numpy as np
import pytest

from sklearn_c2c import datasets
from tests import plain

# A shell that starts the tests in the background sets Ctrl-C to be ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The first example of a test may be the one for which a kernel is compiled. Each run
# draws other examples, so there are not many in one; --hypothesis-profile=thorough
# takes more. How fast examples are drawn is a matter of the machine, and no fault.
PATIENT = {
    "deadline": None,
    "suppress_health_check": [hypothesis.HealthCheck.too_slow],
}
hypothesis.settings.register_profile("patient", max_examples=50, **PATIENT)
hypothesis.settings.register_profile("thorough", max_examples=1000, **PATIENT)
hypothesis.settings.load_profile("patient")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def reels():
    """The 75 reels, as rows."""
    return datasets.load_celtic().data


# Interpreted, a kernel takes microseconds for each number. These files train little and
# run the interpreted kernels; in the others plain functions replace the kernels.
TRAIN_LITTLE = {"kernels", "layers", "nn", "room"}


@pytest.fixture(scope="module", autouse=True)
def _kernels(request):
    topic = request.module.__name__.rpartition("test_")[2]
    if numba.config.DISABLE_JIT and topic not in TRAIN_LITTLE:
        with plain.in_place_of_kernels():
            yield
    else:
        yield


# A file is the work of one worker. The longest come first, so that none of them runs at
# the end while the other workers are idle. Then one file that compiles most of the
# kernels, and those of io, which need none, so that the other workers find the kernels
# compiled and do not compile the same ones at the same time.
FIRST = ["scale_out", "docs", "reproduction", "cli", "autoencoder", "io_"]


def pytest_collection_modifyitems(items):
    """Sort by file, as above, then as collected."""
    items.sort(key=lambda item: _place(item.path.stem))


def _place(name):
    starts = (name.startswith(f"test_{start}") for start in FIRST)
    return next((place for place, found in enumerate(starts) if found), len(FIRST))
