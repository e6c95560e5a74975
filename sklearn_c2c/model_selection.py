"""Model selection: reconstruction against the size of the latent space."""

import time
import warnings
from functools import partial

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid
from sklearn.utils import Bunch

import sklearn_c2c
from sklearn_c2c.generation import LatentModel
from sklearn_c2c.journal import run
from sklearn_c2c.metrics import reconstruction_scores

__all__ = ["reconstruction_curve"]

# Start of the warning of a training that Ctrl-C interrupted.
_INTERRUPTED = "Training interrupted"


def reconstruction_curve(
    estimator,
    X,
    *,
    h,
    seeds=range(5),
    X_test=None,
    journal=None,
    n_jobs=None,
    verbose=False,
):
    """Fit models of several sizes and seeds, and measure their reconstructions.

    This is figure 10 of the paper. With a journal each finished fit is saved at once,
    and a call with the same arguments continues where an earlier one stopped.

    Parameters
    ----------
    estimator : Pipeline
        `PianoRollEncoder` first, `Autoencoder` or `VariationalAutoencoder` last. It is
        cloned; its values of `h` and `random_state` are not used.
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies to train on.
    h : array-like of int
        Sizes of the latent space. The largest are fitted first.
    seeds : array-like of int, default=range(5)
        Values of the autoencoder's `random_state`.
    X_test : array-like of int, shape (n_test_melodies, n_steps), default=None
        Melodies that are measured but not trained on. The encoder needs a `pitch_range`
        that includes their pitches.
    journal : str or path-like, default=None
        File of finished fits, see `sklearn_c2c.journal.run`. Fits with other data,
        other parameters of the estimator or another version of this package are kept in
        the file and not used, so one file can serve several curves.
    n_jobs : int, default=None
        Number of parallel fits, see `sklearn_c2c.journal.run`. The results have the
        same bits for any number and any backend.
    verbose : bool, default=False
        Whether to write a line to stderr for each finished fit.

    Returns
    -------
    Bunch
        ``h``
            ndarray of int, shape (n_sizes,), in ascending order.
        ``seeds``
            ndarray of int, shape (n_seeds,).
        ``loss``
            ndarray of shape (n_sizes, n_seeds), in nats per melody.
        ``binary_accuracy``, ``step_accuracy``, ``melody_accuracy``
            ndarrays of the same shape, see `sklearn_c2c.metrics`.
        ``n_iter``
            ndarray of the same shape, number of epochs.
        ``fit_time``
            ndarray of the same shape, in seconds; it depends on the load of the
            machine.
        ``test``
            Bunch of ``h``, ``loss`` and the accuracies for `X_test`, if that is given.

    Raises
    ------
    TypeError
        If `estimator` is not a Pipeline that ends in an autoencoder.
    ValueError
        If `h` or `seeds` is empty or has values that are not integers, or as `fit`.

    See Also
    --------
    sklearn_c2c.display.ReconstructionCurveDisplay.from_curve : Plot the curve.

    References
    ----------
    J.-P. Briot, "Compress to Create", section III.vi and figure 10.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder
    >>> X = [[62, 129, 64, 66], [64, 66, 62, 129], [66, 129, 129, 62]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder())
    >>> curve = reconstruction_curve(model, X, h=[1, 3], seeds=[0, 1])
    >>> curve.melody_accuracy.shape
    (2, 2)
    >>> curve.melody_accuracy[1]
    array([1., 1.])
    """
    _check_estimator(estimator)
    sizes, seeds = np.unique(_integers(h, "h")), _integers(seeds, "seeds")
    tasks = ParameterGrid({"h": sizes.tolist(), "random_state": seeds.tolist()})
    fits = run(
        partial(_fit_and_score, estimator, X, X_test),
        list(tasks)[::-1],  # the longest fits first, for an even load of the workers
        journal,
        n_jobs=n_jobs,
        key=_key(estimator, X, X_test),
        verbose=verbose,
    )[::-1]

    def table(values):
        return np.reshape(list(values), (len(sizes), len(seeds)))

    def scores(part):
        names = fits[0][part]
        return {name: table(fit[part][name] for fit in fits) for name in names}

    curve = Bunch(
        h=sizes,
        seeds=seeds,
        n_iter=table(fit["n_iter"] for fit in fits),
        fit_time=table(fit["fit_time"] for fit in fits),
        **scores("train"),
    )
    if X_test is not None:
        curve.test = Bunch(h=sizes, **scores("test"))
    return curve


def _fit_and_score(estimator, X, X_test, *, h, random_state):
    model = clone(estimator)
    autoencoder = LatentModel(model).estimator
    autoencoder.set_params(h=h, random_state=random_state)
    start = time.perf_counter()
    _fit_to_the_end(model, X)
    fit = {"n_iter": autoencoder.n_iter_, "fit_time": time.perf_counter() - start}
    fit["train"] = reconstruction_scores(model, X)
    if X_test is not None:
        fit["test"] = reconstruction_scores(model, X_test)
    return fit


def _fit_to_the_end(model, X):
    """Fit; raise KeyboardInterrupt on Ctrl-C, so that no partial fit is saved."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", _INTERRUPTED)
        try:
            model.fit(X)
        except UserWarning as warning:
            if str(warning).startswith(_INTERRUPTED):
                raise KeyboardInterrupt from None
            raise


def _key(estimator, X, X_test):
    """Key of everything a fit depends on except `h` and seed."""
    estimator = clone(estimator)
    LatentModel(estimator).estimator.set_params(h=1, random_state=None)
    steps = [
        (name, type(step), getattr(step, "get_params", dict)())
        for name, step in estimator.steps
    ]
    data = [None if A is None else np.asarray(A, dtype=np.int64) for A in (X, X_test)]
    return f"{sklearn_c2c.__version__} {joblib.hash((steps, data))}"


def _check_estimator(estimator):
    latent = LatentModel(estimator)
    params = getattr(latent.estimator, "get_params", dict)()
    if latent.before is None or not {"h", "random_state"} <= params.keys():
        raise TypeError(
            "Expected a Pipeline that ends in Autoencoder or VariationalAutoencoder, "
            f"got {estimator!r}."
        )


def _integers(values, name):
    array = np.asarray(list(values))
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu":
        raise ValueError(
            f"Expected {name} to be a list of integers, at least one, got {values!r}."
        )
    return array
