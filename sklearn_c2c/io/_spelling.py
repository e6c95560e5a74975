"""Spelling of pitches: by which letter and accidental a note is written in a key."""

from itertools import groupby

from sklearn_c2c.melody import LETTERS, NATURALS, REST, parse_key

# Letters from the tonic up to each degree of the harmonic chromatic scale: the notes of
# the major and the minor scales, a lowered second and a raised fourth, up and down.
_DEGREES = (0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6)


def spell_measures(measures, key):
    """Spell the notes of a melody.

    A pitch of the key's scale is spelled by the signature. Any other one lies between
    two pitches of the scale, and takes one of their letters, raised or lowered:

    1. The letter above if the next pitch is a semitone below; the letter below if the
       next one, or else the one before, is a semitone above. E sharp, B sharp, C flat
       and F flat replace a natural only if the pitches before and after are the same.
    2. Else that of the harmonic chromatic scale of the tonic, with a raised tonic in
       place of the lowered second if the key has a major third.

    The other letter is taken if this needs a double accidental. All notes of a pitch
    class in a measure are spelled alike: as the first one of them that (1) decides.

    Parameters
    ----------
    measures : list of list of (int, int, int, bool)
        Events of each measure, as `Sheet.measures` yields them.
    key : Key or None
        None spells as in C major.

    Returns
    -------
    list of list of (str, int, int) or None
        For each event letter, alteration (semitones, -1 to 1) and octave (4 from middle
        C); None for a rest. The parts of a tied note are spelled alike.

    Examples
    --------
    >>> measure = [(0, 4, 62, False), (4, 4, 61, False), (8, 8, 62, False)]
    >>> spell_measures([measure], parse_key("Dm"))
    [[('D', 0, 4), ('C', 1, 4), ('D', 0, 4)]]
    """
    notes, places, is_tied = [], [], False
    for number, events in enumerate(measures):
        places.append([])
        for _, _, pitch, ties in events:
            if pitch != REST and not is_tied:
                notes.append((number, pitch))
            places[-1].append(None if pitch == REST else len(notes) - 1)
            is_tied = ties
    letters = _letters(notes, key or parse_key("C"))
    spelled = [_named(note[1], name) for note, name in zip(notes, letters, strict=True)]
    return [[None if i is None else spelled[i] for i in row] for row in places]


def _letters(notes, key):
    """Letter of each note, given as (number of the measure, pitch)."""
    scale = {
        (NATURALS[letter] + alteration) % 12: letter
        for letter, alteration in key.alterations.items()
    }
    resolved = {}
    runs = [list(run) for _, run in groupby(notes, key=lambda note: note[1])]
    pitches = [None, *(run[0][1] for run in runs), None]
    for before, run, after in zip(pitches, runs, pitches[2:], strict=False):
        for number, pitch in run:
            letter = _letter_by_neighbors(pitch, before, after, scale)
            if letter is not None:
                resolved.setdefault((number, pitch % 12), letter)
    return [
        resolved.get((number, pitch % 12)) or _letter_by_degree(pitch, key, scale)
        for number, pitch in notes
    ]


def _letter_by_neighbors(pitch, before, after, scale):
    """Letter by the pitches before and after, None if they are of no help."""
    if pitch % 12 in scale:
        return scale[pitch % 12]
    below, above = scale[(pitch - 1) % 12], scale[(pitch + 1) % 12]
    if after == pitch - 1:
        letter, other = above, below
    elif pitch + 1 in (after, before):
        letter, other = below, above
    else:
        return None
    is_natural = _alteration(pitch, other) == 0 and before != after
    return other if is_natural or abs(_alteration(pitch, letter)) > 1 else letter


def _letter_by_degree(pitch, key, scale):
    """Letter in the chromatic scale of the tonic, for a pitch outside `scale`."""
    steps = (pitch - key.pitch_class) % 12
    is_raised_tonic = steps == 1 and (key.pitch_class + 4) % 12 in scale
    degree = 0 if is_raised_tonic else _DEGREES[steps]
    letter = LETTERS[(LETTERS.index(key.tonic[0]) + degree) % 7]
    if abs(_alteration(pitch, letter)) < 2:
        return letter
    below, above = scale[(pitch - 1) % 12], scale[(pitch + 1) % 12]
    return above if letter == below else below


def _alteration(pitch, letter):
    """Semitones from the natural of a letter to a pitch, -6 to 5."""
    return (pitch - NATURALS[letter] + 6) % 12 - 6


def _named(pitch, letter):
    alteration = _alteration(pitch, letter)
    octave = (pitch - alteration - NATURALS[letter]) // 12 - 1
    return letter, alteration, octave
