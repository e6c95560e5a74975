"""Training by epochs: early stopping, callbacks, warm start, interruption.

The loop uses the network in training only through this interface, without knowing its
layers. A network is a context manager, and has

* ``step(X, y)``: one update on a batch, which returns its losses by name, in nats
  summed over samples;
* ``terms``: the names of the losses whose sum is minimised;
* ``evaluate(X, y)``: the mean loss of samples, without random draws;
* ``diverged(losses)``: whether the mean losses of an epoch show divergence;
* ``apply_pending_updates()``: applies the updates that some weights have missed;
* ``copy_weights()`` and ``restore(weights)``;
* ``history``: a `History`.
"""

import warnings
from collections import defaultdict, deque
from contextlib import contextmanager

import numpy as np
from sklearn.base import _fit_context
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import gen_batches

# Patience as a share of the epochs up to the last decrease of the loss.
_PATIENT_SHARE = 0.25


class History:
    """Losses and state of a training so far.

    Parameters
    ----------
    rng : RandomState
        For the order of the samples, the validation split and draws of the network.

    Attributes
    ----------
    losses : dict of str to list
        Mean losses of each epoch in nats per sample, by their names; ``"loss"`` is the
        sum of those that are minimised.
    validation : list of float
        Validation loss of each epoch.
    n_samples_seen : int
    """

    def __init__(self, rng):
        self.rng = rng
        self.losses = defaultdict(list)
        self.validation = []
        self.n_samples_seen = 0

    @property
    def n_epochs(self):
        """Number of finished epochs."""
        return len(self.losses["loss"])

    @property
    def watched(self):
        """The loss that early stopping monitors."""
        return (self.validation or self.losses["loss"])[-1]


@contextmanager
def _unchanged_on_error(estimator):
    """Restore the attributes of an estimator if the block raises an exception."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


class EpochTrainedMixin(CallbackSupportMixin):
    """`fit` and `partial_fit` by epochs of batches, for estimators with a network.

    The estimator implements ``_network(X, y, resumes)``, which returns a network for
    training; ``_fitted_attributes(X, network)``, which returns a dict with ``n_iter_``;
    and ``_check_training_data(X, y, reset)``. Its parameters have the names of
    scikit-learn's multilayer perceptrons. One that learns from more than X and y
    overrides `fit` and `partial_fit`, and passes the rest to `_fit` and `_partial_fit`.
    """

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Train on X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Values in [0, 1], usually one-hot. Other values are accepted with a warning,
            since no output can reach them.

        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Labels or attributes of the samples, for estimators that learn from them;
            the others ignore it.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter is out of range, X is not finite, or training diverges. The
            estimator is not changed then.
        """
        return self._fit(X, y)

    def _fit(self, X, y, **data):
        """Fit, with further data for `_check_training_data`."""
        resumes = self.warm_start and self._is_fitted()
        with _unchanged_on_error(self):
            X, y = self._check_training_data(X, y, reset=not resumes, **data)
            with self._network(X, y, resumes) as network:
                self._train(network, X, y)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None):
        """Train for one epoch on X, from the current weights.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The next chunk of the data. The first chunk determines the number of
            columns, the dtype and the initial weights.

        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Labels or attributes of the samples, for estimators that learn from them;
            the others ignore it.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            As `fit`; if the number of columns or the size of a layer has changed; or
            with `early_stopping`, which needs more than one epoch.
        """
        return self._partial_fit(X, y)

    def _partial_fit(self, X, y, **data):
        """Train for one epoch, with further data for `_check_training_data`."""
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True.")
        resumes = self._is_fitted()
        with _unchanged_on_error(self):
            X, y = self._check_training_data(X, y, reset=not resumes, **data)
            with self._network(X, y, resumes) as network:
                self._train_epoch(network, X, y)
                self._set(self._fitted_attributes(X, network))
        return self

    def _is_fitted(self):
        return hasattr(self, "n_iter_")

    def _train(self, network, X, y):
        """Train for `max_iter` epochs or less, and then set the fitted attributes."""
        train, validation = (X, y), None
        if self.early_stopping:
            rng = network.history.rng
            train, validation = split(X, y, self.validation_fraction, rng)
        # scikit-learn's monitoring callbacks need a y; without one the target is X.
        data = {"estimator": self, "X": X, "y": X if y is None else y}
        patience, best = Patience(self.tol, self.n_iter_no_change), None
        context = self._init_callback_context(max_subtasks=self.max_iter)
        context.call_on_fit_task_begin(**data)
        for epoch in range(1, self.max_iter + 1):
            task = context.subcontext(task_name=f"epoch {epoch}")
            task.call_on_fit_task_begin(**data)
            if not self._completes_epoch(network, *train, epoch):
                break
            if validation is not None:
                loss = network.evaluate(*validation)
                network.history.validation.append(loss)
                if loss < patience.best:
                    best = network.copy_weights()
            self._report(network.history, epoch)
            ends = patience.ends(network.history.watched)
            asked_to_end = task.call_on_fit_task_end(
                **data,
                reconstruction_attributes=lambda: self._fitted_attributes(X, network),
            )
            if ends or asked_to_end:
                break
        if best is not None:
            network.restore(best)
        attributes = self._fitted_attributes(X, network)
        self._set(attributes)
        context.call_on_fit_task_end(**data, reconstruction_attributes=attributes)

    def _completes_epoch(self, network, X, y, epoch):
        """Train for one epoch; return False if Ctrl-C interrupted it."""
        try:
            self._train_epoch(network, X, y)
        except KeyboardInterrupt:
            if epoch == 1:
                raise
            network.apply_pending_updates()
            warnings.warn(
                f"Training interrupted in epoch {epoch}; the current weights are kept.",
                stacklevel=6,
            )
            return False
        return True

    def _train_epoch(self, network, X, y):
        n_samples, history = X.shape[0], network.history
        order = np.arange(n_samples)
        if self.shuffle:
            history.rng.shuffle(order)
        totals = defaultdict(float)
        for batch in gen_batches(n_samples, self.batch_size):
            samples = order[batch]
            losses = network.step(X[samples], None if y is None else y[samples])
            for name, loss in losses.items():
                totals[name] = totals[name] + loss
            if not all(np.isfinite(totals[name]) for name in network.terms):
                break
        means = {name: total / n_samples for name, total in totals.items()}
        loss = sum(means[name] for name in network.terms)
        if network.diverged(means):
            raise ValueError(
                f"Training diverged in epoch {history.n_epochs + 1}: the loss is "
                f"{loss:.4g} with learning_rate_init={self.learning_rate_init}. Try "
                f"learning_rate_init={self.learning_rate_init / 10:g}, or scale X to "
                "[0, 1] if it has values outside."
            )
        network.apply_pending_updates()
        history.n_samples_seen += n_samples
        for name, mean in {**means, "loss": loss}.items():
            history.losses[name].append(mean)

    def _report(self, history, epoch):
        if self.verbose:
            validation = history.validation
            print(
                f"Epoch {epoch}/{self.max_iter}, "
                f"loss {history.losses['loss'][-1]:.6g}"
                + (f", validation loss {validation[-1]:.6g}" if validation else "")
            )

    def _set(self, attributes):
        for name, value in attributes.items():
            setattr(self, name, value)


def split(X, y, validation_fraction, rng):
    """Split off a random share of the samples, at least one, for validation.

    Returns
    -------
    train, validation : pair of X and y
    """
    n_samples = X.shape[0]
    n_validation = max(1, round(validation_fraction * n_samples))
    if n_validation >= n_samples:
        raise ValueError(
            f"early_stopping with validation_fraction={validation_fraction} leaves "
            f"nothing to train on: X has n_samples={n_samples}."
        )
    order = rng.permutation(n_samples)
    parts = np.sort(order[n_validation:]), np.sort(order[:n_validation])
    return [(X[part], None if y is None else y[part]) for part in parts]


class Patience:
    """Ends training when the loss has not decreased for some epochs.

    The loss decreases in an epoch if it, or its mean over the last `n_iter` epochs, is
    less than its minimum so far by more than `tol`. Training ends when the number of
    epochs since the last decrease is at least `n_iter` and a quarter of the epochs up
    to that decrease: in a long training the loss decreases slowly, and may rise for
    dozens of epochs. A patience that grows with the epochs is recommended by Y. Bengio,
    "Practical Recommendations for Gradient-Based Training of Deep Architectures", 2012.

    Parameters
    ----------
    tol : float
        Smallest decrease, in nats per sample.
    n_iter : int
        Smallest patience, in epochs.

    Attributes
    ----------
    best : float
        Minimum of the loss so far.
    """

    def __init__(self, tol, n_iter):
        self._tol = tol
        self._recent = deque(maxlen=n_iter)
        self._epoch = self._last_decrease = 0
        self.best = self._best_mean = np.inf

    def ends(self, loss):
        """Add the loss of an epoch; return whether training should end."""
        self._epoch += 1
        self._recent.append(loss)
        mean = np.inf  # undefined in the first epochs
        if self._epoch >= self._recent.maxlen:
            mean = np.mean(self._recent)
        if loss < self.best - self._tol or mean < self._best_mean - self._tol:
            self._last_decrease = self._epoch
        self.best = min(self.best, loss)
        self._best_mean = min(self._best_mean, mean)
        patience = max(self._recent.maxlen, _PATIENT_SHARE * self._last_decrease)
        return self._epoch - self._last_decrease >= patience
