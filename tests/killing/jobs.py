"""Jobs that can be killed, and the checks after each kill."""

import json
import os
import re
from functools import wraps
from unittest import mock

import joblib
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    Autoencoder,
    PianoRollEncoder,
    RecurrentAutoencoder,
    VariationalAutoencoder,
    VariationalRecurrentAutoencoder,
    journal,
    persistence,
)
from sklearn_c2c.io import _cache, read_melodies, write_melody
from sklearn_c2c.io._pieces import READERS
from sklearn_c2c.melody import END
from sklearn_c2c.model_selection import reconstruction_curve
from tests.fuzz.kept import described

MELODIES = np.random.default_rng(0).integers(60, 72, size=(48, 32))
MELODIES[:, 3::4] = 129
# Of two, three and four measures of eight steps.
TUNES = np.where(np.arange(32) < 8 * (2 + np.arange(48) % 3)[:, None], MELODIES, END)


def cached_by_variant(method):
    """Call a method once for each variant of a job, on which its result depends."""
    found = {}

    @wraps(method)
    def cached(self):
        if self.variant not in found:
            found[self.variant] = method(self)
        return found[self.variant]

    return cached


class Job:
    """Work in a folder that can be killed, and resumes there when it is started again.

    Parameters
    ----------
    folder : Path
        Its own, for all it writes.
    variant : int
        Form of the job, one of `variants`.
    """

    variants = (0, 1)

    def __init__(self, folder, variant):
        self.folder, self.variant = folder, variant

    def work(self):
        """Do the rest of the work; report results as soon as they are on the disk."""
        raise NotImplementedError

    def check(self, said):
        """Check that files of a killed process are whole and have all that was said.

        Parameters
        ----------
        said : list of str
            The lines that the process wrote.

        Raises
        ------
        AssertionError
        """
        raise NotImplementedError

    def check_end(self, said):
        """Check that the result is that of a job that is not killed."""
        raise NotImplementedError


class Training(Job):
    """Train and save every two epochs; resume from the last save."""

    _N_EPOCHS, _N_TO_SAVE = 16, 2

    def __init__(self, folder, variant):
        super().__init__(folder, variant)
        self._path = folder / "model.c2c"
        self._n_kept = 0

    def work(self):
        model = self._unfitted()
        if self._path.exists():
            model = persistence.load(self._path)
        while _n_epochs(model) < self._N_EPOCHS:
            self._train(model)
            persistence.save(model, self._path, optimizer=True)
            print(_n_epochs(model), flush=True)

    def check(self, said):
        model = persistence.load(self._path) if self._path.exists() else None
        n_epochs = 0 if model is None else _n_epochs(model)
        assert n_epochs >= max([self._n_kept, *_numbers(said)]), "epochs are lost"
        assert n_epochs % self._N_TO_SAVE == 0
        self._n_kept = n_epochs

    def check_end(self, said):
        found = persistence.load(self._path)
        assert _n_epochs(found) == self._N_EPOCHS
        assert content(found) == self._at_once(), "not what one training gives"

    @cached_by_variant
    def _at_once(self):
        model = self._unfitted()
        model[-1].max_iter = self._N_EPOCHS
        model.fit(MELODIES)[-1].max_iter = self._N_TO_SAVE
        return content(model)

    def _unfitted(self):
        kind = [Autoencoder, VariationalAutoencoder][self.variant]
        layers = [(), (24,)][self.variant]
        autoencoder = kind(
            8,
            hidden_layer_sizes=layers,
            max_iter=self._N_TO_SAVE,
            warm_start=True,
            random_state=0,
        )
        return make_pipeline(PianoRollEncoder(steps_per_measure=8), autoencoder)

    def _train(self, model):
        """Train for two epochs."""
        model.fit(MELODIES)


class RecurrentTraining(Training):
    """Train on tunes of several lengths while the learning rate falls.

    The first epochs of a model are those of a whole training, so the rate depends on
    how many there were before.
    """

    @cached_by_variant
    def _at_once(self):
        return content(self._unfitted().fit(TUNES))

    def _unfitted(self):
        settings = {
            "n_units": 8,
            "steps_per_measure": 8,
            "max_iter": self._N_EPOCHS,
            "random_state": 0,
        }
        autoencoder = [
            RecurrentAutoencoder(8, **settings),
            VariationalRecurrentAutoencoder(8, beta=0.1, **settings),
        ][self.variant]
        return make_pipeline(PianoRollEncoder(steps_per_measure=8), autoencoder)

    def _train(self, model):
        X = model[0].fit_transform(TUNES)
        for _ in range(self._N_TO_SAVE):
            model[-1].partial_fit(X)


def _numbers(said):
    return [int(line) for line in said if line.isdigit()]


def _n_epochs(model):
    return getattr(model[-1], "n_iter_", 0)


def content(value):
    """All contents of a model, to be compared: arrays as types, shapes and bytes."""
    if hasattr(value, "get_params"):
        return type(value), content(vars(value))
    if isinstance(value, dict):
        return {key: content(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [content(item) for item in value]
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    return repr(value)


class Sweep(Job):
    """Fit models of some sizes and seeds with a journal, in one process or in two."""

    variants = (1, 1, 1, 2)  # number of processes; two take long to start
    _SETTINGS = {"h": [2, 4, 8], "seeds": [0, 1, 2]}
    _SCORES = ["loss", "binary_accuracy", "step_accuracy", "melody_accuracy", "n_iter"]

    def __init__(self, folder, variant):
        super().__init__(folder, variant)
        self._path = folder / "curve.jsonl"
        self._kept = b""

    def work(self):
        # Workers of a killed parent end soon, not after the default of five minutes.
        settings = {"n_jobs": self.variant, "idle_worker_timeout": 2}
        with joblib.parallel_config("loky", **settings):
            print(self._curve(journal=self._path, verbose=True))

    def _curve(self, **settings):
        model = make_pipeline(PianoRollEncoder(), Autoencoder(max_iter=5))
        curve = reconstruction_curve(model, MELODIES, **self._SETTINGS, **settings)
        return json.dumps({name: curve[name].tolist() for name in self._SCORES})

    @cached_by_variant
    def _scores(self):
        return self._curve()

    def check(self, said):
        written = self._path.read_bytes() if self._path.exists() else b""
        assert written.startswith(self._kept), "lines that were written are lost"
        self._kept = written[: written.rfind(b"\n") + 1]
        entries = [journal._entry(line) for line in self._kept.splitlines()]
        assert None not in entries, "a line is damaged"
        tasks = [journal._text(entry["task"]) for entry in entries]
        assert len({*tasks}) == len(tasks), "what was finished was run again"
        finished = {m[1] for line in said if (m := re.match("Finished ({.*?})", line))}
        assert finished <= {*tasks}, "what was said to be finished is lost"

    def check_end(self, said):
        scores = self._scores()
        assert scores in said, f"expected the scores {scores}, found {said}"
        assert len(self._kept.splitlines()) == 9


class Files(Job):
    """Write tunes and a model again and again, and read the tunes with a cache.

    Each round writes another version of every file.
    """

    _N_ROUNDS = 8
    _SUFFIXES = [".abc", ".mid", ".musicxml"]

    def __init__(self, folder, variant):
        super().__init__(folder, variant)
        self._tunes = folder / "tunes"
        self._model = folder / "model.c2c"
        self._kept = dict.fromkeys([*self._SUFFIXES, "model"], -1)

    def work(self):
        self._tunes.mkdir(exist_ok=True)
        model = self._fitted()
        for version in range(1 + min(self._versions().values()), self._N_ROUNDS):
            for suffix in self._SUFFIXES:
                write_melody(self._row(version), self._tunes / f"tune{suffix}", key="C")
            persistence.save(
                model, self._model, metadata={"version": version}, optimizer=True
            )
            print(version, flush=True)
            self._read()
        self._read()

    def _read(self):
        found = read_melodies(self._tunes, n_measures=2, n_jobs=1).data
        assert found.shape == (3, 32) and (found == found[0]).all(), "read wrong"

    @cached_by_variant
    def _fitted(self):
        settings = {"max_iter": 1, "random_state": 0}
        last = [Autoencoder(8, **settings), VariationalAutoencoder(64, **settings)]
        return make_pipeline(PianoRollEncoder(), last[self.variant]).fit(MELODIES)

    @staticmethod
    def _row(version):
        row = MELODIES[0]
        return np.where(row < 128, row + version, row)

    def _versions(self):
        """The version of each file; -1 where there is none yet."""
        versions = dict.fromkeys(self._kept, -1)
        for suffix in self._SUFFIXES:
            path = self._tunes / f"tune{suffix}"
            if path.exists():
                (row,) = read_melodies(path, n_measures=2, n_jobs=1).data
                version = int(row[0] - self._row(0)[0])
                assert (row == self._row(version)).all(), f"{suffix} is damaged"
                versions[suffix] = version
        if self._model.exists():
            model, metadata = persistence.load(self._model, return_metadata=True)
            assert content(model) == content(self._fitted()), "the model is damaged"
            versions["model"] = metadata["version"]
        return versions

    def check(self, said):
        # With a cache, reading would remove temporary files of the job.
        with mock.patch.dict(os.environ, SKLEARN_C2C_CACHE=""):
            found = self._versions()
        for name, version in found.items():
            assert version >= max([self._kept[name], *_numbers(said)]), "an old file"
        assert max(found.values()) - min(found.values()) <= 1
        self._kept = found
        self._check_cache()

    def _check_cache(self):
        cache = self.folder / "cache"
        entries = sorted(cache.glob("*.tunes"))
        for entry in entries:
            _cache._unpack(entry.read_bytes(), bytes.fromhex(entry.stem))
        for path in self._tunes.glob("tune.*"):
            data = path.read_bytes()
            entry = _cache._entry(cache, _cache._key(data, path.suffix))
            if entry in entries:
                kept = _cache._unpack(entry.read_bytes(), bytes.fromhex(entry.stem))
                assert described(kept) == described(READERS[path.suffix](data))

    def check_end(self, said):
        assert {*self._kept.values()} == {self._N_ROUNDS - 1}
        assert len([*(self.folder / "cache").glob("*.tunes")]) == 3 * self._N_ROUNDS


JOBS = {
    "training": Training,
    "recurrent training": RecurrentTraining,
    "sweep": Sweep,
    "files": Files,
}
