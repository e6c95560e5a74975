"""One tune by its name on the command line, and the changes made to it."""

import re
from pathlib import Path
from typing import NamedTuple

from sklearn_c2c.cli._tempo import beats_a_minute, usual_tempo
from sklearn_c2c.cli._wording import CommandError, counted

# A tune of the user's own is read in any key.
_AS_IT_IS = {"key": None, "mode": None}


class Tune(NamedTuple):
    """A melody for a model, and how to return the results made from it.

    `key` and `tempo` are the tune's own; it was moved by `semitones` to the key of the
    model. `done` describes the changes to it in words; "" for a tune of the corpus.
    `phrase_ends` are its fermatas, as of `read_melodies`; None for one of the corpus.
    """

    melody: object
    title: str
    key: str | None
    semitones: int
    done: str
    tempo: float | None = None
    phrase_ends: object = None

    def returned(self, melodies):
        """Melodies in the tune's own key, and keywords to write them with."""
        from sklearn_c2c.melody import transpose

        return {
            "melodies": transpose(melodies, -self.semitones),
            "key": self.key,
            "semitones": -self.semitones,
            "tempo": self.tempo,
        }


def form_of(text, learned):
    """Value for `form=`, and a phrase that describes it.

    `text` is letters, "corpus", "none" or the name of a tune.
    """
    if text == "none":
        return None, "None: every step for itself"
    if text == "corpus":
        words = "Half measures are equal as in a tune of the corpus, one near each"
        return text, words
    if re.fullmatch("[A-Z]+", text):
        if learned.is_whole:
            raise CommandError(
                f"--form {text} divides melodies of one length, and those of the model "
                "have their own; take corpus, none or a tune."
            )
        letters = _letters_after_pickup(text, learned)
        return letters, f"{text}: equal letters are equal parts"
    return form_of_tune(find_tune(text, learned))


def form_of_tune(tune):
    """The same for a tune."""
    return tune.melody, f"The half measures that are equal in {tune.title}"


def _letters_after_pickup(letters, learned):
    """Letters of all measures; that of a pick-up gets a letter of its own."""
    if not learned.has_pickup:
        return letters
    n_measures = learned.n_measures
    if n_measures % len(letters):
        raise CommandError(
            f"The {len(letters)} letters of {letters} do not divide {n_measures} "
            "measures equally."
        )
    size = n_measures // len(letters)
    parts = [(letter, i) for letter in letters for i in range(size)]
    names = {part: chr(ord("B") + i) for i, part in enumerate(dict.fromkeys(parts))}
    return "A" + "".join(names[part] for part in parts)


def find_beginning(text, learned):
    """Find a tune that may be too short, in its own key.

    Returns
    -------
    tune : Tune
        Filled up with rests, or of whole tunes with their end.
    n_measures : int
        Number of measures that it has.
    """
    import numpy as np

    from sklearn_c2c.melody import REST

    tunes = _tunes_of(text)
    if tunes is None or learned.is_whole:
        tune = find_tune(text, learned) if tunes is None else _own(text, tunes, learned)
        return tune, _n_measures(tune, learned)
    n_steps, n_measures = learned.n_steps, learned.n_measures
    try:
        tune = _own(text, tunes, learned)
    except TooShort as error:
        n_measures = _whole_measures(error, text)
        tune = _own(text, tunes, learned, n_measures)
    melody = np.full(n_steps, REST, tune.melody.dtype)
    melody[: len(tune.melody)] = tune.melody
    return tune._replace(melody=melody), n_measures


def _n_measures(tune, learned):
    """Measures of a tune, without that of a pick-up."""
    from sklearn_c2c.melody import melody_lengths

    n_steps = int(melody_lengths(tune.melody))
    return n_steps // learned.steps_per_measure - learned.has_pickup


class TooShort(CommandError):
    """A tune has fewer measures than the melodies of the model."""

    def __init__(self, path, length, n_measures):
        measures = "1 measure" if length == 1 else f"{length:g} measures"
        super().__init__(
            f"{path} has {measures}, fewer than the {n_measures} of the model's "
            "melodies; c2c continue goes on from a beginning."
        )
        self.length, self.measures = length, measures


def _whole_measures(error, path):
    """Number of measures of a tune that is too short."""
    if error.length != int(error.length):
        raise CommandError(
            f"{path} has {error.length:g} measures. A beginning must end at a bar "
            "line: fill its last measure up, with rests where nothing is known."
        )
    return int(error.length)


def find_tune(text, learned, first=None):
    """Find a tune in a file, or in the corpus by number or title.

    With a first tune, this one is written in the key of that.

    Returns
    -------
    Tune
        Moved to the key of the model.
    """
    tunes = _tunes_of(text)
    if tunes is not None:
        return _own_in_key(text, tunes, learned, first)
    i = _number_in_corpus(text, learned.titles)
    return Tune(learned.data[i], learned.titles[i], learned.key, 0, "")


def _own_in_key(text, tunes, learned, first):
    """A tune of a file in the key of a corpus.

    If it is too short as it is written, its repeats are played out.
    """
    try:
        return _moved(_own(text, tunes, learned), tunes, learned, first)
    except TooShort as error:
        played = learned._replace(reading=learned.reading | {"repeats": "played"})
        try:
            tune = _moved(_own(text, tunes, played), tunes, played, first)
        except ValueError:
            raise error from None
    done = f"{tune.done}; repeats played out, as it is too short without them"
    return tune._replace(done=done)


def in_range(tune, pitch_range):
    """Move a tune by the fewest octaves that bring it into a range of pitches.

    Parameters
    ----------
    tune : Tune
    pitch_range : (int, int)
        Lowest and highest MIDI pitch of a model.

    Raises
    ------
    CommandError
        If it fits in no octave.
    """
    from sklearn_c2c.melody import N_PITCHES, pitch_name, transpose

    pitches = tune.melody[tune.melody < N_PITCHES]
    low, high = pitch_range
    lowest, highest = int(pitches.min()), int(pitches.max())
    if low <= lowest and highest <= high:
        return tune
    octaves = -((lowest - low) // 12) if lowest < low else (high - highest) // 12
    by = 12 * octaves
    if lowest + by < low or highest + by > high:
        found, known = (
            f"{pitch_name(a)} to {pitch_name(b)}"
            for a, b in ((lowest, highest), pitch_range)
        )
        raise CommandError(
            f"{tune.title} spans {found}, and the model knows {known}: it fits in no "
            "octave. Take a model of tunes with a wider range, or of c2c train "
            "--transpose."
        )
    where = f"into the range {pitch_name(low)} to {pitch_name(high)} of the model"
    done = f"{tune.done}; " * bool(tune.done) + moved(by, where)
    melody = transpose(tune.melody[None], by)[0]
    return tune._replace(melody=melody, semitones=tune.semitones + by, done=done)


def _tunes_of(text):
    """The one tune of a file, or one of several, as ``file#number``; a list of one.

    Returns
    -------
    list of SourcedTune, or None
        None if there is no such file.
    """
    from sklearn_c2c import io

    path, _, number = text.rpartition("#")
    if Path(text).is_file():
        path, tunes = text, io.read_tunes(text)
    elif Path(path).is_file():
        tunes = io.read_tunes(path)
        tunes = [t for t in tunes if t.source.rpartition("#")[2] == number]
    else:
        return None
    if not tunes:
        raise CommandError(f"{path} has no tune of the number {number!r}.")
    if len(tunes) > 1:
        raise CommandError(
            f"{text} holds {len(tunes)} tunes, expected one; name it by its number, "
            f"such as {tunes[0].source!r}."
        )
    return tunes


def _reading_of_one(learned):
    """Parameters that read a tune for a model: whole ones may be shorter than any."""
    if learned.is_whole:
        return learned.reading | {"n_measures": (None, learned.n_measures)}
    return learned.reading


def _own(text, tunes, learned, n_measures=None):
    """Read one tune in its own key, as long as the rows of the model.

    Parameters
    ----------
    n_measures : int, default=None
        Read so many measures, fewer than those of the model.
    """
    from sklearn_c2c import io

    reading = _reading_of_one(learned) | _AS_IT_IS
    if n_measures:
        reading["n_measures"] = n_measures
    try:
        found = io.melodies_from(tunes, io.Choice(**reading))
    except io.NothingReadError as error:
        raise _unfit(text, error.rejected[0], learned) from None
    title, key = found.titles[0] or Path(text).stem, found.tonalities[0] or None
    metre = found.time_signature
    tempo = usual_tempo(found.tempos, metre)
    speed = f", {beats_a_minute(tempo, metre)}" if tempo else ""
    done = [f"{text}: {title}{f' in {key}' if key else ''}{speed}"]
    done += _changes(tunes, reading, found)
    melody = _filled_up(found.data[0], learned)
    ends = found.phrase_ends[0]
    return Tune(melody, title, key, 0, "; ".join(done), tempo, ends)


def _filled_up(melody, learned):
    """A whole tune as a row of the model, filled up with its end."""
    from sklearn_c2c.melody import pad_melodies

    if not learned.is_whole:
        return melody
    return pad_melodies([melody], n_steps=learned.n_steps)[0]


def _unfit(text, rejection, learned):
    """Error with the reason why a tune is not read."""
    if rejection.kind == "length" and learned.is_whole:
        return CommandError(
            f"{text} has {rejection.found} measures, more than the "
            f"{learned.n_measures} of the longest tune that the model has learned."
        )
    if rejection.kind == "length" and rejection.found >= 1:
        return TooShort(text, rejection.found, learned.n_measures)
    return ValueError(f"{text}: {rejection.reason}.")


def _changes(tunes, reading, found):
    """Changes that reading made to a tune, in words."""
    from sklearn_c2c import io
    from sklearn_c2c.melody import N_PITCHES

    n_measures = found.measures[0]
    if not isinstance(reading["n_measures"], int):
        yield f"whole, {counted(n_measures, 'measure')}"
    elif n_measures > 1:
        yield f"its first {n_measures} measures"
    else:
        yield "its first measure"
    if reading.get("pickup") != "keep":
        kept = io.melodies_from(tunes, io.Choice(**reading | {"pickup": "keep"}))
        before = kept.data[0, : kept.data.shape[1] // (kept.measures[0] + 1)]
        if (before < N_PITCHES).any():
            yield "without the pick-up"
    yield from found.warnings[0]


def _moved(tune, tunes, learned, first):
    """Move a tune to the tonic of a corpus that has one key."""
    from sklearn_c2c import io
    from sklearn_c2c.melody import N_PITCHES, parse_key

    if not (learned.key and tune.key):
        return tune
    tonic = parse_key(learned.key).tonic
    choice = io.Choice(**_reading_of_one(learned) | {"key": tonic, "mode": None})
    melody = _filled_up(io.melodies_from(tunes, choice).data[0], learned)
    is_onset = melody < N_PITCHES
    semitones = int((melody - tune.melody)[is_onset][0])
    done = tune.done
    if semitones:
        end = "back at the end"
        if first is not None and first.semitones != semitones:
            end = f"written in the key of {first.title}"
        done += f"; {moved(semitones, f'to {tonic}')}, and {end}"
    return tune._replace(melody=melody, semitones=semitones, done=done)


def moved(semitones, where):
    """Say by how much a tune was moved."""
    way = "up" if semitones > 0 else "down"
    by = counted(abs(semitones), "semitone")
    return f"moved {way} {by} {where}"


def _number_in_corpus(text, titles):
    """Index of the tune of a corpus that has this number or title."""
    if text.isdecimal() and 1 <= int(text) <= len(titles):
        return int(text) - 1
    wanted = text.casefold()
    for matches in (wanted.__eq__, lambda title: wanted in title):
        found = [i for i, t in enumerate(titles) if matches(t.casefold())]
        if len(found) == 1:
            return found[0]
        if found:
            choice = ", ".join(f"{i + 1} ({titles[i]})" for i in found[:5])
            raise CommandError(
                f"Several tunes are called {text!r}; take one of {choice}."
            )
    raise CommandError(
        f"Found no tune {text!r}: expected a file, a number from 1 to {len(titles)}, "
        f"or a title, such as {titles[0]!r}."
    )
