"""Scores in staff notation, engraved by verovio from the texts that `io` writes."""

import re
import zlib
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sklearn_c2c.display._studio import studio
from sklearn_c2c.io import make_sheets, melody_to_abc, write_melody
from sklearn_c2c.melody import HOLD, melody_lengths

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
_SCALE = 44  # percent of verovio's own size: a staff is 32 pixels high
# Options of verovio for every score.
_LAYOUT = {
    "pageHeight": 60000,  # more than any melody needs; adjusted below
    "adjustPageHeight": True,
    "pageMarginLeft": 0,
    "pageMarginRight": 0,
    "pageMarginTop": 10,
    "pageMarginBottom": 10,
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
_OPENS = re.compile(r'<measure\b[^>]* left="rptstart"')
_CLOSES = re.compile(r'<measure\b[^>]* right="(?:rptend|dbl)"')
_ENDING = re.compile(r"<ending\b")
_AGAIN = re.compile(r"-rend\d+$")  # verovio's name of a note that is played once more
_PHRASES = (4, 2, 1)  # measures in a line of music, the most that fit


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
):
    """Engrave a melody in staff notation.

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
    verovio = studio("verovio")
    verovio.enableLog(verovio.LOG_OFF)  # errors that matter are raised below
    writing = {
        "time_signature": time_signature,
        "steps_per_quarter": steps_per_quarter,
        "key": key,
        "title": title or "",
        "tempo": 120,
        "pickup": pickup,
        "repeats": repeats,
    }
    sheet = make_sheets(melody, **writing)[0]
    marks = check_marks(marks, np.shape(melody))
    notation = _notation(sheet, melody, **writing)
    options = _LAYOUT | {
        "pageWidth": width * 100 // _SCALE,
        "header": "none" if title is None else "encoded",
    }
    # Names inside the SVG follow from its content: unique on a page, and the same in
    # every run.
    seed = zlib.crc32(f"{width} {notation}".encode()) >> 2
    toolkit = verovio.toolkit()
    svg = _engrave(toolkit, notation, options, seed, n_before=int(sheet.pickup > 0))
    steps = _steps_of_signs(toolkit, sheet)
    for style, mask in marks.items():
        svg = _mark(svg, style, _marked_signs(steps, melody, mask))
    return _with_steps(svg, steps)


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
    if has_signs or sheet.steps_per_quarter.bit_count() > 1:
        # verovio reads endings and triplets from MusicXML alone.
        return _musicxml(melody, **options)
    abc = re.sub(r"^Q:.*\n", "", melody_to_abc(melody, **options), flags=re.M)
    return abc.replace("\nK:none\n", "\nK:C\n")  # verovio's clef needs a key


def _musicxml(melody, **options):
    with TemporaryDirectory() as folder:
        path = Path(folder, "melody.musicxml")
        write_melody(melody, path, **options)
        xml = path.read_text("utf-8")
    for element in ("direction", "part-name", "encoding-date", "creator"):
        xml = re.sub(rf"<{element}\b.*?</{element}>", "", xml, flags=re.S)
    clef = "<clef><sign>G</sign><line>2</line></clef>"
    return xml if "<clef" in xml else xml.replace("</time>", f"</time>{clef}", 1)


def _engrave(toolkit, notation, options, seed, n_before):
    """Load a melody into verovio, broken into lines, and draw it as SVG."""
    toolkit.setOptions(options | {"breaks": "auto", "xmlIdSeed": 2 * seed})
    if not toolkit.loadData(notation):
        raise ValueError(f"verovio could not read this melody:\n{notation}")
    n_systems = toolkit.renderToSVG(1).count('class="system"')
    # The second loading needs names that differ from those of the first.
    toolkit.setOptions(options | {"breaks": "encoded", "xmlIdSeed": 2 * seed + 1})
    toolkit.loadData(_with_breaks(toolkit.getMEI(), n_systems, n_before))
    return toolkit.renderToSVG(1)


def _with_breaks(mei, n_systems, n_before):
    """Break the music into lines of equal length, a musical number of measures.

    The first line has `n_before` measures more: 1 for that of a pick-up, else 0. A part
    that is repeated begins a line, and its second ending does not.
    """
    mei = re.sub(r"<[sp]b\b[^>]*/>", "", mei)
    head, *measures = re.split(r"(?=<measure\b)", mei)
    fitting = max(1, (len(measures) - n_before) // n_systems)
    length = next(phrase for phrase in _PHRASES if phrase <= fitting)
    broken, n_in_line = [head], -n_before
    for before, measure in pairwise([head, *measures]):
        if n_in_line > 0 and _begins_line(before, measure, n_in_line >= length):
            broken.append("<sb/>")
            n_in_line = 0
        broken.append(measure)
        n_in_line += 1
    return "".join(broken)


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


def _marked_signs(steps, melody, mask):
    """Names of the notes and rests that a mask marks; none that fill up."""
    melody = np.asarray(melody)
    n_steps = melody_lengths(melody)
    begun = np.where(melody != HOLD, np.arange(len(melody)), 0)
    mask = mask[np.maximum.accumulate(begun)]
    return {
        name
        for name, played in steps.items()
        if any(step < n_steps and mask[step] for step in played)
    }


def _mark(svg, style, names):
    """Mark the notes and rests of these names."""
    color = _MARK_COLORS[style]
    if style == "color":
        return re.sub(
            rf'(<g id="(?:{"|".join(names)})" class="\w+)"',
            rf'\1 marked" color="{color}" fill="{color}"',
            svg,
        )
    head, *measures = re.split(r'(?=<g id="[^"]*" class="measure")', svg)
    return head + "".join(_with_areas(part, style, names) for part in measures)


def _with_areas(measure, style, names):
    """Draw behind a measure, from each marked sign to the next one."""
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
    return measure.replace('class="measure">', f'class="measure">{areas}', 1)


def _with_steps(svg, steps):
    """Put the steps of each note in place of verovio's passing names."""
    for name, played in steps.items():
        note, step = ' class="note', " ".join(map(str, played))
        svg = svg.replace(f'<g id="{name}"{note}', f'<g data-step="{step}"{note}')
    svg = re.sub(r' id="[^"]*"(?= class=)', "", svg[svg.index("<svg") :])
    return svg.replace('color="black"', 'fill="currentColor"', 1)
