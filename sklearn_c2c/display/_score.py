"""Scores in staff notation, engraved by verovio from what `io` writes."""

import re
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

from sklearn_c2c.display._studio import studio
from sklearn_c2c.io import melody_to_abc, write_melody

_SCALE = 44  # percent of verovio's own size: a staff is 32 pixels high
_PHRASES = (4, 2, 1)  # measures in a line of music, where they fit


def score_svg(
    melody,
    *,
    width=960,
    time_signature="4/4",
    steps_per_quarter=4,
    key=None,
    title=None,
):
    """Engrave a melody in staff notation.

    Parameters
    ----------
    melody : array-like of int, shape (n_steps,)
        A legal melody.
    width : int, default=960
        Width of the score, in pixels. Music that does not fit is broken into lines of
        4, 2 or 1 measures.
    time_signature : str, default="4/4"
        Metre.
    steps_per_quarter : int, default=4
        Steps in a quarter note.
    key : str, default=None
        Key of the signature, such as ``"D"`` or ``"A dorian"``; if None, as
        `melody_to_abc` has it.
    title : str, default=None
        Printed above the music.

    Returns
    -------
    str
        An SVG element that needs nothing from outside. It takes its colour from the
        text around it, and each written note has the step it begins at as
        ``data-step``.

    Raises
    ------
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
    """
    verovio = studio("verovio")
    verovio.enableLog(verovio.LOG_OFF)  # what matters is raised below
    notation = _notation(
        melody,
        time_signature=time_signature,
        steps_per_quarter=steps_per_quarter,
        key=key,
        title=title or "",
    )
    options = {
        "pageWidth": width * 100 // _SCALE,
        "pageHeight": 60000,  # more than any melody needs; cut to fit below
        "adjustPageHeight": True,
        "pageMarginLeft": 0,
        "pageMarginRight": 0,
        "pageMarginTop": 10,
        "pageMarginBottom": 10,
        "scale": _SCALE,
        # Close enough for two measures of eighth notes on a telephone.
        "spacingLinear": 0.18,
        "spacingNonLinear": 0.54,
        "header": "none" if title is None else "encoded",
        "footer": "none",
        "mnumInterval": 64,
        "staffLineWidth": 0.2,
        "svgViewBox": True,
        "svgFormatRaw": True,
        "minLastJustification": 0,
    }
    # Names inside the SVG follow from its content: unique on a page, and the same in
    # every run. The second loading needs names that the first has not given.
    seed = zlib.crc32(f"{width} {notation}".encode()) >> 2
    toolkit = verovio.toolkit()
    toolkit.setOptions(options | {"breaks": "auto", "xmlIdSeed": 2 * seed})
    if not toolkit.loadData(notation):
        raise ValueError(f"verovio could not read this melody:\n{notation}")
    n_systems = toolkit.renderToSVG(1).count('class="system"')
    toolkit.setOptions(options | {"breaks": "encoded", "xmlIdSeed": 2 * seed + 1})
    toolkit.loadData(_with_breaks(toolkit.getMEI(), n_systems))
    return _with_steps(toolkit, steps_per_quarter)


def _notation(melody, **options):
    """Write a melody as verovio is to read it: with a clef, without tempo and names."""
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


def _with_breaks(mei, n_systems):
    """Break the lines so that each has as many measures, and a musical number."""
    mei = re.sub(r"<[sp]b\b[^>]*/>", "", mei)
    head, *measures = re.split(r"(?=<measure\b)", mei)
    fitting = max(1, len(measures) // n_systems)
    length = next(phrase for phrase in _PHRASES if phrase <= fitting)
    broken = (
        ("<sb/>" if i and i % length == 0 else "") + measure
        for i, measure in enumerate(measures)
    )
    return head + "".join(broken)


def _with_steps(toolkit, steps_per_quarter):
    """Render, with the step of each note in place of verovio's passing names."""
    svg = toolkit.renderToSVG(1)
    for event in toolkit.renderToTimemap():
        step = round(event["qstamp"] * steps_per_quarter)
        for name in event.get("on", ()):
            svg = svg.replace(f'<g id="{name}"', f'<g data-step="{step}"')
    svg = re.sub(r' id="[^"]*"(?= class=)', "", svg[svg.index("<svg") :])
    return svg.replace('color="black"', 'fill="currentColor"', 1)
