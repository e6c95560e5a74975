"""Structure of a latent space: sparsity of latent vectors, overlap of posteriors."""

import numpy as np
from sklearn.metrics import pairwise_distances_argmin
from sklearn.utils.validation import check_array


def latent_sparsity(Z):
    """Hoyer's sparsity of latent vectors.

    ``(sqrt(h) - norm_1(v) / norm_2(v)) / (sqrt(h) - 1)`` for ``v = z / std(Z)``, each
    latent variable divided by its standard deviation over all vectors, so that a small
    scale does not count as 0. The sparsity is 0 if all entries of v have the same size,
    1 if all but one are 0, and about .25 for normally distributed latent variables.
    Constant latent variables are left out.

    Parameters
    ----------
    Z : array-like of shape (n_samples, h)
        Latent vectors, usually from `transform`.

    Returns
    -------
    sparsity : ndarray of float, shape (n_samples,)
        NaN for a vector of zeros, and if fewer than two latent variables vary.

    See Also
    --------
    posterior_overlap : How far the posteriors of samples overlap.

    References
    ----------
    E. Mathieu et al., "Disentangling Disentanglement in Variational Autoencoders", ICML
    2019, section 6.3.

    Examples
    --------
    >>> latent_sparsity([[0, 3], [1, 0], [1, 3], [0, 0]]).round(2)
    array([ 1.,  1.,  0., nan])
    """
    Z = check_array(Z, dtype=np.float64)
    deviation = Z.std(axis=0)
    varies = Z.max(axis=0) > Z.min(axis=0)
    V, root = Z[:, varies] / deviation[varies], np.sqrt(varies.sum())
    if root <= 1:
        return np.full(len(Z), np.nan)
    one, two = np.abs(V).sum(axis=1), np.linalg.norm(V, axis=1)
    ratio = np.divide(one, two, out=np.full(len(Z), np.nan), where=two > 0)
    return np.clip((root - ratio) / (root - 1), 0, 1)


def posterior_overlap(Z, draws):
    """Share of posterior draws that are nearest to the mean of another sample.

    0 means that the posteriors of the samples are separate, as in a look-up table, so
    that neighbors in the latent space need not be similar. For posteriors that overlap
    completely the value is ``1 - 1 / n_samples``.

    Parameters
    ----------
    Z : array-like of shape (n_samples, h)
        Latent vectors from `transform`, the means of the posteriors.
    draws : array-like of shape (n_samples, h)
        One draw for each of them, in the same order, from `sample_posterior`.

    Returns
    -------
    overlap : float
        Share of the draws whose nearest row of Z, by Euclidean distance, is that of
        another sample.

    Raises
    ------
    ValueError
        If the shapes differ.

    See Also
    --------
    latent_sparsity : Sparsity of each latent vector.

    References
    ----------
    E. Mathieu et al., "Disentangling Disentanglement in Variational Autoencoders", ICML
    2019, for the term; the measure is our own.

    Examples
    --------
    >>> posterior_overlap([[0, 0], [1, 0]], [[0.1, 0], [0.4, 0.2]])
    0.5
    """
    Z, draws = check_array(Z, dtype=np.float64), check_array(draws, dtype=np.float64)
    if Z.shape != draws.shape:
        raise ValueError(
            f"Found draws of shape {draws.shape}; expected {Z.shape}, the shape of Z."
        )
    nearest = pairwise_distances_argmin(draws, Z)
    return float(np.mean(nearest != np.arange(len(Z))))
