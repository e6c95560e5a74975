"""Sliders: whether what is decoded has the attribute that was asked for, no more."""

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
    """Move latent variables as sliders, decode, and measure what the melodies became.

    For each attribute a and its latent variable d, melodies are encoded, ``z_d`` is set
    for a value asked for, all else of the code stays, and the decoded melody is
    measured:

    - for the value of another melody, drawn at random: `control_r2` and `leakage`;
    - for values at equal distances over two standard deviations about the mean, within
      the range of the corpus: `monotonicity` and `smoothness`;
    - for one standard deviation more or less, at random: how much of the melody is
      kept.

    A latent variable need not have the unit of its attribute. It is calibrated by least
    squares on the codes of the corpus: ``z_d = m_d + c (value - m_a)``, the value that
    melodies with this attribute have on average.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`, from melodies to codes and back.
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies to move, best such as the model has not seen.
    attributes : dict of str to callable
        By name, functions that take melodies and return an array of shape
        (n_melodies,), such as from `attributes`.
    dimensions : list of int, default=None
        Latent variable of each attribute; None takes the first ones, in order.
    corpus : array-like of int, shape (n_tunes, n_steps), default=None
        Melodies whose codes calibrate the sliders, and whose attributes give standard
        deviations, correlations and values to ask for. None takes X.
    n_points : int, default=9
        Values in a sweep, at least 3.
    random_state : int, RandomState instance or None, default=None
        Of the values asked for. An int gives the same table each time.

    Returns
    -------
    table : Evaluation
        A row for each attribute, and ``mean``. ``pandas.DataFrame(table)`` takes it as
        it is; printed, it is the table.

        ``control_r2``
            `control_r2` of the value of the decoded melody for the value asked for.
        ``fitted_r2``
            Squared correlation of the two: what a better calibration could reach.
        ``gain``, ``leakage``, ``corpus_leakage``, ``displacement``
            See `leakage`; the others are the attributes of the other rows. Melodies
            are compared with what is decoded of them where no slider is moved.
        ``monotonicity``, ``smoothness``
            Means over the sweeps, values in standard deviations.
        ``kept_share``
            Share of the steps of X that are kept when one standard deviation more or
            less is asked for.
        ``undefined_share``
            Share of the melodies for which an attribute is undefined once they are
            decoded. They are left out of all measures but the ``kept_share``.

    Raises
    ------
    ValueError
        If an attribute of X or of the corpus is undefined, or the same for all of the
        corpus, all decoded melodies lack an attribute, there is no such latent
        variable, or there are fewer than three points.

    Notes
    -----
    A slider that does nothing has a `control_r2` of about -1, since the value of a
    melody and that of another differ by twice the variance, and a gain of 0.

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
    """How well melodies have the values that were asked for.

    ``1 - sum (asked - found)^2 / sum (asked - mean(asked))^2``: about the identity
    line, not a fitted one, so that a slider that moves half as far as asked is not
    perfect.

    Parameters
    ----------
    asked : array-like of shape (n_melodies,)
        Values asked for.
    found : array-like of shape (n_melodies,)
        Values of the decoded melodies.

    Returns
    -------
    r2 : float
        At most 1, where all values are as asked; 0 if it would be as well to always
        find the mean; below for worse. NaN if all values asked for are the same.

    Raises
    ------
    ValueError
        If numbers differ, there are none, or a value is not finite.

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
    """How far other attributes move when one is asked to move by a standard deviation.

    In standard deviations of the corpus, melody i is asked to move by ``d_i = asked_i -
    before_ia``, and attribute b moves by ``after_ib - before_ib``. The slope of the
    least squares through the origin, over all melodies, is

    ``s_b = sum_i d_i (after_ib - before_ib) / sum_i d_i^2``

    Parameters
    ----------
    asked : array-like of shape (n_melodies,)
        Values of the attribute asked for.
    before, after : array-like of shape (n_melodies, n_attributes)
        Attributes of the melodies before and after the slider was moved.
    corpus : array-like of shape (n_tunes, n_attributes)
        Attributes of the corpus.
    attribute : int, default=0
        Column of the attribute that was asked to move.

    Returns
    -------
    moves : Bunch
        ``gain``
            ``s_a``: 1 for a true slider, 0 for one that does nothing.
        ``leakage``
            Mean of ``|s_b|`` over the others; 0 if they move without regard to the
            slider. NaN if there is no other.
        ``corpus_leakage``
            What would be natural: mean absolute correlation of the attribute with
            the others in the corpus, the slopes of melodies that are drawn from it.
        ``displacement``
            Root mean square of all moves of the others over that of the moves asked
            for. It sees moves in either direction, by chance too. For melodies drawn at
            random from the corpus it is 1.
        ``slopes``
            ndarray of shape (n_attributes,), all ``s_b``.

    Raises
    ------
    ValueError
        If shapes do not fit, a value is not finite, or an attribute is the same for all
        of the corpus.

    Examples
    --------
    Asked to rise by one, the first attribute does; the second falls by a half:

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
            f"corpus, so that its moves have no unit. Leave it out."
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
    """Whether an attribute only rises, or only falls, while a latent variable rises.

    Of the differences ``D_k = (a_{k+1} - a_k) / (z_{k+1} - z_k)`` that exceed the
    threshold in size, the mean of the signs.

    Parameters
    ----------
    values : array-like of shape (n_melodies, n_points)
        Values a of the attribute, a row for each melody that is swept. NaN where it is
        undefined.
    z : array-like of shape (n_points,)
        Values of the latent variable, rising.
    threshold : float, default=1e-3
        Smaller differences count as none.

    Returns
    -------
    monotonicity : ndarray of float, shape (n_melodies,)
        In [-1, 1]; 1 if the attribute never falls, -1 if it never rises. NaN where it
        does not move, or is undefined.

    Raises
    ------
    ValueError
        If numbers of points differ, there are fewer than two, or z does not rise.

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
    """How evenly an attribute moves while a latent variable rises by equal amounts.

    With ``D_k = a_{k+1} - a_k`` and ``D2_k = D_{k+1} - D_k`` it is

    ``1 - C / (max_k D_k - min_k D_k)``, ``C = sum_k D2_k^2 / sum_k |D2_k|``,

    where C, the contraharmonic mean, stands for the largest second difference. The
    distance of the points cancels.

    Parameters
    ----------
    values : array-like of shape (n_melodies, n_points)
        Values a of the attribute at equal distances of the latent variable, a row for
        each melody that is swept. NaN where it is undefined.

    Returns
    -------
    smoothness : ndarray of float, shape (n_melodies,)
        In [0, 1]; 1 if the attribute is linear in the latent variable, constant ones
        among them, 0 if all its move is one jump. NaN where it is undefined.

    Raises
    ------
    ValueError
        If there are fewer than three points.

    Notes
    -----
    The unit of the second differences is the range of the first ones, so that a row
    that is almost linear can be as rough as one that jumps: 0, 1, 2, 4, 5, 6 has 0. An
    attribute in whole numbers, or notes a step, is therefore seldom smooth.

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
    """Latent variables as sliders: their values for those of attributes."""

    def __init__(self, latent, attributes, dimensions, corpus):
        self.latent = latent
        self.attributes = attributes
        values, codes = self.measure_all(corpus), latent.encode(corpus)
        self._check_variation(values)
        self.values = values
        self.deviation = values.std(axis=0)
        self.dimensions = self._checked_dimensions(dimensions, codes.shape[1])
        self._mean = codes[:, self.dimensions].mean(axis=0, dtype=float)
        centered = values - values.mean(axis=0)
        products = (centered * (codes[:, self.dimensions] - self._mean)).sum(axis=0)
        self._slope = products / (centered**2).sum(axis=0)

    def measure(self, X):
        """Attributes of melodies, shape (n_melodies, n_attributes)."""
        X = rows_of(X)
        return np.column_stack([of(X) for of in self.attributes.values()])

    def measure_all(self, X):
        """As `measure`, where no attribute may be undefined."""
        values = self.measure(X)
        for name, column in zip(self.attributes, values.T, strict=True):
            check_defined(name, column)
        return values

    def move(self, Z, a, asked):
        """Decode codes with the slider of attribute a at the values asked for."""
        moved = Z.copy()
        offset = self._slope[a] * (asked - self.values[:, a].mean())
        moved[:, self.dimensions[a]] = self._mean[a] + offset
        return self.latent.decode(moved)

    def points(self, a, n_points):
        """Values of attribute a to sweep."""
        values = self.values[:, a]
        reach = 2 * self.deviation[a] * np.array([-1, 1])
        low, high = np.clip(values.mean() + reach, values.min(), values.max())
        return np.linspace(low, high, n_points)

    def _check_variation(self, values):
        for name, column in zip(self.attributes, values.T, strict=True):
            if not np.ptp(column):
                raise ValueError(
                    f"{name} is {column[0]:g} for all melodies of the corpus, so that "
                    f"no slider for it can be calibrated. Leave it out."
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
    """Melodies to move: their codes, and attributes as they are and as they decode."""

    def __init__(self, X, sliders):
        self.X = X
        self.codes = sliders.latent.encode(X)
        self.own = sliders.measure_all(X)
        self.decoded = sliders.measure(sliders.latent.decode(self.codes))


def _control_of(sliders, a, melodies, n_points, rng):
    """Row of the table for one attribute."""
    n_melodies, unit = len(melodies.X), sliders.deviation[a]
    asked = rng.choice(sliders.values[:, a], n_melodies)
    after = sliders.measure(sliders.move(melodies.codes, a, asked))
    defined = ~np.isnan(melodies.decoded + after).any(axis=1)
    if not defined.any():
        raise ValueError(
            f"Found no melody that has all of {', '.join(sliders.attributes)} once it "
            f"is decoded; expected the model to decode to melodies with notes."
        )
    asked, before, after = asked[defined], melodies.decoded[defined], after[defined]
    moves = leakage(asked, before, after, sliders.values, attribute=a)
    points = sliders.points(a, n_points)
    sweeps = [
        sliders.measure(sliders.move(melodies.codes, a, np.full(n_melodies, point)))
        for point in points
    ]
    sweeps = np.column_stack([values[:, a] for values in sweeps]) / unit
    nudge = rng.choice([-unit, unit], n_melodies)
    nudged = sliders.move(melodies.codes, a, melodies.own[:, a] + nudge)
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
