"""Disentanglement: how latent variables and attributes correspond to each other."""

import numpy as np
from scipy.stats import rankdata
from sklearn.utils import (
    Bunch,
    check_array,
    check_consistent_length,
    check_random_state,
)

from sklearn_c2c.metrics._evaluate import Evaluation

_N_BINS = 20
_N_NEIGHBORS = 3


def disentanglement(Z, y, *, names=None, random_state=None):
    """Compute all measures of disentanglement, as a table.

    The measures compare latent vectors with attributes of the encoded melodies. If a
    latent variable predicts an attribute, it need not control it in decoded melodies;
    see `slider_control`.

    Parameters
    ----------
    Z : array-like of shape (n_melodies, h)
        Latent vectors, as from ``model.transform``.
    y : array-like of shape (n_melodies, n_attributes)
        Values of attributes, as from `attribute_values`.
    names : list of str, default=None
        Names of the attributes, for the rows; None counts from ``attribute_0``.
    random_state : int, RandomState instance or None, default=None
        For the noise that separates equal values, see `interpretability`.

    Returns
    -------
    table : Evaluation
        A row for each attribute, and ``mean``, over the attributes with a value.
        ``pandas.DataFrame(table)`` takes it as it is; printed, it is the table.

        ``latent``
            Index of the latent variable with the highest mutual information.
        ``interpretability``, ``mig_neighbors``, ``mig_binned``, ``sap``, ``spearman``
            `interpretability`, `mutual_information_gap` in its two variants,
            `separated_attribute_predictability` and `spearman_correlation`.
        ``modularity``
            `modularity` of that latent variable. The mean is taken over all latent
            variables, as in the reference.

    Raises
    ------
    ValueError
        If the numbers of rows differ, or those of attributes and names; if a value is
        not finite, or there are fewer than four melodies.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> Z = rng.normal(size=(500, 3))
    >>> table = disentanglement(Z, Z[:, [2, 0]], names=["a", "b"], random_state=0)
    >>> table.latent["a"], round(table.interpretability["a"], 3)
    (2.0, 1.0)
    >>> table.sap["mean"] > 0.9
    True
    """
    Z, y = _checked(Z, y)
    names = _checked_names(names, y.shape[1])
    information = _by_neighbors(Z, y, random_state)
    modularities = _modularity(information)
    best = information.argmax(axis=0)
    table = table_by_attribute(
        names,
        latent=np.where(_varies(y), best, np.nan),
        interpretability=_interpretability(Z, y, information),
        mig_neighbors=_gap(information, _entropy_by_neighbors(y, random_state)),
        mig_binned=mutual_information_gap(Z, y, variant="binned"),
        sap=separated_attribute_predictability(Z, y),
        spearman=spearman_correlation(Z, y),
        modularity=np.where(_varies(y), modularities[best], np.nan),
    )
    table.latent["mean"] = np.nan
    table.modularity["mean"] = mean_of_defined(modularities)
    return table


def interpretability(Z, y, *, random_state=None):
    """R² of each attribute by the latent variable with the highest mutual information.

    R² is that of a linear regression, which is the squared correlation. The mutual
    information is estimated by the 3 nearest neighbors (Kraskov).

    Parameters
    ----------
    Z : array-like of shape (n_melodies, h)
        Latent vectors.
    y : array-like of shape (n_melodies, n_attributes)
        Values of attributes.
    random_state : int, RandomState instance or None, default=None
        For the noise of 1e-10 standard deviations that separates equal values.

    Returns
    -------
    r2 : ndarray of float, shape (n_attributes,)
        In [0, 1]; 1 if the attribute is a linear function of the latent variable. NaN
        where an attribute is constant.

    Raises
    ------
    ValueError
        If the numbers of rows differ, a value is not finite, or there are fewer than
        four melodies.

    References
    ----------
    T. Adel, Z. Ghahramani and A. Weller, "Discovering interpretable representations for
    both deep generative and discriminative models", ICML 2018.

    A. Pati and A. Lerch, "Attribute-based regularization of latent spaces for
    variational auto-encoders", Neural Computing and Applications 33, 2021.

    Examples
    --------
    >>> Z = np.random.default_rng(0).normal(size=(200, 2))
    >>> interpretability(Z, 3 * Z[:, [1]] + 2, random_state=0)
    array([1.])
    """
    Z, y = _checked(Z, y)
    return _interpretability(Z, y, _by_neighbors(Z, y, random_state))


def mutual_information_gap(Z, y, *, variant="neighbors", random_state=None):
    """Mutual information gap (MIG) of each attribute.

    ``(I(z_1, a) - I(z_2, a)) / H(a)``, where z_1 and z_2 have the highest and the
    second highest mutual information with the attribute a.

    Parameters
    ----------
    Z : array-like of shape (n_melodies, h)
        Latent vectors.
    y : array-like of shape (n_melodies, n_attributes)
        Values of attributes.
    variant : {"neighbors", "binned"}, default="neighbors"
        - "neighbors": Kraskov's estimate by the 3 nearest neighbors, and for the
          entropy the same estimate of ``I(a, a)``, as in the code of AR-VAE.
        - "binned": mutual information and entropy of values in 20 bins of equal width,
          as in disentanglement_lib.
    random_state : int, RandomState instance or None, default=None
        See `interpretability`; not used by "binned".

    Returns
    -------
    gap : ndarray of float, shape (n_attributes,)
        About 1 if one latent variable determines the attribute and the others are
        independent of it, 0 if two have the same mutual information with it. With a
        single latent variable, I(z_2, a) is 0. NaN for a constant attribute.

    Raises
    ------
    ValueError
        As `interpretability`, and if there is no such variant.

    Notes
    -----
    The variants are not comparable. "binned" is at most 1 and overestimates mutual
    information for few melodies. With "neighbors" the entropy of a continuous attribute
    is unbounded and grows with the number of melodies, so a latent variable that is not
    exactly equal to the attribute has a low gap. Published figures of AR-VAE are those
    of "neighbors".

    References
    ----------
    R. T. Q. Chen, X. Li, R. Grosse and D. Duvenaud, "Isolating sources of
    disentanglement in variational autoencoders", NeurIPS 2018.

    A. Kraskov, H. Stögbauer and P. Grassberger, "Estimating mutual information",
    Physical Review E 69, 2004.

    Examples
    --------
    >>> Z = np.random.default_rng(0).integers(0, 8, size=(500, 2))
    >>> mutual_information_gap(Z, Z[:, [0]], variant="binned").round(2)
    array([0.98])
    >>> mutual_information_gap(Z[:, [0, 0]], Z[:, [0]], variant="binned").round(2)
    array([0.])
    """
    Z, y = _checked(Z, y)
    if variant == "neighbors":
        information = _by_neighbors(Z, y, random_state)
        return _gap(information, _entropy_by_neighbors(y, random_state))
    if variant == "binned":
        return _gap(_by_bins(Z, y), np.diagonal(_by_bins(y, y)))
    raise ValueError(f"Found variant={variant!r}; expected 'neighbors' or 'binned'.")


def separated_attribute_predictability(Z, y):
    """Separated attribute predictability (SAP) of each attribute.

    The difference between the highest and the second highest squared correlation of the
    attribute with a latent variable.

    Parameters
    ----------
    Z : array-like of shape (n_melodies, h)
        Latent vectors.
    y : array-like of shape (n_melodies, n_attributes)
        Values of attributes.

    Returns
    -------
    gap : ndarray of float, shape (n_attributes,)
        In [0, 1]; 1 if one latent variable is linear in the attribute and the others
        are uncorrelated with it. NaN for a constant attribute.

    Raises
    ------
    ValueError
        As `interpretability`.

    References
    ----------
    A. Kumar, P. Sattigeri and A. Balakrishnan, "Variational inference of disentangled
    latent concepts from unlabeled observations", ICLR 2018.

    Examples
    --------
    >>> Z = np.array([[1, 1], [-1, 1], [1, -1], [-1, -1]])
    >>> separated_attribute_predictability(Z, np.column_stack([Z[:, 1], Z.sum(axis=1)]))
    array([1., 0.])
    """
    Z, y = _checked(Z, y)
    best, second = _two_highest(_correlation(Z, y) ** 2)
    return np.where(_varies(y), best - second, np.nan)


def spearman_correlation(Z, y):
    """Highest absolute rank correlation of each attribute with a latent variable.

    Parameters
    ----------
    Z : array-like of shape (n_melodies, h)
        Latent vectors.
    y : array-like of shape (n_melodies, n_attributes)
        Values of attributes. Equal values share their mean rank.

    Returns
    -------
    rho : ndarray of float, shape (n_attributes,)
        In [0, 1]; 1 if a latent variable orders the melodies as the attribute does, or
        in reverse. NaN for a constant attribute.

    Raises
    ------
    ValueError
        As `interpretability`.

    Notes
    -----
    The code of AR-VAE, where it is called SCC, sets correlations to 0 that are not
    significant at 5 %. They are kept here. The highest of many random correlations is
    not 0, so compare with the value of unregularised latent vectors.

    Examples
    --------
    >>> Z = np.array([[3, 0], [2, 5], [1, 1], [0, 4]])
    >>> spearman_correlation(Z, [[1], [10], [100], [1000]])
    array([1.])
    """
    Z, y = _checked(Z, y)
    rho = np.abs(_correlation(rankdata(Z, axis=0), rankdata(y, axis=0)))
    return np.where(_varies(y), rho.max(axis=0), np.nan)


def modularity(Z, y, *, random_state=None):
    """Modularity of each latent variable: dependence on a single attribute.

    ``1 - sum_{b != a} I(z, b)^2 / ((A - 1) I(z, a)^2)`` for A attributes, of which a
    has the highest mutual information with z, estimated by nearest neighbors.

    Parameters
    ----------
    Z : array-like of shape (n_melodies, h)
        Latent vectors.
    y : array-like of shape (n_melodies, n_attributes)
        Values of attributes.
    random_state : int, RandomState instance or None, default=None
        See `interpretability`.

    Returns
    -------
    modularity : ndarray of float, shape (h,)
        In [0, 1]; 1 if a latent variable depends on one attribute, 0 if its mutual
        information is the same with all, or 0. The published score is the mean. NaN if
        there is only one attribute.

    Raises
    ------
    ValueError
        As `interpretability`.

    Notes
    -----
    A latent variable without mutual information has 0, as in disentanglement_lib. But
    the estimate by nearest neighbors is rarely 0 by chance, and then the value has no
    meaning. Read it beside `mutual_information_gap`.

    References
    ----------
    K. Ridgeway and M. C. Mozer, "Learning deep disentangled embeddings with the
    F-statistic loss", NeurIPS 2018.

    Examples
    --------
    >>> Z = np.random.default_rng(0).normal(size=(500, 2))
    >>> (modularity(Z, Z, random_state=0) > 0.99).tolist()
    [True, True]
    """
    Z, y = _checked(Z, y)
    return _modularity(_by_neighbors(Z, y, random_state))


def table_by_attribute(names, **columns):
    """Table with a row for each attribute, and their mean."""
    table = Evaluation()
    for column, values in columns.items():
        values = np.append(values, mean_of_defined(values))
        rows = zip([*names, "mean"], values.tolist(), strict=True)
        table[column] = Bunch(**dict(rows))
    return table


def mean_of_defined(values):
    """Mean of the values that are not NaN; NaN if there are none."""
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else np.nan


def _interpretability(Z, y, information):
    best = information.argmax(axis=0)
    r2 = np.take_along_axis(_correlation(Z, y), best[np.newaxis], axis=0)[0] ** 2
    return np.where(_varies(y), r2, np.nan)


def _gap(information, entropy):
    best, second = _two_highest(information)
    return np.divide(
        best - second, entropy, out=np.full(len(entropy), np.nan), where=entropy > 0
    )


def _modularity(information):
    squared = information**2
    highest = squared.max(axis=1)
    n_others = squared.shape[1] - 1
    if not n_others:
        return np.full(len(squared), np.nan)
    others = (squared.sum(axis=1) - highest) / n_others
    return 1 - np.divide(others, highest, out=np.ones(len(highest)), where=highest > 0)


def _two_highest(scores):
    """Highest and second highest value of each column; 0 for a missing second."""
    ordered = np.sort(np.vstack([scores, np.zeros(scores.shape[1])]), axis=0)
    return ordered[-1], ordered[-2]


def _by_neighbors(Z, y, random_state):
    """Mutual information, shape (h, n_attributes); 0 for constant columns."""
    from sklearn.feature_selection import mutual_info_regression

    rng = check_random_state(random_state)
    information = np.zeros((Z.shape[1], y.shape[1]))
    latents, attributes = np.flatnonzero(_varies(Z)), np.flatnonzero(_varies(y))
    if len(latents):
        for j in attributes:
            information[latents, j] = mutual_info_regression(
                Z[:, latents], y[:, j], n_neighbors=_N_NEIGHBORS, random_state=rng
            )
    return information


def _entropy_by_neighbors(y, random_state):
    """Mutual information of each attribute with itself."""
    columns = (y[:, [j]] for j in range(y.shape[1]))
    return np.array([_by_neighbors(a, a, random_state)[0, 0] for a in columns])


def _by_bins(Z, y):
    """Mutual information of binned latent variables and attributes."""
    from sklearn.metrics import mutual_info_score

    latents, attributes = (_binned(values).T for values in (Z, y))
    return np.array([[mutual_info_score(a, z) for a in attributes] for z in latents])


def _binned(values):
    """Index of the bin of each value, for bins of equal width in each column."""
    edges = np.linspace(values.min(axis=0), values.max(axis=0), _N_BINS + 1)[1:-1]
    return (values >= edges[:, np.newaxis]).sum(axis=0)


def _correlation(Z, y):
    """Correlations, shape (h, n_attributes); 0 for constant columns."""
    Z, y = _standardized(Z), _standardized(y)
    return np.clip(Z.T @ y / len(Z), -1, 1)


def _standardized(values):
    deviation = np.where(_varies(values), values.std(axis=0), 1)
    return np.where(_varies(values), values - values.mean(axis=0), 0) / deviation


def _varies(values):
    return np.ptp(values, axis=0) > 0


def _checked(Z, y):
    Z = check_array(Z, dtype=np.float64, ensure_min_samples=_N_NEIGHBORS + 1)
    y = check_array(y, dtype=np.float64, ensure_2d=False)
    check_consistent_length(Z, y)
    return Z, y.reshape(len(y), -1)


def _checked_names(names, n_attributes):
    if names is None:
        return [f"attribute_{j}" for j in range(n_attributes)]
    if len(names) != n_attributes:
        raise ValueError(
            f"Expected {n_attributes} names, one for each column of y, got "
            f"{len(names)}."
        )
    return list(names)
