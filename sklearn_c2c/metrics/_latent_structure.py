"""How latent vectors fill their space: how sparse they are, how far they overlap."""

import numpy as np
from sklearn.metrics import pairwise_distances_argmin
from sklearn.utils.validation import check_array


def latent_sparsity(Z):
    """Tell how few latents each latent vector uses.

    Hoyer's sparsity of ``v = z / std(Z)``, each latent divided by its standard
    deviation over all vectors, so that a latent that varies little is not taken for a
    silent one: ``(sqrt(h) - norm_1(v) / norm_2(v)) / (sqrt(h) - 1)``. 0 where all
    latents are as large, 1 where all but one are 0; about .25 for normally distributed
    latents. Latents that are constant are left out.

    Parameters
    ----------
    Z : array-like of shape (n_samples, h)
        Latent vectors, of `transform` as a rule.

    Returns
    -------
    sparsity : ndarray of float, shape (n_samples,)
        NaN for a vector of zeros, and where less than two latents vary.

    See Also
    --------
    posterior_overlap : How far samples share the latent space.

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
    """Tell how often a draw of a sample's code lies nearer to that of another one.

    0 is a look-up table: each sample has a region of its own, and nothing makes
    neighbors alike. Where codes overlap in full, it is ``1 - 1 / n_samples``.

    Parameters
    ----------
    Z : array-like of shape (n_samples, h)
        Codes: what `transform` gives.
    draws : array-like of shape (n_samples, h)
        A draw for each of them, in the same order, as `sample_posterior` gives.

    Returns
    -------
    overlap : float
        Share of the draws whose nearest code, by Euclidean distance, is another one.

    Raises
    ------
    ValueError
        If the shapes differ.

    See Also
    --------
    latent_sparsity : How few latents each vector uses.

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
            f"Found draws of shape {draws.shape}; expected {Z.shape}, that of the "
            "codes."
        )
    nearest = pairwise_distances_argmin(draws, Z)
    return float(np.mean(nearest != np.arange(len(Z))))
