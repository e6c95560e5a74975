"""Write a melody as ABC text (which music21 cannot)."""

from sklearn_c2c.io._key import parse_key, spell
from sklearn_c2c.io._sheet import make_sheet
from sklearn_c2c.melody import REST

_MARKS = {-1: "_", 0: "=", 1: "^"}
_QUARTERS_PER_LINE = 16


def melody_to_abc(
    melody,
    *,
    time_signature="4/4",
    steps_per_quarter=4,
    key=None,
    title="",
    tempo=120,
    pickup=False,
):
    """Write a melody as ABC text.

    Parameters
    ----------
    melody : array-like of int, shape (n_steps,)
        A legal melody. The last measure is filled up with rest.
    time_signature, steps_per_quarter, key, title, tempo, pickup
        As in `write_melody`.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the melody is not legal, or a parameter is out of range.

    Examples
    --------
    >>> print(melody_to_abc([62, 129, 66, 129] * 4, key="D", title="Call").rstrip())
    %abc-2.1
    X:1
    T:Call
    M:4/4
    L:1/16
    Q:1/4=120
    K:D
    D2F2 D2F2 D2F2 D2F2 |]
    """
    sheet = make_sheet(
        melody, time_signature, steps_per_quarter, key, title, tempo, pickup
    )
    title = sheet.title.replace("%", "\\%")  # a bare one starts a comment
    header = [
        "%abc-2.1",
        "X:1",
        f"T:{title}",
        f"M:{sheet.beats}/{sheet.beat_type}",
        f"L:1/{4 * _unit(sheet)}",
        f"Q:1/4={sheet.tempo:g}",
        f"K:{_key_field(sheet.key)}",
    ]
    measures = [_measure_text(sheet, events) for events in sheet.measures()]
    quarters = sheet.steps_per_measure / sheet.steps_per_quarter
    per_line = max(1, int(_QUARTERS_PER_LINE / quarters))
    lines = [
        " | ".join(measures[start : start + per_line])
        for start in range(0, len(measures), per_line)
    ]
    return "\n".join([*header, " |\n".join(lines) + " |]", ""])


def _unit(sheet):
    """Unit notes in a quarter note: a power of two, as ABC asks."""
    return sheet.steps_per_quarter & -sheet.steps_per_quarter


def _key_field(key):
    if key is None:
        return "none"
    return key.tonic if key.mode == "major" else f"{key.tonic}{key.mode[:3]}"


def _measure_text(sheet, events):
    key = sheet.key or parse_key("C")
    scale = sheet.steps_per_quarter // _unit(sheet)
    # What an accidental changes up to the bar line: its letter in all octaves, says
    # ABC 2.1; in its own octave, say other programs. Both must read the same.
    everywhere, here = {}, {}
    text = ""
    for start, length, pitch, tied in events:
        if text and start % sheet.steps_per_beam == 0:
            text += " "
        if pitch == REST:
            text += "z"
        else:
            letter, alteration, octave = spell(pitch, key)
            usual = key.alterations[letter]
            understood = {
                everywhere.get(letter, usual),
                here.get((letter, octave), usual),
            }
            if understood != {alteration}:
                text += _MARKS[alteration]
                everywhere[letter] = here[letter, octave] = alteration
            text += _letter_text(letter, octave)
        text += _length_text(length, scale) + "-" * tied
    return text


def _letter_text(letter, octave):
    if octave >= 5:
        return letter.lower() + "'" * (octave - 5)
    return letter + "," * (4 - octave)


def _length_text(length, scale):
    """Length in unit notes: nothing for 1, a fraction on a grid of triplets."""
    whole, rest = divmod(length, scale)
    if rest:
        return f"{length}/{scale}"
    return "" if whole == 1 else str(whole)
