"""Piano rolls: time from left to right, pitch upwards."""

import numpy as np

from sklearn_c2c.display._studio import studio
from sklearn_c2c.melody import (
    check_voices,
    melody_lengths,
    notes_from_melody,
    parse_metre,
    pitch_name,
    split_voices,
)

_ROOM_BETWEEN_ROLLS = 3  # semitones


class PianoRollDisplay:
    """Piano rolls, one below the other: time from left to right, pitch upwards.

    Each note is a bar that begins with its onset, drawn darker, so a repeated note
    and a long one differ. Thin lines separate the measures; a thick one stands at the
    end of a melody that is shorter than others.

    It is recommended to use :meth:`from_melodies` to create a display. All parameters
    are stored as attributes.

    Parameters
    ----------
    notes : list of ndarray of int, each of shape (n_notes, 3)
        For each melody, the onset (steps), duration (steps) and MIDI pitch of its
        notes.
    n_steps : int or array-like of int, shape (n_melodies,)
        Length of the melodies, in steps.
    steps_per_measure : int
        Distance between measure lines, in steps.
    titles : list of str, default=None
        Title above each melody.
    voices : list of ndarray of int, each of shape (n_notes,), default=None
        For each melody, the number of the voice of each note, by which it is coloured.

    Attributes
    ----------
    bars_ : matplotlib BarContainer
        The notes.
    onsets_ : matplotlib LineCollection
        Their onsets.
    ends_ : matplotlib LineCollection
        The ends of the melodies that are shorter than others.
    ax_ : matplotlib Axes
        The axes of the piano rolls.
    figure_ : matplotlib Figure
        The figure that holds them.

    See Also
    --------
    score_svg : The same in staff notation.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn_c2c.display import PianoRollDisplay
    >>> melody = [62, 129, 64, 66, 69, 129, 69, 129]
    >>> PianoRollDisplay.from_melodies(melody, steps_per_quarter=2)
    <...>
    >>> plt.show()
    """

    def __init__(self, notes, *, n_steps, steps_per_measure, titles=None, voices=None):
        self.voices = voices
        self.notes = notes
        self.n_steps = n_steps
        self.steps_per_measure = steps_per_measure
        self.titles = titles

    @classmethod
    def from_melodies(
        cls,
        X,
        *,
        time_signature="4/4",
        steps_per_quarter=4,
        titles=None,
        n_voices=1,
        ax=None,
        **kwargs,
    ):
        """Draw melodies.

        Parameters
        ----------
        X : array-like of int, shape (n_melodies, n_steps) or (n_steps,)
            Legal melodies.
        time_signature : str, default="4/4"
            Metre, for the length of a measure.
        steps_per_quarter : int, default=4
            Steps in a quarter note.
        titles : list of str, default=None
            Title above each melody.
        n_voices : int, default=1
            Number of voices of a row, which are drawn together in colours.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        **kwargs : dict
            Style, passed on to :meth:`plot`.

        Returns
        -------
        PianoRollDisplay
            Or the subclass whose method was called.
        """
        X = np.atleast_2d(check_voices(X, n_voices))
        metre = parse_metre(time_signature)
        if titles is not None and len(titles) != len(X):
            raise ValueError(f"Got {len(titles)} titles for {len(X)} melodies.")
        each = [list(map(notes_from_melody, row)) for row in split_voices(X, n_voices)]
        numbers = np.arange(n_voices)
        voices = [np.repeat(numbers, list(map(len, notes))) for notes in each]
        display = cls(
            [np.vstack(notes) for notes in each],
            n_steps=melody_lengths(X) // n_voices,
            steps_per_measure=metre.steps_per_measure(steps_per_quarter),
            titles=titles,
            voices=None if n_voices == 1 else voices,
        )
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax=None, *, bar_kwargs=None, onset_kwargs=None):
        """Draw the piano rolls.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        bar_kwargs : dict, default=None
            Style of the notes, for `matplotlib.axes.Axes.barh`.
        onset_kwargs : dict, default=None
            Style of their onsets, for `matplotlib.axes.Axes.vlines`.

        Returns
        -------
        PianoRollDisplay
            Itself, with the artists as attributes.
        """
        low, span = self._pitch_range()
        row_height = span + _ROOM_BETWEEN_ROLLS
        if ax is None:
            height = 1.2 + 0.07 * row_height * len(self.notes)
            _, ax = studio("matplotlib.pyplot").subplots(
                figsize=(10, height), layout="constrained"
            )
        # The first melody is on top: its pitches start at the highest row.
        bases = row_height * np.arange(len(self.notes))[::-1]
        onsets, durations, pitches = np.vstack(self.notes).T
        heights = pitches - low + np.repeat(bases, [len(notes) for notes in self.notes])
        color = "tab:blue"
        if self.voices is not None:
            color = [f"C{voice % 10}" for voice in np.concatenate(self.voices)]
        bar_kwargs = {"height": 0.9, "color": color, "alpha": 0.6} | (bar_kwargs or {})
        onset_kwargs = {"color": color, "linewidth": 2} | (onset_kwargs or {})
        # Bars end before the next note, so that two of one pitch do not touch.
        self.bars_ = ax.barh(heights, durations - 0.15, left=onsets, **bar_kwargs)
        self.onsets_ = ax.vlines(
            onsets + 0.05, heights - 0.45, heights + 0.45, **onset_kwargs
        )
        lengths = np.broadcast_to(self.n_steps, len(bases))
        short = lengths < lengths.max()
        self.ends_ = ax.vlines(
            lengths[short],
            bases[short] - 0.5,
            bases[short] + span + 0.5,
            color="0.4",
            linewidth=2,
        )
        self._label(ax, bases, low, span)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _pitch_range(self):
        pitches = np.concatenate([notes[:, 2] for notes in self.notes])
        if pitches.size == 0:
            return 60, 12  # no notes: an octave from middle C
        return pitches.min(), pitches.max() - pitches.min()

    def _label(self, ax, bases, low, span):
        """Name pitches and measures, and put the titles above the rolls."""
        named = [p for p in range(low, low + span + 1) if p % 12 in (0, 4, 7)]
        ax.set_yticks(
            [base + pitch - low for base in bases for pitch in named],
            [pitch_name(pitch) for pitch in named] * len(bases),
            fontsize="x-small",
        )
        n_steps = np.max(self.n_steps)
        starts = np.arange(0, n_steps, self.steps_per_measure)
        ax.set_xticks(starts, np.arange(len(starts)) + 1)
        ax.grid(axis="x", color="0.8", linewidth=0.8)
        ax.set_axisbelow(True)
        top = bases[0] + span + (3 if self.titles is not None else 1)
        ax.set(xlabel="Measure", ylabel="Pitch")
        ax.set(xlim=(-0.5, n_steps), ylim=(-1, top))
        for base in bases[:-1]:
            ax.axhline(base - 1, color="0.8", linewidth=0.8, zorder=0)
        for base, title in zip(bases, self.titles or (), strict=False):
            ax.text(0, base + span + 1.9, title, fontsize="small", va="top")
