"""What the subcommands of ``c2c`` do, given a parsed command line.

They join public functions and have no logic of their own. Whatever takes long to import
is imported inside the functions that use it, so that ``c2c --help`` answers at once.
"""

import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

CORPORA = {
    "celtic": ("load_celtic", "Celtic reels"),
    "bach": ("load_bach_sopranos", "Bach's chorale sopranos"),
}
_SUFFIXES = (".mid", ".abc", ".musicxml")


def compose(args):
    """Train, sample, and leave melodies, model and page in a folder."""
    from sklearn_c2c import persistence

    with _new_folder(args) as folder:
        model, about = _trained(args)
        persistence.save(model, folder / "model.c2c", metadata=about)
        _write_samples(folder, args, model, about)


def train(args):
    """Train and save a model."""
    from sklearn_c2c import persistence

    _check_model_path(Path(args.out), args.force)
    model, about = _trained(args)
    persistence.save(model, args.out, metadata=about)
    print(f"Model: {args.out}")


def generate(args):
    """Sample from a saved model."""
    with _new_folder(args) as folder:
        _write_samples(folder, args, *_loaded(args.model))


def interpolate(args):
    """Go from one tune to another in the latent space of a saved model."""
    from sklearn_c2c import generation

    with _new_folder(args) as folder:
        model, about = _loaded(args.model)
        (start, name), (target, to) = (_tune(t, about) for t in (args.a, args.b))
        melodies = generation.interpolate(model, start, target, args.steps)
        titles = [f"{i} of {args.steps} steps" for i in range(len(melodies))]
        titles[0], titles[-1] = f"From: {name}", f"To: {to}"
        _write_melodies(
            folder,
            melodies,
            model,
            about,
            title=f"From {name} to {to}",
            titles=titles,
            made_by=f"Linear interpolation in the latent space, {args.steps} steps",
            tempo=args.tempo,
        )


def inspect(args):
    """Show what would be read, what not, and why."""
    corpus, _ = _read(args)
    rows = zip(corpus.titles, corpus.sources, strict=True)
    _print_table([(f"{i}", *row) for i, row in enumerate(rows, 1)])
    if corpus.rejected:
        print("\nLeft out:")
        _print_table([(r.source, r.title, r.reason) for r in corpus.rejected])
    print(f"\n{len(corpus.data)} read, {len(corpus.rejected)} left out.")


def _trained(args):
    """Read a corpus, fit a model on it, and describe both."""
    from sklearn.pipeline import make_pipeline

    from sklearn_c2c import Autoencoder, PianoRollEncoder

    corpus, name = _read(args)
    autoencoder = Autoencoder(random_state=args.seed, **args.training)
    model = make_pipeline(PianoRollEncoder(), autoencoder)
    if sys.stdout.isatty() and find_spec("rich"):
        from sklearn.callback import ProgressBar

        model.set_callbacks(ProgressBar(max_propagation_depth=None))
    print(f"Training {autoencoder} on {name}: {len(corpus.data)} melodies", flush=True)
    model.fit(corpus.data)
    print(f"Reconstructed: {_reconstruction(model, corpus.data)}")
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


def _check_model_path(path, force):
    """Find out before the training whether its result can be kept."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"Found no folder {path.parent} for {path.name}.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; expected the name of a file.")
    if path.exists() and not force:
        raise FileExistsError(f"{path} exists already; pass --force to replace it.")


def _loaded(path):
    """Load a model and what `_trained` said of it."""
    from sklearn_c2c import persistence

    model, about = persistence.load(path, return_metadata=True)
    if missing := {"name", "data", "titles", "key", "reading"} - about.keys():
        raise ValueError(
            f"{path} does not say how its melodies are written (no "
            f"{', '.join(sorted(missing))}); use a model made by c2c compose or train."
        )
    return model, about


def _read(args):
    """Read the corpus that the command line names; return it with its name."""
    from sklearn_c2c import datasets, io

    if len(args.corpus) == 1 and args.corpus[0] in CORPORA:
        if args.reading:
            raise ValueError(
                f"The corpus {args.corpus[0]!r} comes as it is; these options are for "
                f"files of your own: {', '.join(args.reading)}."
            )
        loader, name = CORPORA[args.corpus[0]]
        return getattr(datasets, loader)(), name
    for path in args.corpus:
        if not Path(path).exists():
            raise ValueError(
                f"Found no file or folder {path!r}; expected some, or one of the "
                f"corpora {' and '.join(CORPORA)} alone."
            )
    names = [Path(path).name or path for path in args.corpus]
    name = (
        ", ".join(names) if len(names) < 4 else f"{names[0]} and {len(names) - 1} more"
    )
    return io.read_melodies(args.corpus, **args.reading), name


def _tune(text, about):
    """Find a tune for `interpolate`: a file of one, a number or a title."""
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


def _write_samples(folder, args, model, about):
    """Draw new melodies and write them."""
    from sklearn_c2c import generation

    melodies = generation.sample(model, args.n, random_state=args.seed)
    _write_melodies(
        folder,
        melodies,
        model,
        about,
        title=f"New melodies after {about['name']}",
        titles=[f"Melody {i + 1}" for i in range(len(melodies))],
        made_by=f"Drawn from the range of the latent space, seed {args.seed}",
        tempo=args.tempo,
    )


def _write_melodies(folder, melodies, model, about, *, title, titles, made_by, tempo):
    """Write each melody in three formats, and the page that shows them."""
    from sklearn_c2c import io, page

    score = {
        "time_signature": about["reading"]["time_signature"],
        "steps_per_quarter": about["reading"]["steps_per_quarter"],
        "key": about["key"],
        "tempo": tempo,
    }
    stems = [f"melody-{i + 1:02d}" for i in range(len(melodies))]
    files = [[stem + suffix for suffix in _SUFFIXES] for stem in stems]
    for melody, name, paths in zip(melodies, titles, files, strict=True):
        for path in paths:
            io.write_melody(melody, folder / path, title=name, **score)
    page.write_page(
        folder / "index.html",
        melodies,
        title=title,
        titles=titles,
        files=files,
        corpus=about,
        model=model,
        settings=_settings(model, about, made_by),
        **score,
    )


def _settings(model, about, made_by):
    """What made the melodies, for the table of the page."""
    from sklearn import config_context

    from sklearn_c2c.melody import pitch_name

    reading, (encoder, autoencoder) = about["reading"], model
    low, high = map(pitch_name, encoder.pitch_range_)
    with config_context(print_changed_only=False):
        parameters = " ".join(str(autoencoder).split())
    return {
        "Corpus": f"{about['name']}: {len(about['data'])} melodies",
        "Each melody": f"{reading['n_measures']} measures of "
        f"{reading['time_signature']}, {about['data'].shape[1]} steps, {low} to {high}",
        "Model": f"{type(autoencoder).__name__}, h = {autoencoder.h}",
        "Training": f"{autoencoder.n_iter_} epochs, last loss "
        f"{autoencoder.loss_curve_[-1]:.3g} nats per melody",
        "Reconstructed": _reconstruction(model, about["data"]),
        "Melodies": made_by,
        "Parameters": parameters,
    }


def _reconstruction(model, X):
    from sklearn_c2c.metrics import melody_accuracy, step_accuracy

    decoded = model.inverse_transform(model.transform(X))
    whole = round(melody_accuracy(X, decoded) * len(X))
    return (
        f"{step_accuracy(X, decoded):.1%} of the steps, "
        f"{whole} of {len(X)} melodies without a wrong one"
    )


def _shared_key(tonalities):
    """The key of all tunes, or None if they differ."""
    return tonalities[0] or None if len(set(tonalities)) == 1 else None


@contextmanager
def _new_folder(args):
    """Make the results in a folder beside the one asked for; move them when done."""
    out = Path(args.out).resolve()
    if out.exists() and (not out.is_dir() or any(out.iterdir())) and not args.force:
        raise ValueError(
            f"{args.out} has content already; choose another folder, or pass --force "
            "to replace the files of the same names in it."
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield draft
        out.mkdir(exist_ok=True)
        # The page comes last: whoever sees it finds all that it links to.
        for file in sorted(draft.iterdir(), key=lambda f: (f.suffix == ".html", f)):
            os.replace(file, out / file.name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    print(f"Open {Path(args.out) / 'index.html'}")


def _print_table(rows):
    rows = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    for row in rows:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        print("  ".join([*padded, row[-1]]))


def plain(text):
    """Replace what could move the cursor: titles come from strangers' files."""
    return "".join(
        c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text
    )
