"""Reading the corpus of a command, and the table of tunes read and left out."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from sklearn_c2c.cli._console import plain, print_table
from sklearn_c2c.cli._kinds import LONGEST_WHOLE, SHORTEST_WHOLE, is_whole
from sklearn_c2c.cli._tempo import describe_tempo, usual_tempo
from sklearn_c2c.cli._wording import (
    CommandError,
    counted,
    in_options,
    measures_in_words,
)

# With fewer melodies, more than one in twenty that are composed differs from a tune in
# less than a tenth of its steps (figures in the guide, "The command").
FEW_MELODIES = 50

# Loader, name and tonic of the corpora that come with the package.
_BUNDLED = {
    "celtic": ("load_celtic", "Celtic reels", "D"),
    "bach": ("load_bach_sopranos", "Bach's chorale sopranos", "D"),
}

# Description of the tunes of each kind of rejection in the table, and the option that
# reads them, unless the rejection's `found` gives a more precise one.
_REASONS = {
    "file": ("in files that cannot be read", ""),
    "damaged": ("not understood", ""),
    "empty": ("without notes", ""),
    "parts": ("without that part", "--part melody"),
    "metre": ("that change metre", ""),
    "measures": ("whose bar lines do not keep the metre", ""),
    "length": ("too short", ""),
    "chords": ("with chords", "--chords highest"),
    "off grid": ("with notes between the time steps", "--off-grid round"),
    "key": ("in no key", "--key none"),
    "mode": ("in no key that tells the mode", "--mode any"),
    "range": ("beyond the MIDI pitches", ""),
    "duplicate": ("equal to another one, counted once", ""),
}
_MOST_KEYS_NAMED = 4
_MOST_FILES_NAMED = 3


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
        Key to engrave in: the tonic of all, and the mode of most.
    tempo : float or None
        Quarter notes a minute, the median of those stated.
    reading : dict
        Parameters of `io.read_melodies` that read other tunes in the same way.
    moved : bool
        Whether the tonic was chosen because the tunes have several.
    others : list of Path
        Files of the folders that are not music.
    """

    name: str
    melodies: object
    key: str | None
    tempo: float | None
    reading: dict
    moved: bool
    others: list


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
        If no tune can be read, after a table of the reasons is printed.
    """
    _check_length(args)
    if len(args.corpus) == 1 and args.corpus[0] in _BUNDLED:
        return _bundled(args)
    tunes, others = find_tunes(
        args.corpus, f"or one of the corpora {' and '.join(_BUNDLED)} alone"
    )
    from sklearn_c2c import io

    try:
        return _own(args, tunes, others)
    except io.NothingReadError as error:
        if lists:
            print_rejected(error.rejected, args.flags)
            print()
        n_tunes = counted(len(error.rejected), "tune")
        print(f"{name_of_paths(args.corpus)}: 0 of {n_tunes} read")
        print_left_out(error.rejected, _reading(args), others)
        raise NothingRead("no tune can be read; the table says why.") from None


def find_tunes(paths, instead=""):
    """Read the tunes of files and folders.

    Parameters
    ----------
    paths : list of str
    instead : str
        What else a path may be, for an error.

    Returns
    -------
    tunes : list
        Tunes with their sources, as `io.read_files` gives them.
    others : list of Path
        Files of the folders that are not music.
    """
    for path in paths:
        if not Path(path).exists():
            expected = ", ".join(filter(None, ["expected some", instead]))
            raise CommandError(f"Found no file or folder {path!r}; {expected}.")
    from sklearn_c2c import io

    found = [io.find_files(path) for path in paths]
    others = [file for files in found for file in files.others]
    return io.read_files([file for files in found for file in files.music]), others


def _check_length(args):
    """Check that the length asked for is one, or limits for whole tunes."""
    n_measures, whole = args.reading.get("n_measures"), is_whole(args)
    if whole and isinstance(n_measures, int):
        raise CommandError(
            f"--measures {n_measures} cuts tunes, and --whole does not; pass limits, "
            f"such as --measures {SHORTEST_WHOLE}-{LONGEST_WHOLE}, or leave one out."
        )
    if not whole and isinstance(n_measures, tuple):
        low, high = n_measures
        raise CommandError(
            f"--measures {low}-{high} gives limits for whole tunes; pass --whole, too, "
            "or one number of measures."
        )


def _bundled(args):
    from sklearn_c2c import datasets

    if is_whole(args):
        raise CommandError(
            f"The corpus {args.corpus[0]!r} has the same number of measures of each "
            "tune; --whole needs files of your own, as arguments before it."
        )
    if args.reading:
        given = ", ".join(args.flags[name] for name in args.reading)
        raise CommandError(
            f"The corpus {args.corpus[0]!r} comes as it is; these options are for "
            f"files of your own: {given}."
        )
    loader, name, tonic = _BUNDLED[args.corpus[0]]
    melodies = getattr(datasets, loader)()
    return _corpus(name, melodies, tonic, {"key": tonic}, moved=False, others=[])


def _own(args, tunes, others):
    """Choose melodies; move them to the tonic of most where they have several."""
    from sklearn_c2c.io import Choice, melodies_from

    reading = {"key": None, **_reading(args)}
    choice = Choice(**reading, duplicates="drop")
    melodies = melodies_from(tunes, choice)
    tonics = Counter(key.split()[0] for key in melodies.tonalities if key)
    moved = "key" not in args.reading and len(tonics) > 1
    if moved:
        reading["key"] = tonics.most_common(1)[0][0]
        melodies = melodies_from(tunes, replace(choice, key=reading["key"]))
    tonic = reading["key"] or (next(iter(tonics)) if len(tonics) == 1 else None)
    titles = zip(melodies.titles, melodies.sources, strict=True)
    melodies.titles = [title or name_of_source(source) for title, source in titles]
    return _corpus(name_of_paths(args.corpus), melodies, tonic, reading, moved, others)


def _reading(args):
    """Parameters of `io.read_melodies` that are not its defaults."""
    if not is_whole(args):
        return args.reading
    whole = {"n_measures": (SHORTEST_WHOLE, LONGEST_WHOLE), "repeats": "played"}
    return whole | args.reading


def name_of_source(source):
    """Name of a tune without a title: its file, and its number in it."""
    return re.sub(r"\.\w+(?=#|$)", "", Path(source).name, count=1)


def _corpus(name, melodies, tonic, reading, moved, others):
    metre = melodies.time_signature
    shared = {
        "n_measures": melodies.n_measures,
        "steps_per_quarter": melodies.steps_per_quarter,
        "time_signature": metre,
        "pickup": melodies.get("pickup", "drop"),
    }
    key = engraved_key(tonic, melodies.tonalities)
    tempo = usual_tempo(melodies.tempos, metre)
    return Corpus(name, melodies, key, tempo, reading | shared, moved, others)


def name_of_paths(paths):
    """Name a corpus by its files and folders."""
    names = [Path(path).name or path for path in paths]
    if len(names) < 4:
        return ", ".join(names)
    return f"{names[0]} and {len(names) - 1} more"


def engraved_key(tonic, tonalities):
    """The key of a tonic in the mode of most tunes, spelled so that it can be written.

    D sharp major has nine sharps, and is written as E flat major.
    """
    from sklearn_c2c.melody import spelled_key

    if tonic is None:
        return None
    modes = Counter(key.split()[1] for key in tonalities if key)
    mode = modes.most_common(1)[0][0] if modes else "major"
    return str(spelled_key(tonic, mode))


def print_read(melodies):
    """List the tunes that were read, with the warnings about each."""
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


def print_summary(corpus, args, *, is_listed=False):
    """Print how many tunes were read and left out, and which options read those.

    Parameters
    ----------
    corpus : Corpus
    args : Namespace
    is_listed : bool
        Whether the changes made to each tune have been printed.
    """
    melodies, reading = corpus.melodies, corpus.reading
    n_read, rejected = len(melodies.data), melodies.rejected
    is_bundled = args.corpus[0] in _BUNDLED
    if is_bundled:
        how_many = f"{n_read} melodies"
    else:
        how_many = f"{n_read} of {counted(n_read + len(rejected), 'tune')} read"
    metre = reading["time_signature"]
    print(f"{corpus.name}: {how_many}, {_length_of_each(melodies)}, in {metre}")
    if not is_bundled:
        print_left_out(rejected, args.reading | reading, corpus.others)
    for line in _lines(corpus, args, is_bundled):
        print(line)
    n_changed = sum(map(bool, melodies.get("warnings", ())))
    if n_changed:
        where = "the list above" if is_listed else "c2c inspect"
        print(
            f"notes moved, held or left out in {counted(n_changed, 'tune')}: "
            f"{where} says which"
        )
    if n_read < FEW_MELODIES:
        print(
            f"warning: a small corpus of {n_read}; with fewer than {FEW_MELODIES} "
            "melodies, some of what is composed is close to one of them"
        )
    print(end="", flush=True)


def _length_of_each(melodies):
    """Say which measures of each tune are read."""
    has_pickup = melodies.get("pickup") == "keep"
    if isinstance(melodies.n_measures, int):
        first = "a pick-up and the first" if has_pickup else "the first"
        return f"{first} {counted(melodies.n_measures, 'measure')} of each"
    length = measures_in_words(min(melodies.measures), max(melodies.measures))
    return f"whole{' with a pick-up' * has_pickup}, {length}"


def _lines(corpus, args, is_bundled):
    """Yield the lines of the summary on keys, modes and tempo."""
    melodies = corpus.melodies
    keys = Counter(key or "no key" for key in melodies.tonalities)
    yield f"keys: {_named(keys)}{_moved(corpus)}"
    modes = Counter(key.split()[1] for key in melodies.tonalities if key)
    if len(modes) > 1:
        most = modes.most_common(1)[0][0]
        hint = "" if is_bundled else f" (--mode {most} takes those alone)"
        yield f"modes: {_named(modes)}{hint}"
    asked = getattr(args, "tempo", None)
    metre = corpus.reading["time_signature"]
    yield describe_tempo(asked, corpus.tempo, melodies.tempos, metre)


def _moved(corpus):
    """Phrase on the transposition of the tunes, to be printed after their keys."""
    from sklearn_c2c.melody import parse_key, stated_mode

    target = corpus.reading["key"]
    tonics = Counter(key.split()[0] for key in corpus.melodies.tonalities if key)
    if corpus.moved:
        hint = "(--key none keeps their keys)"
        return f"; all moved to {target}, the tonic of {tonics[target]} {hint}"
    if target is None:
        left = "; left as they are: no key signature for what is composed"
        return left * (corpus.key is None)
    if {parse_key(tonic).pitch_class for tonic in tonics} == {
        parse_key(target).pitch_class
    }:
        return ""
    return f"; all moved to {corpus.key if stated_mode(target) else target}"


def _named(counter):
    """Name the most frequent ones, and count the others."""
    named = counter.most_common(_MOST_KEYS_NAMED)
    words = [f"{count} {name}" for name, count in named]
    if others := counter.total() - sum(count for _, count in named):
        words.append(counted(others, "other"))
    return ", ".join(words)


def print_left_out(rejected, given, others):
    """Count the tunes left out by reason, with the option that takes them.

    Files of the folders that are not music are named.
    """
    groups = Counter(_reason(rejection, given) for rejection in rejected)
    rows = [
        (f"  {count:4}", what, option) for (what, option), count in groups.most_common()
    ]
    if rows:
        print_table([("", "left out", "taken with"), *rows])
    if others:
        names = [file.name for file in others[:_MOST_FILES_NAMED]]
        if n_more := len(others) - len(names):
            names.append(f"{n_more} more")
        print(plain(f"skipped, not music: {', '.join(names)}"))


def _reason(rejection, given):
    """The reason of a rejection, the same for all of its kind, and an option."""
    kind, found = rejection.kind, rejection.found
    if kind == "metre" and found == "":
        return "that state no metre", "--time-signature 4/4 or another"
    if kind == "metre" and found:
        return f"in {found}", f"--time-signature {found}"
    if kind == "mode" and found:
        return f"in {found}", f"{_tonic_alone(given)}--mode {found}"
    if kind == "parts" and found:
        return "of several parts", "--part melody"
    if kind == "length":
        return _length(found, given)
    what, option = _REASONS[kind]
    name, _, value = option.partition(" ")
    is_given = str(given.get(name.strip("-").replace("-", "_"))) == value
    return what, "" if is_given else option


def _tonic_alone(given):
    """The option for a key without its mode, if one with a mode was given."""
    from sklearn_c2c.melody import parse_key, stated_mode

    key = given.get("key")
    if key is None or stated_mode(key) is None:
        return ""
    return f"--key {str(parse_key(key)).split()[0]} "


def _length(found, given):
    """Reason and option for a tune of another length.

    The option gives the largest power of two that a short tune fills, or limits of
    whole tunes with the next power of two.
    """
    asked = given.get("n_measures", 8)
    if not isinstance(asked, int):
        low, high = asked
        if found > high:
            highest = 1 << int(found - 1).bit_length()
            return f"longer than {high} measures", f"--measures {low}-{highest}"
        lowest = 1 << int(found).bit_length() - 1
        return f"shorter than {counted(low, 'measure')}", f"--measures {lowest}-{high}"
    what = f"shorter than {counted(asked, 'measure')}"
    if found < 1:
        return what, ""
    return what, f"--measures {1 << int(found).bit_length() - 1}"
