"""Reading the corpus of a command, and the table of tunes read and left out."""

import re
from collections import Counter
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import NamedTuple

from sklearn_c2c.cli._console import print_table
from sklearn_c2c.cli._tempo import quarters_in_beat, usual_tempo
from sklearn_c2c.cli._wording import CommandError, in_options

# With fewer melodies, more than one in twenty that are composed differs from a tune in
# less than a tenth of its steps (the guide, "The command", has the figures).
FEW_MELODIES = 50

# Loader, name and tonic of the corpora that come with the package.
_BUNDLED = {
    "celtic": ("load_celtic", "Celtic reels", "D"),
    "bach": ("load_bach_sopranos", "Bach's chorale sopranos", "D"),
}

# What each kind of rejection says of several tunes, and which option takes them.
_REASONS = {
    "file": ("in files that cannot be read", ""),
    "damaged": ("not understood", ""),
    "empty": ("without notes", ""),
    "parts": ("of several parts", "--part melody"),
    "metre": ("that change metre", ""),
    "measures": ("whose bar lines do not keep the metre", ""),
    "length": ("too short", ""),
    "chords": ("with chords", "--chords highest"),
    "off grid": ("with notes between the time steps", "--off-grid round"),
    "key": ("in no key", "--key none"),
    "mode": ("in another mode", "--mode any"),
    "range": ("beyond the MIDI pitches", ""),
    "duplicate": ("equal to another one, counted once", ""),
}
_MOST_KEYS_NAMED = 4


class NothingRead(CommandError):
    """No tune could be read; the table has been printed."""


class Corpus(NamedTuple):
    """Melodies of a corpus, and the parameters they were read with.

    Parameters
    ----------
    name : str
    melodies : Bunch
        As `io.read_melodies` returns it.
    key : str or None
        To engrave in: the tonic of all, and the mode of most.
    tempo : float or None
        Quarter notes a minute, the median of those stated.
    reading : dict
        Parameters of `io.read_melodies` that read other tunes alike.
    moved : bool
        Whether the tonic was chosen because the tunes have several.
    """

    name: str
    melodies: object
    key: str | None
    tempo: float | None
    reading: dict
    moved: bool


def read_corpus(args, *, lists=False):
    """Read the corpus that the command line names.

    Parameters
    ----------
    args : Namespace
    lists : bool
        Whether to list every tune left out, too, if nothing can be read.

    Raises
    ------
    NothingRead
        If no tune can be read, when a table has said why.
    """
    if len(args.corpus) == 1 and args.corpus[0] in _BUNDLED:
        return _bundled(args)
    for path in args.corpus:
        if not Path(path).exists():
            raise CommandError(
                f"Found no file or folder {path!r}; expected some, or one of the "
                f"corpora {' and '.join(_BUNDLED)} alone."
            )
    from sklearn_c2c.io._choice import NothingReadError

    try:
        return _own(args)
    except NothingReadError as error:
        if lists:
            print_rejected(error.rejected, args.flags)
        print(f"{_name(args.corpus)}: 0 of {len(error.rejected)} tunes read")
        _print_reasons(error.rejected, args.reading)
        raise NothingRead("no tune can be read; the table says why.") from None


def _bundled(args):
    from sklearn_c2c import datasets

    if args.reading:
        given = ", ".join(args.flags[name] for name in args.reading)
        raise CommandError(
            f"The corpus {args.corpus[0]!r} comes as it is; these options are for "
            f"files of your own: {given}."
        )
    loader, name, tonic = _BUNDLED[args.corpus[0]]
    melodies = getattr(datasets, loader)()
    return _corpus(name, melodies, tonic, {"key": tonic}, moved=False)


def _own(args):
    """Read files; move them to the tonic of most where they have several."""
    from sklearn_c2c.io._choice import Choice, melodies_from
    from sklearn_c2c.io._reader import read_tunes

    reading = {"key": None, **args.reading}
    choice = Choice(**reading, duplicates="drop")
    tunes = read_tunes(args.corpus)
    melodies = melodies_from(tunes, choice)
    tonics = Counter(key.split()[0] for key in melodies.tonalities if key)
    moved = "key" not in args.reading and len(tonics) > 1
    if moved:
        reading["key"] = tonics.most_common(1)[0][0]
        melodies = melodies_from(tunes, replace(choice, key=reading["key"]))
    tonic = reading["key"] or (next(iter(tonics)) if len(tonics) == 1 else None)
    return _corpus(_name(args.corpus), melodies, tonic, reading, moved)


def _corpus(name, melodies, tonic, reading, moved):
    metre = melodies.time_signature
    shared = {
        "n_measures": melodies.n_measures,
        "steps_per_quarter": melodies.steps_per_quarter,
        "time_signature": metre,
        "pickup": melodies.get("pickup", "drop"),
    }
    key = _engraved_key(tonic, melodies.tonalities)
    tempo = usual_tempo(melodies.tempos, metre)
    return Corpus(name, melodies, key, tempo, reading | shared, moved)


def _name(paths):
    names = [Path(path).name or path for path in paths]
    if len(names) < 4:
        return ", ".join(names)
    return f"{names[0]} and {len(names) - 1} more"


def _engraved_key(tonic, tonalities):
    """The key of a tonic in the mode of most tunes, spelled so that it can be written.

    D sharp major has nine sharps, and is written as E flat major.
    """
    from sklearn_c2c.io._key import parse_key

    if tonic is None:
        return None
    modes = Counter(key.split()[1] for key in tonalities if key)
    mode = modes.most_common(1)[0][0] if modes else "major"
    tonic = re.match("[A-G][#b]?", tonic.capitalize())[0]
    for spelled in (tonic, _ENHARMONICS.get(tonic)):
        try:
            return str(parse_key(f"{spelled} {mode}"))
        except ValueError:
            continue
    return None


_SHARP_AND_FLAT = [("C#", "Db"), ("D#", "Eb"), ("F#", "Gb"), ("G#", "Ab"), ("A#", "Bb")]
_SHARP_AND_FLAT += [("B", "Cb"), ("E", "Fb"), ("E#", "F"), ("B#", "C")]
_ENHARMONICS = dict(_SHARP_AND_FLAT) | {flat: sharp for sharp, flat in _SHARP_AND_FLAT}


def print_read(melodies):
    """List the tunes that were read, and what a reader of each should know."""
    rows = zip(
        melodies.titles,
        melodies.sources,
        melodies.tonalities,
        melodies.get("warnings", [()] * len(melodies.titles)),
        strict=True,
    )
    print_table(
        [
            (f"{i}", title, source, key, "; ".join(warnings))
            for i, (title, source, key, warnings) in enumerate(rows, 1)
        ]
    )


def print_rejected(rejected, flags):
    """List the tunes that were left out, and why, in the words of the command."""
    print("Left out:")
    print_table([(r.source, r.title, in_options(r.reason, flags)) for r in rejected])


def print_summary(corpus, args):
    """Print how many tunes were read and left out, and which options read those."""
    melodies, reading = corpus.melodies, corpus.reading
    n_read, rejected = len(melodies.data), melodies.rejected
    length = f"{reading['n_measures']} measures of {reading['time_signature']}"
    is_bundled = args.corpus[0] in _BUNDLED
    counted = (
        f"{n_read} melodies"
        if is_bundled
        else f"{n_read} of {n_read + len(rejected)} tunes read"
    )
    print(f"{corpus.name}: {counted}, {length} each")
    if not is_bundled:
        _print_reasons(rejected, args.reading | reading)
    for line in _lines(corpus, is_bundled):
        print(line)
    if n_read < FEW_MELODIES:
        print(
            f"warning: a small corpus of {n_read}; with fewer than {FEW_MELODIES} "
            "melodies, some of what is composed is close to one of them"
        )
    print(end="", flush=True)


def _lines(corpus, is_bundled):
    """What was found of keys, modes, tempo and changes, a line of each."""
    melodies = corpus.melodies
    keys = Counter(key or "no key" for key in melodies.tonalities)
    line = f"keys: {_counted(keys)}"
    if corpus.moved:
        line += f"; all moved to {corpus.reading['key']}, the most frequent tonic "
        line += "(--key none leaves them)"
    elif corpus.reading["key"] and len(keys) > 1:
        line += f"; all moved to {corpus.reading['key']}"
    yield line
    modes = Counter(key.split()[1] for key in melodies.tonalities if key)
    if len(modes) > 1:
        most = modes.most_common(1)[0][0]
        hint = "" if is_bundled else f" (--mode {most} takes one alone)"
        yield f"modes: {_counted(modes)}{hint}"
    if corpus.tempo:
        beats = corpus.tempo / quarters_in_beat(corpus.reading["time_signature"])
        n_stated = sum(tempo is not None for tempo in melodies.tempos)
        yield f"tempo: {beats:g} beats a minute, the median of {n_stated} tunes"
    n_changed = sum(map(bool, melodies.get("warnings", ())))
    if n_changed:
        yield f"notes rounded, held or left out in {n_changed}: c2c inspect says where"


def _counted(counter):
    """Name the most frequent ones, and count the others."""
    named = counter.most_common(_MOST_KEYS_NAMED)
    words = [f"{count} {name}" for name, count in named]
    if others := counter.total() - sum(count for _, count in named):
        words.append(f"{others} others")
    return ", ".join(words)


def _print_reasons(rejected, given):
    """Count the tunes left out by reason, with the option that takes them."""
    groups = Counter(_reason(rejection, given) for rejection in rejected)
    rows = [
        (f"  {count:4}", what, option) for (what, option), count in groups.most_common()
    ]
    if rows:
        print_table([("", "left out", "taken with"), *rows])


def _reason(rejection, given):
    """The reason of a rejection, the same for all of its kind, and an option."""
    kind, reason = rejection.kind, rejection.reason
    if kind == "metre" and (metre := re.match(r"is in ([\d/]+), not in", reason)):
        return f"in {metre[1]}", f"--time-signature {metre[1]}"
    if kind == "metre" and reason.startswith("states no metre"):
        return "that state no metre", "--time-signature 4/4 or another"
    if kind == "mode" and (mode := re.match(r"is in \S+ (\w+), not in", reason)):
        return f"in {mode[1]}", f"--mode {mode[1]}"
    if kind == "length":
        return _length(reason, given)
    what, option = _REASONS[kind]
    name, _, value = option.partition(" ")
    is_given = str(given.get(name.strip("-").replace("-", "_"))) == value
    return what, "" if is_given else option


def _length(reason, given):
    """The longest usual length, a power of two, that a short tune has."""
    what = f"shorter than {given.get('n_measures', 8)} measures"
    found = re.match(r"has ([\d.]+) measures( after the pick-up)?", reason)
    # The last measure lacks what the pick-up has, and counts as whole.
    length = (ceil if found[2] else int)(float(found[1]))
    if not length:
        return what, ""
    return what, f"--measures {1 << length.bit_length() - 1}"
