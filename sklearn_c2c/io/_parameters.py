"""The parameters of `read_melodies`, checked."""

from dataclasses import dataclass

import numpy as np

from sklearn_c2c.io._tune import TICKS_PER_QUARTER
from sklearn_c2c.melody import parse_metre, parse_mode, stated_mode

MAX_MEASURES = 4096

MAX_VOICES = 64

# The finest grid: 48 is that of both 64ths and 32nd triplets.
MAX_STEPS_PER_QUARTER = 48


@dataclass(frozen=True)
class Choice:
    """The parameters of `read_melodies`, checked."""

    n_measures: int | tuple[int | None, int | None] | None = 8
    steps_per_quarter: int | str = 4
    time_signature: str | None = None
    key: str | None = None
    mode: str | None = None
    repeats: str = "written"
    pickup: str = "drop"
    part: str | int | None = None
    voices: int | tuple[str | int, ...] | None = None
    chords: str = "reject"
    off_grid: str = "round"
    pitch_range: tuple[int, int] | None = None
    duplicates: str = "keep"

    def __post_init__(self):
        _check_n_measures(self.n_measures)
        if self.steps_per_quarter != "auto":
            _check_count(
                "steps_per_quarter", self.steps_per_quarter, MAX_STEPS_PER_QUARTER
            )
        _check_option("repeats", self.repeats, ("written", "played"))
        _check_option("pickup", self.pickup, ("drop", "keep"))
        _check_option("chords", self.chords, ("reject", "highest"))
        _check_option("off_grid", self.off_grid, ("round", "reject"))
        _check_option("duplicates", self.duplicates, ("keep", "drop"))
        if self.time_signature is not None:
            parse_metre(self.time_signature)
        _check_part(self.part)
        _check_voices(self)
        _check_mode(self.key, self.mode)
        if self.pitch_range is not None:
            bounds = tuple(np.ravel(self.pitch_range))
            if len(bounds) != 2 or not 0 <= bounds[0] <= bounds[1] <= 127:
                raise ValueError(
                    f"Found pitch_range={self.pitch_range}; expected two MIDI pitches "
                    f"0-127, the lower first."
                )

    @property
    def is_whole(self):
        """Whether tunes are read whole, whatever their length."""
        return not _is_whole_number(self.n_measures)

    @property
    def n_voices(self):
        """Number of voices of a row."""
        if self.voices is None:
            return 1
        return self.voices if _is_whole_number(self.voices) else len(self.voices)

    @property
    def limits(self):
        """Lowest and highest number of measures of whole tunes, None for no limit."""
        return (None, None) if self.n_measures is None else self.n_measures

    @property
    def less_than_half_a_step(self):
        """Most ticks by which an onset is moved to the next step."""
        if self.steps_per_quarter == "auto":
            return 0
        return (TICKS_PER_QUARTER - 1) // (2 * self.steps_per_quarter)

    @property
    def only_mode(self):
        """The mode that tunes must have, or None for any."""
        if self.mode is None:
            return None if self.key is None else stated_mode(self.key)
        return None if self.mode == "any" else parse_mode(self.mode)


def _is_whole_number(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _check_count(name, value, most):
    if not _is_whole_number(value) or not 1 <= value <= most:
        raise ValueError(f"Found {name}={value!r}; expected an integer 1 to {most}.")


def _check_n_measures(value):
    """Check a number of measures, or limits for that of whole tunes."""
    if value is None:
        return
    if _is_whole_number(value):
        _check_count("n_measures", value, MAX_MEASURES)
        return
    if not isinstance(value, (tuple, list)):
        raise ValueError(
            f"Found n_measures={value!r}; expected an integer 1 to {MAX_MEASURES}, "
            f"or None or (low, high) for whole tunes."
        )
    limits = [limit for limit in value if limit is not None]
    are_counts = all(
        _is_whole_number(limit) and 1 <= limit <= MAX_MEASURES for limit in limits
    )
    if len(value) != 2 or not are_counts or limits != sorted(limits):
        raise ValueError(
            f"Found n_measures={value!r}; expected (low, high), each an integer 1 to "
            f"{MAX_MEASURES} or None for no limit, the lower first."
        )


def _check_option(name, value, options):
    if value not in options:
        raise ValueError(
            f"Found {name}={value!r}; expected {' or '.join(map(repr, options))}."
        )


def _check_part(part):
    if not (part is None or isinstance(part, str) or _is_whole_number(part)):
        raise ValueError(
            f"Found part={part!r}; expected a name, a number from 0, 'melody' or None."
        )


def _check_voices(choice):
    """Check which voices are to be read, and what does not go with several."""
    voices = choice.voices
    if voices is None:
        return
    if not _is_whole_number(voices):
        is_list = isinstance(voices, (list, tuple)) and len(voices) > 0
        if not is_list or not all(
            isinstance(voice, str) or _is_whole_number(voice) for voice in voices
        ):
            raise ValueError(
                f"Found voices={voices!r}; expected a number of voices, or a list of "
                "the names or numbers of their parts."
            )
    else:
        _check_count("voices", voices, MAX_VOICES)
    if choice.part is not None:
        raise ValueError(
            f"Found part={choice.part!r} and voices={voices!r}; expected one of them, "
            "part for a melody or voices for several."
        )
    if choice.is_whole:
        raise ValueError(
            f"Found voices={voices!r} with n_measures={choice.n_measures!r}; voices do "
            "not end early. Pass n_measures as an integer."
        )


def _check_mode(key, mode):
    stated = None if key is None else stated_mode(key)
    if mode in (None, "any"):
        return
    if stated not in (None, parse_mode(mode)):
        raise ValueError(
            f"Found key={key!r} and mode={mode!r}, which contradict each other; name "
            f"the tonic alone, or mode='any' to move tunes of all modes to it."
        )
