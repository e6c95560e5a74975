"""The loss of each epoch."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.display._studio import studio
from sklearn_c2c.generation import LatentModel


class LossCurveDisplay:
    """Loss of each epoch of training, and the validation loss if there was one.

    It is recommended to use :meth:`from_estimator` to create a display. All parameters
    are stored as attributes.

    Parameters
    ----------
    loss : array-like of float, shape (n_epochs,)
        Training loss (nats per melody) after each epoch.
    validation_loss : array-like of float, shape (n_epochs,), default=None
        Loss on the melodies held out.
    estimator_name : str, default=None
        Title of the axes.

    Attributes
    ----------
    line_ : matplotlib Line2D
        The training loss.
    validation_line_ : matplotlib Line2D or None
        The validation loss.
    ax_ : matplotlib Axes
        The axes of the curves.
    figure_ : matplotlib Figure
        The figure that holds them.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn_c2c.display import LossCurveDisplay
    >>> LossCurveDisplay([90.0, 40.0, 12.0]).plot()
    <...>
    >>> plt.show()
    """

    def __init__(self, loss, *, validation_loss=None, estimator_name=None):
        self.loss = loss
        self.validation_loss = validation_loss
        self.estimator_name = estimator_name

    @classmethod
    def from_estimator(cls, estimator, *, name=None, ax=None, **kwargs):
        """Draw the loss curve of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            One with a `loss_curve_`, or a Pipeline that ends in one.
        name : str, default=None
            Title of the axes. If None, the class of the estimator.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        **kwargs : dict
            Style, passed on to :meth:`plot`.

        Returns
        -------
        LossCurveDisplay
        """
        check_is_fitted(estimator)
        estimator = LatentModel(estimator).estimator
        if not hasattr(estimator, "loss_curve_"):
            raise ValueError(
                f"{type(estimator).__name__} has no loss_curve_; expected an estimator "
                "trained by epochs, such as Autoencoder."
            )
        validation_loss = getattr(estimator, "validation_loss_curve_", None)
        name = name or type(estimator).__name__
        display = cls(
            estimator.loss_curve_,
            validation_loss=validation_loss,
            estimator_name=name,
        )
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        **kwargs : dict
            Style of both lines, for `matplotlib.axes.Axes.plot`.

        Returns
        -------
        LossCurveDisplay
            Itself, with the artists as attributes.
        """
        if ax is None:
            _, ax = studio("matplotlib.pyplot").subplots()
        epochs = np.arange(len(self.loss)) + 1
        (self.line_,) = ax.plot(epochs, self.loss, label="Training", **kwargs)
        self.validation_line_ = None
        if self.validation_loss is not None and len(self.validation_loss):
            epochs = np.arange(len(self.validation_loss)) + 1
            (self.validation_line_,) = ax.plot(
                epochs, self.validation_loss, label="Validation", **kwargs
            )
            ax.legend()
        ax.set(xlabel="Epoch", ylabel="Loss (nats per melody)")
        ax.set_title(self.estimator_name or "")
        self.ax_, self.figure_ = ax, ax.figure
        return self
