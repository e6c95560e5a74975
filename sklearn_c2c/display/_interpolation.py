"""Piano rolls of the melodies on a path, with the new notes of each."""

import numpy as np

from sklearn_c2c.display._piano_roll import PianoRollDisplay
from sklearn_c2c.display._studio import studio

_COLORS = "tab:blue", "tab:orange"  # of notes that stayed, of new ones


class InterpolationDisplay(PianoRollDisplay):
    """Piano rolls of a path, one below the other, with the new notes of each melody.

    A note that is not in the melody above with the same onset, duration and pitch has
    the second colour. It serves for interpolations, sweeps, recursion and any other
    sequence of melodies.

    It is recommended to use :meth:`from_melodies` to create a display. All parameters
    are stored as attributes.

    Parameters
    ----------
    notes : list of ndarray of int, each of shape (n_notes, 3)
        For each melody, in order, the onset (steps), duration (steps) and MIDI pitch
        of its notes.
    n_steps : int or array-like of int, shape (n_melodies,)
        Length of the melodies, in steps.
    steps_per_measure : int
        Distance between measure lines, in steps.
    titles : list of str, default=None
        Title above each melody.

    Attributes
    ----------
    is_new_ : list of ndarray of bool, each of shape (n_notes,)
        For each melody, which of its notes are not in the one before.
    bars_ : matplotlib BarContainer
        The notes.
    onsets_ : matplotlib LineCollection
        Their onsets.
    ends_ : matplotlib LineCollection
        The ends of the melodies that are shorter than others.
    legend_ : matplotlib Legend
        Legend of the two colours.
    ax_ : matplotlib Axes
        The axes of the piano rolls.
    figure_ : matplotlib Figure
        The figure that holds them.

    See Also
    --------
    sklearn_c2c.metrics.path_continuity : How even a path is, in numbers.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn_c2c.display import InterpolationDisplay
    >>> path = [[62, 129, 64, 66], [62, 129, 64, 69], [62, 62, 64, 69]]
    >>> display = InterpolationDisplay.from_melodies(path)
    >>> [is_new.tolist() for is_new in display.is_new_[1:]]
    [[False, False, True], [True, True, False, False]]
    >>> plt.show()
    """

    def plot(self, ax=None, *, colors=_COLORS, bar_kwargs=None, onset_kwargs=None):
        """Draw the piano rolls.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        colors : sequence of two colors, default=("tab:blue", "tab:orange")
            Colours of the notes that stayed and of the new ones.
        bar_kwargs : dict, default=None
            Style of the notes, for `matplotlib.axes.Axes.barh`.
        onset_kwargs : dict, default=None
            Style of their onsets, for `matplotlib.axes.Axes.vlines`.

        Returns
        -------
        InterpolationDisplay
            Itself, with the artists as attributes.
        """
        before = [self.notes[0], *self.notes[:-1]]
        self.is_new_ = list(map(_is_new, self.notes, before))
        color = [colors[int(is_new)] for is_new in np.concatenate(self.is_new_)]
        super().plot(
            ax,
            bar_kwargs={"color": color} | (bar_kwargs or {}),
            onset_kwargs={"color": color} | (onset_kwargs or {}),
        )
        patches = studio("matplotlib.patches")
        self.legend_ = self.ax_.legend(
            handles=[
                patches.Patch(color=color, alpha=0.6, label=label)
                for color, label in zip(colors, ("as before", "new"), strict=True)
            ],
            loc="lower right",
            bbox_to_anchor=(1, 1),
            ncols=2,
            frameon=False,
        )
        return self


def _is_new(notes, before):
    """Which notes are not among those of the melody before."""
    known = set(map(tuple, before.tolist()))
    return np.array([note not in known for note in map(tuple, notes.tolist())], bool)
