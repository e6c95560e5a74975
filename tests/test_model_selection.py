"""Reconstruction against the size of the latent space."""

import json
import os
import signal

import numpy as np
import pytest
from sklearn.callback import ProgressBar
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    Autoencoder,
    PianoRollEncoder,
    VariationalAutoencoder,
    autoencoder,
    metrics,
    model_selection,
)
from sklearn_c2c.display import ReconstructionCurveDisplay
from sklearn_c2c.model_selection import reconstruction_curve

SIZES, SEEDS = [16, 2], [1, 0, 5]
MEASURES = ["loss", "binary_accuracy", "step_accuracy", "melody_accuracy"]


@pytest.fixture(scope="module")
def model():
    return make_pipeline(
        PianoRollEncoder((55, 83)), Autoencoder(max_iter=2, random_state=0)
    )


@pytest.fixture(scope="module")
def curve(model, reels):
    return reconstruction_curve(
        model, reels[:40], h=SIZES, seeds=SEEDS, X_test=reels[40:]
    )


def test_each_place_holds_the_fit_of_its_size_and_seed(model, reels, curve):
    assert curve.h.tolist() == [2, 16] and curve.seeds.tolist() == SEEDS
    for i, h in enumerate([2, 16]):
        for j, seed in enumerate(SEEDS):
            fitted = make_pipeline(
                PianoRollEncoder((55, 83)),
                Autoencoder(h, max_iter=2, random_state=seed),
            ).fit(reels[:40])
            for part, X in (curve, reels[:40]), (curve.test, reels[40:]):
                scores = metrics.reconstruction_scores(fitted, X)
                assert {name: part[name][i, j] for name in MEASURES} == scores
            decoded = fitted.inverse_transform(fitted.transform(reels[40:]))
            assert curve.test.loss[i, j] == -fitted.score(reels[40:])
            assert curve.test.step_accuracy[i, j] == (decoded == reels[40:]).mean()
            assert curve.n_iter[i, j] == 2
    assert (curve.fit_time > 0).all()
    assert not hasattr(model[-1], "coefs_") and model[-1].random_state == 0


def test_only_what_was_asked_for_is_measured(reels):
    model = make_pipeline(PianoRollEncoder(), VariationalAutoencoder(max_iter=1))
    curve = reconstruction_curve(model, reels, h=np.array([2, 2]), seeds=np.arange(1))
    assert "test" not in curve and curve.loss.shape == (1, 1)
    model[-1].set_params(h=2, random_state=0)
    assert curve.loss == -model.fit(reels).score(reels)


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_curve_is_drawn(curve, part):
    pytest.importorskip("matplotlib")
    curve = curve if part == "train" else curve.test
    display = ReconstructionCurveDisplay.from_curve(curve, line_kwargs={"marker": "x"})
    np.testing.assert_array_equal(
        display.loss_line_.get_ydata(), curve.loss.mean(axis=1)
    )
    labels = [line.get_label() for line in display.accuracy_lines_]
    assert labels == ["of outputs", "of steps", "of melodies"]
    for line, name in zip(display.accuracy_lines_, MEASURES[1:], strict=True):
        assert line.get_ydata().tolist() == curve[name].mean(axis=1).tolist()
    assert display.loss_line_.get_marker() == "x"


# ------------------------------------------------------------------ journal


@pytest.fixture
def fits(monkeypatch):
    """List of the (h, random_state) that are fitted."""
    done, fit = [], Autoencoder.fit

    def noted(self, X, y=None):
        done.append((self.h, self.random_state))
        return fit(self, X, y)

    monkeypatch.setattr(Autoencoder, "fit", noted)
    return done


def same(one, other):
    return all((one[name] == other[name]).all() for name in MEASURES)


def test_a_journalled_curve_is_resumed_and_extended(model, reels, fits, tmp_path):
    def curve(h, seeds=(0, 1), model=model, X=reels, X_test=None):
        fits.clear()
        return reconstruction_curve(
            model, X, h=h, seeds=seeds, X_test=X_test, journal=tmp_path / "curve"
        )

    first = curve([2, 3])
    assert fits == [(3, 1), (3, 0), (2, 1), (2, 0)]  # the largest first
    again = curve([2, 3])
    assert fits == [] and same(first, again)
    assert (first.fit_time == again.fit_time).all()
    more = curve([2, 3, 4], seeds=[0, 1])
    assert fits == [(4, 1), (4, 0)] and (more.loss[:2] == first.loss).all()
    # The model's own size, seed, callbacks and fitted state make no difference.
    model = make_pipeline(
        PianoRollEncoder((55, 83)), Autoencoder(7, max_iter=2, random_state=3)
    )
    model.fit(reels).set_callbacks(ProgressBar())
    assert same(curve([2, 3], model=model, X=reels.tolist()), first) and fits == []
    # Settings, data, unseen data and version make one.
    for others in (
        {"model": make_pipeline(PianoRollEncoder((55, 83)), Autoencoder(max_iter=1))},
        {"model": make_pipeline(PianoRollEncoder((54, 83)), Autoencoder(max_iter=2))},
        {"X": reels[:-1]},
        {"X_test": reels[:3]},
    ):
        curve([2], seeds=[0], **others)
        assert fits == [(2, 0)], others


def test_another_version_fits_again(model, reels, fits, tmp_path, monkeypatch):
    for version in ("1.0", "1.1", "1.0"):
        monkeypatch.setattr("sklearn_c2c.__version__", version)
        settings = {"h": [2], "seeds": [0], "journal": tmp_path / "curve"}
        reconstruction_curve(model, reels, **settings)
    assert fits == [(2, 0), (2, 0)]
    keys = [json.loads(line)["key"] for line in open(tmp_path / "curve")]
    assert [key.split()[0] for key in keys] == ["1.0", "1.1"]


def test_ctrl_c_in_a_fit_ends_the_curve_and_keeps_no_half_fit(
    model, reels, tmp_path, monkeypatch
):
    train_epoch = autoencoder.Autoencoder._train_epoch

    def interrupted(self, network, X, y):
        if self.h == 2 and network.history.n_epochs:
            signal.raise_signal(signal.SIGINT)
        return train_epoch(self, network, X, y)

    settings = {"h": [2, 3], "seeds": [0], "journal": tmp_path / "curve"}
    with monkeypatch.context() as patch:
        patch.setattr(Autoencoder, "_train_epoch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            reconstruction_curve(model, reels, **settings)
    (line,) = open(tmp_path / "curve")
    assert json.loads(line)["task"]["h"] == 3
    curve = reconstruction_curve(model, reels, **settings)
    assert curve.n_iter.tolist() == [[2], [2]]


def test_warnings_of_the_fit_stay_what_they_are(reels):
    def warning(X):
        raise UserWarning("made an error by a filter")

    model = make_pipeline(PianoRollEncoder((55, 83)), Autoencoder(max_iter=1))
    model[0].fit_transform = lambda X, y=None: warning(X)
    with pytest.raises(UserWarning, match="made an error"):
        model_selection._fit_to_the_end(model, reels)


# ------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "estimator",
    [Autoencoder(), make_pipeline(PianoRollEncoder(), PCA()), "a model", None],
)
def test_only_pipelines_that_end_in_an_autoencoder(estimator, reels):
    with pytest.raises(TypeError, match="a Pipeline that ends in Autoencoder"):
        reconstruction_curve(estimator, reels, h=[2])


@pytest.mark.parametrize("name", ["h", "seeds"])
@pytest.mark.parametrize("values", [[], [2.5], ["2"], [[2, 3]], [None]])
def test_sizes_and_seeds_are_integers(model, reels, name, values):
    with pytest.raises(ValueError, match=f"{name} to be a list of integers"):
        reconstruction_curve(model, reels, **{"h": [2], name: values})


def test_an_impossible_size_is_an_error_of_the_fit(model, reels, tmp_path):
    with pytest.raises(ValueError, match="h"):
        reconstruction_curve(model, reels, h=[0], journal=tmp_path / "curve")
    assert os.path.getsize(tmp_path / "curve") == 0
