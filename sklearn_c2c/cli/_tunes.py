"""A corpus, or one tune, by what the command line calls it."""

import re
from pathlib import Path

_CORPORA = {
    "celtic": ("load_celtic", "Celtic reels"),
    "bach": ("load_bach_sopranos", "Bach's chorale sopranos"),
}


def read_corpus(args):
    """Read the corpus that the command line names; return it with its name."""
    from sklearn_c2c import datasets, io

    if len(args.corpus) == 1 and args.corpus[0] in _CORPORA:
        if args.reading:
            raise ValueError(
                f"The corpus {args.corpus[0]!r} comes as it is; these options are for "
                f"files of your own: {', '.join(args.reading)}."
            )
        loader, name = _CORPORA[args.corpus[0]]
        return getattr(datasets, loader)(), name
    for path in args.corpus:
        if not Path(path).exists():
            raise ValueError(
                f"Found no file or folder {path!r}; expected some, or one of the "
                f"corpora {' and '.join(_CORPORA)} alone."
            )
    names = [Path(path).name or path for path in args.corpus]
    name = (
        ", ".join(names) if len(names) < 4 else f"{names[0]} and {len(names) - 1} more"
    )
    return io.read_melodies(args.corpus, **args.reading), name


def steps_per_measure(data, reading):
    """Steps of a measure of rows that were read so; a pick-up has one of its own."""
    n_measures = reading["n_measures"] + (reading.get("pickup") == "keep")
    return data.shape[1] // n_measures


def form_of(text, about):
    """Return what `form=` takes, and a phrase that describes it.

    `text` is letters, "corpus", "none" or what names a tune.
    """
    if text == "none":
        return None, "None: every step for itself"
    if text == "corpus":
        words = "Half measures are equal as in a tune of the corpus, one near each"
        return text, words
    if re.fullmatch("[A-Z]+", text):
        letters = _letters_after_pickup(text, about)
        return letters, f"{text}: equal letters are equal parts"
    return form_of_tune(*find_tune(text, about))


def form_of_tune(melody, name):
    """Return the same of a tune."""
    return melody, f"The half measures that are equal in {name}"


def _letters_after_pickup(letters, about):
    """Letters of all measures, if the first is that of a pick-up and like no other."""
    reading = about["reading"]
    if reading.get("pickup") != "keep":
        return letters
    n_measures = reading["n_measures"]
    if n_measures % len(letters):
        raise ValueError(
            f"The {len(letters)} letters of {letters} do not divide {n_measures} "
            "measures equally."
        )
    size = n_measures // len(letters)
    parts = [(letter, i) for letter in letters for i in range(size)]
    names = {part: chr(ord("B") + i) for i, part in enumerate(dict.fromkeys(parts))}
    return "A" + "".join(names[part] for part in parts)


def find_beginning(text, about):
    """Find a melody that may be too short, in its own key.

    Returns
    -------
    melody : ndarray of int
        Filled up with rests.
    title : str
    key : str or None
    n_measures : int
        That it has.
    """
    import numpy as np

    from sklearn_c2c import io
    from sklearn_c2c.melody import REST

    reading = about["reading"] | {"key": None}
    n_steps, n_measures = about["data"].shape[1], reading["n_measures"]
    if not Path(text).is_file():
        melody, title = find_tune(text, about)
        return melody, title, about["key"], n_measures
    try:
        found = io.read_melodies(text, **reading)
    except ValueError as error:
        n_measures = _whole_measures(str(error))
        if n_measures is None:
            raise
        found = io.read_melodies(text, **reading | {"n_measures": n_measures})
    n_tunes = len(found.data) + len(found.rejected)
    if n_tunes != 1:
        raise ValueError(f"{text} holds {n_tunes} tunes, expected one.")
    melody = np.full(n_steps, REST, found.data.dtype)
    melody[: found.data.shape[1]] = found.data[0]
    title, key = found.titles[0] or Path(text).stem, found.tonalities[0] or None
    return melody, title, key, n_measures


def _whole_measures(error):
    """How many measures a tune has that was left out since it is too short."""
    numbers = re.findall(r"has ([0-9.]+) measures[a-z -]*, fewer than", error)
    if len(numbers) != 1 or float(numbers[0]) < 1:
        return None
    if not float(numbers[0]).is_integer():
        raise ValueError(
            f"{error} A beginning must end at a bar line: fill its last measure up, "
            "with rests where nothing is known."
        )
    return int(float(numbers[0]))


def find_tune(text, about):
    """Find a melody and its title: in a file of one, or by number or title."""
    from sklearn_c2c import io

    if Path(text).is_file():
        found = io.read_melodies(text, **about["reading"])
        if len(found.data) != 1:
            raise ValueError(f"{text} holds {len(found.data)} melodies, expected one.")
        return found.data[0], found.titles[0] or Path(text).stem
    titles = about["titles"]
    if text.isdecimal() and 1 <= int(text) <= len(titles):
        return about["data"][int(text) - 1], titles[int(text) - 1]
    wanted = text.casefold()
    for matches in (wanted.__eq__, lambda title: wanted in title):
        found = [i for i, t in enumerate(titles) if matches(t.casefold())]
        if len(found) == 1:
            return about["data"][found[0]], titles[found[0]]
        if found:
            choice = ", ".join(f"{i + 1} ({titles[i]})" for i in found[:5])
            raise ValueError(
                f"Several tunes are called {text!r}; take one of {choice}."
            )
    raise ValueError(
        f"Found no tune {text!r}: expected a file, a number from 1 to {len(titles)}, "
        f"or a title, such as {titles[0]!r}."
    )
