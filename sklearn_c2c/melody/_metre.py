"""Metres: their parser, and the time steps of their measures and beats."""

import re
from fractions import Fraction
from math import isfinite
from numbers import Integral, Real
from typing import NamedTuple

_SIGNS = {"C": "4/4", "C|": "2/2"}
_METRE = re.compile(r"\(?\s*(\d{1,3}(?:\s*\+\s*\d{1,3})*)\s*\)?\s*/\s*(\d{1,3})")


class Metre(NamedTuple):
    """A metre, by the two numbers of its time signature.

    Parameters
    ----------
    beats : int
        Upper number of the time signature.
    beat_type : int
        Lower number, the note value that is counted: 4 for quarter notes.

    See Also
    --------
    parse_metre : Read a metre from a time signature.

    Examples
    --------
    >>> from sklearn_c2c.melody import Metre
    >>> jig = Metre(6, 8)
    >>> str(jig), jig.is_compound, jig.quarters_per_beat
    ('6/8', True, 1.5)
    >>> jig.steps_per_measure(4), jig.steps_per_beat(4)
    (12, 6)
    """

    beats: int
    beat_type: int

    def __str__(self):
        return f"{self.beats}/{self.beat_type}"

    @property
    def is_compound(self):
        """Whether a beat has three of the counted notes, as in 6/8 and 9/8."""
        return self.beats % 3 == 0 and self.beats > 3 and self.beat_type >= 8

    @property
    def beat(self):
        """Length of a beat, as a part of a whole note: 3/8 in compound metres."""
        return Fraction(self._units_per_beat, self.beat_type)

    @property
    def quarters_per_beat(self):
        """Quarter notes in a beat: 1.5 in compound metres such as 6/8."""
        return float(4 * self.beat)

    @property
    def _units_per_beat(self):
        return 3 if self.is_compound else 1

    def steps_per_measure(self, steps_per_quarter):
        """Time steps in a measure.

        Parameters
        ----------
        steps_per_quarter : int
            Time steps in a quarter note.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            If `steps_per_quarter` is no integer above 0, or the steps are not whole.
        """
        return self._steps("measure", self.beats, steps_per_quarter)

    def steps_per_beat(self, steps_per_quarter):
        """Time steps in a beat: those of three eighths in compound metres such as 6/8.

        Parameters
        ----------
        steps_per_quarter : int
            Time steps in a quarter note.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            If `steps_per_quarter` is no integer above 0, or the steps are not whole.
        """
        return self._steps("beat", self._units_per_beat, steps_per_quarter)

    def _steps(self, what, units, steps_per_quarter):
        """Steps in a number of notes of the lower number's value."""
        if not isinstance(steps_per_quarter, Integral) or steps_per_quarter < 1:
            raise ValueError(
                f"Found steps_per_quarter={steps_per_quarter!r}; expected an "
                f"integer >= 1."
            )
        steps, rest = divmod(4 * int(steps_per_quarter) * units, self.beat_type)
        if rest:
            raise ValueError(
                f"A {what} of {self} is not a whole number of steps at "
                f"steps_per_quarter={steps_per_quarter}; a multiple of it may do."
            )
        return steps


def parse_metre(text):
    """Read a metre such as ``4/4``, ``2+3/8``, ``C`` or ``C|``.

    Parameters
    ----------
    text : str or Metre
        A time signature: beats, which may be a sum, over a note value from 1 to 64; or
        the sign of common time or of cut time.

    Returns
    -------
    Metre

    Raises
    ------
    ValueError
        If the text is no metre.

    Examples
    --------
    >>> from sklearn_c2c.melody import parse_metre
    >>> parse_metre("2+3/8"), str(parse_metre("C|"))
    (Metre(beats=5, beat_type=8), '2/2')
    """
    text = " ".join(str(text).split())  # the pattern is slow on runs of spaces
    match = _METRE.fullmatch(_SIGNS.get(text, text))
    if match:
        beats = sum(int(beat) for beat in match[1].split("+"))
        beat_type = int(match[2])
        if 0 < beats < 1000 and beat_type in (1, 2, 4, 8, 16, 32, 64):
            return Metre(beats, beat_type)
    raise ValueError(
        f"Found the metre {text!r}; expected beats over a note value, "
        f"such as '4/4' or '6/8', or 'C' or 'C|'."
    )


def check_tempo(tempo):
    """Check a tempo: 10 to 1000 quarter notes per minute."""
    if not isinstance(tempo, Real) or not isfinite(tempo) or not 10 <= tempo <= 1000:
        raise ValueError(
            f"Found tempo={tempo!r}; expected quarter notes per minute, 10 to 1000."
        )
