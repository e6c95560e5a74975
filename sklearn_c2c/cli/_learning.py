"""The commands that read tunes: compose, train, inspect."""

import sys
from importlib.util import find_spec

from sklearn_c2c.cli import _exploring, _models
from sklearn_c2c.cli._console import print_table
from sklearn_c2c.cli._result import new_folder, write_melodies
from sklearn_c2c.cli._tunes import read_corpus


def compose(args):
    """Train, sample, and leave melodies, model and page in a folder."""
    from sklearn_c2c import persistence

    with new_folder(args) as folder:
        model, about = _trained(args)
        persistence.save(model, folder / "model.c2c", metadata=about)
        samples = _exploring.samples(args, model, about)
        write_melodies(folder, model, about, tempo=args.tempo, **samples)


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
    from sklearn.pipeline import make_pipeline

    from sklearn_c2c import PianoRollEncoder

    autoencoder = _autoencoder(args)
    corpus, name = read_corpus(args)
    model = make_pipeline(PianoRollEncoder(), autoencoder)
    if sys.stdout.isatty() and find_spec("rich"):
        from sklearn.callback import ProgressBar

        model.set_callbacks(ProgressBar(max_propagation_depth=None))
    print(f"Training {autoencoder} on {name}: {len(corpus.data)} melodies", flush=True)
    model.fit(corpus.data)
    print(f"Reconstructed: {_models.reconstruction(model, corpus.data)}")
    key = args.reading.get("key")
    about = {
        "name": name,
        "data": corpus.data,
        "titles": list(corpus.titles),
        "key": key or _shared_key(corpus.tonalities),
        "reading": {
            "n_measures": corpus.n_measures,
            "steps_per_quarter": corpus.steps_per_quarter,
            "time_signature": corpus.time_signature,
            "key": key,
        },
    }
    return model, about


def _autoencoder(args):
    """Make the estimator that the command line asks for, unfitted."""
    from sklearn_c2c import Autoencoder, VariationalAutoencoder

    if args.variational:
        return VariationalAutoencoder(random_state=args.seed, **args.training)
    if "beta" in args.training:
        raise ValueError(
            f"--beta {args.training['beta']:g} weighs the divergence of a variational "
            "model; pass --variational with it."
        )
    return Autoencoder(random_state=args.seed, **args.training)


def _shared_key(tonalities):
    """The key of all tunes, or None if they differ."""
    return tonalities[0] or None if len(set(tonalities)) == 1 else None
