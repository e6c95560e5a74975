"""The parts of a section of the report: numbers, claims, figures and tunes."""

from collections.abc import Callable
from dataclasses import dataclass, field

from reproduction.verdicts import Number


@dataclass(frozen=True)
class Table:
    """Names of numbers, in rows and columns; None for an empty cell."""

    columns: tuple
    rows: tuple  # of (label, names)


@dataclass(frozen=True)
class Tune:
    """A melody to see engraved and to play."""

    title: str
    melody: list


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Parameters
    ----------
    title, figures : str
        Its topic, and the figures of the paper.
    text : str
        Description of the experiment, in HTML.
    numbers : dict of str to Number
        By a name that no other section uses.
    tables : tuple of Table
        The tables that show them.
    claims : tuple of Claim
        The paper's claims.
    draw : callable
        From the records to a list of (caption, matplotlib Figure).
    tunes : callable
        From the records to a list of Tune.
    also_drawn : tuple of str
        Experiments that the drawings need beside those that the numbers are from.
    """

    title: str
    figures: str
    text: str
    numbers: dict
    tables: tuple
    claims: tuple
    draw: Callable = field(default=lambda records: [])
    tunes: Callable = field(default=lambda records: [])
    also_drawn: tuple = ()


def grid(prefix, experiment, measures, columns):
    """Numbers of the same measures under several parameters, and their table.

    Parameters
    ----------
    prefix : str
        Prefix of all names.
    experiment : str
        The experiment they are from.
    measures : dict of str to tuple
        By field: label, unit and, if it is not the mean, how to reduce.
    columns : dict of str to (str, dict)
        By a short name: label, and the parameters of the records.

    Returns
    -------
    numbers : dict of str to Number
        Named ``prefix.column.field``.
    table : Table
    """
    numbers = {
        f"{prefix}.{column}.{name}": Number(
            f"{label}, {measure[0]}",
            experiment,
            name,
            where,
            unit=measure[1],
            reduce=measure[2] if len(measure) > 2 else "mean",
        )
        for name, measure in measures.items()
        for column, (label, where) in columns.items()
    }
    rows = tuple(
        (measure[0], tuple(f"{prefix}.{column}.{name}" for column in columns))
        for name, measure in measures.items()
    )
    return numbers, Table(tuple(label for label, _ in columns.values()), rows)
