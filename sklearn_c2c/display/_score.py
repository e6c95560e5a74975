"""Scores in staff notation, engraved by verovio from the texts that `io` writes."""

import re
import zlib
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from sklearn_c2c.display._studio import quiet_verovio
from sklearn_c2c.io import make_sheet, melody_to_abc, write_melody
from sklearn_c2c.melody import HOLD, melody_lengths, split_voices

# Ways to mark steps, and their colours. Blue and orange differ for the colour-blind,
# and each way has another shape; the blue has a contrast of 4 to 1 on white and on
# near-black. A page may choose other colours.
_MARK_COLORS = {"color": "#2b83c6", "line": "#2b83c6", "band": "#e69f00"}
_OPACITIES = {"line": 1, "band": 0.3}
# Functions from the y of the top and bottom staff line to those of the edges of a mark,
# in units of the SVG, in which a staff is 720 high.
_EDGES = {
    "line": lambda top, bottom: (top - 260, top - 190),
    "band": lambda top, bottom: (top - 120, bottom + 120),
}
_LEAD = 70  # units by which a mark begins before the sign
_STAFF_LINE = re.compile(r'<path d="M\d+ (\d+) L(\d+) ')
_SIGN = re.compile(
    r'<g id="(?P<name>[^"]*)" class="(?:note|rest)\b.*?translate\((?P<x>\d+)'
)
_GROUP = re.compile(
    r'<g id="(?P<name>[^"]*)" class="(?P<kind>measure|staff|note|rest)\b'
)
_SCALE = 44  # percent of verovio's own size: a staff is 32 pixels high
# Options of verovio for every score.
_LAYOUT = {
    "pageHeight": 60000,  # more than any melody needs; adjusted below
    "adjustPageHeight": True,
    "pageMarginLeft": 0,
    "pageMarginRight": 0,
    "pageMarginTop": 10,
    "pageMarginBottom": 10,
    "breaks": "encoded",
    "scale": _SCALE,
    # Narrow enough for two measures of eighth notes on a telephone.
    "spacingLinear": 0.18,
    "spacingNonLinear": 0.54,
    "footer": "none",
    "mnumInterval": 64,
    "staffLineWidth": 0.2,
    "svgViewBox": True,
    "svgFormatRaw": True,
    "minLastJustification": 0,
}
# The bracket of several staves stands before them, in the margin.
_BRACKET = {"pageMarginLeft": 20}
# Options for pages of one line each: lower than any line, and grown to its height.
LINE = {"breaks": "line", "header": "none", "pageHeight": 100}
_TEMPO = re.compile(
    r"<direction\b(?:(?!</direction>).)*?<metronome.*?</direction>", re.S
)
_NAME = re.compile(r'<svg\b[^>]* id="([^"]*)"')
_OPENS = re.compile(r'<measure\b[^>]* left="rptstart"')
_CLOSES = re.compile(r'<measure\b[^>]* right="(?:rptend|dbl)"')
_ENDING = re.compile(r"<ending\b")
_AGAIN = re.compile(r"-rend\d+$")  # verovio's name of a note that is played once more
PHRASES = (4, 2, 1)  # measures in a line of music, the most that fit


def score_svg(
    melody,
    *,
    width=960,
    time_signature="4/4",
    steps_per_quarter=4,
    key=None,
    title=None,
    pickup=False,
    marks=None,
    repeats="played",
    voices=None,
):
    """Engrave a melody, or several voices, in staff notation.

    Parameters
    ----------
    melody : array-like of int, shape (n_steps,)
        A legal melody, engraved up to its end.
    width : int, default=960
        Width of the score, in pixels. Music that does not fit is broken into lines of
        4, 2 or 1 measures.
    time_signature : str, default="4/4"
        Metre.
    steps_per_quarter : int, default=4
        Steps in a quarter note.
    key : str, default=None
        Key of the signature, such as ``"D"`` or ``"A dorian"``; None as in
        `melody_to_abc`.
    title : str, default=None
        Printed above the music.
    pickup : bool, default=False
        Whether the first measure is that of the pick-up: the rest before its first note
        is not written, as in `write_melody`.
    marks : dict, default=None
        Steps to mark in one or more ways, each with a boolean mask of shape (n_steps,):

        * ``"color"``: notes and rests in blue;
        * ``"line"``: a blue line below the staff;
        * ``"band"``: an orange area behind the staff.

        A note is marked if the step of its onset is, also where it is tied over a bar
        line, and a written rest if its first step is.
    repeats : {"played", "signs"}, default="played"
        Whether parts that are played twice at once are engraved once between repeat
        signs, as in `sklearn_c2c.io.write_melody`. A note in them is marked if it is
        marked at least one time.
    voices : int or list of str, default=None
        Number or names of the voices of a row of several, which have a staff each.
        None engraves one melody.

    Returns
    -------
    str
        An SVG element without references to other files. It has the colour of the text
        around it, and each written note states the steps of `melody` it begins at as
        ``mark-line`` and bands ``mark-band``.

    Raises
    ------
    ValueError
        If the melody is not legal, a parameter is out of range, or `marks` has another
        name or no boolean mask of the melody's shape.
    ImportError
        If verovio is not installed.

    See Also
    --------
    sklearn_c2c.page.write_page : A page of scores with players.

    Examples
    --------
    >>> from sklearn_c2c.display import score_svg
    >>> svg = score_svg([62, 129, 129, 129, 64, 129, 66, 129], steps_per_quarter=2)
    >>> svg[:4], svg.count('class="note"'), 'data-step="6"' in svg
    ('<svg', 3, True)

    The first note is marked:

    >>> marks = {"color": [True, True, True, True, False, False, False, False]}
    >>> svg = score_svg([62, 129, 129, 129, 64, 129, 66, 129], marks=marks)
    >>> svg.count('class="note marked"')
    1
    """
    (svg,) = _score(
        melody,
        {"header": "none" if title is None else "encoded"},
        width=width,
        time_signature=time_signature,
        steps_per_quarter=steps_per_quarter,
        key=key,
        title=title,
        pickup=pickup,
        marks=marks,
        repeats=repeats,
        voices=voices,
    )
    return svg


def score_lines(melody, **notation):
    """Engrave each line of music by itself, for pages that are broken between lines.

    Parameters
    ----------
    melody : array-like of int, shape (n_steps,)
        A legal melody, engraved up to its end.
    **notation
        Parameters of `score_svg` except its title.

    Returns
    -------
    list of str
        An SVG element for each line, all of the same width.

    Raises
    ------
    ValueError, ImportError
        As of `score_svg`.
    """
    return named_lines(_score(melody, LINE, title=None, **notation))


def named_lines(lines):
    """Give each line names of its own.

    The name of the drawing is part of all names in it, and of its style sheet.
    """
    name = _NAME.search(lines[0])[1]
    return [line.replace(name, f"{name}-{i}") for i, line in enumerate(lines)]


def _score(melody, layout, *, width=960, title=None, marks=None, **notation):
    """Engrave a melody; return an SVG element for each page of the layout."""
    writing = {
        "time_signature": "4/4",
        "steps_per_quarter": 4,
        "key": None,
        "pickup": False,
        "repeats": "played",
        "voices": None,
        **notation,
        "title": title or "",
        "tempo": 120,
    }
    sheet = make_sheet(melody, **writing)
    marks = check_marks(marks, np.shape(melody))
    text = _notation(sheet, melody, **writing)
    begins_lines = partial(_phrases, int(sheet.pickup > 0))
    layout = layout | (_BRACKET if sheet.voices else {})
    toolkit, pages = drawn(text, width, layout, begins_lines)
    steps = _steps_of_signs(toolkit, sheet)
    return [finished(svg, steps, marks, melody, sheet) for svg in pages]


def drawn(text, width, layout, begins_lines):
    """Draw a text of ABC or MusicXML: verovio's toolkit, and the SVG of each page.

    `begins_lines(pieces, n_systems)` tells for each measure whether it begins a line,
    given the MEI before the first one and that of each, and in how many systems verovio
    would break them.
    """
    options = _LAYOUT | {"pageWidth": width * 100 // _SCALE} | layout
    # Names inside the SVG follow from its content: unique on a page, and the same in
    # every run.
    seed = zlib.crc32(f"{width} {text}".encode()) >> 2
    toolkit = quiet_verovio().toolkit()
    return toolkit, _engrave(toolkit, text, options, seed, begins_lines)


def finished(svg, steps, marks, melody, sheet):
    """A page of verovio with marks, and with steps in place of passing names."""
    n_voices = len(sheet.voices) or 1
    signs = _signs(svg, steps, n_voices)
    for style, mask in marks.items():
        names = _marked_signs(signs, split_voices(melody, n_voices), mask)
        svg = _mark(svg, style, names, "staff" if sheet.voices else "measure")
    return _with_steps(svg, signs, sheet)


def check_marks(marks, shape):
    """Check marks (see `score_svg`) and return them with masks as arrays.

    Parameters
    ----------
    marks : dict or None
        Ways of marking, each with a mask.
    shape : tuple of int
        Shape of the masks.

    Returns
    -------
    dict of ndarray of bool

    Raises
    ------
    ValueError
        If a way is unknown, or a mask is not boolean or has another shape.
    """
    masks = {style: np.asarray(mask) for style, mask in (marks or {}).items()}
    for style, mask in masks.items():
        if style not in _MARK_COLORS:
            raise ValueError(
                f"Expected marks among {', '.join(_MARK_COLORS)}, got {style!r}."
            )
        if mask.dtype != bool or mask.shape != shape:
            raise ValueError(
                f"Expected a boolean mask of shape {shape} for the marks {style!r}, "
                f"got shape {mask.shape} and dtype {mask.dtype}."
            )
    return masks


def _notation(sheet, melody, **options):
    """Write a melody as input for verovio: with a clef, without tempo and names."""
    has_signs = any(measure.closes for measure in sheet.written())
    if sheet.voices or has_signs or sheet.steps_per_quarter.bit_count() > 1:
        # verovio reads voices, endings and triplets from MusicXML alone.
        return _musicxml(melody, **options)
    abc = re.sub(r"^Q:.*\n", "", melody_to_abc(melody, **options), flags=re.M)
    return abc.replace("\nK:none\n", "\nK:C\n")  # verovio's clef needs a key


def _musicxml(melody, **options):
    with TemporaryDirectory() as folder:
        path = Path(folder, "melody.musicxml")
        write_melody(melody, path, **options)
        xml = path.read_text("utf-8")
    return for_verovio(xml, has_names=isinstance(options["voices"], (list, tuple)))


def for_verovio(xml, *, has_names=False):
    """MusicXML with a clef, and without the parts that are not engraved."""
    xml = _TEMPO.sub("", xml)
    elements = ["encoding-date", "creator"]
    if not has_names:
        elements.append("part-name")
    for element in elements:
        xml = re.sub(rf"<{element}\b.*?</{element}>", "", xml, flags=re.S)
    clef = "<clef><sign>G</sign><line>2</line></clef>"
    return xml if "<clef" in xml else xml.replace("</time>", f"</time>{clef}", 1)


def _engrave(toolkit, notation, options, seed, begins_lines):
    """Load a melody into verovio, broken into lines, and draw each page as SVG."""
    one_page = {"breaks": "auto", "pageHeight": _LAYOUT["pageHeight"]}
    toolkit.setOptions(options | one_page | {"xmlIdSeed": 2 * seed})
    if not toolkit.loadData(notation):
        raise ValueError(f"verovio could not read this melody:\n{notation}")
    n_systems = toolkit.renderToSVG(1).count('class="system"')
    # The second loading needs names that differ from those of the first.
    toolkit.setOptions(options | {"xmlIdSeed": 2 * seed + 1})
    toolkit.loadData(_with_breaks(toolkit.getMEI(), n_systems, begins_lines))
    return [toolkit.renderToSVG(1 + page) for page in range(toolkit.getPageCount())]


def _with_breaks(mei, n_systems, begins_lines):
    """Break the music into lines (see `drawn`)."""
    mei = re.sub(r"<[sp]b\b[^>]*/>", "", mei)
    head, *measures = re.split(r"(?=<measure\b)", mei)
    begins = begins_lines([head, *measures], n_systems)
    broken = zip(measures, begins, strict=True)
    return head + "".join("<sb/>" * begin + measure for measure, begin in broken)


def _phrases(n_before, pieces, n_systems):
    """Which measures begin a line: all lines have a musical number of measures.

    The first line has `n_before` measures more: 1 for that of a pick-up, else 0. A part
    that is repeated begins a line, and its second ending does not.
    """
    length = phrase_length(len(pieces) - 1 - n_before, n_systems)
    begins, n_in_line = [], -n_before
    for before, measure in pairwise(pieces):
        is_full = n_in_line >= length
        begins.append(n_in_line > 0 and _begins_line(before, measure, is_full))
        n_in_line = 1 if begins[-1] else n_in_line + 1
    return begins


def phrase_length(n_measures, n_systems):
    """Measures in a line, given how many systems the music needs."""
    fitting = max(1, n_measures // n_systems)
    return next(phrase for phrase in PHRASES if phrase <= fitting)


def _begins_line(before, measure, is_full):
    """Whether a measure begins a line, given its MEI and that before it."""
    if _OPENS.match(measure):
        return True
    if _ENDING.search(before):
        return False
    return is_full or _CLOSES.match(before) is not None


def _steps_of_signs(toolkit, sheet):
    """Steps of the melody at which each note and each rest is played, by its name."""
    steps = {}
    for event in toolkit.renderToTimemap({"includeRests": True}):
        step = sheet.start + round(event["qstamp"] * sheet.steps_per_quarter)
        for name in (*event.get("on", ()), *event.get("restsOn", ())):
            steps.setdefault(_AGAIN.sub("", name), []).append(step)
    return steps


class _Played(NamedTuple):
    """Where a written note or rest is played: its voice, and steps of the voice."""

    voice: int
    steps: list


def _signs(svg, steps, n_voices):
    """Notes and rests by their names; the staves of a measure are the voices."""
    signs, voice = {}, 0
    for group in _GROUP.finditer(svg):
        if group["kind"] == "measure":
            voice = -1
        elif group["kind"] == "staff":
            voice = min(voice + 1, n_voices - 1)
        elif group["name"] in steps:
            signs[group["name"]] = _Played(voice, steps[group["name"]])
    return signs


def _marked_signs(signs, voices, mask):
    """Names of the notes and rests that a mask marks; none that fill up."""
    n_steps = melody_lengths(voices)
    begun = np.where(voices != HOLD, np.arange(voices.shape[1]), 0)
    begun = np.maximum.accumulate(begun, axis=1)
    mask = np.take_along_axis(mask.reshape(voices.shape), begun, axis=1)
    return {
        name
        for name, (voice, played) in signs.items()
        if any(step < n_steps[voice] and mask[voice, step] for step in played)
    }


def _mark(svg, style, names, staff):
    """Mark the notes and rests of these names; `staff` is the class of a staff."""
    color = _MARK_COLORS[style]
    if style == "color":
        return re.sub(
            rf'(<g id="(?:{"|".join(names)})" class="\w+)"',
            rf'\1 marked" color="{color}" fill="{color}"',
            svg,
        )
    head, *staves = re.split(rf'(?=<g id="[^"]*" class="{staff}")', svg)
    return head + "".join(_with_areas(part, style, names, staff) for part in staves)


def _with_areas(measure, style, names, staff):
    """Draw behind a measure of a staff, from each marked sign to the next one."""
    tops, rights = zip(*_STAFF_LINE.findall(measure)[:5], strict=True)
    upper, lower = _EDGES[style](int(tops[0]), int(tops[-1]))
    signs = [(sign["name"], int(sign["x"]) - _LEAD) for sign in _SIGN.finditer(measure)]
    ends = [*(x for _, x in signs[1:]), int(rights[0])]
    areas = "".join(
        f'<rect class="mark-{style}" x="{x}" y="{upper}" width="{end - x}" '
        f'height="{lower - upper}" fill="{_MARK_COLORS[style]}" '
        f'fill-opacity="{_OPACITIES[style]}" stroke-width="0"/>'
        for (name, x), end in zip(signs, ends, strict=True)
        if name in names
    )
    return measure.replace(f'class="{staff}">', f'class="{staff}">{areas}', 1)


def _with_steps(svg, signs, sheet):
    """Put the steps of each note, and its voice, in place of verovio's names."""
    for name, (voice, played) in signs.items():
        note, step = ' class="note', " ".join(map(str, played))
        data = f'data-step="{step}"' + f' data-voice="{voice}"' * bool(sheet.voices)
        svg = svg.replace(f'<g id="{name}"{note}', f"<g {data}{note}")
    svg = re.sub(r' id="[^"]*"(?= class=)', "", svg[svg.index("<svg") :])
    return svg.replace('color="black"', 'fill="currentColor"', 1)
