"""The command that adds voices to a tune."""

from importlib.util import find_spec
from typing import NamedTuple

from sklearn_c2c.cli._learned import Learned
from sklearn_c2c.cli._progress import Progress
from sklearn_c2c.cli._result import new_folder, say_what_is_missing, write_files
from sklearn_c2c.cli._tempo import choose_tempo
from sklearn_c2c.cli._tunes import TooShort, find_tune, moved
from sklearn_c2c.cli._wording import CommandError, counted

_STEM = "harmony"
_OCTAVES = 0, -12, 12, -24, 24  # the first of equal ones
_MEASURES_OF_A_PHRASE = 2
_NETWORK = {"cell": "gru", "window": 0, "batch_size": 8, "max_iter": 30}

# The measures of harmony in the words of the page.
_WORDS = {
    "voice_crossings": "Voice crossings",
    "parallel_fifths": "Parallel fifths",
    "parallel_octaves": "Parallel octaves",
    "wide_spacing_share": "Steps with more than an octave between upper voices",
    "voice_leap_share": "Intervals above a fourth",
    "out_of_range_share": "Notes outside the range of their voice",
    "chord_share": "Beats with a recognised chord",
    "chord_tone_share": "Chord tones, of the voices at each beat",
}


class Harmony(NamedTuple):
    """What a model of harmony has learned.

    Parameters
    ----------
    learned : Learned
        The melodies alone.
    pieces : ndarray of int, shape (n_pieces, n_voices * n_steps)
    voices : list of str
        Names of the voices.
    phrase_ends : ndarray of bool, shape (n_pieces, n_steps), or None
        None for a saved model, which has learned them.
    """

    learned: Learned
    pieces: object
    voices: list
    phrase_ends: object = None

    @property
    def metadata(self):
        """The metadata of the model file."""
        return {
            **self.learned._asdict(),
            "pieces": self.pieces,
            "voices": list(self.voices),
        }


def harmonize(args):
    """Add alto, tenor and bass to a tune, in the style of Bach's chorales."""
    import numpy as np

    from sklearn_c2c import persistence
    from sklearn_c2c.melody import transpose

    say_what_is_missing(args.also)
    with new_folder(args) as folder:
        model, known = (None, _chorales()) if args.model is None else _saved(args)
        learned = known.learned
        learned = learned._replace(reading=learned.reading | args.reading)
        tune = _tune(args.tune, learned)
        if tune.done:
            print(tune.done, flush=True)
        if model is None:  # after the tune, which may be refused
            model = _trained(known, args.seed)
        melody, octave = _in_range(tune, model, learned)
        ends = None
        if model.sees_phrase_ends_:
            ends, phrases = _phrase_ends(tune, learned)
            print(f"{tune.title}: {phrases}", flush=True)
        added = model.predict(melody[np.newaxis], phrase_ends=ends)
        piece = np.hstack([melody[np.newaxis], added])
        back = -(tune.semitones + octave)
        title = f"{tune.title}, in {counted(len(known.voices), 'voice')}"
        metre = learned.reading["time_signature"]
        tempo = choose_tempo(args.tempo, tune.tempo or learned.tempo, metre)
        learned = learned._replace(key=tune.key, tempo=tempo)
        result = {"title": title, "settings": _settings(piece, model, known, tune)}
        notation = learned.notation | {"voices": known.voices}
        _write(folder, transpose(piece, back), notation, args.also, **result)
        if args.model is None:
            persistence.save(model, folder / "model.c2c", metadata=known.metadata)


def _tune(text, learned):
    """Find the tune that gets voices."""
    try:
        return find_tune(text, learned)
    except TooShort as error:
        raise CommandError(
            f"{text} has {error.measures}, fewer than the {learned.n_measures} to "
            "which voices are added: fill it up, with rests or with a repeat."
        ) from None


def _saved(args):
    """The saved model, with the pieces that it was trained on."""
    from sklearn_c2c import Harmonizer, persistence

    model, metadata = persistence.load(args.model, return_metadata=True)
    names = {*Learned._fields, "pieces", "voices"}
    if not isinstance(model, Harmonizer) or names - metadata.keys():
        raise CommandError(
            f"{args.model} is no model of harmony; use the model.c2c that c2c "
            "harmonize writes without --model."
        )
    learned = Learned(*(metadata[field] for field in Learned._fields))
    return model, Harmony(learned, metadata["pieces"], metadata["voices"])


def _chorales():
    """Bach's chorales, to learn."""
    from sklearn_c2c import datasets
    from sklearn_c2c.melody import split_voices

    chorales = datasets.load_bach_chorales()
    melodies = split_voices(chorales.data, chorales.n_voices)[:, 0]
    reading = {
        "time_signature": chorales.time_signature,
        "steps_per_quarter": chorales.steps_per_quarter,
        "n_measures": chorales.n_measures,
        "part": "melody",
    }
    learned = Learned(
        name="Bach's chorales",
        data=melodies.copy(),
        titles=list(chorales.titles),
        key="D",
        tempo=None,
        reading=reading,
    )
    voices = list(chorales.voices)
    return Harmony(learned, chorales.data, voices, chorales.phrase_ends)


def _trained(known, seed):
    """A model that has learned some pieces."""
    from sklearn_c2c import Harmonizer

    melodies = known.learned.data
    model, progress = Harmonizer(**_NETWORK, random_state=seed), Progress()
    print(
        f"Training on {len(melodies)} chorales of Bach in {len(known.voices)} voices: "
        f"{model.max_iter} epochs, about a minute on two cores",
        flush=True,
    )
    model.set_callbacks(progress)
    voices = known.pieces[:, melodies.shape[1] :]
    model.fit(melodies, voices, phrase_ends=known.phrase_ends)
    model.set_callbacks()
    if progress.is_interrupted:
        raise KeyboardInterrupt
    return model


def _in_range(tune, model, learned):
    """The tune in the octave in which most of it lies where the melodies lie.

    Returns
    -------
    melody : ndarray of int, shape (n_steps,)
    octave : int
        Semitones by which it was moved.
    """
    import numpy as np

    from sklearn_c2c.melody import N_PITCHES, pitch_name

    def pitches_of(rows):
        return rows[rows < N_PITCHES]

    usual, own = pitches_of(learned.data), pitches_of(tune.melody)
    low, high = model.pitch_range_
    fits = [k for k in _OCTAVES if low <= own.min() + k and own.max() + k <= high]
    if not fits:
        raise CommandError(
            f"{tune.title} spans {pitch_name(own.min())} to {pitch_name(own.max())}, "
            f"moved to the key of the model, which knows {pitch_name(low)} to "
            f"{pitch_name(high)}: it fits in no octave."
        )
    low, high = usual.min(), usual.max()
    octave = min(fits, key=lambda k: np.sum((own + k < low) | (own + k > high)))
    if octave:
        print(f"{tune.title}: {moved(octave, 'for the model')}, and back", flush=True)
    melody = np.where(tune.melody < N_PITCHES, tune.melody + octave, tune.melody)
    return melody, octave


def _phrase_ends(tune, learned):
    """Where the phrases of a tune end, of shape (1, n_steps), and that in words."""
    import numpy as np

    from sklearn_c2c.melody import longest_notes

    ends = tune.phrase_ends
    if ends is not None and ends.any():
        n_ends = int(np.count_nonzero(np.diff(ends, prepend=False) & ends))
        return ends[np.newaxis], f"phrases end at {counted(n_ends, 'fermata')}"
    span = _MEASURES_OF_A_PHRASE * learned.steps_per_measure
    return (
        longest_notes(tune.melody[np.newaxis], span),
        "no fermatas; the longest note of every two measures is taken as the end of a "
        "phrase",
    )


def _settings(piece, model, known, tune):
    """Settings: the model, and the measures of harmony beside those of the corpus."""
    from sklearn_c2c.metrics import compare_harmony

    n_voices = len(known.voices)
    found = compare_harmony(
        piece,
        known.pieces,
        n_voices=n_voices,
        steps_per_beat=known.learned.reading["steps_per_quarter"],
    )
    name = known.learned.name
    measures = {
        _WORDS[measure]: f"{own:.3g}; {name} {usual:.3g} on average"
        for measure, (own, usual) in found.items()
    }
    for words, figures in measures.items():
        print(f"{words}: {figures}", flush=True)
    given = {"Given": tune.done} if tune.done else {}
    sample = "piece" if model.cell or model.window is None else "step"
    return {
        "Corpus": f"{name}: {len(known.pieces)} pieces",
        "Model": f"{type(model).__name__}, {model.n_iter_} epochs, last loss "
        f"{model.loss_curve_[-1]:.3g} nats per {sample}",
        **given,
        **measures,
    }


def _write(folder, piece, notation, also, *, title, settings):
    """Write the files of a piece, and the page that shows it."""
    from sklearn_c2c import page

    files = write_files(folder, [_STEM], piece, [title], also, notation)
    if find_spec("verovio"):
        page.write_page(
            folder / "index.html",
            piece,
            title=title,
            titles=[title],
            files=files,
            settings=settings,
            **notation,
        )
