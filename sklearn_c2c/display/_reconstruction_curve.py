"""Loss and accuracy of the reconstruction, by the size of the latent space."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.display._studio import studio
from sklearn_c2c.generation import LatentModel
from sklearn_c2c.metrics import reconstruction_scores

_ACCURACIES = {
    "of outputs": "binary_accuracy",
    "of steps": "step_accuracy",
    "of melodies": "melody_accuracy",
}


class ReconstructionCurveDisplay:
    """Loss and accuracy of the reconstruction against the number of latent variables.

    As in the paper's figure 10. Lines are means over seeds; bands reach from the
    smallest to the largest value.

    It is recommended to use :meth:`from_curve` or :meth:`from_estimators` to create a
    display. All parameters are stored as attributes.

    Parameters
    ----------
    h : array-like of int, shape (n_sizes,)
        Sizes of the latent space, in increasing order.
    loss : array-like of float, shape (n_sizes,) or (n_sizes, n_seeds)
        Loss of the reconstruction, nats per melody.
    accuracies : dict of str to array-like, default=None
        Accuracies in [0, 1] of the shape of `loss`, by name.

    Attributes
    ----------
    loss_line_ : matplotlib Line2D
        The loss.
    accuracy_lines_ : list of matplotlib Line2D
        The accuracies, in the order of `accuracies`.
    bands_ : list of matplotlib FillBetweenPolyCollection
        Spread of the loss, then of the accuracies; empty without seeds.
    axes_ : ndarray of two matplotlib Axes
        The axes of the loss and of the accuracies.
    figure_ : matplotlib Figure
        The figure that holds them.

    References
    ----------
    J.-P. Briot, "Compress to Create", section III.vi and figure 10.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn_c2c.display import ReconstructionCurveDisplay
    >>> loss = [[210.0, 205.0], [80.0, 96.0], [2.0, 4.0]]
    >>> accuracies = {"per step": [[0.4, 0.42], [0.8, 0.77], [1.0, 1.0]]}
    >>> ReconstructionCurveDisplay([2, 8, 32], loss, accuracies=accuracies).plot()
    <...>
    >>> plt.show()
    """

    def __init__(self, h, loss, *, accuracies=None):
        self.h = h
        self.loss = loss
        self.accuracies = accuracies

    @classmethod
    def from_curve(cls, curve, *, ax=None, **kwargs):
        """Draw the result of `model_selection.reconstruction_curve`.

        Parameters
        ----------
        curve : Bunch
            That result, or its part ``test`` for unseen melodies.
        ax : array-like of two matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        **kwargs : dict
            Style, passed on to :meth:`plot`.

        Returns
        -------
        ReconstructionCurveDisplay
        """
        accuracies = {label: curve[name] for label, name in _ACCURACIES.items()}
        display = cls(curve["h"], curve["loss"], accuracies=accuracies)
        return display.plot(ax=ax, **kwargs)

    @classmethod
    def from_estimators(cls, estimators, X, *, ax=None, **kwargs):
        """Draw how well fitted models reconstruct melodies.

        Parameters
        ----------
        estimators : sequence of Pipeline
            Fitted pipelines that end in an autoencoder, in any order. Those with the
            same `h` differ by their seed; each `h` has the same number of them.
        X : array-like of int, shape (n_melodies, n_steps)
            Melodies.
        ax : array-like of two matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        **kwargs : dict
            Style, passed on to :meth:`plot`.

        Returns
        -------
        ReconstructionCurveDisplay

        Raises
        ------
        ValueError
            If there are more models with one `h` than with another.
        """
        by_size = {}
        for estimator in estimators:
            check_is_fitted(estimator)
            scores = reconstruction_scores(estimator, X)
            h = LatentModel(estimator).estimator.h
            by_size.setdefault(h, []).append(scores)
        sizes = sorted(by_size)
        if len({len(seeds) for seeds in by_size.values()}) != 1:
            counts = ", ".join(f"{len(by_size[h])} with h={h}" for h in sizes)
            raise ValueError(f"Expected as many models of each size, got {counts}.")
        curve = {
            name: np.array([[seed[name] for seed in by_size[h]] for h in sizes])
            for name in scores
        }
        return cls.from_curve({"h": sizes, **curve}, ax=ax, **kwargs)

    def plot(self, ax=None, *, line_kwargs=None, band_kwargs=None):
        """Draw the curves.

        Parameters
        ----------
        ax : array-like of two matplotlib Axes, default=None
            Axes of the loss and of the accuracies. If None, a new figure is made.
        line_kwargs : dict, default=None
            Style of the lines, for `matplotlib.axes.Axes.plot`.
        band_kwargs : dict, default=None
            Style of the bands, for `matplotlib.axes.Axes.fill_between`.

        Returns
        -------
        ReconstructionCurveDisplay
            Itself, with the artists as attributes.
        """
        if ax is None:
            _, ax = studio("matplotlib.pyplot").subplots(
                1, 2, figsize=(9, 3.6), layout="constrained"
            )
        self.axes_ = np.ravel(ax)
        if self.axes_.size != 2:
            raise ValueError(
                f"Expected two Axes, of loss and accuracies, got {self.axes_.size}."
            )
        self.bands_ = []
        line_kwargs = {"marker": ".", **(line_kwargs or {})}
        band_kwargs = {"alpha": 0.2, "linewidth": 0, **(band_kwargs or {})}
        left, right = self.axes_
        self.loss_line_ = self._plot_curve(left, self.loss, line_kwargs, band_kwargs)
        self.accuracy_lines_ = [
            self._plot_curve(right, values, {"label": name} | line_kwargs, band_kwargs)
            for name, values in (self.accuracies or {}).items()
        ]
        left.set(ylabel="Loss (nats per melody)", ylim=(0, None))
        right.set(ylabel="Accuracy", ylim=(0, 1.02))
        if self.accuracy_lines_:
            right.legend(frameon=False)
        for axis in self.axes_:
            self._label(axis)
        self.figure_ = left.figure
        return self

    def _plot_curve(self, ax, values, line_kwargs, band_kwargs):
        """Mean over seeds as a line, with their spread behind it."""
        seeds = np.reshape(values, (len(self.h), -1))
        (line,) = ax.plot(self.h, seeds.mean(axis=1), **line_kwargs)
        if seeds.shape[1] > 1:
            style = {"color": line.get_color()} | band_kwargs
            low, high = seeds.min(axis=1), seeds.max(axis=1)
            self.bands_.append(ax.fill_between(self.h, low, high, **style))
        return line

    def _label(self, ax):
        ax.set_xscale("log")
        ax.set_xticks(self.h, self.h)
        ax.minorticks_off()
        ax.set_xlabel("Latent variables (h)")
        ax.grid(color="0.9", linewidth=0.8)
