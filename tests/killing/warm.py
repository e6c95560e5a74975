"""Imported by the process that forks jobs: each ran once, so all is loaded."""

import contextlib
import io
import os
import tempfile
from pathlib import Path
from unittest import mock

from tests.killing.jobs import JOBS

with mock.patch.dict(os.environ, SKLEARN_C2C_CACHE="", OMP_NUM_THREADS="1"):
    for kind in JOBS.values():
        with (
            tempfile.TemporaryDirectory() as folder,
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            kind(Path(folder), kind.variants[0]).work()
