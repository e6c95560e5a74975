"""Tunes in exact ticks, as they are read from a file before any choice is made.

A `Tune` keeps what the file says (measures, repeats, ties, several parts), so the
choices of `read_melodies` are array code on it, and one cache serves them all.
"""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from sklearn_c2c.melody import Metre

# Divisible by 2-10, 12, 14-16, ...: the onsets of all usual tuplets are whole numbers.
TICKS_PER_QUARTER = 10080
TICKS_PER_WHOLE = 4 * TICKS_PER_QUARTER

# Columns of Part.notes. TIED: the note goes on in the next one, if that is adjacent
# and has its pitch (ABC writes slurs the same way).
ONSET, DURATION, PITCH, TIED = range(4)

# Columns of Part.measures; a repeat sign or an ending in mid-measure splits it in two.
# START, LENGTH in ticks; BEATS / BEAT_TYPE is the metre, 0 / 0 where none is stated;
# OPENS: a repeat starts here; CLOSES: how often a section that ends here is played, or
# 0; ENDINGS: bit k - 1 is set if this is played the k-th time only, 0 for always.
START, LENGTH, BEATS, BEAT_TYPE, OPENS, CLOSES, ENDINGS = range(7)

MAX_PASSES = 30
MAX_TICKS = TICKS_PER_QUARTER * 2**16
MAX_MEASURES = 2**17  # of all parts together: a few bytes can state as many


# Kinds of reasons why a tune is left out, one or two words each, to count them by.
KINDS = (
    "file",  # it cannot be opened, is too large or of an unknown kind
    "damaged",  # it is not understood
    "empty",  # no notes
    "parts",  # several have notes, or not the one asked for
    "metre",  # another one than asked for, a change, or none stated
    "measures",  # bar lines that do not keep the metre
    "length",  # too few measures, or too many
    "chords",
    "off grid",
    "key",  # none to transpose from
    "mode",  # another one than asked for
    "range",  # of pitches
    "duplicate",
)


class TuneError(ValueError):
    """A tune that cannot be read; the message is the reason, in words.

    Parameters
    ----------
    reason : str
    kind : str, default="damaged"
        One of `KINDS`.
    found : str, int, float or None, default=None
        The tune's own value of the thing asked for (see `Rejection`).
    """

    def __init__(self, reason, kind="damaged", found=None):
        super().__init__(reason)
        self.kind = kind
        self.found = found


def unexpected(error):
    """Reason of a tune that is left out for an unexpected error."""
    message = str(error).split("\n")[0][:200]
    what = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return f"could not be read ({what})"


@dataclass(frozen=True)
class Part:
    """One voice of a tune: notes, measures and fermatas, int64 arrays sorted by time.

    A fermata is the onset of the note that has it, in ticks.
    """

    name: str
    notes: np.ndarray  # (n_notes, 4)
    measures: np.ndarray  # (n_measures, 7)
    id: str = ""  # the file's identifier, beside the name
    chords: tuple[tuple[int, str], ...] = ()  # time in ticks and name of each symbol
    fermatas: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass(frozen=True)
class Tune:
    """One tune as its file states it.

    ``fault`` says why nothing could be read; ``warnings`` has a sentence for each fault
    of the file, or breach of the standard, in spite of which the tune was read.
    """

    number: str = ""
    title: str = ""
    key: str = ""  # "D major", or nothing
    tempo: float | None = None  # quarter notes per minute
    parts: tuple[Part, ...] = ()
    fault: str = ""
    fault_kind: str = "damaged"  # one of KINDS; counts only beside a fault
    warnings: tuple[str, ...] = ()  # sentences
    composer: str = ""

    @property
    def sounding_parts(self):
        """The parts that have notes."""
        return [part for part in self.parts if len(part.notes)]


def ends_of(notes):
    """Ticks at which the notes of a part end."""
    return notes[:, ONSET] + notes[:, DURATION]


def exact(numerator, denominator):
    """Divide exactly: to an int if possible, else to a Fraction.

    Arithmetic on fractions takes ten times as long, and few of them are needed.
    """
    quotient, rest = divmod(numerator, denominator)
    return Fraction(numerator, denominator) if rest else quotient


def make_part(name, notes, measures, part_id="", *, chords=(), fermatas=()):
    """Build a `Part` from rows whose times are ticks, or parts of ticks.

    Notes and measures are rounded to whole ticks at their two ends, so that adjacent
    ones stay adjacent; fermatas, which may come in any order and more than once, as the
    onsets of notes are.
    """
    tables = _in_whole_ticks(notes, 4), _in_whole_ticks(measures, 7)
    chords = tuple((round(time), text) for time, text in chords)
    fermatas = np.array(sorted({round(onset) for onset in fermatas}), np.int64)
    part = Part(name, *tables, part_id, chords, fermatas)
    end = sum(part.measures[-1, [START, LENGTH]]) if len(part.measures) else 0
    if end > MAX_TICKS:
        raise TuneError(
            f"lasts {end // TICKS_PER_QUARTER} quarter notes, more than the "
            f"{MAX_TICKS // TICKS_PER_QUARTER} that are read"
        )
    _check_passes(part.measures)
    return part


def _check_passes(measures):
    """Check that not too many measures sound if every repeat is played."""
    if not len(measures):
        return
    endings, closes = measures[:, [ENDINGS, CLOSES]].max(axis=0).tolist()
    passes = max(1, closes, endings.bit_length())
    if len(measures) * passes > MAX_MEASURES:
        raise TuneError(
            f"has {len(measures)} measures and repeats of {passes} passes, together "
            f"more than the {MAX_MEASURES} that are read"
        )


def _in_whole_ticks(rows, n_columns):
    whole = [
        (round(onset), round(onset + duration) - round(onset), *rest)
        for onset, duration, *rest in rows
    ]
    table = np.array(whole, dtype=np.int64).reshape(-1, n_columns)
    return table[np.argsort(table[:, 0], kind="stable")]


def grid_of(metre):
    """Metre that a tune counts as: cut time has the steps of common time."""
    return Metre(4, 4) if metre == (2, 2) else metre


def measure_ticks(metre):
    """Length of one measure, in ticks."""
    return metre.steps_per_measure(TICKS_PER_QUARTER)
