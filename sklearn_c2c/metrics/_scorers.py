"""Scores of the reconstructions of a fitted model."""

from sklearn_c2c.generation import LatentModel
from sklearn_c2c.metrics._reconstruction import (
    binary_accuracy,
    melody_accuracy,
    step_accuracy,
)


def reconstruction_scores(model, X):
    """Loss and accuracies of the reconstructions of a Pipeline.

    Parameters
    ----------
    model : Pipeline
        Fitted, `PianoRollEncoder` first and an autoencoder last.
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.

    Returns
    -------
    scores : dict of str to float
        ``loss`` in nats per melody, minus the model's score; ``binary_accuracy``,
        ``step_accuracy`` and ``melody_accuracy`` in [0, 1].

    See Also
    --------
    sklearn_c2c.model_selection.reconstruction_curve : These scores against the size of
        the latent space.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder
    >>> X = [[62, 129, 64, 66], [64, 66, 62, 129]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=2, random_state=0))
    >>> reconstruction_scores(model.fit(X), X)["melody_accuracy"]
    1.0
    """
    latent = LatentModel(model)
    Z = latent.encode(X)
    decoded = latent.decode(Z)
    roll, probabilities = latent.inputs(X), latent.estimator.inverse_transform(Z)
    group_size = latent.encoder.n_tokens_ if latent.decodes_melodies else None
    return {
        "loss": -float(model.score(X)),
        "binary_accuracy": binary_accuracy(roll, probabilities, group_size=group_size),
        "step_accuracy": step_accuracy(X, decoded),
        "melody_accuracy": melody_accuracy(X, decoded),
    }


def step_accuracy_scorer(estimator, X, y=None):
    """Score an estimator by the `step_accuracy` of its reconstructions.

    For ``scoring=`` of `GridSearchCV`, `cross_val_score` and similar functions.

    Parameters
    ----------
    estimator : object
        Fitted, with `transform` from melodies to latent vectors and `inverse_transform`
        back: a Pipeline that begins with `PianoRollEncoder`. In cross-validation the
        encoder needs the `pitch_range` of all melodies.
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.
    y : Ignored
        Not used, present for API consistency by convention.

    Returns
    -------
    score : float
        In [0, 1], greater is better.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import PianoRollEncoder
    >>> X = np.tile([[62, 129, 64, 66], [64, 66, 62, 129]], (4, 1))
    >>> model = make_pipeline(PianoRollEncoder((62, 66)), PCA(1))
    >>> cross_val_score(model, X, cv=2, scoring=step_accuracy_scorer).tolist()
    [1.0, 1.0]
    """
    return step_accuracy(X, _reconstruct(estimator, X))


def melody_accuracy_scorer(estimator, X, y=None):
    """Score an estimator by the `melody_accuracy` of its reconstructions.

    Parameters
    ----------
    estimator : object
        As for `step_accuracy_scorer`.
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.
    y : Ignored
        Not used, present for API consistency by convention.

    Returns
    -------
    score : float
        In [0, 1], greater is better.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import PianoRollEncoder
    >>> X = [[62, 129, 64, 66], [64, 66, 62, 129]]
    >>> model = make_pipeline(PianoRollEncoder(), PCA(1)).fit(X)
    >>> melody_accuracy_scorer(model, X)
    1.0
    """
    return melody_accuracy(X, _reconstruct(estimator, X))


def _reconstruct(estimator, X):
    return estimator.inverse_transform(estimator.transform(X))
