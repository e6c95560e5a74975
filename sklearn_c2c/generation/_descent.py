"""Adam on latent vectors, without what training needs of it."""

import numpy as np

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


class Adam:
    """The direction of each step, given the gradients so far."""

    def __init__(self):
        self._mean = self._square = 0.0
        self._n_steps = 0

    def direction(self, gradient):
        """Gradient over its root mean square, both averaged over the steps."""
        self._n_steps += 1
        self._mean = _BETA_1 * self._mean + (1 - _BETA_1) * gradient
        self._square = _BETA_2 * self._square + (1 - _BETA_2) * gradient**2
        direction = self._mean / (1 - _BETA_1**self._n_steps)
        root = np.sqrt(self._square / (1 - _BETA_2**self._n_steps))
        return direction / (root + _EPSILON)
