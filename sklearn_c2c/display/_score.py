"""Scores in staff notation, engraved by verovio from the texts that `io` writes."""

import re
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sklearn_c2c.display._studio import studio
from sklearn_c2c.io import make_sheet, melody_to_abc, write_melody
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

    Returns
    -------
    str
        An SVG element without references to other files. It has the colour of the text
        around it, and each written note states the step of `melody` it begins at as
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
    }
    sheet = make_sheet(melody, **writing)
    marks = check_marks(marks, np.shape(melody))
    notation = _notation(melody, **writing)
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


def _notation(melody, **options):
    """Write a melody as input for verovio: with a clef, without tempo and names."""
    if options["steps_per_quarter"].bit_count() > 1:
        return _musicxml(melody, **options)  # has triplets, which our ABC has not
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

    The first line has `n_before` measures more: 1 for that of a pick-up, else 0.
    """
    mei = re.sub(r"<[sp]b\b[^>]*/>", "", mei)
    head, *measures = re.split(r"(?=<measure\b)", mei)
    fitting = max(1, (len(measures) - n_before) // n_systems)
    length = next(phrase for phrase in _PHRASES if phrase <= fitting)
    broken = (
        ("<sb/>" if i > 0 and i % length == 0 else "") + measure
        for i, measure in enumerate(measures, start=-n_before)
    )
    return head + "".join(broken)


def _steps_of_signs(toolkit, sheet):
    """Step of the melody at which each note and each rest is written, by its name."""
    return {
        name: sheet.start + round(event["qstamp"] * sheet.steps_per_quarter)
        for event in toolkit.renderToTimemap({"includeRests": True})
        for name in (*event.get("on", ()), *event.get("restsOn", ()))
    }


def _marked_signs(steps, melody, mask):
    """Names of the notes and rests that a mask marks; none that fill up."""
    melody = np.asarray(melody)
    n_steps = melody_lengths(melody)
    begun = np.where(melody != HOLD, np.arange(len(melody)), 0)
    mask = mask[np.maximum.accumulate(begun)]
    return {name for name, step in steps.items() if step < n_steps and mask[step]}


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
    """Put the step of each note in place of verovio's passing names."""
    for name, step in steps.items():
        note = ' class="note'
        svg = svg.replace(f'<g id="{name}"{note}', f'<g data-step="{step}"{note}')
    svg = re.sub(r' id="[^"]*"(?= class=)', "", svg[svg.index("<svg") :])
    return svg.replace('color="black"', 'fill="currentColor"', 1)
