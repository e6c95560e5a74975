"""The judges' table of a page: the meaning of each row, and which values are good."""

from html import escape
from math import isnan, nan

_COLUMNS = {
    "generated": "these melodies or more of their kind",
    "others": "real tunes that are not in the corpus",
    "real": "the tunes of the corpus among themselves",
    "dice": "measures drawn at random from the corpus",
    "markov": "a Markov chain learned from the corpus",
}
_ROWS = {
    "two_sample_auc": (
        "Distinguished from real tunes",
        "Share of the pairs, one of these and one of the corpus, in which a classifier "
        "finds the real one: 0.5 if it has to guess, 1 if it always knows.",
    ),
    "frechet_distance": (
        "Distance in style",
        "How far the averages and the spread of pitch, interval, rhythm and the like "
        "are from those of the corpus: less is nearer.",
    ),
    "density": (
        "Density",
        "Real tunes that lie around a melody: about 1 among real tunes, near 0 if "
        "melodies stand apart, more if they stay in the middle of the style.",
    ),
    "coverage": (
        "Coverage",
        "Share of the real tunes that have a melody near them: low if the melodies are "
        "all of one kind.",
    ),
    "note_surprise": (
        "Surprise of a note",
        "In nats, for a model of the corpus: higher if notes follow each other as "
        "they do in no tune, lower if they are copied or always the same.",
    ),
    "step_surprise": (
        "Surprise of a step",
        "The same for each time step, which also judges the rhythm.",
    ),
    "originality": (
        "Originality",
        "Share of the notes that are not in any one tune, at the best shift in time "
        "and pitch: 0 for a copy, 1 if nothing is shared.",
    ),
    "nearest_distance": (
        "Distance of the nearest tune",
        "Share of the steps that differ from it: 0 for a copy. Below the real tunes' "
        "own, melodies keep close to the corpus.",
    ),
    "longest_copied_run": (
        "Longest copied run",
        "Consecutive steps in common with one tune: above the real tunes' own, whole "
        "phrases are copied.",
    ),
    "copy_share": (
        "Copies",
        "Share of the melodies that are a tune of the corpus, step by step; should be "
        "0.",
    ),
    "repeat_share": (
        "Repeat a measure",
        "Share of the melodies in which a measure is repeated.",
    ),
    "equal_measure_share": (
        "Equal measures",
        "Share of the pairs of measures that are the same.",
    ),
    **{
        f"similarity_lag_{lag}": (
            f"Likeness {measures}",
            "Share of the steps that are the same in both: what is repeated, and when.",
        )
        for lag, measures in [
            (1, "of neighboring measures"),
            (2, "of measures two apart"),
            (4, "of measures four apart"),
        ]
    },
    "beat_ending_share": (
        "End on a beat",
        "Share of the melodies whose last note begins on a beat.",
    ),
    "last_note_length": ("Last note", "Its length in steps."),
    "tonic_ending_share": (
        "End on the tonic",
        "Share of the melodies whose last note is the tonic and begins on a beat.",
    ),
    "mean_absolute_interval": (
        "Leaps",
        "Semitones from a note to the next, on average: more if melodies leap more.",
    ),
    "hold_share": (
        "Held steps",
        "Share of the steps at which a note goes on: more if the notes are longer.",
    ),
    "in_scale_share": ("In the scale", "Share of the notes that are in the key."),
    "n_steps": ("Length", "Steps of a melody, on average."),
}


def judges_to_html(table):
    """Show a table of `metrics.evaluate` as an HTML element, closed.

    Parameters
    ----------
    table : dict of dict
        Figures by column and row. A row that is missing in a column, and NaN, is a
        dash.

    Returns
    -------
    str
    """
    names = dict.fromkeys(name for column in table.values() for name in column)
    head = "".join(f'<th scope="col">{escape(str(column))}</th>' for column in table)
    columns = "; ".join(map(_describe_column, table))
    rows = "\n".join(_row(name, table) for name in names)
    return f"""\
<details class="judges">
<summary>Does it sound like a tune?</summary>
<p>No figure is good in itself: good is what is near to real tunes, in all rows at once.
The columns: {columns}.</p>
<div tabindex="0"><table>
<thead><tr><th scope="col">Measure</th>{head}</tr></thead>
<tbody>
{rows}
</tbody>
</table></div>
</details>"""


def _describe_column(name):
    meaning = f", {_COLUMNS[name]}" if name in _COLUMNS else ""
    return f"<i>{escape(str(name))}</i>{meaning}"


def _row(name, table):
    title, meaning = _ROWS.get(name, (str(name), ""))
    cells = "".join(
        f"<td>{_figure(rows.get(name, nan))}</td>" for rows in table.values()
    )
    return f'<tr><th scope="row"><b>{escape(title)}</b><br>{meaning}</th>{cells}</tr>'


def _figure(value):
    """Three decimals, or two from 10 on."""
    if isnan(value):
        return "&ndash;"
    return f"{value:.{3 if abs(value) < 10 else 2}f}"
