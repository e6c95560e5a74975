"""Tempo: beats a minute for users, quarter notes a minute inside the package."""

from statistics import median

from sklearn_c2c.cli._arguments import DEFAULT_TEMPO
from sklearn_c2c.cli._wording import CommandError, counted

# Names of the beats that are not quarter notes.
_BEATS = {0.5: "eighths", 1.5: "dotted quarters", 2: "halves", 0.75: "dotted eighths"}

# Share of the tunes that must state a tempo. A few of a large collection, such as an
# old Q:80 without its unit, tell nothing about the others.
FAIR_SHARE = 0.25

_SLOWEST, _FASTEST = 10, 1000  # quarter notes a minute, as the writers accept


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
    from sklearn_c2c.melody import parse_metre

    beat = parse_metre(time_signature).quarters_per_beat
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

    None is also returned if fewer than a quarter of the tunes state one.

    Parameters
    ----------
    tempos : list of float or None
        Quarter notes a minute of each tune.
    time_signature : str
    """
    from sklearn_c2c.melody import parse_metre

    stated = [tempo for tempo in tempos if tempo]
    if not stated or len(stated) < FAIR_SHARE * len(tempos):
        return None
    beat = parse_metre(time_signature).quarters_per_beat
    return min(max(round(median(stated) / beat) * beat, _SLOWEST), _FASTEST)


def describe_tempo(asked, known, tempos, time_signature):
    """Describe the tempo in beats a minute, and its source.

    Parameters
    ----------
    asked, known, time_signature
        As of `choose_tempo`.
    tempos : list of float or None
        As of `usual_tempo`.
    """
    tempo = choose_tempo(asked, known, time_signature)
    n_stated = sum(map(bool, tempos))
    if asked is not None:
        source = "as asked for"
    elif known is not None:
        source = f"the median of {counted(n_stated, 'tune')}"
    elif n_stated:
        states = "states" if n_stated == 1 else "state"
        source = f"the default, as only {n_stated} of {len(tempos)} tunes {states} one"
    else:
        source = "as no tune states one"
    return f"tempo: {beats_a_minute(tempo, time_signature)}, {source}"


def beats_a_minute(tempo, time_signature):
    """Describe a tempo, given in quarter notes a minute, in beats of the metre."""
    from sklearn_c2c.melody import parse_metre

    beat = parse_metre(time_signature).quarters_per_beat
    name = f" ({_BEATS[beat]})" if beat in _BEATS else ""
    return f"{tempo / beat:g} beats{name} a minute"
