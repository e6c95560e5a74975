"""Priors of latent variables: mixtures of normal distributions, one for all latents."""

from typing import NamedTuple

import numpy as np

# Of the sparse prior: probability of a silent latent, and its standard deviation.
_SILENT_SHARE = 0.8
_SILENCE = 0.05

# Standard deviation of the two modes of the mixture, whose variance is 1.
_WIDTH_OF_A_MODE = 0.4

# Scales of the kernels that the discrepancy is summed over.
_SCALES = 0.1, 0.2, 0.5, 1, 2, 5

# Most differences of draws that are held in memory at once.
_MOST_DIFFERENCES = 2**20


class Prior(NamedTuple):
    """A mixture of normal distributions, from which each latent is drawn independently.

    Parameters
    ----------
    weights, means, scales : tuple of float
        Of each component: its probability, mean and standard deviation.
    """

    weights: tuple
    means: tuple
    scales: tuple

    def sample(self, rng, shape):
        """Draw latent variables in an array of this shape."""
        noise = rng.standard_normal(shape)
        component = rng.choice(len(self.weights), shape, p=self.weights)
        return np.take(self.means, component) + np.take(self.scales, component) * noise

    def divergence(self, mu, log_var):
        """Divergence of normal distributions from the prior, nats an element.

        ``-log(sum_c w_c exp(-KL_c))``, KL_c being the divergence from component c. For
        one component it is the KL divergence, for several an upper bound on it, with
        which the loss still bounds the evidence: the component of the prior becomes a
        variable that the encoder knows (Hershey and Olsen, "Approximating the Kullback
        Leibler Divergence between Gaussian Mixture Models", ICASSP 2007). It is at
        least 0, in closed form, and exact where one component prevails; a distribution
        as wide as the prior is charged for both components.

        Parameters
        ----------
        mu, log_var : ndarray
            Means and log variances.

        Returns
        -------
        divergence, by_mu, by_log_var : ndarray
            With its gradients with respect to both.
        """
        parts = [
            _from_normal(mu, log_var, mean, scale)
            for mean, scale in zip(self.means, self.scales, strict=True)
        ]
        if len(parts) == 1:
            return parts[0]
        divergences, by_mu, by_log_var = map(np.array, zip(*parts, strict=True))
        weights = np.array(self.weights, mu.dtype).reshape(-1, *[1] * mu.ndim)
        least = divergences.min(axis=0)
        shares = weights * np.exp(least - divergences)
        total = shares.sum(axis=0)
        shares /= total
        gradients = [(shares * part).sum(axis=0) for part in (by_mu, by_log_var)]
        return least - np.log(total), *gradients


def _from_normal(mu, log_var, mean, scale):
    """KL divergence from a normal distribution, and its gradients."""
    if mean == 0 and scale == 1:
        by_log_var = np.expm1(log_var)
        return (mu * mu + by_log_var - log_var) / 2, mu, by_log_var / 2
    precision = scale**-2.0
    distance = precision * (mu - mean)
    log_ratio = log_var - 2 * float(np.log(scale))  # a Python float keeps the type
    by_log_var = np.expm1(log_ratio)
    divergence = ((mu - mean) * distance + by_log_var - log_ratio) / 2
    return divergence, distance, by_log_var / 2


_MODE = (1 - _WIDTH_OF_A_MODE**2) ** 0.5

PRIORS = {
    "normal": Prior((1.0,), (0.0,), (1.0,)),
    "sparse": Prior((1 - _SILENT_SHARE, _SILENT_SHARE), (0.0, 0.0), (1.0, _SILENCE)),
    "mixture": Prior((0.5, 0.5), (-_MODE, _MODE), (_WIDTH_OF_A_MODE,) * 2),
}


def discrepancy(Z, draws):
    """Maximum mean discrepancy of latent vectors from draws, summed over latents.

    For each latent it is the unbiased estimate of the squared discrepancy, which may be
    below 0, with a sum of inverse multiquadratic kernels, ``C / (C + d**2)`` with C
    twice a scale of .1, .2, .5, 1, 2 and 5, as in the code of Mathieu et al.,
    "Disentangling Disentanglement in Variational Autoencoders", ICML 2019.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, h)
        At least two.
    draws : ndarray of shape (n_samples, h)

    Returns
    -------
    value : float
    delta : ndarray of shape (n_samples, h)
        Its gradient with respect to Z.
    """
    n_samples, h = Z.shape
    value, delta = 0.0, np.empty_like(Z)
    size = max(1, _MOST_DIFFERENCES // n_samples**2)
    for start in range(0, h, size):
        columns = slice(start, start + size)
        z, p = (np.ascontiguousarray(part[:, columns].T) for part in (Z, draws))
        within, to_z = _kernel_sums(z, z)
        of_draws, _ = _kernel_sums(p, p, with_gradient=False)
        across, from_p = _kernel_sums(z, p)
        # The kernel of a value and itself is 1 for each scale.
        alike = within + of_draws - 2 * len(_SCALES) * z.size
        pairs = n_samples * (n_samples - 1)
        value += alike / pairs - 2 * across / n_samples**2
        delta[:, columns] = 2 * (to_z / pairs - from_p / n_samples**2).T
    return value, delta


def _kernel_sums(x, y, *, with_gradient=True):
    """Kernels of all pairs, summed; and their gradient by each x, summed over y.

    Rows are latents.
    """
    difference = x[:, :, np.newaxis] - y[:, np.newaxis]
    square, total = difference * difference, 0.0
    kernel, slope = np.empty_like(square), np.zeros_like(square)
    for scale in _SCALES:
        np.add(square, 2 * scale, out=kernel)
        np.divide(2 * scale, kernel, out=kernel)
        total += float(kernel.sum(axis=2).sum(dtype=np.float64))
        if with_gradient:
            kernel *= kernel
            kernel /= scale
            slope -= kernel
    slope *= difference
    return total, slope.sum(axis=2)
