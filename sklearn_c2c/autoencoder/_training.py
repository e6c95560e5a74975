"""What training changes, and when it ends. Imports nothing of ours."""

import numpy as np


class Training:
    """What training changes: weights, moments, generator, counts and curves.

    Parameters
    ----------
    coefs, intercepts : list of ndarray
        A pair for each layer.
    rng : RandomState
    group_size : int or None
        Columns of a softmax group; None for sigmoid outputs.
    loss_limit : float
        The largest loss that is not yet divergence.
    """

    def __init__(self, coefs, intercepts, rng, group_size, loss_limit):
        self.coefs, self.intercepts = coefs, intercepts
        self.moments = [
            [np.zeros_like(array) for array in (coef, coef, intercept, intercept)]
            for coef, intercept in zip(coefs, intercepts, strict=True)
        ]
        self.rng = rng
        self.step = 0
        self.group_size = group_size
        self.loss_limit = loss_limit
        self.n_samples_seen = 0
        self.loss_curve = []
        self.reconstruction_curve = []
        self.kl_curve = []
        self.validation_loss_curve = []

    def optimizer(self):
        """Everything needed to go on bit for bit, as arrays and numbers."""
        return {
            "moments": self.moments,
            "step": self.step,
            "rng": self.rng.get_state(legacy=False),
        }

    def load_optimizer(self, optimizer):
        """Go on from what `optimizer` returned."""
        self.moments = [
            [moment.copy() for moment in layer] for layer in optimizer["moments"]
        ]
        self.step = optimizer["step"]
        self.rng = np.random.RandomState()
        self.rng.set_state(optimizer["rng"])

    def copy_weights(self):
        """Copies of coefs and intercepts."""
        return copy_all(self.coefs), copy_all(self.intercepts)


def copy_all(arrays):
    """Copy each array of a list."""
    return [array.copy() for array in arrays]


class Patience:
    """Ends training when the loss has not fallen by tol for n_iter epochs in a row."""

    def __init__(self, tol, n_iter):
        self._tol, self._n_iter = tol, n_iter
        self._n_waited = 0
        self.best = np.inf

    def ends(self, loss):
        """Note the loss of one more epoch; return whether patience is at its end."""
        self._n_waited = 0 if loss < self.best - self._tol else self._n_waited + 1
        self.best = min(self.best, loss)
        return self._n_waited >= self._n_iter
