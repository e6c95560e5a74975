"""The optimizer."""

import numpy as np

from sklearn_c2c._nn.kernels import AdamUpdate, Weights, adam


class Adam:
    """Adam's constants and its count of updates, shared by all layers.

    ``p -= rate(t) * m / (sqrt(v) + epsilon)`` with ``rate(t) = learning_rate *
    sqrt(1 - beta_2**t) / (1 - beta_1**t)``: the form in which scikit-learn and Keras
    write it, epsilon outside the bias correction.

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon : float
    dtype : dtype
        Of the weights.
    n_updates : int, default=0
        Updates made so far.
    """

    def __init__(self, learning_rate, beta_1, beta_2, epsilon, dtype, n_updates=0):
        self.n_updates = n_updates
        tiny = np.finfo(dtype).tiny
        self._constants = tuple(map(dtype.type, (beta_1, beta_2, epsilon, tiny)))
        self._settings = learning_rate, beta_1, beta_2
        self.rates = np.zeros(1, dtype)

    def tick(self):
        """Start the next update."""
        self.n_updates += 1
        if self.n_updates >= len(self.rates):
            learning_rate, beta_1, beta_2 = self._settings
            t = np.arange(1, 2 * self.n_updates + 128)
            rates = learning_rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
            self.rates = np.append(0, rates).astype(self.rates.dtype)

    @property
    def present(self):
        """The scalars of this update, in the form that kernels take."""
        rate = self.rates[min(self.n_updates, len(self.rates) - 1)]
        return AdamUpdate(rate, *self._constants)

    def update(self, weights, gradient, workers):
        """Update weights along their gradient, in place.

        Parameters
        ----------
        weights : Weights
        gradient : ndarray
            Of the shape of the weights.
        workers : Workers
        """
        flat = [np.ravel(array) for array in (*weights, gradient)]

        def update(lo, hi):
            *parts, part_of_gradient = (array[lo:hi] for array in flat)
            adam(Weights(*parts), part_of_gradient, self.present)

        workers.run(update, gradient.size, 8 * gradient.size)
