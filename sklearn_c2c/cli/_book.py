"""The command that makes a book of tunes, of several metres and keys."""

import sys
import time
from pathlib import Path

from sklearn_c2c.cli._console import print_table
from sklearn_c2c.cli._corpus import (
    NothingRead,
    engraved_key,
    find_tunes,
    name_of_paths,
    name_of_source,
    print_left_out,
    print_rejected,
)
from sklearn_c2c.cli._models import check_path
from sklearn_c2c.cli._result import check_installed
from sklearn_c2c.cli._wording import CommandError, counted

# Parameters that a tune as it is written has no measures for: with one of them it is
# read as a row.
_OF_ROWS = {"n_measures", "pickup", "repeats"}
# Whole tunes as they are played; the score has the repeat signs.
_READING = {
    "n_measures": None,
    "key": None,
    "pickup": "keep",
    "repeats": "played",
    "duplicates": "drop",
}
# Grids on which the tunes of a metre are tried, in steps of a quarter note: with the
# first that holds its notes exactly a tune has the fewest signs. Notes on none of them
# are rounded to the first in which a measure is a whole number of steps.
_GRIDS = (4, 12, 24, 48)
_SUFFIXES = (".pdf", ".html", ".htm")
_SECONDS_BETWEEN = 0.1


def book(args):
    """Make one book of scores from tunes, to print or to read in a browser."""
    _check_out(args)
    from sklearn_c2c import page

    name = name_of_paths(args.tunes)
    tunes, others = find_tunes(args.tunes)
    as_rows = bool(_OF_ROWS & set(args.reading))
    read, rejected = (_read if as_rows else _written)(tunes, args.reading)
    if rejected:
        print_rejected(rejected, args.flags)
        print()
    print(f"{name}: {len(read)} of {counted(len(tunes), 'tune')} read")
    print_left_out(rejected, args.reading, others)
    if not read:
        raise NothingRead("no tune can be read; the table says why.")
    _print_changes(read)
    if as_rows:
        _print_chords(tunes, args)
    with _Progress(len(read)) as progress:
        shared = {
            "title": name if args.title is None else args.title,
            "paper": args.paper,
            "callback": progress,
        }
        if as_rows:
            page.write_tune_book(args.out, **_columns(read, args.reading), **shared)
        else:
            sheets = [(tune["title"], tune["composer"], tune["sheet"]) for tune in read]
            page.write_sheet_book(args.out, sheets, **shared)
    print(f"Book: {args.out}")


def _columns(read, reading):
    """Melodies, titles and notation as `write_tune_book` takes them."""
    names = {
        "melodies": "melody",
        "titles": "title",
        "composers": "composer",
        "time_signature": "time_signature",
        "steps_per_quarter": "steps_per_quarter",
        "key": "key",
    }
    columns = {name: [tune[one] for tune in read] for name, one in names.items()}
    return columns | {
        "pickup": reading.get("pickup", _READING["pickup"]) == "keep",
        "repeats": "signs" if reading.get("repeats") != "written" else "played",
    }


def _check_out(args):
    """Check before any work that the book can be written."""
    suffix = Path(args.out).suffix.lower()
    if suffix not in _SUFFIXES:
        raise CommandError(
            f"Found --out {args.out}; expected a file that ends in .pdf or .html."
        )
    check_path(args.out, args.force)
    check_installed(".pdf" if suffix == ".pdf" else ".svg", f"--out {args.out}")


def _written(tunes, reading):
    """Lay out tunes as their files have them.

    Returns
    -------
    read : list of dict
        Sheet, title, composer and warnings of each, in the order of the tunes.
    rejected : list of Rejection
    """
    from sklearn_c2c import io

    usual = {"key": None, "steps_per_quarter": "auto", "duplicates": "drop"}
    found, rejected = io.written_tunes(tunes, io.Choice(**usual | reading))
    read = [
        {
            "sheet": one.sheet,
            "title": one.tune.title or name_of_source(one.source),
            "composer": one.tune.composer,
            "warnings": one.warnings,
        }
        for one in found
    ]
    return read, rejected


def _read(tunes, reading):
    """Read tunes as rows, each in its own metre and key.

    Returns
    -------
    read : list of dict
        Melody, title, warnings and notation of each, in the order of the tunes.
    rejected : list of Rejection
    """
    read, rejected, left = {}, [], tunes
    while left:
        left = _read_metre(left, reading, read, rejected)
    places = {tune.source: place for place, tune in enumerate(tunes)}
    rejected.sort(key=lambda rejection: places[rejection.source])
    in_order = [
        read[source] | {"composer": tune.composer}
        for source, tune in tunes
        if source in read
    ]
    return in_order, rejected


def _read_metre(tunes, reading, read, rejected):
    """Read the tunes in the metre of most, or in the one asked for.

    They are added to `read`, those that cannot be read to `rejected`; those in other
    metres are returned.
    """
    others = set()
    all_tunes, grids = tunes, _grids(reading)
    for grid in grids:
        try:
            melodies, left_out = _melodies(tunes, _READING | reading | grid)
        except ValueError:  # a measure is no whole number of these steps
            if grid is grids[-1]:
                raise
            continue
        read.update(_described(melodies, reading))
        again = set() if grid is grids[-1] else _sources(left_out, "off grid")
        if "time_signature" not in reading:
            others |= _sources(left_out, "metre")
        rejected += [one for one in left_out if one.source not in again | others]
        tunes = [tune for tune in tunes if tune.source in again]
        if not tunes:
            break
    return [tune for tune in all_tunes if tune.source in others]


def _grids(reading):
    """Parameters of reading for each grid to try."""
    if "steps_per_quarter" in reading:
        return [{}]
    exact = [{"steps_per_quarter": n, "off_grid": "reject"} for n in _GRIDS]
    if reading.get("off_grid") == "reject":
        return exact
    return exact + [{"steps_per_quarter": n, "off_grid": "round"} for n in _GRIDS]


def _melodies(tunes, reading):
    """Melodies of tunes of one metre, or none, and the tunes left out."""
    from sklearn_c2c import io

    try:
        melodies = io.melodies_from(tunes, io.Choice(**reading))
    except io.NothingReadError as error:
        return {}, error.rejected
    return melodies, melodies.rejected


def _sources(rejected, kind):
    """Sources of the tunes left out for a reason, and with a metre where it is that."""
    return {
        one.source
        for one in rejected
        if one.kind == kind and (kind != "metre" or one.found)
    }


def _described(melodies, reading):
    """What the book needs of each melody, by its source."""
    if not melodies:
        return {}
    rows = zip(
        melodies.sources,
        melodies.data,
        melodies.titles,
        melodies.tonalities,
        melodies.warnings,
        strict=True,
    )
    return {
        source: {
            "melody": melody,
            "title": title or name_of_source(source),
            "warnings": warnings,
            "time_signature": melodies.time_signature,
            "steps_per_quarter": melodies.steps_per_quarter,
            "key": _key(tonality, reading.get("key")),
        }
        for source, melody, title, tonality, warnings in rows
    }


def _key(tonality, asked):
    """Key of the signature: the tune's own tonic or the one asked for, and its mode."""
    tonic = asked or (tonality.split()[0] if tonality else None)
    return engraved_key(tonic, [tonality])


def _print_changes(read):
    """Print the changes that reading made to the notes of each tune."""
    n_changed = sum(bool(tune["warnings"]) for tune in read)
    if n_changed:
        print(f"notes moved, held or left out in {counted(n_changed, 'tune')}:")
        print_table(
            [
                (f"  {tune['title']}", "; ".join(tune["warnings"]))
                for tune in read
                if tune["warnings"]
            ]
        )


def _print_chords(tunes, args):
    """Say that chord symbols are left out, and by which options."""
    n = sum(any(part.chords for part in tune.parts) for _, tune in tunes)
    if n:
        flags = ", ".join(
            args.flags[name] for name in sorted(_OF_ROWS & {*args.reading})
        )
        print(f"chord symbols left out in {counted(n, 'tune')}, because of {flags}")


class _Progress:
    """Show on a terminal how many scores are engraved."""

    def __init__(self, n_tunes):
        self._n_tunes = n_tunes
        self._last = 0.0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._last:
            print(file=sys.stderr)

    def __call__(self, n_engraved):
        now = time.monotonic()
        if sys.stderr.isatty() and (
            now - self._last > _SECONDS_BETWEEN or n_engraved == self._n_tunes
        ):
            text = f"\rEngraving: tune {n_engraved} of {self._n_tunes}"
            print(text, end="", file=sys.stderr, flush=True)
            self._last = now
