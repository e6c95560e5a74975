"""The corpus that a model has learned, as the command keeps it beside the model."""

from typing import NamedTuple

import numpy as np

from sklearn_c2c.cli._wording import counted, measures_in_words


class Learned(NamedTuple):
    """A corpus that a model has learned: the metadata of its file.

    Parameters
    ----------
    name : str
    data : ndarray of int, shape (n_melodies, n_steps)
    titles : list of str
    key : str or None
        Key to engrave in: the tonic of all, and the mode of most.
    tempo : float or None
        Quarter notes a minute.
    reading : dict
        Parameters of `io.read_melodies` that read other tunes in the same way.
    n_left_out : int, default=0
        Tunes of the files that were not read.
    """

    name: str
    data: np.ndarray
    titles: list
    key: str | None
    tempo: float | None
    reading: dict
    n_left_out: int = 0

    @property
    def n_steps(self):
        """Time steps of a melody."""
        return self.data.shape[1]

    @property
    def is_whole(self):
        """Whether the melodies are whole tunes, each of its own length."""
        return not isinstance(self.reading["n_measures"], int)

    @property
    def n_measures(self):
        """Measures of the longest melody, not counting that of a pick-up."""
        return self.n_steps // self.steps_per_measure - self.has_pickup

    @property
    def length(self):
        """Measures of each melody, in words."""
        from sklearn_c2c.melody import melody_lengths

        if not self.is_whole:
            return counted(self.n_measures, "measure")
        shortest = int(melody_lengths(self.data).min())
        n_shortest = shortest // self.steps_per_measure - self.has_pickup
        return measures_in_words(n_shortest, self.n_measures)

    @property
    def metre(self):
        """The metre of all melodies."""
        from sklearn_c2c.melody import parse_metre

        return parse_metre(self.reading["time_signature"])

    @property
    def steps_per_measure(self):
        """Time steps of a measure."""
        return self.metre.steps_per_measure(self.reading["steps_per_quarter"])

    @property
    def has_pickup(self):
        """Whether melodies begin with the measure of a pick-up."""
        return self.reading.get("pickup") == "keep"

    @property
    def notation(self):
        """Keywords that write a melody with `io.write_melody` or `page.write_page`."""
        return {
            "time_signature": self.reading["time_signature"],
            "steps_per_quarter": self.reading["steps_per_quarter"],
            "key": self.key,
            "tempo": self.tempo,
            "pickup": self.has_pickup,
            "repeats": "signs" if self.is_whole else "played",
        }
