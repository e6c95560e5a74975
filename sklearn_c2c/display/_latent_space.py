"""Latent vectors as points in a plane."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.display._studio import studio

_PERPLEXITY = 30.0  # scikit-learn's own; a small corpus needs less


class LatentSpaceDisplay:
    """Melodies as points of the latent space, seen in two dimensions.

    It is recommended to use :meth:`from_estimator` to create a display. All parameters
    are stored as attributes.

    Parameters
    ----------
    points : array-like of float, shape (n_melodies, 2)
        Position of each melody.
    y : array-like of shape (n_melodies,), default=None
        Values that determine the colours of the points. Numbers are shown on a colour
        scale; other values, such as strings or booleans, are labels with a colour each.
    y_name : str, default=None
        Name of `y`, for the colour bar or the legend.
    circled : array-like of float, shape (n_circled, 2), default=None
        Points with a circle around them.
    targets : array-like of float, shape (n_circled, 2), default=None
        End of the arrow from each of `circled`.
    axis_names : sequence of two str, default=("", "")
        Names of the two dimensions.

    Attributes
    ----------
    points_ : list of matplotlib PathCollection
        The points; of labels, one collection each.
    circles_ : matplotlib PathCollection or None
        The circles.
    targets_ : matplotlib PathCollection or None
        The points at the ends of the arrows.
    arrows_ : list of matplotlib Annotation
        The arrows.
    colorbar_ : matplotlib Colorbar or None
        The scale of colours.
    ax_ : matplotlib Axes
        The axes of the points.
    figure_ : matplotlib Figure
        The figure that holds them.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn_c2c.display import LatentSpaceDisplay
    >>> Z = [[0.1, 0.9], [0.4, 0.2], [0.8, 0.5]]
    >>> LatentSpaceDisplay(Z, y=["reel", "reel", "chorale"]).plot()
    <...>
    >>> plt.show()
    """

    def __init__(
        self,
        points,
        *,
        y=None,
        y_name=None,
        circled=None,
        targets=None,
        axis_names=("", ""),
    ):
        self.points = points
        self.y = y
        self.y_name = y_name
        self.circled = circled
        self.targets = targets
        self.axis_names = axis_names

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        *,
        reduction=None,
        dimensions=(0, 1),
        y=None,
        y_name=None,
        highlight=None,
        arrows_to=None,
        random_state=None,
        ax=None,
        **kwargs,
    ):
        """Draw the latent vectors of melodies.

        Parameters
        ----------
        estimator : estimator
            A fitted one with `transform`: an autoencoder, PCA or a Pipeline.
        X : array-like of shape (n_melodies, n_features)
            Melodies, as ``estimator.transform`` takes them.
        reduction : {"pca", "tsne"}, default=None
            How latent vectors are reduced to two dimensions. None takes two of the
            latent variables; "pca" the two principal components of the latent vectors
            of X; "tsne" t-SNE, which keeps neighbors together but not distances.
        dimensions : tuple of two int, default=(0, 1)
            Which latent variables, or which principal components.
        y : array-like of shape (n_melodies,), default=None
            Numbers or labels that give the colours.
        y_name : str, default=None
            Name of `y`.
        highlight : array-like of int, shape (n_circled,), default=None
            Rows of X to circle.
        arrows_to : array-like of shape (n_circled, n_features), default=None
            For each of `highlight`, the melody that it was changed to.
        random_state : int, RandomState instance or None, default=None
            For t-SNE.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        **kwargs : dict
            Style, passed on to :meth:`plot`.

        Returns
        -------
        LatentSpaceDisplay

        Raises
        ------
        ValueError
            If there are no such latent variables or rows to highlight, `y` or
            `arrows_to` is of another length than X or `highlight`, or `reduction` is
            unknown.
        """
        check_is_fitted(estimator)
        Z = np.asarray(estimator.transform(X))
        n_melodies = len(Z)
        rows = _check_rows(highlight, n_melodies)
        _check_length("y", y, n_melodies, "melodies")
        _check_length("arrows_to", arrows_to, len(rows), "highlighted melodies")
        if arrows_to is not None:
            Z = np.vstack([Z, np.asarray(estimator.transform(arrows_to))])
        plane, names = _reduce(Z, n_melodies, reduction, dimensions, random_state)
        display = cls(
            plane[:n_melodies],
            y=y,
            y_name=y_name,
            circled=plane[rows] if len(rows) else None,
            targets=None if arrows_to is None else plane[n_melodies:],
            axis_names=names,
        )
        return display.plot(ax=ax, **kwargs)

    def plot(
        self, ax=None, *, point_kwargs=None, circle_kwargs=None, arrow_kwargs=None
    ):
        """Draw the points.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        point_kwargs : dict, default=None
            Style of the points, for `matplotlib.axes.Axes.scatter`.
        circle_kwargs : dict, default=None
            Style of circles and targets, for `matplotlib.axes.Axes.scatter`.
        arrow_kwargs : dict, default=None
            Style of the arrows, for `matplotlib.patches.FancyArrowPatch`.

        Returns
        -------
        LatentSpaceDisplay
            Itself, with the artists as attributes.
        """
        if ax is None:
            _, ax = studio("matplotlib.pyplot").subplots(
                figsize=(6.4, 5.2), layout="constrained"
            )
        self.ax_, self.figure_ = ax, ax.figure
        self._plot_points({"s": 28, "alpha": 0.8} | (point_kwargs or {}))
        circle_kwargs = {"s": 130, "color": "black"} | (circle_kwargs or {})
        arrow_kwargs = {"arrowstyle": "-|>", "color": "black", "shrinkA": 6} | (
            arrow_kwargs or {}
        )
        self.circles_ = self.targets_ = None
        if self.circled is not None:
            ring = circle_kwargs | {"facecolors": "none"}
            self.circles_ = ax.scatter(*np.transpose(self.circled), **ring)
        self.arrows_ = []
        if self.targets is not None:
            star = circle_kwargs | {"marker": "*"}
            self.targets_ = ax.scatter(*np.transpose(self.targets), **star)
            self.arrows_ = [
                ax.annotate("", target, start, arrowprops=arrow_kwargs)
                for start, target in zip(self.circled, self.targets, strict=True)
            ]
        ax.set(xlabel=self.axis_names[0], ylabel=self.axis_names[1])
        return self

    def _plot_points(self, style):
        """One collection on a scale of colours, or one for each label."""
        points = np.asarray(self.points)
        self.colorbar_ = None
        if self.y is None:
            self.points_ = [self.ax_.scatter(*points.T, **style)]
            return
        y = np.asarray(self.y)
        if y.dtype.kind in "iuf":
            self.points_ = [self.ax_.scatter(*points.T, c=y, **style)]
            self.colorbar_ = self.figure_.colorbar(
                self.points_[0], ax=self.ax_, label=self.y_name or ""
            )
            self.colorbar_.solids.set_alpha(1)
            return
        self.points_ = [
            self.ax_.scatter(*points[y == label].T, label=str(label), **style)
            for label in np.unique(y)
        ]
        self.ax_.legend(title=self.y_name, frameon=False)


def _check_rows(rows, n_melodies):
    """Row numbers as an array; an empty one for None."""
    rows = np.asarray([] if rows is None else rows, dtype=int)
    if not ((0 <= rows) & (rows < n_melodies)).all():
        raise ValueError(
            f"highlight={rows.tolist()} names rows that do not exist: there are "
            f"{n_melodies}, 0 to {n_melodies - 1}."
        )
    return rows


def _check_length(name, values, length, of):
    if values is not None and len(values) != length:
        raise ValueError(f"Got {len(values)} rows of {name} for {length} {of}.")


def _reduce(Z, n_melodies, reduction, dimensions, random_state):
    """Latent vectors in a plane, reduced as fits the first rows; names of both axes."""
    if reduction == "tsne":
        # t-SNE cannot transform new points, so the arrows' targets are fitted too.
        perplexity = min(_PERPLEXITY, (len(Z) - 1) / 3)
        tsne = TSNE(perplexity=perplexity, random_state=random_state)
        return tsne.fit_transform(Z), ("t-SNE 1", "t-SNE 2")
    if reduction == "pca":
        pca = PCA().fit(Z[:n_melodies])
        first, second = _check_dimensions(dimensions, pca.n_components_)
        shares = pca.explained_variance_ratio_
        names = [
            f"Principal component {i + 1} ({shares[i]:.0%} of the variance)"
            for i in (first, second)
        ]
        return pca.transform(Z)[:, [first, second]], names
    if reduction is not None:
        raise ValueError(f'reduction must be None, "pca" or "tsne", got {reduction!r}.')
    first, second = _check_dimensions(dimensions, Z.shape[1])
    return Z[:, [first, second]], [f"Latent variable {i}" for i in (first, second)]


def _check_dimensions(dimensions, n_dimensions):
    first, second = dimensions
    if not (0 <= first < n_dimensions and 0 <= second < n_dimensions):
        raise ValueError(
            f"dimensions={tuple(dimensions)} do not exist: there are {n_dimensions}, "
            f"0 to {n_dimensions - 1}."
        )
    return first, second
