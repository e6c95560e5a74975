"""Tempo: beats a minute for users, quarter notes a minute within."""

from statistics import median

from sklearn_c2c.cli._arguments import DEFAULT_TEMPO
from sklearn_c2c.cli._wording import CommandError

_SLOWEST, _FASTEST = 10, 1000  # quarter notes a minute, as the writers take them


def quarters_in_beat(time_signature):
    """Quarter notes in a beat: 1.5 in compound metres such as 6/8."""
    from sklearn_c2c.io._tune import TICKS_PER_QUARTER, beat_ticks

    return beat_ticks(time_signature) / TICKS_PER_QUARTER


def choose_tempo(asked, known, time_signature):
    """Quarter notes a minute: those asked for, or known, or the default.

    Parameters
    ----------
    asked : int or None
        Beats a minute.
    known : float or None
        Quarter notes a minute, of the corpus.
    time_signature : str
    """
    beat = quarters_in_beat(time_signature)
    if asked is None:
        return known or DEFAULT_TEMPO * (beat if beat > 1 else 1)
    tempo = asked * beat
    if not _SLOWEST <= tempo <= _FASTEST:
        low, high = -(-_SLOWEST // beat), _FASTEST // beat
        raise CommandError(
            f"Found --tempo {asked}; expected {low:g} to {high:g} beats a minute in "
            f"{time_signature}."
        )
    return tempo


def usual_tempo(tempos, time_signature):
    """The median of those that are stated, at a whole number of beats, or None.

    Parameters
    ----------
    tempos : list of float or None
        Quarter notes a minute of each tune.
    time_signature : str
    """
    stated = [tempo for tempo in tempos if tempo]
    if not stated:
        return None
    beat = quarters_in_beat(time_signature)
    return min(max(round(median(stated) / beat) * beat, _SLOWEST), _FASTEST)
