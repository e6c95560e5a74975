"""View of the latent space of a model, the same for every kind of model."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.melody import END

# The constraint on every `model` of this package.
MODEL = [HasMethods(["transform", "inverse_transform"])]


class LatentModel:
    """View of the latent space of a model, the same for every kind of model.

    Strategies access estimators and Pipelines through this view. No other module knows
    the steps of a Pipeline, or the optional interface of an estimator:

    - range, mean and standard deviation of its latent variables, ``latent_min_``,
      ``latent_max_``, ``latent_mean_`` and ``latent_std_``;
    - a prior, ``sample_prior``;
    - the gradient through its decoder, ``decode_with_vjp``;
    - decoding with tokens that are chosen step by step, ``decode_by_steps``;
    - named branches of its latent variables, ``branches_``, a dict of slices;
    - names of its first latent variables, ``attributes``.

    Parameters
    ----------
    model : estimator or Pipeline
        Has `transform` and `inverse_transform`. The attributes below exist before the
        model is fitted; the methods and properties need a fitted model.

    Attributes
    ----------
    model : estimator or Pipeline
        The model.

    estimator : estimator
        The last step of a Pipeline, otherwise the model.

    before : Pipeline or None
        The steps before the estimator; None if there are none.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder
    >>> from sklearn_c2c.generation import LatentModel
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=8, random_state=0))
    >>> latent = LatentModel(model.fit(X))
    >>> latent.estimator.h, latent.mean().shape, latent.gradient_obstacle
    (8, (8,), None)
    >>> P = latent.probabilities(latent.encode(X))
    >>> P.shape == (3, 4, len(latent.encoder.tokens_))
    True
    """

    def __init__(self, model):
        has_steps_before = isinstance(model, Pipeline) and len(model) > 1
        self.model = model
        self.estimator = model[-1] if isinstance(model, Pipeline) else model
        self.before = model[:-1] if has_steps_before else None

    def encode(self, X):
        """Encode rows as latent vectors.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows, as ``model.transform`` takes them.

        Returns
        -------
        ndarray of shape (n_rows, h)
            An array, also if `set_output` asks for a DataFrame.
        """
        return np.asarray(self.model.transform(X))

    def decode(self, Z):
        """Decode latent vectors.

        Parameters
        ----------
        Z : ndarray of shape (n_rows, h)
            Latent vectors.

        Returns
        -------
        ndarray of shape (n_rows, ...)
            What ``model.inverse_transform`` returns.
        """
        return self.model.inverse_transform(Z)

    def inputs(self, X):
        """Transform rows by the steps before the estimator.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Rows, as ``model.transform`` takes them.

        Returns
        -------
        array or sparse array of shape (n_rows, n_inputs)
            Input of the estimator: the piano roll if the Pipeline consists of a
            `PianoRollEncoder` and an estimator.
        """
        return X if self.before is None else self.before.transform(X)

    def range(self, X=None):
        """Least and largest value of each latent variable.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), default=None
            Rows whose latent vectors have this range. None takes the range that the
            estimator remembers of its training data.

        Returns
        -------
        low, high : ndarray of shape (h,)

        Raises
        ------
        ValueError
            If X is not given and the estimator does not remember its range.
        """
        if X is not None:
            Z = self.encode(X)
            return Z.min(axis=0), Z.max(axis=0)
        return self._remembered("latent_min_"), self._remembered("latent_max_")

    def values(self, dimension, n_points, X=None):
        """Equally spaced values of one latent variable over its range.

        Parameters
        ----------
        dimension : int
            Index of the latent variable.
        n_points : int
            Number of values; the first is the minimum, the last the maximum.
        X : array-like of shape (n_rows, n_features), default=None
            As in `range`.

        Returns
        -------
        ndarray of shape (n_points,)

        Raises
        ------
        ValueError
            If there is no such latent variable, or its range is not known.
        """
        low, high = self.range(X)
        if dimension >= len(low):
            raise ValueError(
                f"dimension={dimension} does not exist: there are {len(low)} latent "
                f"variables, 0 to {len(low) - 1}."
            )
        return np.linspace(low[dimension], high[dimension], n_points)

    def mean(self, X=None):
        """Mean of each latent variable.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), default=None
            As in `range`.

        Returns
        -------
        ndarray of shape (h,)

        Raises
        ------
        ValueError
            If X is not given and the estimator does not remember its mean.
        """
        return self._remembered("latent_mean_") if X is None else self.encode(X).mean(0)

    def spread(self):
        """Standard deviation of each latent variable over the training data.

        Returns
        -------
        ndarray of shape (h,)
            1 for a latent variable that is constant.

        Raises
        ------
        ValueError
            If the estimator does not remember it.
        """
        spread = self._remembered("latent_std_")
        return np.where(spread > 0, spread, 1).astype(spread.dtype)

    def draw_prior(self, n_samples, rng):
        """Draw latent vectors from the prior.

        Parameters
        ----------
        n_samples : int
            Number of latent vectors.
        rng : RandomState
            Source of random numbers.

        Returns
        -------
        ndarray of shape (n_samples, h)

        Raises
        ------
        ValueError
            If the estimator has no prior.
        """
        if not hasattr(self.estimator, "sample_prior"):
            raise ValueError(
                f"{type(self.estimator).__name__} has no prior (no sample_prior) to "
                'draw from; use another method, such as "gaussian", or a '
                "VariationalAutoencoder."
            )
        return self.estimator.sample_prior(n_samples, random_state=rng)

    def branches(self, *names):
        """Slices of the latent variables by the names of their branches.

        Parameters
        ----------
        *names : str
            Names of branches that must exist.

        Returns
        -------
        dict of str to slice
            All branches; empty if the estimator has none.

        Raises
        ------
        ValueError
            If the estimator has no branches of these names.
        """
        branches = getattr(self.estimator, "branches_", {})
        if missing := [name for name in names if name not in branches]:
            has = f"only {', '.join(branches)}" if branches else "none"
            raise ValueError(
                f"{type(self.estimator).__name__} has no branch {missing[0]!r} of its "
                f"latent variables ({has}); take a PitchRhythmAutoencoder, whose "
                "branches are 'pitch' and 'rhythm'."
            )
        return branches

    def with_estimator(self, estimator):
        """Replace the estimator of the model by another fitted one.

        Parameters
        ----------
        estimator : estimator
            Its inputs and decoded outputs have the form of those of the present one.

        Returns
        -------
        estimator or Pipeline
        """
        if not isinstance(self.model, Pipeline):
            return estimator
        *before, (name, _) = self.model.steps
        return Pipeline([*before, (name, estimator)])

    def draw_noise(self, n_samples, rng):
        """Draw rows of uniform noise, the random starts of recursion.

        Parameters
        ----------
        n_samples : int
            Number of rows.
        rng : RandomState or Generator
            Source of random numbers.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Uniform numbers in [0, 1) for each input of the estimator, decoded by the
            steps before it: melodies if the Pipeline begins with a `PianoRollEncoder`.
            If melodies may end early, all lengths are equally likely.
        """
        noise = rng.uniform(size=(n_samples, self.estimator.n_features_in_))
        if self.before is None:
            return noise
        encoder = melody_encoder(self.model)
        if len(self.before) > 1 or encoder is None or END not in encoder.tokens_:
            return self.before.inverse_transform(noise)
        noise.reshape(n_samples, -1, encoder.n_tokens_)[..., encoder.tokens_ == END] = 0
        n_steps = encoder.n_features_in_
        lengths = 1 + np.floor(n_steps * rng.uniform(size=(n_samples, 1)))
        melodies = encoder.inverse_transform(noise)
        return np.where(np.arange(n_steps) < lengths, melodies, np.int16(END))

    @property
    def decodes_melodies(self):
        """Whether the model is a Pipeline with a fitted `PianoRollEncoder` first."""
        return melody_encoder(self.model) is not None

    @property
    def encoder(self):
        """The fitted `PianoRollEncoder` at the start of a Pipeline.

        ValueError without one, NotFittedError if it is not fitted.
        """
        encoder = melody_encoder(self.model)
        if encoder is None:
            is_pipeline = isinstance(self.model, Pipeline)
            first = self.model[0] if is_pipeline else self.model
            if is_pipeline and hasattr(first, "fit"):
                check_is_fitted(first)
            raise ValueError(
                "Expected a Pipeline that begins with a PianoRollEncoder, which knows "
                f"the steps of a melody; got {type(first).__name__}."
            )
        return encoder

    def probabilities(self, Z):
        """Decode to the probability of each token at each step.

        Parameters
        ----------
        Z : ndarray of shape (n_melodies, h)
            Latent vectors.

        Returns
        -------
        ndarray of shape (n_melodies, n_steps, n_tokens)
            Outputs of the decoder. Those of one step need not sum to 1.

        Raises
        ------
        ValueError
            If the model has no `PianoRollEncoder`, or decodes to negative values.
        """
        encoder = self.encoder
        return _by_step(self.estimator, encoder, self.model[1:].inverse_transform(Z))

    def decode_by_steps(self, Z, choose):
        """Decode with tokens that a function chooses step by step.

        Parameters
        ----------
        Z : ndarray of shape (n_melodies, h)
            Latent vectors.
        choose : callable
            As `RecurrentAutoencoder.decode_by_steps` takes it.

        Raises
        ------
        ValueError
            If the model is not a Pipeline of `PianoRollEncoder` and an estimator that
            decodes by steps, or their steps differ in the number of columns.
        """
        can = hasattr(self.estimator, "decode_by_steps")
        if not (can and self.decodes_melodies and len(self.before) == 1):
            raise ValueError(
                f"Expected a Pipeline of a PianoRollEncoder and an estimator that "
                f"decodes step by step, such as RecurrentAutoencoder; got {self.model}."
            )
        n_tokens, group_size = self.encoder.n_tokens_, self.estimator.group_size_
        if group_size != n_tokens:
            raise ValueError(
                f"The steps of {type(self.estimator).__name__} have group_size_="
                f"{group_size} columns, those of PianoRollEncoder n_tokens_="
                f"{n_tokens}; fit the estimator with group_size={n_tokens}."
            )
        self.estimator.decode_by_steps(Z, choose)

    @property
    def gradient_obstacle(self):
        """The reason why there is no gradient through the decoder, or None."""
        if not self.decodes_melodies:
            return (
                f"{type(self.model).__name__} is not a Pipeline that begins with a "
                "PianoRollEncoder"
            )
        if not hasattr(self.estimator, "decode_with_vjp"):
            return f"{type(self.estimator).__name__} has no decode_with_vjp"
        if len(self.model) != 2:
            return "The Pipeline has steps between PianoRollEncoder and decoder"
        return None

    def check_gradient(self):
        """Raise a ValueError if there is no gradient through the decoder."""
        obstacle = self.gradient_obstacle
        if obstacle:
            raise ValueError(
                f"{obstacle}, so there is no gradient. Take a Pipeline "
                "of two steps, PianoRollEncoder and an Autoencoder or a "
                "VariationalAutoencoder."
            )

    def probabilities_vjp(self, Z):
        """Decode to probabilities, and return their vector-Jacobian product.

        Parameters
        ----------
        Z : ndarray of shape (n_melodies, h)
            Latent vectors.

        Returns
        -------
        P : ndarray of shape (n_melodies, n_steps, n_tokens)
            As `probabilities` returns them.
        vjp : callable
            Maps a gradient with respect to P to the gradient with respect to Z.

        Raises
        ------
        ValueError
            If there is no gradient, or as `probabilities`.
        """
        self.check_gradient()
        outputs, pull_back = self.estimator.decode_with_vjp(Z)

        def vjp(cotangent):
            return pull_back(cotangent.reshape(outputs.shape).astype(outputs.dtype))

        return _by_step(self.estimator, self.encoder, outputs), vjp

    def _remembered(self, name):
        try:
            return getattr(self.estimator, name)
        except AttributeError:
            raise ValueError(
                f"{type(self.estimator).__name__} does not remember its {name}; pass "
                "the training data as X."
            ) from None


def _by_step(estimator, encoder, outputs):
    """Outputs of a decoder by step and token; a ValueError if some are negative."""
    P = np.asarray(outputs)
    if P.min(initial=0) < 0:
        raise ValueError(
            f"Outputs of {type(estimator).__name__} are not probabilities, "
            f"found {P.min():.3g}; take an Autoencoder or a VariationalAutoencoder."
        )
    return P.reshape(len(P), encoder.n_features_in_, encoder.n_tokens_)


def melody_encoder(model):
    """Return the fitted `PianoRollEncoder` at the start of a Pipeline, or None."""
    first = model[0] if isinstance(model, Pipeline) else None
    return first if hasattr(first, "tokens_") else None


def attribute_column(estimator, name):
    """Return which latent variable is the attribute `name`, by its ``attributes``."""
    names = list(getattr(estimator, "attributes", None) or ())
    if name not in names:
        known = f"knows {', '.join(map(str, names))}" if names else "names none"
        raise ValueError(
            f"No latent is the attribute {name!r}: {type(estimator).__name__} {known}. "
            "Take method='search', or an AttributeVariationalAutoencoder that is "
            "fitted on it, with its name in attributes."
        )
    return names.index(name)


def as_row(row, name):
    """Check that there is one row, and give it the shape (1, n_features).

    `name` is that of the parameter, for the error.
    """
    row = np.asarray(row)
    if row.ndim == 1:
        row = row[np.newaxis]
    if row.ndim != 2 or len(row) != 1:
        raise ValueError(
            f"{name} must be one row, of shape (n_features,) or (1, n_features); got "
            f"shape {row.shape}."
        )
    return row
