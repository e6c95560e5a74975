"""Progress of a training, and whether it was interrupted."""

import sys
import time

_SECONDS_BETWEEN = 0.1


class Progress:
    """A callback of an autoencoder that shows the progress of training on a terminal.

    Attributes
    ----------
    is_interrupted : bool
        Whether an epoch was begun and not ended: the user stopped the training.
    """

    def __init__(self):
        self._begun = self._ended = 0
        self._last = 0.0
        self._is_shown = False

    @property
    def is_interrupted(self):
        return self._begun > self._ended

    def setup(self, estimator, context):
        """Do nothing: there is no state of a fit yet."""

    def on_fit_task_begin(self, estimator, context):
        """Count an epoch as begun."""
        self._begun += _is_epoch(context)

    def on_fit_task_end(self, estimator, context):
        """Count an epoch as ended, and show the number."""
        if not _is_epoch(context):
            return
        self._ended += 1
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._last > _SECONDS_BETWEEN:
            print(f"\r{self._line(estimator)}", end="", file=sys.stderr, flush=True)
            self._last, self._is_shown = now, True

    def teardown(self, estimator, context):
        """End the line."""
        if self._is_shown:
            print(f"\r{self._line(estimator)}", file=sys.stderr, flush=True)

    def _line(self, estimator):
        return f"Training: epoch {self._ended} of {estimator.max_iter}"


def _is_epoch(context):
    return context.task_name.startswith("epoch ")
