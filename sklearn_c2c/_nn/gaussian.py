"""The sampled latent vector of a variational autoencoder."""

import numpy as np

from sklearn_c2c._nn.priors import PRIORS, discrepancy

# Natural logarithm of the largest and smallest variance of a latent variable.
MAX_LOG_VAR = 20


def split_code(a):
    """Mean and log variance of latent vectors, from the output of the encoder.

    The log variance is clipped to ``-MAX_LOG_VAR, MAX_LOG_VAR``: beyond, its
    exponential would overflow when training diverges.
    """
    h = a.shape[1] // 2
    return a[:, :h], np.clip(a[:, h:], -MAX_LOG_VAR, MAX_LOG_VAR)


def gaussian_divergence(mu, log_var):
    """KL divergence of normal distributions from the standard one, nats an element.

    ``(mu**2 + exp(log_var) - 1 - log_var) / 2``
    """
    return PRIORS["normal"].divergence(mu, log_var)[0]


class GaussianCode:
    """A draw from the encoded distribution, with the cost of its divergence.

    From ``[mu, log_var]`` it draws ``z = mu + exp(log_var / 2) * noise``. The cost is
    ``weight * sum_k max(KL_k, free_bits)``, KL_k being latent k's mean divergence from
    the prior over the batch, or ``weight * max(sum_k KL_k, free_bits)``; plus
    `aggregate_weight` times the discrepancy of the draws of the batch from draws of the
    prior, which is 0 for a batch of one sample.

    Parameters
    ----------
    rng : RandomState
        Source of the noise.
    free_bits : float
        Nats of divergence that are free of cost.
    scope : {"latent", "total"}, default="latent"
        Whether they are of each latent's divergence, or of the sum over all latents.
    prior : Prior, default=None
        None is the standard normal one.
    aggregate_weight : float, default=0
        Weight of the discrepancy in the loss.

    Attributes
    ----------
    weight : float
        Weight of the divergence in the loss.
    cost : float
        Cost of the divergence of the last batch, nats summed over samples.
    aggregate_cost : float
        Cost of the discrepancy of the last batch, times its samples.
    divergence : ndarray of shape (h,)
        Divergence of each latent in the last batch, nats summed over samples.
    """

    def __init__(
        self, rng, free_bits, *, scope="latent", prior=None, aggregate_weight=0.0
    ):
        self._rng, self._free_bits, self._scope = rng, free_bits, scope
        self.prior = prior or PRIORS["normal"]
        self._aggregate_weight = float(aggregate_weight)
        self.weight = 1.0

    def __call__(self, a):
        """Draw a latent vector for each sample."""
        mu, log_var = split_code(a)
        divergence, by_mu, by_log_var = self.prior.divergence(mu, log_var)
        self.divergence = divergence.sum(axis=0, dtype=np.float64)
        free, costly = self._free_bits * len(a), self.divergence
        if self._scope == "total":
            costly = costly.sum(keepdims=True)
        self.cost = self.weight * np.maximum(costly, free).sum()
        weights = self.weight / len(a) * (costly >= free)
        noise = self._rng.standard_normal(mu.shape).astype(a.dtype)
        z = mu + np.exp(log_var / 2) * noise
        from_prior = self._from_prior(z)

        def pull_back(delta):
            delta = delta + from_prior
            costs = weights.astype(a.dtype)
            # z - mu is the noise times the standard deviation.
            delta_mu = delta + costs * by_mu
            delta_log_var = (delta * (z - mu) + costs * (2 * by_log_var)) / 2
            delta_log_var *= np.abs(a[:, mu.shape[1] :]) < MAX_LOG_VAR
            return np.hstack([delta_mu, delta_log_var])

        return z, pull_back

    def _from_prior(self, z):
        """Record the cost of the discrepancy of draws; return its gradient."""
        self.aggregate_cost = 0.0
        if self._aggregate_weight == 0 or len(z) < 2:
            return 0
        draws = self.prior.sample(self._rng, z.shape).astype(z.dtype)
        value, delta = discrepancy(z, draws)
        self.aggregate_cost = self._aggregate_weight * value * len(z)
        return self._aggregate_weight * delta
