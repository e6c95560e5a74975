"""A machine's first fit, a damaged cache, and a read-only one."""

import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from numba.core.caching import FunctionCache

from sklearn_c2c._nn import compilation

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled"),
]

FIT = """
import numpy as np
from sklearn_c2c import Autoencoder
X = np.zeros((6, 40))
X[np.arange(6), np.arange(6) * 5] = 1
model = Autoencoder(h=3, max_iter=2, random_state=0).fit(X)
print(model.transform(X).tobytes().hex())
"""


def fit(folder, **environment):
    """Fit in a process of its own; return its stdout and stderr."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder)} | environment
    done = subprocess.run(
        [sys.executable, "-c", FIT],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("numba")
    return folder, *fit(folder)


def test_the_first_fit_says_what_takes_so_long(compiled):
    _, _, said = compiled
    assert said.count("compiles its kernels") == 1 and said.count("\n") == 1


def test_the_next_process_has_nothing_to_say(compiled):
    folder, codes, _ = compiled
    assert fit(folder) == (codes, "")


def test_without_the_compiler_training_is_the_same_but_for_rounding(compiled, tmp_path):
    _, codes, _ = compiled
    interpreted, said = fit(tmp_path, NUMBA_DISABLE_JIT="1")
    assert said == ""
    codes, interpreted = (
        np.frombuffer(bytes.fromhex(text)) for text in (codes, interpreted)
    )
    assert len(codes) == 6 * 3 and np.ptp(codes) > 0.1
    np.testing.assert_allclose(interpreted, codes, rtol=1e-9)
    assert list(tmp_path.rglob("*.nbi")) == []


def test_files_cut_short_are_compiled_again(compiled):
    """Files of some kernels that a fit calls: to compile all again takes long."""
    folder, codes, _ = compiled
    left = {}
    for kernel, suffix, share in [
        ("gather", "nbi", 0),
        ("adam", "nbi", 0.5),
        ("subtract_stored", "nbc", 0),
        ("sigmoid_expectation", "nbc", 0.5),
    ]:
        (file,) = folder.rglob(f"kernels.{kernel}-*.{suffix}")
        left[file] = int(share * file.stat().st_size)
        file.write_bytes(file.read_bytes()[: left[file]])
    assert fit(folder)[0] == codes
    assert all(file.stat().st_size > size for file, size in left.items())
    assert fit(folder) == (codes, "")


@pytest.mark.parametrize(
    ("method", "error"),
    [("__init__", RuntimeError("no locator")), ("save_overload", OSError("full"))],
)
def test_a_cache_that_cannot_be_written(monkeypatch, method, error):
    def fails(*args):
        raise error

    monkeypatch.setattr(FunctionCache, method, fails)

    @compilation.jit
    def double(x):
        return 2 * x

    assert double(21) == 42
