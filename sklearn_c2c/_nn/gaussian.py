"""The sampled code of a variational autoencoder."""

import numpy as np

# Natural logarithm of the largest and smallest variance of a latent variable.
MAX_LOG_VAR = 20


def split_code(a):
    """Mean and log variance of the code, from the output of the encoder's last layer.

    The log variance is kept within ``-MAX_LOG_VAR, MAX_LOG_VAR``: beyond, its
    exponential would overflow where training goes astray.
    """
    h = a.shape[1] // 2
    return a[:, :h], np.clip(a[:, h:], -MAX_LOG_VAR, MAX_LOG_VAR)


def gaussian_divergence(mu, log_var):
    """KL divergence of normal distributions from the standard one, nats an element.

    ``(mu**2 + exp(log_var) - 1 - log_var) / 2``
    """
    return (mu * mu + np.expm1(log_var) - log_var) / 2


class GaussianCode:
    """A draw from the encoded distribution, at the price of its information.

    Of ``[mu, log_var]`` it makes ``z = mu + exp(log_var / 2) * noise``, at the cost of
    ``weight * sum_k max(KL_k, free_bits)``, KL_k being latent k's mean divergence from
    the standard normal prior over the batch.

    Parameters
    ----------
    rng : RandomState
        Draws the noise.
    free_bits : float
        Nats of each latent that cost nothing.

    Attributes
    ----------
    weight : float
        Of the divergence in the loss.
    cost : float
        Of the last batch, nats summed over samples.
    divergence : ndarray of shape (h,)
        Of the last batch, for each latent, nats summed over samples.
    """

    def __init__(self, rng, free_bits):
        self._rng, self._free_bits = rng, free_bits
        self.weight = 1.0

    def __call__(self, a):
        """Draw a code for each sample."""
        mu, log_var = split_code(a)
        self.divergence = gaussian_divergence(mu, log_var).sum(axis=0, dtype=np.float64)
        free = self._free_bits * len(a)
        self.cost = self.weight * np.maximum(self.divergence, free).sum()
        weights = self.weight / len(a) * (self.divergence >= free)
        noise = self._rng.standard_normal(mu.shape).astype(a.dtype)
        z = mu + np.exp(log_var / 2) * noise

        def pull_back(delta):
            costs = weights.astype(a.dtype)
            # z - mu is the noise times the standard deviation.
            delta_mu = delta + costs * mu
            delta_log_var = (delta * (z - mu) + costs * np.expm1(log_var)) / 2
            delta_log_var *= np.abs(a[:, mu.shape[1] :]) < MAX_LOG_VAR
            return np.hstack([delta_mu, delta_log_var])

        return z, pull_back
