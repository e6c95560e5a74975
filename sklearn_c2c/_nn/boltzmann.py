"""Energy of a restricted Boltzmann machine with softmax groups, and Gibbs sampling."""

from typing import NamedTuple

import numpy as np

from sklearn_c2c._nn.activations import sigmoid
from sklearn_c2c._nn.compilation import jit
from sklearn_c2c._nn.losses import probabilities
from sklearn_c2c._nn.threads import matmul


@jit
def draw_groups(lo, hi, out, p, uniforms):
    """Rows lo:hi of out: a 1 in each group of columns, drawn with probabilities p.

    The 1 is in the first column up to which the sum of p is above the uniform number.

    Parameters
    ----------
    lo, hi : int
    out, p : ndarray of shape (n_samples, n_groups * group_size)
    uniforms : ndarray of shape (n_samples, n_groups)
    """
    n_groups = uniforms.shape[1]
    size = p.shape[1] // n_groups
    for i in range(lo, hi):
        for g in range(n_groups):
            drawn = g * size
            total = p[i, drawn]
            while total <= uniforms[i, g] and drawn < (g + 1) * size - 1:
                drawn += 1
                total += p[i, drawn]
            out[i, g * size : (g + 1) * size] = 0
            out[i, drawn] = 1


class Energy(NamedTuple):
    """Energy ``E(v, h) = - v a - h b - sum_k v_k W h_k`` of a Boltzmann machine.

    v_k are the columns of window k, h_k the hidden units of that window; all windows
    have the same weights W and hidden biases b.

    Parameters
    ----------
    coef : ndarray of shape (window_width, n_components)
        W.
    hidden_bias : ndarray of shape (n_components,)
        b.
    visible_bias : ndarray of shape (n_features,)
        a.
    group_size : int
        Columns of a group of v, of which exactly one is 1.
    stride : int
        Columns from the start of a window to that of the next one.
    workers : Workers
    """

    coef: np.ndarray
    hidden_bias: np.ndarray
    visible_bias: np.ndarray
    group_size: int
    stride: int
    workers: object

    @property
    def windows(self):
        """Columns of each window, slices."""
        width, n_features = len(self.coef), len(self.visible_bias)
        starts = range(0, n_features - width + 1, self.stride)
        return [slice(start, start + width) for start in starts]

    def hidden(self, V):
        """Inputs ``b + v_k W`` of the hidden units, of shape (n, windows * units)."""
        windows = [
            matmul(V[:, columns], self.coef, self.workers, self.hidden_bias)
            for columns in self.windows
        ]
        return windows[0] if len(windows) == 1 else np.hstack(windows)

    def visible(self, H):
        """Inputs ``a + W h_k`` of the visible units, of shape (n, n_features)."""
        A = np.tile(self.visible_bias, (len(H), 1))
        by_window = np.split(H, len(self.windows), axis=1)
        for columns, h in zip(self.windows, by_window, strict=True):
            A[:, columns] += matmul(h, self.coef.T, self.workers)
        return A

    def free_energy(self, V):
        """``F(v) = - v a - sum(log(1 + exp(b + v_k W)))``, of shape (n,)."""
        self.workers.limit_blas()
        return -V @ self.visible_bias - softplus(self.hidden(V)).sum(axis=1)

    def free_energy_gradient(self, V):
        """Gradient of the free energy with respect to v, of the shape of V."""
        return -self.visible(sigmoid(self.hidden(V)))

    def gradients(self, V, weight):
        """Gradients of ``weight * sum(F(v))`` with respect to coef and both biases."""
        H = sigmoid(self.hidden(V))
        by_window = np.split(H, len(self.windows), axis=1)
        coef = sum(
            matmul(V[:, columns].T, h, self.workers)
            for columns, h in zip(self.windows, by_window, strict=True)
        )
        biases = sum(h.sum(axis=0) for h in by_window), V.sum(axis=0)
        return [-weight * gradient for gradient in (coef, *biases)]

    def gibbs(self, V, n_steps, rng):
        """Draw hidden and then visible units, `n_steps` times; V is not changed."""
        for _ in range(n_steps):
            p = sigmoid(self.hidden(V))
            H = (uniforms(rng, p.shape, p.dtype) < p).astype(p.dtype)
            V = self.draw_visible(H, rng)
        return V

    def draw_visible(self, H, rng):
        """Draw the visible units given the hidden ones."""
        p = probabilities(self.visible(H), self.group_size)
        drawn = np.empty_like(p)
        n_groups = p.shape[1] // self.group_size
        chances = uniforms(rng, (len(p), n_groups), p.dtype)
        self.workers.run(draw_groups, len(p), 4 * p.size, drawn, p, chances, block=1)
        return drawn

    def conditional_log_loss(self, V, groups):
        """Cross-entropy of one group of each sample, given all its other groups.

        Parameters
        ----------
        V : ndarray of shape (n_samples, n_features)
        groups : ndarray of int, shape (n_samples,)
            Index of the group of each sample.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        logits = self.visible_bias.reshape(-1, self.group_size)[groups]
        rows = self.coef.reshape(-1, self.group_size, self.coef.shape[1])
        own = V.reshape(len(V), -1, self.group_size)[np.arange(len(V)), groups]
        by_window = np.split(self.hidden(V), len(self.windows), axis=1)
        for columns, x in zip(self.windows, by_window, strict=True):
            place = groups - columns.start // self.group_size
            inside = (place >= 0) & (place < len(rows))
            W = rows[place[inside]]
            without = x[inside] - np.einsum("ng,ngj->nj", own[inside], W)
            logits[inside] += softplus(without[:, np.newaxis] + W).sum(axis=2)
        largest = logits.max(axis=1)
        normalizer = np.log(np.exp(logits - largest[:, np.newaxis]).sum(axis=1))
        return own.sum(axis=1) * (largest + normalizer) - (own * logits).sum(axis=1)


def uniforms(rng, shape, dtype):
    """Uniform numbers in [0, 1), the same for both dtypes but for rounding."""
    return rng.random_sample(shape).astype(dtype)


def softplus(x):
    """``log(1 + exp(x))``."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
