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

    Attributes
    ----------
    rates : ndarray
        ``rate(t)`` of each update t, as far as computed, times its share; of updates
        before those of this object zeros.
    present : ndarray of shape (5,)
        The scalars of this update, an `AdamUpdate` for kernels.
    """

    def __init__(self, learning_rate, beta_1, beta_2, epsilon, dtype, n_updates=0):
        self.n_updates = n_updates
        tiny = np.finfo(dtype).tiny
        self._settings = learning_rate, beta_1, beta_2
        self.rates = np.zeros(1, dtype)
        self.present = np.array(AdamUpdate(0, beta_1, beta_2, epsilon, tiny), dtype)

    def tick(self, share=1.0):
        """Start the next update, with a share of the learning rate."""
        self.n_updates += 1
        if self.n_updates >= len(self.rates):
            learning_rate, beta_1, beta_2 = self._settings
            t = np.arange(1, 2 * self.n_updates + 128)
            rates = learning_rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
            past, self.rates = self.rates, np.append(0, rates).astype(self.rates.dtype)
            self.rates[: len(past)] = past
        self.rates[self.n_updates] *= share
        self.present[0] = self.rates[self.n_updates]

    def update(self, weights, gradient, workers):
        """Update weights along their gradient, in place.

        Parameters
        ----------
        weights : Weights
        gradient : ndarray
            Of the shape of the weights.
        workers : Workers
        """
        flat = Weights(*(array.reshape(-1) for array in weights))
        args = flat, gradient.reshape(-1), self.present
        workers.run(adam, gradient.size, 8 * gradient.size, *args)


class FallingAdam(Adam):
    """Adam with a learning rate that depends on the course of the training.

    Parameters
    ----------
    *settings :
        As of `Adam`.
    share : callable
        Of nothing, the share of the learning rate in the next update.
    """

    def __init__(self, *settings, share):
        super().__init__(*settings)
        self._share = share

    def tick(self, share=1.0):
        """Start the next update, with a share of the rate at this time."""
        super().tick(share * self._share())


def resting(value):
    """Weights that are not trained, or that another layer trains."""
    return Weights(value, None, None)


def fresh(value):
    """Weights without updates so far."""
    return Weights(value, np.zeros_like(value), np.zeros_like(value))
