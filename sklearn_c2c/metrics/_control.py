"""Sliders: how well latent variables control attributes of decoded melodies."""

import numpy as np
from sklearn.utils import (
    Bunch,
    check_array,
    check_consistent_length,
    check_random_state,
)

from sklearn_c2c.generation import LatentModel
from sklearn_c2c.metrics._attribute_names import check_defined
from sklearn_c2c.metrics._disentanglement import mean_of_defined, table_by_attribute
from sklearn_c2c.metrics._notes import ratio, rows_of
from sklearn_c2c.metrics._reconstruction import step_accuracy


def slider_control(
    model,
    X,
    attributes,
    *,
    dimensions=None,
    corpus=None,
    n_points=9,
    random_state=None,
):
    """Measure how well latent variables control attributes of decoded melodies.

    For each attribute a and its latent variable d, melodies are encoded, ``z_d`` is set
    according to a requested value, the other latent variables are kept, and the decoded
    melodies are measured. The requested values are

    - those of other melodies, drawn at random: `control_r2` and `leakage`;
    - equally spaced values within two standard deviations from the mean, clipped to the
      range of the corpus: `monotonicity` and `smoothness`;
    - one standard deviation more or less, at random: the share of steps that is kept.

    A latent variable need not have the unit of its attribute. It is calibrated by least
    squares on the corpus: ``z_d = m_d + c (value - m_a)``, the mean of z_d for melodies
    with this value.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`, from melodies to latent vectors and
        back.
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies to change, preferably unseen by the model.
    attributes : dict of str to callable
        Functions by name that take melodies and return an array of shape
        (n_melodies,), such as those of `attributes`.
    dimensions : list of int, default=None
        Index of the latent variable of each attribute; None takes the first ones, in
        order.
    corpus : array-like of int, shape (n_tunes, n_steps), default=None
        Melodies by which the sliders are calibrated, and whose attributes define
        standard deviations, correlations and requested values. None takes X.
    n_points : int, default=9
        Number of values in a sweep, at least 3.
    random_state : int, RandomState instance or None, default=None
        For the requested values. An int makes the table reproducible.

    Returns
    -------
    table : Evaluation
        A row for each attribute, and ``mean``. ``pandas.DataFrame(table)`` takes it as
        it is; printed, it is the table.

        ``control_r2``
            `control_r2` of requested and decoded values.
        ``fitted_r2``
            Squared correlation of the two: `control_r2` after the best calibration.
        ``gain``, ``leakage``, ``corpus_leakage``, ``displacement``
            See `leakage`; the other attributes are those of the other rows. Melodies
            are compared with their reconstructions.
        ``monotonicity``, ``smoothness``
            Means over the sweeps, for values in standard deviations.
        ``kept_share``
            Share of the steps of X that are kept when one standard deviation more or
            less is requested.
        ``undefined_share``
            Share of the melodies for which an attribute of the decoded melody is
            undefined. They are left out of all measures but ``kept_share``.

    Raises
    ------
    ValueError
        If an attribute is undefined for a melody of X or of the corpus, constant in the
        corpus, or undefined for all decoded melodies; if there is no such latent
        variable, or there are fewer than three points.

    Notes
    -----
    A latent variable without effect has a gain of 0 and a `control_r2` of about -1,
    since the mean squared difference of two random values is twice the variance.

    Examples
    --------
    A model that decodes exactly, whose first latent variable is the pitch of a note:

    >>> from sklearn.preprocessing import FunctionTransformer
    >>> model = FunctionTransformer(
    ...     lambda X: X / 10, lambda Z: np.round(10 * Z).clip(0, 127)
    ... )
    >>> X = np.random.default_rng(0).integers(50, 80, size=(200, 2))
    >>> first = {"first_pitch": lambda X: X[:, 0], "second_pitch": lambda X: X[:, 1]}
    >>> table = slider_control(model.fit(X), X, first, random_state=0)
    >>> round(table.control_r2["mean"], 3), round(table.leakage["mean"], 3)
    (1.0, 0.0)
    >>> table.kept_share["mean"]
    0.5
    """
    latent = LatentModel(model)
    X = rows_of(X)
    corpus = X if corpus is None else rows_of(corpus)
    sliders = _Sliders(latent, attributes, dimensions, corpus)
    rng = check_random_state(random_state)
    melodies = _Melodies(X, sliders)
    columns = [
        _control_of(sliders, a, melodies, n_points, rng) for a in range(len(attributes))
    ]
    return table_by_attribute(
        attributes, **{key: [column[key] for column in columns] for key in columns[0]}
    )


def control_r2(asked, found):
    """Coefficient of determination of decoded values by requested values.

    ``1 - sum (asked - found)^2 / sum (asked - mean(asked))^2``. The errors are those of
    the identity, not of a fitted line, so a slider with a gain of .5 is not perfect.

    Parameters
    ----------
    asked : array-like of shape (n_melodies,)
        Requested values.
    found : array-like of shape (n_melodies,)
        Values of the decoded melodies.

    Returns
    -------
    r2 : float
        1 if all values are as requested, 0 if the error is that of a constant equal to
        the mean, negative if it is larger. NaN if all requested values are the same.

    Raises
    ------
    ValueError
        If the lengths differ or are 0, or a value is not finite.

    Examples
    --------
    >>> control_r2([1, 2, 3], [1, 2, 3]), control_r2([1, 2, 3], [2, 4, 6])
    (1.0, -6.0)
    """
    asked = check_array(asked, dtype=np.float64, ensure_2d=False, input_name="asked")
    found = check_array(found, dtype=np.float64, ensure_2d=False, input_name="found")
    check_consistent_length(asked, found)
    if np.ptp(asked) == 0:
        return np.nan
    missed = ((asked - found) ** 2).sum()
    return float(1 - missed / ((asked - asked.mean()) ** 2).sum())


def leakage(asked, before, after, corpus, *, attribute=0):
    """Change of the other attributes per requested standard deviation of one attribute.

    In standard deviations of the corpus, ``d_i = asked_i - before_ia`` is the requested
    change of attribute a of melody i, and ``after_ib - before_ib`` is the change of
    attribute b. The least-squares slope through the origin, over all melodies, is

    ``s_b = sum_i d_i (after_ib - before_ib) / sum_i d_i^2``

    Parameters
    ----------
    asked : array-like of shape (n_melodies,)
        Requested values of the attribute.
    before, after : array-like of shape (n_melodies, n_attributes)
        Attributes of the melodies before and after the change.
    corpus : array-like of shape (n_tunes, n_attributes)
        Attributes of the corpus.
    attribute : int, default=0
        Column of the attribute whose values are requested.

    Returns
    -------
    moves : Bunch
        ``gain``
            ``s_a``: 1 if the attribute changes as requested, 0 if it does not change.
        ``leakage``
            Mean of ``|s_b|`` over the other attributes; 0 if their changes are
            uncorrelated with the request. NaN if there are no others.
        ``corpus_leakage``
            Expected leakage of melodies drawn from the corpus: mean absolute
            correlation of the attribute with the others in the corpus.
        ``displacement``
            Root mean square change of the others over that of the requested changes.
            Random changes in either direction count too. It is 1 for melodies drawn at
            random from the corpus.
        ``slopes``
            ndarray of shape (n_attributes,), all ``s_b``.

    Raises
    ------
    ValueError
        If the shapes do not match, a value is not finite, or an attribute is constant
        in the corpus.

    Examples
    --------
    The first attribute rises by one as requested, the second falls by a half:

    >>> corpus = [[0, 0], [2, 2], [0, 2], [2, 0]]
    >>> moves = leakage([2, 2], [[1, 1], [1, 1]], [[2, 0.5], [2, 0.5]], corpus)
    >>> moves.gain, moves.leakage, moves.corpus_leakage
    (1.0, 0.5, 0.0)
    """
    asked = check_array(asked, dtype=np.float64, ensure_2d=False, input_name="asked")
    before, after, corpus = (
        check_array(values, dtype=np.float64) for values in (before, after, corpus)
    )
    if not before.shape == after.shape == (len(asked), corpus.shape[1]):
        raise ValueError(
            f"Expected attributes before and after of shape "
            f"({len(asked)}, {corpus.shape[1]}), got {before.shape} and {after.shape}."
        )
    deviation = corpus.std(axis=0)
    constant = np.flatnonzero(np.ptp(corpus, axis=0) == 0)
    if len(constant):
        raise ValueError(
            f"Attribute {constant[0]} is {corpus[0, constant[0]]:g} for all of the "
            f"corpus, so its standard deviation is 0. Leave it out."
        )
    wished = (asked - before[:, attribute]) / deviation[attribute]
    moved = (after - before) / deviation
    total = wished @ wished or np.nan
    slopes = wished @ moved / total
    others = np.arange(len(slopes)) != attribute
    correlation = np.atleast_2d(np.corrcoef(corpus.T))[attribute]
    size = np.sqrt((moved**2).sum(axis=0) / total)
    return Bunch(
        gain=float(slopes[attribute]),
        leakage=mean_of_defined(np.abs(slopes[others])),
        corpus_leakage=mean_of_defined(np.abs(correlation[others])),
        displacement=mean_of_defined(size[others]),
        slopes=slopes,
    )


def monotonicity(values, z, *, threshold=1e-3):
    """Monotonicity of an attribute in a latent variable.

    The mean of the signs of the slopes ``D_k = (a_{k+1} - a_k) / (z_{k+1} - z_k)``
    whose absolute value exceeds the threshold.

    Parameters
    ----------
    values : array-like of shape (n_melodies, n_points)
        Values a of the attribute, a row for the sweep of each melody. NaN where it is
        undefined.
    z : array-like of shape (n_points,)
        Values of the latent variable, in ascending order.
    threshold : float, default=1e-3
        Slopes below it are ignored.

    Returns
    -------
    monotonicity : ndarray of float, shape (n_melodies,)
        In [-1, 1]; 1 if the attribute never falls, -1 if it never rises. NaN if it is
        constant or undefined.

    Raises
    ------
    ValueError
        If the numbers of points differ, there are fewer than two, or z is not strictly
        ascending.

    References
    ----------
    K. N. Watcharasupat and J. Lee, "Latte: cross-framework Python package for
    evaluation of latent-based generative models", Software Impacts 11, 2022.

    Examples
    --------
    >>> monotonicity([[0, 1, 1, 2], [0, 1, 0, 2], [5, 5, 5, 5]], [-1, 0, 1, 2])
    array([1.        , 0.33333333,        nan])
    """
    values = _checked_sweeps(values, n_points=2)
    spacing = np.diff(check_array(z, dtype=np.float64, ensure_2d=False))
    if len(spacing) != values.shape[1] - 1 or (spacing <= 0).any():
        raise ValueError(
            f"Expected {values.shape[1]} rising values z, one for each point of a "
            f"sweep, got {np.asarray(z).tolist()}."
        )
    slopes = np.diff(values, axis=1) / spacing
    signs = np.where(np.abs(slopes) > threshold, np.sign(slopes), 0)
    found = ratio(signs.sum(axis=1), np.abs(signs).sum(axis=1))
    return np.where(np.isnan(values).any(axis=1), np.nan, found)


def smoothness(values):
    """Smoothness of an attribute in a latent variable.

    With ``D_k = a_{k+1} - a_k`` and ``D2_k = D_{k+1} - D_k`` it is

    ``1 - C / (max_k D_k - min_k D_k)``, ``C = sum_k D2_k^2 / sum_k |D2_k|``,

    where C, the contraharmonic mean, is a smooth estimate of the largest second
    difference. The spacing of the points cancels.

    Parameters
    ----------
    values : array-like of shape (n_melodies, n_points)
        Values a of the attribute at equally spaced values of the latent variable, a row
        for the sweep of each melody. NaN where it is undefined.

    Returns
    -------
    smoothness : ndarray of float, shape (n_melodies,)
        In [0, 1]; 1 if the attribute is linear in the latent variable or constant, 0 if
        it changes in a single jump. NaN where it is undefined.

    Raises
    ------
    ValueError
        If there are fewer than three points.

    Notes
    -----
    The second differences are divided by the range of the first ones, so an almost
    linear row can have the smoothness of a jump: 0, 1, 2, 4, 5, 6 has 0. Attributes
    that are integers or counts per step are therefore seldom smooth.

    Latte gives NaN for a linear row, unless all rows are linear.

    References
    ----------
    As `monotonicity`.

    Examples
    --------
    >>> smoothness([[0, 1, 2, 3, 4], [0, 0, 4, 4, 4], [0, 0, 1, 3, 6]]).round(3)
    array([1.   , 0.   , 0.667])
    """
    values = _checked_sweeps(values, n_points=3)
    first = np.diff(values, axis=1)
    second = np.abs(np.diff(first, axis=1))
    total = np.where(second.sum(axis=1) > 0, second.sum(axis=1), np.nan)
    largest = (second**2).sum(axis=1) / total
    found = np.where(np.isnan(total), 1, 1 - largest / np.ptp(first, axis=1))
    return np.where(np.isnan(values).any(axis=1), np.nan, found)


class _Sliders:
    """Latent variables as sliders, calibrated to attributes of a corpus."""

    def __init__(self, latent, attributes, dimensions, corpus):
        self.latent = latent
        self.attributes = attributes
        values, Z = self.measure_all(corpus), latent.encode(corpus)
        self._check_variation(values)
        self.values = values
        self.deviation = values.std(axis=0)
        self.dimensions = self._checked_dimensions(dimensions, Z.shape[1])
        self._mean = Z[:, self.dimensions].mean(axis=0, dtype=float)
        centered = values - values.mean(axis=0)
        products = (centered * (Z[:, self.dimensions] - self._mean)).sum(axis=0)
        self._slope = products / (centered**2).sum(axis=0)

    def measure(self, X):
        """Attributes of melodies, shape (n_melodies, n_attributes)."""
        X = rows_of(X)
        return np.column_stack([of(X) for of in self.attributes.values()])

    def measure_all(self, X):
        """As `measure`, with a ValueError if an attribute is undefined."""
        values = self.measure(X)
        for name, column in zip(self.attributes, values.T, strict=True):
            check_defined(name, column)
        return values

    def move(self, Z, a, asked):
        """Decode latent vectors with the slider of attribute a at requested values."""
        moved = Z.copy()
        offset = self._slope[a] * (asked - self.values[:, a].mean())
        moved[:, self.dimensions[a]] = self._mean[a] + offset
        return self.latent.decode(moved)

    def points(self, a, n_points):
        """Values of attribute a that a sweep requests."""
        values = self.values[:, a]
        reach = 2 * self.deviation[a] * np.array([-1, 1])
        low, high = np.clip(values.mean() + reach, values.min(), values.max())
        return np.linspace(low, high, n_points)

    def _check_variation(self, values):
        for name, column in zip(self.attributes, values.T, strict=True):
            if not np.ptp(column):
                raise ValueError(
                    f"{name} is {column[0]:g} for all melodies of the corpus, so its "
                    f"slider cannot be calibrated. Leave it out."
                )

    def _checked_dimensions(self, dimensions, h):
        n_attributes = len(self.attributes)
        if dimensions is None:
            dimensions = range(n_attributes)
        dimensions = np.asarray(dimensions, dtype=int)
        if (
            dimensions.shape != (n_attributes,)
            or not ((dimensions >= 0) & (dimensions < h)).all()
        ):
            raise ValueError(
                f"Expected {n_attributes} dimensions from 0 to {h - 1}, one for each "
                f"attribute, got {dimensions.tolist()}."
            )
        return dimensions


class _Melodies:
    """Melodies to change: latent vectors, attributes, and those reconstructed."""

    def __init__(self, X, sliders):
        self.X = X
        self.Z = sliders.latent.encode(X)
        self.own = sliders.measure_all(X)
        self.decoded = sliders.measure(sliders.latent.decode(self.Z))


def _control_of(sliders, a, melodies, n_points, rng):
    """Row of the table for one attribute."""
    n_melodies, unit = len(melodies.X), sliders.deviation[a]
    asked = rng.choice(sliders.values[:, a], n_melodies)
    after = sliders.measure(sliders.move(melodies.Z, a, asked))
    defined = ~np.isnan(melodies.decoded + after).any(axis=1)
    if not defined.any():
        raise ValueError(
            f"Found no decoded melody that has all of {', '.join(sliders.attributes)}; "
            f"expected the model to decode to melodies with notes."
        )
    asked, before, after = asked[defined], melodies.decoded[defined], after[defined]
    moves = leakage(asked, before, after, sliders.values, attribute=a)
    points = sliders.points(a, n_points)
    sweeps = [
        sliders.measure(sliders.move(melodies.Z, a, np.full(n_melodies, point)))
        for point in points
    ]
    sweeps = np.column_stack([values[:, a] for values in sweeps]) / unit
    nudge = rng.choice([-unit, unit], n_melodies)
    nudged = sliders.move(melodies.Z, a, melodies.own[:, a] + nudge)
    return {
        "control_r2": control_r2(asked, after[:, a]),
        "fitted_r2": _fitted_r2(asked, after[:, a]),
        "gain": moves.gain,
        "leakage": moves.leakage,
        "corpus_leakage": moves.corpus_leakage,
        "displacement": moves.displacement,
        "monotonicity": mean_of_defined(monotonicity(sweeps, points / unit)),
        "smoothness": mean_of_defined(smoothness(sweeps)),
        "kept_share": step_accuracy(melodies.X, nudged),
        "undefined_share": float(1 - defined.mean()),
    }


def _fitted_r2(asked, found):
    if not (np.ptp(asked) and np.ptp(found)):
        return 0.0
    return float(np.corrcoef(asked, found)[0, 1] ** 2)


def _checked_sweeps(values, n_points):
    values = check_array(values, dtype=np.float64, ensure_all_finite="allow-nan")
    if values.shape[1] < n_points:
        raise ValueError(
            f"Expected sweeps of at least {n_points} points, got {values.shape[1]}."
        )
    return values
