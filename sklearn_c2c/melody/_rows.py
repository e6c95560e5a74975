"""Melodies as rows of integers: their tokens, their notes, their checks."""

import numpy as np

REST = 128
HOLD = 129
END = 130
N_PITCHES = 128

_PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def pitch_name(pitch):
    """Name a MIDI pitch, sharps only, middle C being C4.

    Parameters
    ----------
    pitch : int
        MIDI pitch, 0-127.

    Returns
    -------
    str

    Examples
    --------
    >>> pitch_name(60), pitch_name(55), pitch_name(83)
    ('C4', 'G3', 'B5')
    """
    return f"{_PITCH_CLASSES[pitch % 12]}{pitch // 12 - 1}"


def check_melodies(X):
    """Check that rows are melodies, and return them as ``int16``.

    Parameters
    ----------
    X : array-like of shape (n_melodies, n_steps) or (n_steps,)
        Integers (of any dtype) in 0-130. A `HOLD` must have a note to hold: it may
        stand neither in the first step nor after a `REST`. A melody that is shorter
        than the row is filled up with `END`; it has at least one step.

    Returns
    -------
    ndarray of int16, same shape as `X`

    Raises
    ------
    ValueError
        If a value is masked or no token, a hold has no note before it, a melody is
        empty or goes on after its end. The message names the melody, the step and the
        value.

    Examples
    --------
    >>> check_melodies([[62, 129, 128, 64]])
    array([[ 62, 129, 128,  64]], dtype=int16)
    """
    if np.ma.is_masked(X):
        raise ValueError(
            f"Found {np.ma.count_masked(X)} masked values, expected none. Where they "
            f"stand for the end of a melody, fill them in: X.filled({END})."
        )
    X = np.asarray(X)
    if X.ndim not in (1, 2) or X.shape[-1] == 0:
        raise ValueError(
            f"Expected melodies of shape (n_melodies, n_steps) or (n_steps,), "
            f"got shape {X.shape}."
        )
    if X.dtype.kind not in "iufb":
        raise ValueError(
            f"Expected integers 0-130 (pitch, REST={REST}, HOLD={HOLD}, END={END}), "
            f"got dtype {X.dtype}."
        )
    # NaN compares false, so it is refused here too.
    is_token = (X >= 0) & (X <= END)
    if X.dtype.kind == "f":
        is_token &= X == np.floor(X)
    raise_where(
        X,
        ~is_token,
        f"expected a MIDI pitch 0-127, REST={REST}, HOLD={HOLD} or END={END}",
    )
    melodies = X.astype(np.int16)
    _check_ends(melodies)
    # The first orphan hold of a row is at step 0 or right after a rest.
    orphans = melodies == HOLD
    orphans[..., 1:] &= melodies[..., :-1] == REST
    raise_where(
        melodies,
        orphans,
        "a HOLD with no note before it to hold; mend_orphan_holds turns it into a rest",
    )
    return melodies


def _check_ends(melodies):
    """Check that melodies have steps, and none after their ends."""
    ended = melodies == END
    if not ended.any():
        return
    is_empty = np.zeros_like(ended)
    is_empty[..., 0] = ended[..., 0]
    raise_where(
        melodies, is_empty, "an END in the first step; a melody has at least one step"
    )
    goes_on = np.zeros_like(ended)
    goes_on[..., 1:] = ended[..., :-1] & ~ended[..., 1:]
    raise_where(
        melodies,
        goes_on,
        f"this stands after an END={END}; only END may follow, to fill up the row",
    )


def melody_lengths(X):
    """Count the steps of each melody before its end.

    Parameters
    ----------
    X : ndarray of int, shape (..., n_steps)
        Legal melodies (see `check_melodies`).

    Returns
    -------
    ndarray of int, shape (...)

    Examples
    --------
    >>> melody_lengths(np.array([[62, 129, 64, 129], [62, 64, 130, 130]]))
    array([4, 2])
    """
    return (X != END).sum(axis=-1)


def pad_melodies(melodies, *, n_steps=None):
    """Stack melodies of different lengths, each filled up with `END`.

    Parameters
    ----------
    melodies : list of array-like of int, each of shape (n_steps_i,)
        Legal melodies (see `check_melodies`).
    n_steps : int, default=None
        Length of the rows. None takes that of the longest melody.

    Returns
    -------
    ndarray of int16, shape (n_melodies, n_steps)

    Raises
    ------
    ValueError
        If there is no melody, one is not legal or not a row of steps, or one is longer
        than `n_steps`.

    Examples
    --------
    >>> pad_melodies([[62, 129, 64], [62]])
    array([[ 62, 129,  64],
           [ 62, 130, 130]], dtype=int16)
    """
    melodies = [check_melodies(melody) for melody in melodies]
    if not melodies:
        raise ValueError("Expected at least one melody, got none.")
    for melody in melodies:
        if melody.ndim != 1:
            raise ValueError(
                f"Expected melodies of shape (n_steps,), got one of {melody.shape}; "
                "give the rows one by one."
            )
    melodies = [melody[melody != END] for melody in melodies]
    longest = max(map(len, melodies))
    n_steps = longest if n_steps is None else n_steps
    if longest > n_steps:
        raise ValueError(
            f"Expected melodies of at most n_steps={n_steps}, got one of {longest}."
        )
    rows = np.full((len(melodies), n_steps), END, dtype=np.int16)
    for row, melody in zip(rows, melodies, strict=True):
        row[: len(melody)] = melody
    return rows


def raise_where(X, wrong, why):
    """Raise a `ValueError` naming the first value of `X` where `wrong` is true.

    Parameters
    ----------
    X : ndarray of shape (n_melodies, n_steps) or (n_steps,)
    wrong : ndarray of bool, same shape as `X`
    why : str
        What was expected, and what to do.
    """
    if wrong.any():
        *row, step = np.argwhere(wrong)[0]
        value = X[(*row, step)]
        where = f"melody {row[0]}, step {step}" if row else f"step {step}"
        raise ValueError(f"Found {value} at {where}: {why}.")


def mend_orphan_holds(X):
    """Turn every hold that has no note to hold into a rest.

    A `HOLD` in the first step or after a `REST` is not legal. As a rest it means what
    is heard: silence until the next onset.

    Parameters
    ----------
    X : ndarray of int, shape (..., n_steps)

    Returns
    -------
    ndarray, same shape and dtype as `X`

    Examples
    --------
    >>> mend_orphan_holds(np.array([129, 62, 129, 128, 129, 64]))
    array([128,  62, 129, 128, 128,  64])
    """
    last = _last_event(X)
    held = np.take_along_axis(X, np.maximum(last, 0), axis=-1)
    return np.where((X == HOLD) & ((last < 0) | (held == REST)), X.dtype.type(REST), X)


def _last_event(X):
    """Index of the last step up to each one that has no hold, or -1."""
    steps = np.arange(X.shape[-1])
    return np.maximum.accumulate(np.where(X == HOLD, -1, steps), axis=-1)


def sounding_pitches(X):
    """Replace every hold by the pitch it holds: the pitch sounding at each step.

    Parameters
    ----------
    X : ndarray of int, shape (..., n_steps)
        Legal melodies (see `check_melodies`).

    Returns
    -------
    ndarray, same shape and dtype as `X`
        MIDI pitches, `REST`, and `END` after the end.

    Examples
    --------
    >>> sounding_pitches(np.array([62, 129, 128, 128, 64, 64]))
    array([ 62,  62, 128, 128,  64,  64])
    """
    return np.take_along_axis(X, _last_event(X), axis=-1)


def notes_from_melody(melody):
    """List the notes of one melody.

    Parameters
    ----------
    melody : array-like of int, shape (n_steps,)
        A legal melody (see `check_melodies`).

    Returns
    -------
    ndarray of int, shape (n_notes, 3)
        Onset (steps), duration (steps) and MIDI pitch of each note, by onset.

    Examples
    --------
    >>> notes_from_melody([62, 129, 62, 128, 64, 129])
    array([[ 0,  2, 62],
           [ 2,  1, 62],
           [ 4,  2, 64]])
    """
    melody = check_melodies(melody)
    events = np.flatnonzero(melody != HOLD)
    durations = np.diff(events, append=len(melody))
    sounds = melody[events] < N_PITCHES
    return np.column_stack([events, durations, melody[events]])[sounds]


def melody_from_notes(notes, n_steps):
    """Write notes into one row of steps; where no note sounds there is rest.

    Parameters
    ----------
    notes : array-like of int, shape (n_notes, 3)
        Onset (steps), duration (steps) and MIDI pitch. Notes must not overlap.
    n_steps : int
        Length of the melody, in steps.

    Returns
    -------
    ndarray of int16, shape (n_steps,)

    Raises
    ------
    ValueError
        If notes overlap, leave the melody, last less than a step or have no MIDI pitch.

    Examples
    --------
    >>> melody_from_notes([[0, 2, 62], [2, 1, 62], [4, 2, 64]], n_steps=6)
    array([ 62, 129,  62, 128,  64, 129], dtype=int16)
    """
    notes = np.asarray(notes, dtype=int).reshape(-1, 3)
    onsets, durations, pitches = notes[np.argsort(notes[:, 0], kind="stable")].T
    ends = onsets + durations
    if (durations < 1).any() or (onsets < 0).any() or (ends > n_steps).any():
        raise ValueError(
            f"Notes must last at least one step and lie in steps 0 to {n_steps}, got "
            f"onsets {onsets.tolist()} with durations {durations.tolist()}."
        )
    if ((pitches < 0) | (pitches >= N_PITCHES)).any():
        raise ValueError(f"Expected MIDI pitches 0-127, got {pitches.tolist()}.")
    overlaps = np.flatnonzero(ends[:-1] > onsets[1:])
    if len(overlaps):
        raise ValueError(
            f"A melody has one note at a time, but the note at step "
            f"{onsets[overlaps[0]]} still sounds at step {onsets[overlaps[0] + 1]}."
        )
    melody = np.full(n_steps, REST, dtype=np.int16)
    for onset, end, pitch in zip(onsets, ends, pitches, strict=True):
        melody[onset] = pitch
        melody[onset + 1 : end] = HOLD
    return melody


def transpose(X, semitones):
    """Move every pitch by a number of semitones; other tokens stay.

    Parameters
    ----------
    X : array-like of int, shape (..., n_steps)
        Legal melodies.
    semitones : int
        Positive is up.

    Returns
    -------
    ndarray of int16, same shape as `X`

    Raises
    ------
    ValueError
        If a pitch leaves 0-127.

    Examples
    --------
    >>> transpose([60, 129, 128], 2)
    array([ 62, 129, 128], dtype=int16)
    """
    X = check_melodies(X)
    moved = X + np.int16(semitones)
    sounds = X < N_PITCHES
    raise_where(
        X,
        sounds & ((moved < 0) | (moved >= N_PITCHES)),
        f"{semitones:+d} semitones would leave the MIDI pitches 0-127",
    )
    return np.where(sounds, moved, X)


def measure_mask(measures, n_steps, steps_per_measure, *, pickup=False):
    """Mark the steps of some measures.

    Parameters
    ----------
    measures : array-like of int
        Numbers of measures, from 1.
    n_steps : int
        Steps of a melody.
    steps_per_measure : int
        Steps of a measure; the last one may be shorter.
    pickup : bool, default=False
        Whether the melody begins with the measure of a pick-up. It has no number and
        goes with measure 1.

    Returns
    -------
    ndarray of bool, shape (n_steps,)

    Raises
    ------
    ValueError
        If the melody has no measure of such a number.

    Examples
    --------
    >>> measure_mask([2], n_steps=6, steps_per_measure=2)
    array([False, False,  True,  True, False, False])
    >>> measure_mask([1], n_steps=6, steps_per_measure=2, pickup=True)
    array([ True,  True,  True,  True, False, False])
    """
    numbers = np.arange(n_steps) // steps_per_measure + 1
    if pickup:
        numbers = np.maximum(numbers - 1, 1)
    last = int(numbers[-1]) if n_steps else 0
    measures = np.asarray(measures, dtype=int)
    if ((measures < 1) | (measures > last)).any():
        raise ValueError(
            f"Expected measures from 1 to {last}, got {measures.tolist()}."
        )
    return np.isin(numbers, measures)
