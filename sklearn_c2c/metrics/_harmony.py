"""Voice leading and chords of pieces of several voices."""

from itertools import combinations
from typing import NamedTuple

import numpy as np
from sklearn.utils import Bunch

from sklearn_c2c.melody import (
    END,
    N_PITCHES,
    check_voices,
    sounding_pitches,
    split_voices,
)
from sklearn_c2c.metrics._notes import mean_by_melody, notes_of, ratio

# Pitch classes of the chords that count as recognised, from the root: triads (major,
# minor, diminished, augmented) and seventh chords (dominant, major, minor, half
# diminished, diminished, minor with a major seventh).
_CHORDS = (
    (0, 4, 7),
    (0, 3, 7),
    (0, 3, 6),
    (0, 4, 8),
    (0, 4, 7, 10),
    (0, 4, 7, 11),
    (0, 3, 7, 10),
    (0, 3, 6, 10),
    (0, 3, 6, 9),
    (0, 3, 7, 11),
)
_FIFTH, _OCTAVE = 7, 0

# Usual lowest and highest pitches of soprano, alto, tenor and bass.
_RANGES = ((60, 81), (53, 74), (48, 69), (40, 62))

# Voices that make a chord; fewer are an interval.
_LEAST_VOICES = 3


class _Voices(NamedTuple):
    """Pieces as `rows` of (n_pieces · n_voices, n_steps), and what sounds in them.

    `pitches` is (n_pieces, n_voices, n_steps), and `sounds` tells where it is a pitch.
    """

    n_voices: int
    rows: np.ndarray
    pitches: np.ndarray
    sounds: np.ndarray

    def together(self, high, low):
        """Steps of each piece at which both of two voices sound."""
        return self.sounds[:, high] & self.sounds[:, low]

    def neighbors(self):
        """Indices of each voice and the one below it."""
        return [(voice, voice + 1) for voice in range(self.n_voices - 1)]


def harmony_statistics(X, *, n_voices=4, ranges=None, steps_per_beat=4):
    """Compute all measures of harmony, as a table with one row for each piece.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        The voices of each piece one after the other, the highest first; each is a legal
        melody.
    n_voices : int, default=4
        Number of voices.
    ranges : array-like of int, shape (n_voices, 2), default=None
        Lowest and highest usual pitch of each voice. None takes those of
        `out_of_range_share` for four voices, and leaves that column out for others.
    steps_per_beat : int, default=4
        Steps per beat, for the chords.

    Returns
    -------
    table : Bunch
        Columns by name, each an ndarray of shape (n_pieces,): ``voice_crossings``,
        ``parallel_fifths``, ``parallel_octaves``, ``wide_spacing_share``,
        ``voice_leap_share``, ``chord_share``, ``chord_tone_share`` and, with ranges,
        ``out_of_range_share``, from the functions of these names.
        ``pandas.DataFrame(table)`` converts it.

    See Also
    --------
    compare_harmony : The means beside those of a corpus.

    Examples
    --------
    Two triads, in four voices of two steps each:

    >>> X = [[74, 72, 69, 67, 66, 64, 50, 48]]
    >>> table = harmony_statistics(X, steps_per_beat=1)
    >>> table.chord_share, table.parallel_fifths, table.parallel_octaves
    (array([1.]), array([1]), array([1]))
    """
    voices = {"n_voices": n_voices}
    table = {
        "voice_crossings": voice_crossings(X, **voices),
        "parallel_fifths": parallel_fifths(X, **voices),
        "parallel_octaves": parallel_octaves(X, **voices),
        "wide_spacing_share": wide_spacing_share(X, **voices),
        "voice_leap_share": voice_leap_share(X, **voices),
    }
    if ranges is not None or n_voices == len(_RANGES):
        table["out_of_range_share"] = out_of_range_share(X, ranges=ranges)
    beats = {"n_voices": n_voices, "steps_per_beat": steps_per_beat}
    table["chord_share"] = chord_share(X, **beats)
    table["chord_tone_share"] = chord_tone_share(X, **beats)
    return Bunch(**table)


def compare_harmony(X, corpus, *, n_voices=4, steps_per_beat=4):
    """Compare the mean measures of harmony of pieces with those of a corpus.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`.
    corpus : array-like of int, shape (n_others, n_voices * n_others_steps)
        The corpus, such as Bach's chorales. The ranges are those of its voices.
    n_voices : int, default=4
        Number of voices.
    steps_per_beat : int, default=4
        Steps per beat, for the chords.

    Returns
    -------
    comparison : Bunch
        For each column of `harmony_statistics` a tuple of its mean over the pieces and
        over the corpus. Pieces without a value do not count; NaN if none has one.

    Raises
    ------
    ValueError
        If a voice of the corpus has no notes.

    Examples
    --------
    >>> triads = [[74, 72, 69, 67, 66, 64, 50, 48]]
    >>> contrary = [[74, 76, 69, 69, 66, 67, 50, 49]]
    >>> compare_harmony(triads, contrary, steps_per_beat=1).parallel_fifths
    (1.0, 0.0)
    """
    ranges = _ranges_of(_voices(corpus, n_voices))
    options = {"ranges": ranges, "n_voices": n_voices, "steps_per_beat": steps_per_beat}
    table = harmony_statistics(X, **options)
    others = harmony_statistics(corpus, **options)
    return Bunch(**{n: (_mean(table[n]), _mean(others[n])) for n in table})


def voice_accuracy(X, others, *, n_voices=4):
    """Share of the steps at which each voice sounds the same pitch in two sets.

    Parameters
    ----------
    X, others : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`, and others to compare with,
        in the same order.
    n_voices : int, default=4
        Number of voices.

    Returns
    -------
    accuracy : ndarray of float, shape (n_voices,)
        Of the steps at which at least one of the two has not ended; a rest is the same
        as a rest, and a held pitch as one that begins. NaN without any.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> voice_accuracy([[74, 72, 69, 67]], [[74, 129, 69, 67]], n_voices=2)
    array([0.5, 1. ])
    """
    pitches, of_others = _voices(X, n_voices).pitches, _voices(others, n_voices).pitches
    if pitches.shape != of_others.shape:
        raise ValueError(
            f"Expected as many pieces, of as many steps, in both sets, got shapes "
            f"{np.shape(X)} and {np.shape(others)}."
        )
    exists = (pitches != END) | (of_others != END)
    same = exists & (pitches == of_others)
    return ratio(same.sum(axis=(0, 2)), exists.sum(axis=(0, 2)))


def voice_crossings(X, *, n_voices=4):
    """Number of voice crossings: a voice comes to sound above the one over it.

    A crossing of neighboring voices counts once, at its first step.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`.
    n_voices : int, default=4
        Number of voices.

    Returns
    -------
    number : ndarray of int, shape (n_pieces,)

    Examples
    --------
    Of two voices the lower one crosses in the second step, and holds:

    >>> voice_crossings([[67, 129, 129, 60, 69, 129]], n_voices=2)
    array([1])
    """
    voices = _voices(X, n_voices)
    number = np.zeros(len(voices.pitches), dtype=int)
    for high, low in voices.neighbors():
        pitches = voices.pitches
        crossed = voices.together(high, low) & (pitches[:, high] < pitches[:, low])
        crossed[:, 1:] &= ~crossed[:, :-1]
        number += crossed.sum(axis=1)
    return number


def parallel_fifths(X, *, n_voices=4):
    """Number of parallel fifths.

    Two voices are in parallel fifths if they sound a perfect fifth, or one and some
    octaves, at two steps in succession, and both have moved in between, in the same
    direction. A fifth that is repeated or held is none, nor is contrary motion.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`.
    n_voices : int, default=4
        Number of voices; each pair of them counts.

    Returns
    -------
    number : ndarray of int, shape (n_pieces,)

    Examples
    --------
    From D and A to C and G, and back by contrary motion, G up and D down:

    >>> parallel_fifths([[69, 67, 69, 62, 60, 50]], n_voices=2)
    array([1])
    """
    return _parallels(_voices(X, n_voices), _FIFTH)


def parallel_octaves(X, *, n_voices=4):
    """Number of parallel octaves and unisons, counted as `parallel_fifths`.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`.
    n_voices : int, default=4
        Number of voices; each pair of them counts.

    Returns
    -------
    number : ndarray of int, shape (n_pieces,)

    Examples
    --------
    >>> parallel_octaves([[74, 72, 72, 62, 60, 60]], n_voices=2)
    array([1])
    """
    return _parallels(_voices(X, n_voices), _OCTAVE)


def out_of_range_share(X, *, ranges=None):
    """Share of the notes that lie outside the range of their voice.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`.
    ranges : array-like of int, shape (n_voices, 2), default=None
        Lowest and highest usual pitch of each voice. None takes those of soprano (C4 to
        A5), alto (F3 to D5), tenor (C3 to A4) and bass (E2 to D4).

    Returns
    -------
    share : ndarray of float, shape (n_pieces,)
        NaN for a piece without notes.

    Raises
    ------
    ValueError
        If the ranges are not a low and a high pitch for each voice.

    Examples
    --------
    >>> out_of_range_share([[60, 84, 48, 129]], ranges=[(60, 81), (48, 69)])
    array([0.33333333])
    """
    ranges = np.asarray(_RANGES if ranges is None else ranges)
    if ranges.ndim != 2 or ranges.shape[1] != 2 or (ranges[:, 0] > ranges[:, 1]).any():
        raise ValueError(
            f"Expected ranges of shape (n_voices, 2), the lowest and the highest pitch "
            f"of each voice, got {ranges.tolist()}."
        )
    voices = _voices(X, len(ranges))
    rows = voices.rows.reshape(voices.pitches.shape)
    onsets = rows < N_PITCHES
    low, high = ranges.T[:, :, np.newaxis]
    outside = onsets & ((rows < low) | (rows > high))
    return ratio(outside.sum(axis=(1, 2)), onsets.sum(axis=(1, 2)))


def wide_spacing_share(X, *, n_voices=4):
    """Share of the steps at which upper voices are more than an octave apart.

    The lowest voice may be further from the one above it.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`.
    n_voices : int, default=4
        Number of voices; of two both are upper ones.

    Returns
    -------
    share : ndarray of float, shape (n_pieces,)
        Of the steps at which two neighboring upper voices sound; NaN without any.

    Examples
    --------
    >>> wide_spacing_share([[74, 76, 67, 62, 60, 60]], n_voices=3)
    array([0.5])
    """
    voices = _voices(X, n_voices)
    pairs = voices.neighbors()
    is_wide = is_counted = np.zeros(
        (len(voices.pitches), voices.pitches.shape[2]), bool
    )
    for high, low in pairs[: max(1, len(pairs) - 1)]:
        together = voices.together(high, low)
        apart = voices.pitches[:, high] - voices.pitches[:, low]
        is_counted = is_counted | together
        is_wide = is_wide | (together & (apart > 12))
    return ratio(is_wide.sum(axis=1), is_counted.sum(axis=1))


def voice_leap_share(X, *, n_voices=4):
    """Share of the intervals within voices that exceed a perfect fourth.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`.
    n_voices : int, default=4
        Number of voices.

    Returns
    -------
    share : ndarray of float, shape (n_pieces,)
        Over all voices, rests between two notes ignored; NaN where each voice has fewer
        than two notes.

    Examples
    --------
    >>> voice_leap_share([[74, 72, 72, 62, 55, 60]], n_voices=2)
    array([0.25])
    """
    voices = _voices(X, n_voices)
    notes = notes_of(voices.rows)
    piece = notes.melody[notes.followed()] // n_voices
    return mean_by_melody(len(voices.pitches), piece, np.abs(notes.intervals()) > 5)


def chord_share(X, *, n_voices=4, steps_per_beat=4):
    """Share of the beats at which a recognised chord sounds.

    All pitch classes that sound at the first step of the beat belong to one triad or
    seventh chord (major, minor, diminished, augmented; dominant, major, minor, half
    diminished or diminished seventh, minor with a major seventh), of which the root and
    the third sound.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`.
    n_voices : int, default=4
        Number of voices.
    steps_per_beat : int, default=4
        Steps per beat.

    Returns
    -------
    share : ndarray of float, shape (n_pieces,)
        Of the beats at which at least three voices sound, of two voices both; NaN
        without any.

    Examples
    --------
    D minor, and a second beat at which E and F clash:

    >>> chord_share([[74, 129, 69, 64, 65, 129]], n_voices=3, steps_per_beat=1)
    array([0.5])
    """
    is_in_chord, sounds, present = _chord_members(X, n_voices, steps_per_beat)
    all_in = (is_in_chord | ~sounds[..., np.newaxis, :]).all(axis=-1)
    return _beat_share((all_in & present).any(axis=-1), sounds)


def chord_tone_share(X, *, n_voices=4, steps_per_beat=4):
    """Share of the voices, at each beat, that belong to the chord that fits best.

    The chords are those of `chord_share`, and the one with the most voices is taken.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`.
    n_voices : int, default=4
        Number of voices.
    steps_per_beat : int, default=4
        Steps per beat.

    Returns
    -------
    share : ndarray of float, shape (n_pieces,)
        Mean over the beats that `chord_share` counts.

    Examples
    --------
    >>> X = [[74, 129, 69, 64, 65, 129]]
    >>> chord_tone_share(X, n_voices=3, steps_per_beat=1).round(3)
    array([0.833])
    """
    is_in_chord, sounds, _ = _chord_members(X, n_voices, steps_per_beat)
    most = is_in_chord.sum(axis=-1).max(axis=-1, initial=0)
    return _beat_share(ratio(most, sounds.sum(axis=-1)), sounds)


def _voices(X, n_voices):
    """Check pieces; a single one is a set of one."""
    voices = split_voices(np.atleast_2d(check_voices(X, n_voices)), n_voices)
    pitches = sounding_pitches(voices)
    rows = voices.reshape(-1, voices.shape[-1])
    return _Voices(n_voices, rows, pitches, pitches < N_PITCHES)


def _ranges_of(voices):
    """Lowest and highest pitch of each voice."""
    by_voice = [
        pitches[sounds]
        for pitches, sounds in zip(
            voices.pitches.swapaxes(0, 1), voices.sounds.swapaxes(0, 1), strict=True
        )
    ]
    for voice, pitches in enumerate(by_voice):
        if not pitches.size:
            raise ValueError(f"Found no note in voice {voice} of the corpus.")
    return [(int(pitches.min()), int(pitches.max())) for pitches in by_voice]


def _mean(column):
    """Mean of the values that are not NaN."""
    known = column[~np.isnan(column)]
    return float(known.mean()) if len(known) else np.nan


def _parallels(voices, interval):
    """Number of parallel motions of each piece at an interval, modulo octaves."""
    motion = np.sign(np.diff(voices.pitches, axis=2))
    number = np.zeros(len(voices.pitches), dtype=int)
    for high, low in combinations(range(voices.n_voices), 2):
        apart = np.abs(voices.pitches[:, high] - voices.pitches[:, low]) % 12
        is_there = voices.together(high, low) & (apart == interval)
        moves = (motion[:, high] == motion[:, low]) & (motion[:, high] != 0)
        number += (is_there[:, 1:] & is_there[:, :-1] & moves).sum(axis=1)
    return number


def _chord_members(X, n_voices, steps_per_beat):
    """Which voices sound at each beat, and belong to each chord.

    Returns
    -------
    is_in_chord : ndarray of bool, shape (n_pieces, n_beats, n_chords, n_voices)
        Whether a voice sounds a pitch class of the chord.
    sounds : ndarray of bool, shape (n_pieces, n_beats, n_voices)
    present : ndarray of bool, shape (n_pieces, n_beats, n_chords)
        Whether root and third of the chord sound.
    """
    if steps_per_beat < 1:
        raise ValueError(
            f"Expected steps_per_beat of at least 1, got {steps_per_beat}."
        )
    voices = _voices(X, n_voices)
    beats = voices.pitches[:, :, ::steps_per_beat].swapaxes(1, 2)
    sounds = beats < N_PITCHES
    members = np.zeros((len(_CHORDS), 12, 12), bool)  # of chord, root and pitch class
    for chord, tones in enumerate(_CHORDS):
        for root in range(12):
            members[chord, root, (root + np.array(tones)) % 12] = True
    members = members.reshape(-1, 12)
    is_in_chord = members[:, beats % 12].transpose(1, 2, 0, 3)
    is_in_chord = is_in_chord & sounds[:, :, np.newaxis, :]
    classes = (np.arange(12) == (beats % 12)[..., np.newaxis]) & sounds[..., np.newaxis]
    heard = classes.any(axis=2)
    roots = np.tile(np.arange(12), len(_CHORDS))
    thirds = (roots + np.repeat([tones[1] for tones in _CHORDS], 12)) % 12
    return is_in_chord, sounds, heard[..., roots] & heard[..., thirds]


def _beat_share(values, sounds):
    """Mean of the values of each piece over the beats at which enough voices sound."""
    is_counted = sounds.sum(axis=-1) >= min(_LEAST_VOICES, sounds.shape[-1])
    total = np.where(is_counted, values, 0).sum(axis=1)
    return ratio(total, is_counted.sum(axis=1))
