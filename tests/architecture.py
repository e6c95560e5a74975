"""The table and the picture of the rooms in `docs/architecture.md`.

``python -m tests.architecture`` writes both from the code: rooms and allowed imports
from `tests.test_layering`, contents from docstrings, arrows from the imports. A test
fails when it must be run again.
"""

import ast
import re
from functools import cache
from html import escape
from itertools import pairwise
from pathlib import Path

import numpy as np
from sklearn.isotonic import isotonic_regression

from tests.test_layering import FILES, PACKAGE, ROOMS, imports_of_ours, room_of

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "architecture.md"
PICTURE = DOCS / "images" / "architecture.svg"

_TABLE = re.compile(r"(?<=<!-- table -->\n\n).*?(?=\n\n<!-- end -->)", re.S)

# Sizes in the picture, in pixels.
_ROW, _HEIGHT, _GAP, _MARGIN, _CHARACTER = 88, 30, 18, 20, 8.0
_N_SWEEPS = 24


def main():
    """Write the table into the page, and the picture."""
    PAGE.write_text(_TABLE.sub(lambda _: table(), PAGE.read_text()))
    PICTURE.write_text(picture())


def table():
    """List the rooms in Markdown, those that others build on first."""
    lines = ["| room | what lives there | may import |", "|---|---|---|"]
    for room, allowed in ROOMS.items():
        imports = ", ".join(f"`{name}`" for name in sorted(allowed)) or "nothing"
        lines.append(f"| `{room}` | {_purpose(room)} | {imports} |")
    return "\n".join(lines)


def _purpose(room):
    """First sentence of the docstring, without its full stop."""
    folder, module = PACKAGE / room / "__init__.py", PACKAGE / f"{room}.py"
    path = folder if folder.exists() else module
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    docstring = " ".join(docstring.split())
    return re.match(r".*?(?=\.\s|\.$)", docstring)[0].replace("``", "`")


# ---------------------------------------------------------------------- the picture


def arrows():
    """Map each room to those it imports, without those imported by one of these."""
    imports = {room: set() for room in ROOMS}
    for path in FILES:
        if (room := room_of(path)) in imports:
            imports[room] |= {*imports_of_ours(path)} - {room}

    @cache
    def reached(room):
        return imports[room].union(*map(reached, imports[room]))

    return {
        room: sorted(names - set().union(*map(reached, names)))
        for room, names in imports.items()
    }


def picture():
    """Draw each room below all that import it; return the SVG."""
    graph = arrows()
    rows, chains = _rows(graph)
    _order(rows, chains)
    x = _places(rows, chains)
    left = min(x[node] - _width(node) / 2 for node in x) - _MARGIN
    right = max(x[node] + _width(node) / 2 for node in x) + _MARGIN
    y = {node: _ROW * i for i, row in enumerate(rows) for node in row}
    height = _ROW * (len(rows) - 1) + _HEIGHT + 2 * _MARGIN
    view = f"{left:.0f} {-_MARGIN - _HEIGHT / 2:.0f} {right - left:.0f} {height}"
    lines = [_arrow(chain, [(x[node], y[node]) for node in chain]) for chain in chains]
    boxes = [_box(node, x[node], y[node]) for node in x if isinstance(node, str)]
    return _SVG.format(view=view, body="\n".join(lines + boxes))


def _rows(graph):
    """Place rooms in rows, and points on the way of arrows that pass rows.

    Returns
    -------
    rows : list of lists
        A node is a room, or a point ``(from, to, row)``.
    chains : list of lists
        The nodes of each arrow, from its start to its end.
    """
    importers = {room: [r for r in graph if room in graph[r]] for room in graph}

    @cache
    def row_of(room):
        return max((row_of(importer) + 1 for importer in importers[room]), default=0)

    rows = [[] for _ in range(1 + max(map(row_of, graph)))]
    for room in graph:
        rows[row_of(room)].append(room)
    chains = []
    for room, targets in graph.items():
        for target in targets:
            passed = range(row_of(room) + 1, row_of(target))
            points = [(room, target, row) for row in passed]
            for point in points:
                rows[point[2]].append(point)
            chains.append([room, *points, target])
    return rows, chains


def _order(rows, chains):
    """Sort each row by the mean place of its neighbors, above and below in turn."""
    above, below = _neighbors(chains)
    for sweep in range(_N_SWEEPS):
        down = sweep % 2 == 0
        neighbors = above if down else below
        place = {
            node: (i + 0.5) / len(row) for row in rows for i, node in enumerate(row)
        }
        for row in rows if down else rows[::-1]:
            mean = {
                node: np.mean([place[other] for other in neighbors[node]])
                if neighbors[node]
                else place[node]
                for node in row
            }
            row.sort(key=lambda node: (mean[node], str(node)))
            place |= {node: (i + 0.5) / len(row) for i, node in enumerate(row)}


def _places(rows, chains):
    """Abscissa of each node: near its neighbors, and apart from the next in row."""
    above, below = _neighbors(chains)
    x = {}
    for row in rows:
        offsets = _offsets(row)
        x |= dict(zip(row, offsets - offsets.mean(), strict=True))
    for _ in range(_N_SWEEPS):
        for row in rows:
            wanted = [
                np.mean([x[n], *(x[m] for m in above[n] + below[n])]) for n in row
            ]
            offsets = _offsets(row)
            # Least squares under x[i + 1] - x[i] >= the distance of the two.
            x |= dict(
                zip(row, isotonic_regression(wanted - offsets) + offsets, strict=True)
            )
    return x


def _offsets(row):
    """Abscissa of each node of a row without room to spare."""
    widths = np.array([_width(node) + _GAP for node in row])
    return np.cumsum(widths) - widths / 2


def _neighbors(chains):
    nodes = [node for chain in chains for node in chain]
    nodes += ROOMS
    above, below = {n: [] for n in nodes}, {n: [] for n in nodes}
    for chain in chains:
        for upper, lower in pairwise(chain):
            above[lower].append(upper)
            below[upper].append(lower)
    return above, below


def _width(node):
    return 20 + _CHARACTER * len(node) if isinstance(node, str) else 0


def _box(room, x, y):
    width, kind = _width(room), "private" if room[0] == "_" else "public"
    return (
        f'<g class="{kind}"><rect x="{x - width / 2:.0f}" y="{y - _HEIGHT / 2:.0f}" '
        f'width="{width:.0f}" height="{_HEIGHT}" rx="5"/>'
        f'<text x="{x:.0f}" y="{y + 5:.0f}">{escape(room)}</text></g>'
    )


def _arrow(chain, points):
    """Draw an arrow through points, upright where it passes them."""
    (x, y), (x_end, y_end) = points[0], points[-1]
    points = [(x, y + _HEIGHT / 2), *points[1:-1], (x_end, y_end - _HEIGHT / 2 - 5)]
    path = f"M{x:.0f} {points[0][1]:.0f}"
    for (x, y), (x_next, y_next) in pairwise(points):
        half = (y + y_next) / 2
        path += f"C{x:.0f} {half:.0f} {x_next:.0f} {half:.0f} {x_next:.0f} {y_next:.0f}"
    title = f"{chain[0]} imports {chain[-1]}"
    return f'<path d="{path}" marker-end="url(#head)"><title>{title}</title></path>'


_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}" role="img">
<title>The rooms of sklearn_c2c and what each imports</title>
<style>
rect {{ stroke: #35608d; stroke-width: 1.5 }}
.public rect {{ fill: #dbe9f6 }}
.private rect {{ fill: #f4f4f4; stroke: #888 }}
text {{ font: 13px monospace; text-anchor: middle; fill: #111 }}
path {{ fill: none; stroke: #777; stroke-width: 1.2 }}
marker path {{ fill: #777; stroke: none }}
</style>
<marker id="head" viewBox="0 0 8 8" refX="3" refY="4" markerWidth="7" markerHeight="7"
 orient="auto"><path d="M0 0 8 4 0 8z"/></marker>
{body}
</svg>
"""


if __name__ == "__main__":
    main()
