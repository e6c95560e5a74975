"""The commands that read tunes: compose, train, explore, inspect."""

from argparse import Namespace
from importlib.util import find_spec
from pathlib import Path

from sklearn_c2c.cli import _exploring, _kinds, _memory, _models
from sklearn_c2c.cli._corpus import (
    print_read,
    print_rejected,
    print_summary,
    read_corpus,
)
from sklearn_c2c.cli._learned import Learned
from sklearn_c2c.cli._progress import Progress
from sklearn_c2c.cli._result import new_folder, say_what_is_missing, write_melodies
from sklearn_c2c.cli._tempo import choose_tempo
from sklearn_c2c.cli._wording import CommandError, counted


def compose(args):
    """Train, sample, and write melodies, model and page to a folder.

    On interruption, complete results are kept: the model as far as it is trained, and
    the melodies that are written.
    """
    from sklearn_c2c import persistence

    say_what_is_missing(args.also)
    with new_folder(args, keeps_part=True) as folder:
        model, learned, is_whole = _trained(args)
        persistence.save(model, folder / "model.c2c", metadata=learned._asdict())
        if not is_whole:
            kept = Path(args.out) / "model.c2c"
            print(f"Stopped early: c2c generate --model {kept} composes with the model")
            raise KeyboardInterrupt
        samples = _exploring.samples(args, model, learned)
        write_melodies(folder, model, learned, also=args.also, **samples)


def trained_on_reels(seed, kinds):
    """Train the model of `c2c train` on the reels, for commands without a model."""
    defaults = {"corpus": ["celtic"], "reading": {}, "training": {}, "transpose": 0}
    args = Namespace(**defaults, tempo=None, kinds=kinds, seed=seed)
    model, learned, is_whole = _trained(args)
    if not is_whole:
        raise KeyboardInterrupt
    return model, learned


def train(args):
    """Train and save a model.

    On interruption, the model is kept as far as it is trained.
    """
    from sklearn_c2c import persistence

    _models.check_path(args.out, args.force)
    model, learned, is_whole = _trained(args)
    persistence.save(model, args.out, metadata=learned._asdict())
    print(f"Model: {args.out}")
    if not is_whole:
        raise KeyboardInterrupt


def explore(args):
    """Write the latent space of a model as a page to move in and to listen to.

    The page is one file that needs no network. Without --model, a style is learned as
    by train.
    """
    from sklearn_c2c import page

    _check_explorable(args)
    _models.check_path(args.out, args.force)
    if args.model is None:
        args.corpus = args.corpus or ["celtic"]
        model, learned, is_whole = _trained(args)
        if not is_whole:
            raise KeyboardInterrupt
    else:
        model, learned = _models.load(args.model)
        metre = learned.reading["time_signature"]
        tempo = choose_tempo(args.tempo, learned.tempo, metre)
        learned = learned._replace(tempo=tempo)
    print(f"Writing the map of {len(learned.data)} tunes", flush=True)
    notation = {k: v for k, v in learned.notation.items() if k != "repeats"}
    page.explore(
        args.out,
        model,
        learned._asdict(),
        title=f"The tunes of {learned.name}",
        layout=args.layout,
        random_state=args.seed,
        **notation,
    )
    print(f"Open {args.out}")


def _check_explorable(args):
    """Check before the training that a page can be made, and of one model only."""
    if not find_spec("verovio"):
        raise CommandError(
            "verovio is not installed, whose signs the page engraves with; to have it: "
            'pip install "sklearn_c2c[studio]"'
        )
    if Path(args.out).suffix.lower() not in (".html", ".htm"):
        raise CommandError(
            f"Found --out {args.out}; expected a name that ends in .html, such as "
            f"{args.out}.html, which browsers open."
        )
    models = [path for path in args.corpus or () if path.endswith(".c2c")]
    if models:
        raise CommandError(
            f"{models[0]} is a model, and CORPUS is for tunes; "
            f"pass --model {models[0]}."
        )
    if args.model is None:
        return
    given = ["CORPUS"] * bool(args.corpus)
    given += [f"--{name}" for name in dict.fromkeys(args.kinds)]
    given += [args.flags[name] for name in (*args.reading, *args.training)]
    given += ["--transpose"] * bool(args.transpose)
    if given:
        raise CommandError(
            f"{given[0]} is for a model to learn, and --model has learned already; "
            "leave one of them out."
        )


def inspect(args):
    """Show which tunes would be read, which not, and why."""
    corpus = read_corpus(args, lists=True)
    print_read(corpus.melodies)
    print()
    if corpus.melodies.rejected:
        print_rejected(corpus.melodies.rejected, args.flags)
        print()
    print_summary(corpus, args, is_listed=True)


def _trained(args):
    """Read a corpus, fit a model on it, and describe both.

    Returns
    -------
    model : Pipeline
    learned : Learned
    is_whole : bool
        Whether training came to its end, and was not interrupted.
    """
    from sklearn_c2c.generation import LatentModel

    _kinds.check_options(args)
    corpus = read_corpus(args)
    print_summary(corpus, args)
    data = corpus.melodies.data
    if len(data) < 2:
        raise CommandError(
            "One melody alone has no style; expected two or more. To vary or complete "
            "it in the style of others: c2c vary, c2c complete."
        )
    metre = corpus.reading["time_signature"]
    learned = Learned(
        name=corpus.name,
        data=data,
        titles=list(corpus.melodies.titles),
        key=corpus.key,
        tempo=choose_tempo(args.tempo, corpus.tempo, metre),
        reading=corpus.reading,
        n_left_out=len(corpus.melodies.get("rejected", ())),
    )
    n_steps = learned.steps_per_measure
    model = _kinds.unfitted(args, data, n_steps)
    rows = _transposed(data, args.transpose)
    _memory.check_training(model, rows)
    autoencoder = LatentModel(model).estimator
    minutes = _kinds.minutes(autoencoder, rows, n_steps)
    print(
        f"Training on {len(rows)} melodies: {autoencoder.h} latent variables, "
        f"{autoencoder.max_iter} epochs"
        + (f", about {counted(minutes, 'minute')} on two cores" if minutes else ""),
        flush=True,
    )
    progress = Progress()
    autoencoder.set_callbacks(progress)
    model.fit(rows)
    autoencoder.set_callbacks()
    print(f"Reconstructed: {_models.reconstruction(model, data)}", flush=True)
    return model, learned, not progress.is_interrupted


def _transposed(data, semitones):
    """Melodies, and all of them moved by up to `semitones`."""
    from sklearn_c2c.datasets import transpositions

    if not semitones:
        return data
    moved = transpositions(data, semitones=range(-semitones, semitones + 1))
    print(
        f"Moved by {-semitones} to {semitones:+d} semitones: {len(moved.data)} "
        f"melodies, {len(moved.rejected)} left out beyond the MIDI pitches",
        flush=True,
    )
    return moved.data
