"""Scores of tunes as their files have them, line by line."""

from functools import partial

from sklearn_c2c.display._score import (
    LINE,
    drawn,
    finished,
    for_verovio,
    named_lines,
    phrase_length,
)
from sklearn_c2c.io import sheets_to_musicxml

_MOST_MORE = 2  # measures of endings that a line takes in addition


def sheet_lines(sheet, *, width):
    """Engrave each line of music of a tune that is laid out as its file has it.

    Parameters
    ----------
    sheet : WrittenSheet
        As of `io.written_tunes`.
    width : int
        Width of the score, as of `score_svg`.

    Returns
    -------
    list of str
        As of `score_lines`.

    Raises
    ------
    ImportError
        If verovio is not installed.
    """
    text = for_verovio(sheets_to_musicxml([sheet]).decode())
    _, pages = drawn(text, width, LINE, partial(_sections, sheet))
    return named_lines([finished(svg, {}, {}, sheet.melody, sheet) for svg in pages])


def _sections(sheet, pieces, n_systems):
    """Which measures begin a line: each section does, with its pick-up."""
    starts = _starts(sheet)
    counted = [not sheet.missing(i) for i in range(len(starts))]
    length = phrase_length(sum(counted), n_systems)
    begins, n_in_line = [], 0
    for i, is_start in enumerate(starts):
        end = next((k for k in range(i + 1, len(starts)) if starts[k]), len(starts))
        n_left = sum(counted[i:end])
        most_more = _MOST_MORE if sheet.signs[i].ending else min(1, length - 1)
        is_full = n_in_line >= length and n_left > most_more
        begins.append(i > 0 and (is_start or is_full))
        n_in_line = counted[i] + (0 if begins[-1] else n_in_line)
    return begins


def _starts(sheet):
    """Whether a section begins at each measure: at a sign, or after the last ending."""
    starts, before = [], None
    for i, sign in enumerate(sheet.signs):
        ends = before and not sign.ending and (before.closes or before.ending)
        follows_pickup = i > 0 and starts[-1] and sheet.missing(i - 1) > 0
        starts.append(i == 0 or bool(ends) or (sign.opens and not follows_pickup))
        before = sign
    return starts
