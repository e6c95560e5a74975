"""Outlines of the signs of notation, taken from what verovio draws.

The pages that engrave melodies in the browser have them beside their script, so that
they need no font.
"""

import re
from functools import cache

import numpy as np

from sklearn_c2c.display._studio import quiet_verovio

_UNITS_PER_SPACE = 250  # font units between two staff lines
# Code points of Standard Music Font Layout, which verovio's SVG names outlines by.
_NAMES = {
    "E050": "clef-treble",
    "E062": "clef-bass",
    "E0A0": "head-breve",
    "E0A1": "head-breve",  # verovio's is the square one
    "E0A2": "head-whole",
    "E0A3": "head-half",
    "E0A4": "head-black",
    "E240": "flag-8-up",
    "E241": "flag-8-down",
    "E242": "flag-16-up",
    "E243": "flag-16-down",
    "E260": "flat",
    "E261": "natural",
    "E262": "sharp",
    "E4E2": "rest-breve",
    "E4E3": "rest-1",
    "E4E4": "rest-2",
    "E4E5": "rest-4",
    "E4E6": "rest-8",
    "E4E7": "rest-16",
    "E4E8": "rest-32",
    "E4E9": "rest-64",
    "E4EA": "rest-128",
    **{f"E08{digit}": f"digit-{digit}" for digit in range(10)},
    **{f"E88{digit}": f"tuplet-{digit}" for digit in (3, 5, 7, 9)},
}
_OUTLINE = re.compile(r'<g id="(E[0-9A-F]+)-[^"]*"><path[^>]* d="([^"]*)"')
_PART = re.compile(r"([A-Za-z])([^A-Za-z]*)")
_LENGTHS = ("breve", "1", "2", "4", "8", "16", "32", "64", "128")
_TIMES = np.linspace(0, 1, 33)[:, None]
# Weights of the four points of a cubic curve, at points along it.
_BERNSTEIN = np.hstack(
    [
        (1 - _TIMES) ** 3,
        3 * _TIMES * (1 - _TIMES) ** 2,
        3 * _TIMES**2 * (1 - _TIMES),
        _TIMES**3,
    ]
)


@cache
def glyphs():
    """Outlines of the signs that a staff of one voice needs.

    Returns
    -------
    dict of dict
        By the name of a sign, such as ``"head-black"`` or ``"rest-8"``:

        * ``"path"``: its outline, the `d` of a path of SVG, in units of 1/250 of the
          distance between two staff lines, y upwards;
        * ``"box"``: list of float, the left, bottom, right and top edge of the outline
          in distances between staff lines.

        All heads, rests and accidentals begin at x = 0 or right of it. At y = 0 is the
        middle of a head, an accidental or a digit, the line that a clef names, and the
        place of a rest that is the middle line (of a whole one, the line above).

    Raises
    ------
    ImportError
        If verovio is not installed.
    """
    verovio = quiet_verovio()
    toolkit = verovio.toolkit()
    toolkit.setOptions({"svgFormatRaw": True, "breaks": "none"})
    toolkit.loadData(_all_signs())
    found = dict(_OUTLINE.findall(toolkit.renderToSVG(1)))
    outlines = {_NAMES[code]: path for code, path in found.items() if code in _NAMES}
    missing = set(_NAMES.values()) - outlines.keys()
    if missing:
        raise RuntimeError(
            f"verovio {toolkit.getVersion()} draws no {', '.join(sorted(missing))}; "
            f"another version of it may."
        )
    return {
        name: {"path": _tight(path), "box": _box(path)}
        for name, path in sorted(outlines.items())
    }


def _all_signs():
    """Music in MEI with every sign at least once."""
    accidentals = "".join(
        f'<note pname="c" oct="5" dur="4" accid="{sign}"/>' for sign in "sfn"
    )
    notes = "".join(
        f'<note pname="{name}" dur="{length}"/>'
        for name in ('c" oct="5', 'f" oct="4')
        for length in _LENGTHS[:6]
    )
    rests = "".join(f'<rest dur="{length}"/>' for length in _LENGTHS)
    tuplets = "".join(
        f'<tuplet num="{n}" numbase="2" num.format="count">'
        f'<note pname="c" oct="5" dur="4"/></tuplet>'
        for n in (3, 5, 7, 9)
    )
    return (
        '<mei xmlns="http://www.music-encoding.org/ns/mei"><meiHead><fileDesc>'
        "<titleStmt><title/></titleStmt><pubStmt/></fileDesc></meiHead>"
        f"<music><body><mdiv><score>{_staff(12345, 6, 'G', 2)}<section>"
        f"{_measure(accidentals + notes + rests + tuplets)}"
        f"{_staff(7890, 8, 'F', 4)}{_measure(rests)}"
        "</section></score></mdiv></body></music></mei>"
    )


def _staff(count, unit, clef, line):
    """A staff, with the numbers of its time signature and its clef."""
    return (
        f'<scoreDef meter.count="{count}" meter.unit="{unit}"><staffGrp>'
        f'<staffDef n="1" lines="5" clef.shape="{clef}" clef.line="{line}"/>'
        "</staffGrp></scoreDef>"
    )


def _measure(content):
    return f'<measure><staff n="1"><layer n="1">{content}</layer></staff></measure>'


def _tight(path):
    """A path without the spaces that it can do without."""
    path = re.sub(r"\s*([A-Za-z])\s*", r"\1", path.strip())
    return re.sub(r"\s+(?=-)", "", path)


def _box(path):
    """Edges of an outline, in distances between staff lines."""
    points = np.vstack(list(_points(path))) / _UNITS_PER_SPACE
    edges = *points.min(axis=0), *points.max(axis=0)
    return [round(float(edge), 3) for edge in edges]


def _points(path):
    """Yield points along each part of a path, in its units.

    Verovio's outlines consist of the commands M, l, h, v, c, s and z, or the same in
    capital letters; another one raises a KeyError.
    """
    here, control = np.zeros(2), np.zeros(2)  # control: the last one of a curve
    for command, text in _PART.findall(path):
        numbers = np.array(re.findall(r"-?[\d.]+", text), dtype=np.float64)
        low, is_relative = command.lower(), command.islower()
        if low == "z":
            continue
        if low in "hv":
            numbers = _along_axis(numbers, low, here, is_relative)
        n_points = {"m": 1, "l": 1, "h": 1, "v": 1, "s": 2, "c": 3}[low]
        for part in numbers.reshape(-1, n_points, 2):
            part = part + here if is_relative else part
            if low in "cs":
                ahead = [2 * here - control] if low == "s" else []
                curve = np.vstack([here, *ahead, part])
                yield _BERNSTEIN @ curve
                control = curve[2]
            here = part[-1]
            if low not in "cs":
                control = here
            yield here[None]


def _along_axis(numbers, axis, here, is_relative):
    """Points of lines along one axis, from numbers of that axis alone."""
    other = 0 if is_relative else here[int(axis == "h")]
    pairs = [(n, other) if axis == "h" else (other, n) for n in numbers]
    return np.array(pairs)
