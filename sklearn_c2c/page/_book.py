"""`write_tune_book`: scores of many melodies, to print."""

from html import escape
from string import Template

import numpy as np

import sklearn_c2c
from sklearn_c2c._files import by_suffix, check_folder, write_atomically
from sklearn_c2c._titles import one_line
from sklearn_c2c.display import check_paper, score_lines, sheet_lines, typeset_tunes
from sklearn_c2c.page._page import part

_WIDTH = 960  # pixels of a line of music
_FEWEST_LISTED = 8  # tunes, for a table of contents
_CSS_PAPERS = {"a4": "A4", "a5": "A5", "us-letter": "letter", "us-legal": "legal"}


def write_tune_book(
    path,
    melodies,
    *,
    title,
    titles=None,
    composers=None,
    width=_WIDTH,
    paper="a4",
    time_signature="4/4",
    steps_per_quarter=4,
    key=None,
    pickup=False,
    repeats="played",
    voices=None,
    callback=None,
):
    """Write the scores of many melodies as one book, a PDF or an HTML file.

    Each tune has its title. A tune that fits on a page is on one page; a longer one is
    broken between lines of music. From 8 tunes on, a table of contents comes first. The
    pages of a PDF are numbered, as are those of the HTML file as a browser prints it.
    The same arguments give the same bytes.

    Parameters
    ----------
    path : str or path-like
        Its suffix decides: ``.pdf``, or ``.html`` or ``.htm``.
    melodies : array-like of int, shape (n_melodies, n_steps), or list of rows
        Legal melodies, in the order of the book, each up to its end.
    title : str
        Title of the book.
    titles : array-like of str, default=None
        Title of each melody; if None, they are numbered.
    composers : array-like of str, default=None
        Composer of each melody, "" for none.
    width : int, default=960
        Width of the music as in `score_svg`, in pixels. It takes the width of the page:
        the more pixels, the smaller the notes.
    paper : {"a4", "a5", "us-letter", "us-legal"}, default="a4"
        Format of the printed pages.
    time_signature, steps_per_quarter, key, pickup, repeats
        As in `score_svg`, for all melodies; or an array-like with one for each melody.
    voices : int or list of str, default=None
        Number or names of the voices of all rows, as in `score_svg`.
    callback : callable, default=None
        Called as ``callback(n_engraved)`` after each melody. An engraving takes some
        30 ms.

    Raises
    ------
    ValueError
        If the suffix is not known, there is no melody, one is not legal, or a parameter
        is out of range or a list of another length. No file is written then.
    ImportError
        If verovio or, for PDF, typst is not installed.
    OSError
        If the file cannot be written.

    See Also
    --------
    write_page : A page with players, to look at and listen to.
    sklearn_c2c.display.write_score : A file of one melody.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn_c2c.page import write_tune_book
    >>> path = os.path.join(tempfile.mkdtemp(), "book.html")
    >>> melodies = [[62, 129, 64, 66, 69, 129, 129, 129], [74, 73, 71, 69] * 2]
    >>> write_tune_book(path, melodies, title="Two calls", key=["D", "G"])
    >>> os.path.getsize(path) > 1000
    True
    """
    typeset = by_suffix(path, _FORMATS)
    check_paper(paper)
    check_folder(path)
    n_melodies = len(melodies)
    if not n_melodies:
        raise ValueError("Found no melody; expected at least one for a book.")
    if titles is None:
        titles = [f"Melody {i + 1}" for i in range(n_melodies)]
    notation = {
        "titles": list(titles),
        "composers": [""] * n_melodies if composers is None else list(composers),
        "time_signature": time_signature,
        "steps_per_quarter": steps_per_quarter,
        "key": key,
        "pickup": pickup,
        "repeats": repeats,
    }
    each = [one | {"voices": voices} for one in _of_each(notation, n_melodies)]
    tunes = _engraved(melodies, each, width, callback)
    write_atomically(path, typeset(tunes, one_line(str(title)), paper))


def write_sheet_book(path, tunes, *, title, paper, callback=None):
    """Write a book of tunes as their files have them.

    Parameters
    ----------
    path, title, paper, callback
        As of `write_tune_book`.
    tunes : list of (str, str, WrittenSheet)
        Title, composer or "", and sheet of each, as of `io.written_tunes`.

    Raises
    ------
    ValueError, ImportError, OSError
        As of `write_tune_book`.
    """
    typeset = by_suffix(path, _FORMATS)
    check_paper(paper)
    check_folder(path)
    drawn = []
    for name, composer, sheet in tunes:
        lines = sheet_lines(sheet, width=_WIDTH)
        drawn.append((one_line(name), one_line(composer), lines))
        if callback is not None:
            callback(len(drawn))
    write_atomically(path, typeset(drawn, one_line(title), paper))


def _of_each(notation, n_melodies):
    """For each melody its own title and notation."""
    columns = {}
    for name, value in notation.items():
        is_one = np.ndim(value) == 0
        columns[name] = [value] * n_melodies if is_one else list(value)
        if len(columns[name]) != n_melodies:
            raise ValueError(
                f"Got {len(columns[name])} values in {name} for {n_melodies} melodies."
            )
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _engraved(melodies, notation, width, callback):
    """Title, composer and lines of music of each melody."""
    tunes = []
    for i, (melody, own) in enumerate(zip(melodies, notation, strict=True)):
        title, composer = (one_line(str(own.pop(k))) for k in ("titles", "composers"))
        try:
            lines = score_lines(melody, width=width, **own)
        except ValueError as error:
            raise ValueError(f"Melody {i}, {title!r}: {error}") from error
        tunes.append((title, composer, lines))
        if callback is not None:
            callback(i + 1)
    return tunes


def _to_pdf(tunes, title, paper):
    has_contents = len(tunes) >= _FEWEST_LISTED
    return typeset_tunes(tunes, title=title, paper=paper, has_contents=has_contents)


def _to_html(tunes, title, paper):
    names = [escape(name) for name, _, _ in tunes]
    page = Template(part("tune_book.html")).substitute(
        title=escape(title),
        style=Template(part("tune_book.css")).substitute(paper=_CSS_PAPERS[paper]),
        contents=_contents(names) if len(tunes) >= _FEWEST_LISTED else "",
        tunes="\n".join(_section(i, *tune) for i, tune in enumerate(tunes, 1)),
        version=sklearn_c2c.__version__,
    )
    return page.encode()


def _contents(names):
    items = "\n".join(
        f'<li><a href="#tune-{i}">{name}</a></li>' for i, name in enumerate(names, 1)
    )
    return f'<nav aria-label="Contents"><ol>\n{items}\n</ol></nav>'


def _section(number, name, composer, lines):
    """One tune: its title, and its lines of music, which scroll on narrow screens."""
    name, composer = escape(name), escape(composer)
    by = f'<p class="composer">{composer}</p>\n' if composer else ""
    music = "\n".join(f'<div class="line">{line}</div>' for line in lines)
    return f"""\
<section id="tune-{number}">
<h2>{name}</h2>
{by}<div class="score" role="img" aria-label="Score of {name}" tabindex="0">
{music}
</div>
</section>"""


_FORMATS = {".pdf": _to_pdf, ".html": _to_html, ".htm": _to_html}
