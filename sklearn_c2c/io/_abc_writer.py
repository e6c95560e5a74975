"""Write a melody as ABC text (which music21 cannot)."""

from fractions import Fraction
from itertools import pairwise

from sklearn_c2c.io._sheet import make_sheets
from sklearn_c2c.io._spelling import spell_measures
from sklearn_c2c.melody import parse_key

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
    repeats="played",
    voices=None,
):
    """Write a melody, or several voices, as ABC text.

    Parameters
    ----------
    melody : array-like of int, shape (n_steps,)
        A legal melody, written up to its end. The last measure is filled up with rest.
    time_signature, steps_per_quarter, key, title, tempo, pickup, repeats, voices
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
    L:1/8
    Q:1/4=120
    K:D
    DFDF DFDF |]
    >>> print(melody_to_abc([74, 129, 62, 57], steps_per_quarter=1, voices=2).rstrip())
    %abc-2.1
    X:1
    T:
    M:4/4
    L:1/8
    Q:1/4=120
    %%score [1 2]
    K:none
    V:1 clef=treble name="Voice 1"
    d4 z4 |]
    V:2 clef=bass name="Voice 2"
    D2A,2 z4 |]
    """
    notation = time_signature, steps_per_quarter, key, title, tempo, pickup, repeats
    sheets = make_sheets(melody, *notation, voices=voices)
    sheet = sheets[0]
    numerator, denominator = sheet.beat.as_integer_ratio()
    header = [
        "%abc-2.1",
        "X:1",
        f"T:{_escaped(sheet.title)}",
        f"M:{sheet.metre}",
        "L:1/8",
        f"Q:{numerator}/{denominator}={sheet.beats_per_minute:g}",
        *_voices_field(sheets),
        f"K:{_key_field(sheet.key)}",
    ]
    return "\n".join([*header, *_music(sheets), ""])


def _escaped(text):
    return text.replace("%", "\\%")  # a bare one starts a comment


def _voices_field(sheets):
    """Directive that puts the staves of several voices together."""
    numbers = " ".join(str(i + 1) for i in range(len(sheets)))
    return [f"%%score [{numbers}]"] if len(sheets) > 1 else []


def _music(sheets):
    for i, sheet in enumerate(sheets):
        if len(sheets) > 1:
            yield f'V:{i + 1} clef={sheet.clef} name="{_escaped(sheet.name)}"'
        yield from _lines(sheet)


def _lines(sheet):
    """Lines of measures; a part that is repeated has lines of its own."""
    measures = list(sheet.measures_and_tuplets())
    spelled = spell_measures([events for events, _ in measures], sheet.key)
    played = [
        _measure_text(sheet, events, tuplets, names)
        for (events, tuplets), names in zip(measures, spelled, strict=True)
    ]
    quarters = sheet.steps_per_measure / sheet.steps_per_quarter
    per_line = max(1, int(_QUARTERS_PER_LINE / quarters))
    lines, n_in_line = [""], 0
    for measure, after in pairwise([*sheet.written(), None]):
        text = "|: " * measure.opens + played[measure.played]
        lines[-1] += text + _bar_line(measure, after)
        n_in_line += 1
        if after and _ends_line(measure, after, is_full=n_in_line == per_line):
            lines.append("")
            n_in_line = 0
        else:
            lines[-1] += " "
    return map(str.rstrip, lines)


def _ends_line(measure, after, *, is_full):
    """Whether the next measure is on another line."""
    if after.ending:
        return False
    return after.opens or measure.closes or measure.ending > 0 or is_full


def _bar_line(measure, after):
    """Bar line between a measure and the next one, or None, with the ending's number.

    The second ending lasts up to a double bar line.
    """
    changes = after is not None and after.ending != measure.ending
    number = (after.ending or "") if changes else ""
    if measure.closes:
        return f" :|{number}"
    if after is None:
        return " |]"
    return f" |{number}" if after.ending or not measure.ending else " ||"


def _key_field(key):
    if key is None:
        return "none"
    return key.tonic if key.mode == "major" else f"{key.tonic}{key.mode[:3]}"


def _measure_text(sheet, events, tuplets, spelled):
    key = sheet.key or parse_key("C")
    tuplet_at = {tuplet.start: tuplet for tuplet in tuplets}
    tuplet = None
    # An accidental holds up to the bar line for its letter in all octaves (ABC 2.1) or
    # in its own octave alone (other programs): the text must read alike by both rules.
    everywhere, here = {}, {}
    text = ""
    before = None
    beams = sheet.beam(events)
    for event, name, beam in zip(events, spelled, beams, strict=True):
        start, length, _, tied = event
        if tuplet and start >= tuplet.end:
            tuplet = None
        if before not in (None, beam) and not tuplet:
            text += " "
        before = beam
        if start in tuplet_at:
            tuplet = tuplet_at[start]
            text += _tuplet_text(tuplet, events)
        if name is None:
            text += "z"
        else:
            letter, alteration, octave = name
            usual = key.alterations[letter]
            understood = {
                everywhere.get(letter, usual),
                here.get((letter, octave), usual),
            }
            if understood != {alteration}:
                text += _MARKS[alteration]
                everywhere[letter] = here[letter, octave] = alteration
            text += _letter_text(letter, octave)
        eighths = Fraction(2 * length, sheet.steps_per_quarter)
        if tuplet:
            eighths *= Fraction(tuplet.n, tuplet.as_many)
        text += _length_text(eighths) + "-" * tied
    return text


def _letter_text(letter, octave):
    if octave >= 5:
        return letter.lower() + "'" * (octave - 5)
    return letter + "," * (4 - octave)


def _tuplet_text(tuplet, events):
    """Sign before a tuplet: ``(3`` for three notes in the time of two."""
    n_events = sum(tuplet.start <= event[0] < tuplet.end for event in events)
    if (tuplet.n, n_events) == (3, 3):
        return "(3"
    return f"({tuplet.n}:{tuplet.as_many}:{n_events}"


def _length_text(eighths):
    """Length in eighths: nothing for 1, a fraction where it is not whole."""
    number, divisor = eighths.as_integer_ratio()
    if divisor == 1:
        return "" if number == 1 else str(number)
    return (
        ("" if number == 1 else str(number))
        + "/"
        + str(divisor) * ((number, divisor) != (1, 2))
    )
