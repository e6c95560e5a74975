"""Searches and sweeps in many processes: the same bits, also if workers die."""

import json
import logging
import os
import random
import subprocess
import sys
import time
from functools import partial
from itertools import chain

import dask
import joblib
import numpy as np
import pytest
from distributed import Client, LocalCluster
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder, datasets, journal
from sklearn_c2c.model_selection import reconstruction_curve
from tests.deaths import deadly_score, deadly_square

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL"),
]

MODEL = make_pipeline(
    PianoRollEncoder((55, 83)), Autoencoder(max_iter=3, random_state=0)
)
GRID = {"autoencoder__h": [4, 64, 16]}
SEARCHES = {
    "grid": GridSearchCV(MODEL, GRID, cv=3, refit=False, error_score="raise"),
    "halving": HalvingGridSearchCV(
        MODEL,
        GRID,
        resource="autoencoder__max_iter",
        max_resources=6,
        factor=2,
        cv=2,
        refit=False,
        error_score="raise",
        random_state=0,
    ),
}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Two worker processes."""
    with (
        # On a busy machine it takes longer to replace a dead worker.
        dask.config.set({"distributed.deploy.lost-worker-timeout": "1h"}),
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
            local_directory=tmp_path_factory.mktemp("dask"),
        ) as cluster,
        Client(cluster) as client,
    ):
        client.amm.stop()  # it would drop all but one copy of scattered data
        yield client


@pytest.fixture
def backend(request, client):
    with joblib.parallel_config(backend=request.param, n_jobs=2):
        yield request.param


both = pytest.mark.parametrize("backend", ["loky", "dask"], indirect=True)


def scores(search):
    names = [name for name in search.cv_results_ if name.endswith("_test_score")]
    return {name: search.cv_results_[name].tolist() for name in names}


def wait_until(condition):
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline, "waited for minutes in vain"
        time.sleep(0.01)


@pytest.fixture
def two_workers(client):
    """The client, after all dead workers have been replaced."""
    client.wait_for_workers(2)
    return client


# ------------------------------------------------------------- the same bits


@pytest.fixture(scope="module")
def in_this_process(reels):
    """Scores of each search with n_jobs=1, where a fit has all the threads."""
    return {name: scores(clone(s).fit(reels)) for name, s in SEARCHES.items()}


@pytest.mark.parametrize("name", SEARCHES)
@both
def test_a_search_has_the_same_scores_in_many_processes(
    backend, name, reels, in_this_process
):
    search = clone(SEARCHES[name]).fit(reels)
    assert scores(search) == in_this_process[name]


@both
def test_a_curve_is_the_same_in_many_processes(backend, reels):
    settings = {"h": [4, 64], "seeds": [0, 1], "X_test": reels[::5]}
    many = reconstruction_curve(MODEL, reels, **settings)
    with joblib.parallel_config(backend="sequential"):
        one = reconstruction_curve(MODEL, reels, **settings)
    for part, same in (many, one), (many.test, one.test):
        assert part.loss.tolist() == same.loss.tolist()
        assert part.step_accuracy.tolist() == same.step_accuracy.tolist()


# ------------------------------------------------------------------- deaths


def test_a_search_on_dask_outlives_a_worker(two_workers, reels, tmp_path):
    """Data and folds are scattered to both workers, so that no death loses them."""
    X = np.concatenate([reels, datasets.load_bach_sopranos().data])
    folds = list(ShuffleSplit(2, train_size=130, random_state=0).split(X))
    flag = tmp_path / "flag"
    scoring = partial(deadly_score, flag=flag, parent=os.getpid())
    search = clone(SEARCHES["grid"]).set_params(
        estimator__pianorollencoder__pitch_range=(55, 84), cv=folds, scoring=scoring
    )
    expected = scores(search.fit(X))
    with joblib.parallel_config(backend="dask", scatter=[X, *chain(*folds)]):
        assert not flag.exists()
        assert scores(search.fit(X)) == expected  # a clone would copy the folds
        assert flag.exists()


def test_a_journalled_run_on_dask_outlives_a_worker(two_workers, tmp_path):
    function = partial(deadly_square, tmp_path / "flag")
    tasks = [{"x": x} for x in range(6)]
    with joblib.parallel_config(backend="dask"):
        assert journal.run(function, tasks) == [0, 1, 4, 9, 16, 25]
    assert (tmp_path / "flag").exists()


def test_a_task_that_dask_gives_up_is_named_when_all_others_are_done(
    two_workers, tmp_path, monkeypatch
):
    monkeypatch.setattr(two_workers.cluster.scheduler, "allowed_failures", 0)
    monkeypatch.setattr(journal, "_DEATHS_ALONE", 1)
    function = partial(deadly_square, tmp_path / "flag", always=True)
    tasks, path = [{"x": x} for x in range(6)], tmp_path / "journal"
    with joblib.parallel_config(backend="dask"):
        with pytest.raises(RuntimeError, match=r'The worker of the task {"x": 2} dies'):
            journal.run(function, tasks, path)
    others = [task for task in tasks if task["x"] != 2]
    assert journal.run(None, others, path) == [0, 1, 9, 16, 25]


@both
def test_an_error_in_a_worker_is_raised_here(backend, tmp_path):
    path, tasks = tmp_path / "journal", [{"x": 3}, {"x": 7}]
    function = partial(deadly_square, "")
    assert journal.run(function, tasks[:1], path) == [9]
    with pytest.raises(ZeroDivisionError, match="seven"):
        journal.run(function, tasks, path)
    assert journal.run(function, [*tasks[:1], {"x": 4}], path) == [9, 16]


# -------------------------------------------------- the sweep's own death

SWEEP = """
import os, sys
import joblib, numpy as np
from sklearn.pipeline import make_pipeline
from sklearn_c2c import Autoencoder, PianoRollEncoder
from sklearn_c2c.model_selection import reconstruction_curve

class Noted(Autoencoder):
    def fit(self, X, y=None):
        log = os.open(os.environ["LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(log, b"%d %d\\n" % (self.h, self.random_state))
        os.close(log)
        return super().fit(X)

model = make_pipeline(PianoRollEncoder((55, 83)), Noted(max_iter=5))
data, journal, loss, n_jobs = sys.argv[1:]
# Workers whose parent was killed leave soon, and not after five minutes.
with joblib.parallel_config("loky", n_jobs=int(n_jobs), idle_worker_timeout=2):
    curve = reconstruction_curve(
        model, np.load(data), h=[2, 16, 64], seeds=[0, 1, 2], journal=journal
    )
np.save(loss, curve.loss)
"""


def test_a_sweep_killed_at_any_moment_goes_on(reels, tmp_path):
    np.save(tmp_path / "X.npy", reels)

    def start(log, n_jobs):
        files = [tmp_path / name for name in ("X.npy", "journal", "loss.npy")]
        command = [sys.executable, "-c", SWEEP, *files, str(n_jobs)]
        env = os.environ | {"LOG": str(tmp_path / log)}
        return subprocess.Popen(command, env=env)

    def fits(log):
        lines = (tmp_path / log).read_text() if (tmp_path / log).exists() else ""
        return sorted(tuple(map(int, line.split())) for line in lines.splitlines())

    rng = random.Random(0)
    n_fits = rng.randrange(1, 8)
    process = start("killed", 2)
    wait_until(lambda: len(fits("killed")) >= n_fits or process.poll() is not None)
    time.sleep(rng.uniform(0, 0.1))
    process.kill()
    process.wait()
    journalled = (tmp_path / "journal").read_bytes()
    lines = journalled[: journalled.rfind(b"\n") + 1].splitlines()
    kept = [tuple(json.loads(line)["task"].values()) for line in lines]
    assert start("resumed", 1).wait() == 0
    everything = [(h, seed) for h in (2, 16, 64) for seed in (0, 1, 2)]
    assert sorted(kept + fits("resumed")) == everything
    model = clone(MODEL).set_params(autoencoder__max_iter=5)
    whole = reconstruction_curve(model, reels, h=[2, 16, 64], seeds=[0, 1, 2])
    assert np.load(tmp_path / "loss.npy").tolist() == whole.loss.tolist()
