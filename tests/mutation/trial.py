"""Runs of the tests, each in a fork of a process that has imported the libraries."""

import importlib
import json
import os
import resource
import shutil
import signal
import sys
import time

import pytest

_LIBRARIES = (
    "defusedxml.ElementTree hypothesis.extra.numpy matplotlib.pyplot music21 "
    "numba.core.typing.builtins scipy.stats skops.io sklearn.ensemble "
    "sklearn.model_selection sklearn.utils.estimator_checks"
).split()
_OPTIONS = ("-q", "-n0", "-x", "-p", "no:cacheprovider", "--hypothesis-seed=0")


class Reach:
    """A pytest plugin that records the lines of some files that each test runs."""

    def __init__(self, tree, names, out):
        self.out = out
        self.tests = {}  # test: [seconds of the processor, {name: lines}]
        self.lines = {name: set() for name in names}
        self.tracers = {str(tree / n): _tracer(self.lines[n].add) for n in names}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        for lines in self.lines.values():
            lines.clear()
        begun = time.process_time()
        sys.settrace(lambda frame, *_: self.tracers.get(frame.f_code.co_filename))
        try:
            return (yield)
        finally:
            sys.settrace(None)
            lines = {name: sorted(lines) for name, lines in self.lines.items() if lines}
            self.tests[item.nodeid] = [time.process_time() - begun, lines]

    def pytest_sessionfinish(self):
        self.out.write_text(json.dumps(self.tests))


def _tracer(add):
    def trace(frame, event, arg):
        add(frame.f_lineno)
        return trace

    return trace


def prepare(tree):
    """Import the libraries; tests and package come from a source tree."""
    one_core = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    kernels = str(tree.parent / "kernels")
    os.environ.update(one_core, NUMBA_CACHE_DIR=kernels, PYTHONPATH=str(tree))
    os.environ["SCIPY_ARRAY_API"] = "1"
    for name in _LIBRARIES:
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.split(".")[0] == "tests"]:
        del sys.modules[name]
    sys.path.insert(0, str(tree))
    os.chdir(tree)


def run(tests, folder, tunes, seconds, plugins=()):
    """Return pytest's exit code, or -signal if it exceeded its processor time."""
    child = os.fork()
    if child == 0:
        os.setsid()
        file = os.open(folder / "tests.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
        signal.alarm(5 * int(seconds))  # wall-clock time, in case it waits
        shutil.rmtree(folder / "examples", ignore_errors=True)
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(folder / "examples")
        os.environ["SKLEARN_C2C_CACHE"] = str(folder / tunes)
        code = pytest.main([*_OPTIONS, *tests], plugins=plugins)
        sys.stdout.flush()
        os._exit(code)
    _, status = os.waitpid(child, 0)
    try:
        os.killpg(child, signal.SIGKILL)  # and any children
    except ProcessLookupError:
        pass
    return os.waitstatus_to_exitcode(status)
