"""What training changes, and when it ends. Imports nothing of ours."""

from collections import deque

import numpy as np

# Training waits for a fall of the loss for this share of the epochs up to the last one.
_PATIENT_SHARE = 0.25


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
    """Ends training when the loss no longer falls beneath its noise.

    The loss falls in an epoch where it, or its mean over the last `n_iter` epochs, is
    less than the least one before by more than `tol`. Training ends when the last fall
    is `n_iter` epochs ago, and a quarter of the epochs up to that fall: the longer
    training lasts, the slower the loss falls, and its bumps last for dozens of epochs.
    That patience grows with the epochs done is from Y. Bengio, "Practical
    Recommendations for Gradient-Based Training of Deep Architectures", 2012.

    Parameters
    ----------
    tol : float
        Nats a sample.
    n_iter : int
        Epochs.

    Attributes
    ----------
    best : float
        The least loss so far.
    """

    def __init__(self, tol, n_iter):
        self._tol = tol
        self._recent = deque(maxlen=n_iter)
        self._epoch = self._last_fall = 0
        self.best = self._best_mean = np.inf

    def ends(self, loss):
        """Note the loss of one more epoch; return whether patience is at its end."""
        self._epoch += 1
        self._recent.append(loss)
        mean = np.inf  # of the first epochs there is none yet
        if self._epoch >= self._recent.maxlen:
            mean = np.mean(self._recent)
        if loss < self.best - self._tol or mean < self._best_mean - self._tol:
            self._last_fall = self._epoch
        self.best = min(self.best, loss)
        self._best_mean = min(self._best_mean, mean)
        patience = max(self._recent.maxlen, _PATIENT_SHARE * self._last_fall)
        return self._epoch - self._last_fall >= patience
