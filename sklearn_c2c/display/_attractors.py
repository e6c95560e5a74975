"""Attractors of recursion and the sizes of their basins."""

import numpy as np

from sklearn_c2c.display._studio import studio

_MOST_WITH_GAPS = 100  # bars; with more, gaps are thinner than a pixel


class AttractorDisplay:
    """Attractors of a model by the size of their basins, the largest first.

    Each bar is an attractor; its height is the number of starts that end in it. Bars of
    training melodies have a second colour, and the length of a cycle stands above its
    bar. The title states how many attractors were seen, and how many are estimated to
    be unseen.

    It is recommended to use :meth:`from_result` to create a display. All parameters
    are stored as attributes.

    Parameters
    ----------
    basins : array-like of int, shape (n_attractors,)
        Starts that end in each attractor, the largest number first.
    cycle_lengths : array-like of int, shape (n_attractors,)
        Melodies in each attractor: 1 for a fixed point.
    is_training : array-like of bool, shape (n_attractors,), default=None
        Which attractors are training melodies, or pass through one.
    n_unseen : float, default=None
        Estimate of the attractors not seen.
    coverage : float, default=None
        Estimate of the share of all starts that end in those seen.

    Attributes
    ----------
    bars_ : matplotlib BarContainer
        The attractors.
    cycles_ : list of matplotlib Text
        Lengths of the cycles longer than 1.
    ax_ : matplotlib Axes
        The axes of the bars.
    figure_ : matplotlib Figure
        The figure that holds them.

    See Also
    --------
    sklearn_c2c.generation.attractors : Finds them.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn_c2c.display import AttractorDisplay
    >>> AttractorDisplay([60, 12, 3], cycle_lengths=[1, 2, 1]).plot()
    <...>
    >>> plt.show()
    """

    def __init__(
        self, basins, *, cycle_lengths, is_training=None, n_unseen=None, coverage=None
    ):
        self.basins = basins
        self.cycle_lengths = cycle_lengths
        self.is_training = is_training
        self.n_unseen = n_unseen
        self.coverage = coverage

    @classmethod
    def from_result(cls, result, *, ax=None, **kwargs):
        """Draw the result of `generation.attractors`.

        Parameters
        ----------
        result : Bunch
            The result of `sklearn_c2c.generation.attractors`.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        **kwargs : dict
            Style, passed on to :meth:`plot`.

        Returns
        -------
        AttractorDisplay

        Raises
        ------
        ValueError
            If no start reached an attractor.
        """
        if not len(result.basins):
            raise ValueError(
                f"None of the {len(result.labels)} starts reached an attractor; "
                "expected at least one. Give attractors a larger max_iter."
            )
        indices = result.training_indices
        display = cls(
            result.basins,
            cycle_lengths=np.array([len(cycle) for cycle in result.cycles]),
            is_training=None if indices is None else indices >= 0,
            n_unseen=result.n_unseen,
            coverage=result.coverage,
        )
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax=None, *, colors=("tab:blue", "tab:orange"), **kwargs):
        """Draw the bars.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        colors : sequence of two colors, default=("tab:blue", "tab:orange")
            Colours of new melodies and of training melodies.
        **kwargs : dict
            Style of all bars, for `matplotlib.axes.Axes.bar`.

        Returns
        -------
        AttractorDisplay
            Itself, with the artists as attributes.
        """
        if ax is None:
            _, ax = studio("matplotlib.pyplot").subplots(
                figsize=(8, 4), layout="constrained"
            )
        basins, ranks = np.asarray(self.basins), np.arange(len(self.basins)) + 1
        is_training = np.zeros(len(basins), int)
        if self.is_training is not None:
            is_training[:] = self.is_training
            self._add_legend(ax, colors, is_training.sum())
        width = 0.85 if len(basins) <= _MOST_WITH_GAPS else 1.0
        style = {"width": width, "color": [colors[i] for i in is_training]} | kwargs
        self.bars_ = ax.bar(ranks, basins, **style)
        self.cycles_ = [
            ax.annotate(
                f"{self.cycle_lengths[i]}",
                (ranks[i], basins[i]),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
                fontsize="x-small",
            )
            for i in np.flatnonzero(np.asarray(self.cycle_lengths) > 1)
        ]
        ax.set_yscale("log")
        # The lower limit keeps basins of one start visible.
        ax.set(ylim=(0.7, 1.8 * basins.max()), xlim=(0.2, len(basins) + 0.8))
        ax.set(xlabel="Attractor", ylabel="Starts that end in it")
        ax.set_title(self._summary(), fontsize="medium")
        ax.xaxis.get_major_locator().set_params(integer=True)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _add_legend(self, ax, colors, n_training):
        patch = studio("matplotlib.patches").Patch
        counts = {
            "New melodies": len(self.basins) - n_training,
            "Training melodies": n_training,
        }
        handles = [
            patch(color=color, label=f"{name} ({count})")
            for color, (name, count) in zip(colors, counts.items(), strict=True)
        ]
        ax.legend(handles=handles, frameon=False)

    def _summary(self):
        lengths = np.asarray(self.cycle_lengths)
        n_cycles = (lengths > 1).sum()
        parts = [f"{len(lengths)} attractors of {np.sum(self.basins)} starts"]
        if n_cycles:
            parts.append(f"{n_cycles} of them cycles (their lengths above the bars)")
        if self.n_unseen is not None:
            parts.append(f"about {self.n_unseen:.0f} more unseen")
        if self.coverage is not None:
            parts.append(f"{self.coverage:.0%} of all starts end in those seen")
        return "; ".join(parts[:2]) + "\n" + "; ".join(parts[2:])
