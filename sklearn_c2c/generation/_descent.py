"""Adam on latent vectors: directions of updates, without weights or threads."""

import numpy as np

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


class Adam:
    """Directions of successive updates, from the gradients so far."""

    def __init__(self):
        self._mean = self._square = 0.0
        self._n_updates = 0

    def direction(self, gradient):
        """Mean gradient over root mean square gradient, both averaged over updates."""
        self._n_updates += 1
        self._mean = _BETA_1 * self._mean + (1 - _BETA_1) * gradient
        self._square = _BETA_2 * self._square + (1 - _BETA_2) * gradient**2
        direction = self._mean / (1 - _BETA_1**self._n_updates)
        root = np.sqrt(self._square / (1 - _BETA_2**self._n_updates))
        return direction / (root + _EPSILON)
