"""Scores to print and to show elsewhere: PDF, PNG and SVG, typeset by typst."""

import json
from functools import cache
from importlib import resources

from sklearn_c2c._files import by_suffix, check_folder, write_atomically
from sklearn_c2c.display._score import score_lines, score_svg
from sklearn_c2c.display._studio import studio

PAPERS = ("a4", "a5", "us-letter", "us-legal")
_WIDTH = 960  # pixels; a printed page is as wide
_RESOLUTIONS = 24, 1200  # dots per inch


def write_score(
    melody,
    path,
    *,
    width=_WIDTH,
    resolution=192,
    paper="a4",
    time_signature="4/4",
    steps_per_quarter=4,
    key=None,
    title=None,
    pickup=False,
    marks=None,
    repeats="played",
    voices=None,
):
    """Write the score of a melody, or of several voices, to a PDF, PNG or SVG file.

    PDF is for printing: pages of paper, as many as the melody needs, which are broken
    between lines of music. PNG and SVG are a picture of the whole score.

    Parameters
    ----------
    melody : array-like of int, shape (n_steps,)
        A legal melody, engraved up to its end.
    path : path-like
        Its suffix decides: ``.pdf``, ``.png`` or ``.svg``. A file that is there is
        replaced, at once when the new one is complete.
    width : int, default=960
        Width of the music as in `score_svg`, in pixels of which an inch has 96. On
        paper it takes the width of the page: the more pixels, the smaller the notes.
    resolution : float, default=192
        Pixels of a PNG file in an inch, 24 to 1200: with 192 it has two for each
        pixel of `width`.
    paper : {"a4", "a5", "us-letter", "us-legal"}, default="a4"
        Format of the pages of a PDF file.
    time_signature, steps_per_quarter, key, title, pickup, marks, repeats, voices
        As in `score_svg`.

    Raises
    ------
    ValueError
        If the suffix is not known, the melody is not legal, or a parameter is out of
        range. No file is written then.
    ImportError
        If verovio or, for PDF and PNG, typst is not installed.
    OSError
        If the file cannot be written.

    See Also
    --------
    sklearn_c2c.page.write_tune_book : Many melodies, to print.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from sklearn_c2c.display import write_score
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "call.png")
    ...     write_score([62, 129, 129, 129, 69, 129, 129, 128] * 2, path, key="D")
    ...     path.read_bytes()[1:4]
    b'PNG'
    """
    convert = by_suffix(path, _CONVERTERS)
    _check_resolution(resolution)
    check_paper(paper)
    check_folder(path)
    content = convert(
        melody,
        title,
        resolution=resolution,
        paper=paper,
        width=width,
        time_signature=time_signature,
        steps_per_quarter=steps_per_quarter,
        key=key,
        pickup=pickup,
        marks=marks,
        repeats=repeats,
        voices=voices,
    )
    write_atomically(path, content)


def _check_resolution(resolution):
    low, high = _RESOLUTIONS
    if not low <= resolution <= high:
        raise ValueError(
            f"Found resolution={resolution!r}; expected pixels in an inch, {low} to "
            f"{high}."
        )


def check_paper(paper):
    """Check the name of a format of paper (see `write_score`)."""
    if paper not in PAPERS:
        options = " or ".join(map(repr, PAPERS))
        raise ValueError(f"Found paper={paper!r}; expected {options}.")


def typeset_tunes(tunes, *, title="", paper="a4", is_numbered=True, has_contents=False):
    """Typeset scores of melodies as the bytes of a PDF file.

    Parameters
    ----------
    tunes : list of (str, str, list of str)
        Title and composer of each tune, or "", and its lines of music as SVG (see
        `score_lines`).
    title : str, default=""
        Title of the whole, or "".
    paper : str, default="a4"
        Format of the pages, one of `PAPERS`.
    is_numbered : bool, default=True
        Whether pages have numbers.
    has_contents : bool, default=False
        Whether a table of contents comes first.

    Returns
    -------
    bytes

    Raises
    ------
    ImportError
        If typst is not installed.
    """
    pictures, content = {}, []
    for i, (name, composer, lines) in enumerate(tunes):
        names = [f"{i}-{j}.svg" for j in range(len(lines))]
        pictures.update(zip(names, lines, strict=True))
        content.append((name, composer, names))
    return _typeset(
        "tunes.typ",
        {
            "title": title,
            "paper": paper,
            "is_numbered": is_numbered,
            "has_contents": has_contents,
            "tunes": content,
        },
        pictures,
        format="pdf",
    )


def _to_pdf(melody, title, *, resolution, paper, **notation):
    lines = score_lines(melody, **notation)
    return typeset_tunes([(title or "", "", lines)], paper=paper, is_numbered=False)


def _to_png(melody, title, *, resolution, paper, **notation):
    picture = {"score.svg": score_svg(melody, **notation)}
    content = {"title": title or "", "width": notation["width"]}
    return _typeset("score.typ", content, picture, format="png", ppi=resolution)


def _to_svg(melody, title, *, resolution, paper, **notation):
    svg = score_svg(melody, title=title, **notation)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{svg}'.encode()


def _typeset(template, content, pictures, **options):
    """Fill in a template of typst, given its data and its SVG pictures by name."""
    typst = studio("typst")
    text = resources.files("sklearn_c2c.display").joinpath(template).read_text("utf-8")
    # A title from a file name may have characters that no encoding has.
    content = json.dumps(content, ensure_ascii=False)
    files = {"main.typ": text, "content.json": content, **pictures}
    files = {name: text.encode(errors="replace") for name, text in files.items()}
    return typst.compile(files, font_paths=_fonts(), **options)


@cache
def _fonts():
    """Fonts that are found once: those of typst, and for other scripts the system's."""
    return studio("typst").Fonts()


_CONVERTERS = {".pdf": _to_pdf, ".png": _to_png, ".svg": _to_svg}
