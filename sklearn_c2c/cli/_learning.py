"""The commands that read tunes: compose, train, inspect."""

import sys
from argparse import Namespace
from importlib.util import find_spec

from sklearn_c2c.cli import _exploring, _models
from sklearn_c2c.cli._console import print_table
from sklearn_c2c.cli._result import new_folder, write_melodies
from sklearn_c2c.cli._tunes import read_corpus, steps_per_measure


def compose(args):
    """Train, sample, and leave melodies, model and page in a folder."""
    from sklearn_c2c import persistence

    with new_folder(args) as folder:
        model, about = _trained(args)
        persistence.save(model, folder / "model.c2c", metadata=about)
        samples = _exploring.samples(args, model, about)
        write_melodies(folder, model, about, tempo=args.tempo, **samples)


def trained_on_reels(seed):
    """Train what `c2c compose` trains, for commands without a model."""
    defaults = {"corpus": ["celtic"], "reading": {}, "training": {}, "transpose": 0}
    return _trained(Namespace(**defaults, paper=False, variational=False, seed=seed))


def train(args):
    """Train and save a model."""
    from sklearn_c2c import persistence

    _models.check_path(args.out, args.force)
    model, about = _trained(args)
    persistence.save(model, args.out, metadata=about)
    print(f"Model: {args.out}")


def inspect(args):
    """Show what would be read, what not, and why."""
    corpus, _ = read_corpus(args)
    rows = zip(corpus.titles, corpus.sources, strict=True)
    print_table([(f"{i}", *row) for i, row in enumerate(rows, 1)])
    if corpus.rejected:
        print("\nLeft out:")
        print_table([(r.source, r.title, r.reason) for r in corpus.rejected])
    print(f"\n{len(corpus.data)} read, {len(corpus.rejected)} left out.")


def _trained(args):
    """Read a corpus, fit a model on it, and describe both."""
    from sklearn_c2c.datasets import transpositions

    _check_options(args)
    corpus, name = read_corpus(args)
    key = args.reading.get("key")
    reading = {
        "n_measures": corpus.n_measures,
        "steps_per_quarter": corpus.steps_per_quarter,
        "time_signature": corpus.time_signature,
        "key": key,
        "pickup": corpus.get("pickup", "drop"),
    }
    measure = steps_per_measure(corpus.data, reading)
    model = _models.unfitted(args, len(corpus.data), measure)
    if sys.stdout.isatty() and find_spec("rich"):
        from sklearn.callback import ProgressBar

        model.set_callbacks(ProgressBar(max_propagation_depth=None))
    print(f"Training {model[-1]} on {name}: {len(corpus.data)} melodies", flush=True)
    data = corpus.data
    if args.transpose:
        span = range(-args.transpose, args.transpose + 1)
        moved = transpositions(data, span)
        data = moved.data
        print(
            f"Moved by {-args.transpose} to {args.transpose:+d} semitones: {len(data)} "
            f"melodies, {len(moved.rejected)} left out beyond the MIDI pitches",
            flush=True,
        )
    model.fit(data)
    print(f"Reconstructed: {_models.reconstruction(model, corpus.data)}")
    about = {
        "name": name,
        "data": corpus.data,
        "titles": list(corpus.titles),
        "key": key or _shared_key(corpus.tonalities),
        "reading": reading,
    }
    return model, about


def _check_options(args):
    if args.paper and args.variational:
        raise ValueError("--paper and --variational are two models; pass one of them.")
    if args.paper and "beta" in args.training:
        raise ValueError(
            f"--beta {args.training['beta']:g} weighs the divergence of a variational "
            "model, and that of --paper is none; leave one of them out."
        )


def _shared_key(tonalities):
    """The key of all tunes, or None if they differ."""
    return tonalities[0] or None if len(set(tonalities)) == 1 else None
