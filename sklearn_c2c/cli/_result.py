"""A folder of melodies and the page that shows them."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from sklearn_c2c.cli._models import judges, reconstruction
from sklearn_c2c.cli._wording import CommandError

# Libraries of the extra ``studio`` that a page is made with, and their modules.
_STUDIO = {"verovio": "verovio", "Matplotlib": "matplotlib"}
_SUFFIXES = (".mid", ".abc", ".musicxml")
# Formats that an option asks for beside these: sound, and scores with the libraries
# that they need.
SCORES = (".pdf", ".png", ".svg")
FURTHER = (".wav", *SCORES)
_NEEDED = {
    ".pdf": ("verovio", "typst"),
    ".png": ("verovio", "typst"),
    ".svg": ("verovio",),
}


def say_what_is_missing(also=()):
    """Warn before any work of the parts that the result will lack.

    Raises
    ------
    CommandError
        If a format that is asked for cannot be written.
    """
    for suffix in also:
        check_installed(suffix, f"--also {suffix[1:]}")
    missing = [name for name, module in _STUDIO.items() if not find_spec(module)]
    if not missing:
        return
    lost = "page with scores and players" if "verovio" in missing else "loss curve"
    print(
        f"{' and '.join(missing)} not installed: no {lost}, only files to hear and to "
        'print. To have it: pip install "sklearn_c2c[studio]"',
        flush=True,
    )


def check_installed(suffix, option):
    """Check before any work that the libraries are there which write a format."""
    for name in _NEEDED.get(suffix, ()):
        if not find_spec(name):
            raise CommandError(
                f"{option} needs {name}, which is not installed: "
                'pip install "sklearn_c2c[studio]"'
            )


@contextmanager
def new_folder(args, *, keeps_part=False):
    """Make the results in a folder beside the one asked for; move them when done.

    On interruption, the complete ones are moved if it `keeps_part`, else none.
    """
    out = Path(args.out).resolve()
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(
            f"{args.out} is a file; expected the name of a folder."
        )
    if out.exists() and any(out.iterdir()) and not args.force:
        raise CommandError(
            f"{args.out} has content already; choose another folder, or pass --force "
            "to replace the files of the same names in it."
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield draft
        names = _publish(draft, out)
    except KeyboardInterrupt:
        if keeps_part and (names := _publish(draft, out)):
            kept = names[0] if len(names) == 1 else f"{len(names)} whole files"
            print(f"Kept in {args.out}: {kept}", flush=True)
        raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    page = Path(args.out) / "index.html"
    print(f"Open {page}" if page.name in names else f"Written to {args.out}")


def _publish(draft, out):
    """Move the files of a draft to their folder; return their names."""
    # The page is moved last, when all files that it links to are in place. Files whose
    # names begin with a dot are incomplete.
    files = sorted(draft.glob("[!.]*"), key=lambda file: (file.suffix == ".html", file))
    if files:
        out.mkdir(exist_ok=True)
    for file in files:
        os.replace(file, out / file.name)
    return [file.name for file in files]


def write_melodies(
    folder,
    model,
    learned,
    *,
    melodies,
    title,
    titles,
    settings,
    marks=None,
    also=(),
    key=None,
    semitones=0,
):
    """Write each melody in three formats, and the page that shows them in order.

    `also` has the suffixes of further formats.

    Without verovio there is no page, and without Matplotlib no loss curve on it. The
    melodies may be in another `key` than the corpus, `semitones` away from it.
    """
    from sklearn_c2c import page
    from sklearn_c2c.generation import LatentModel

    corpus = _moved(learned, semitones)._replace(key=key or learned.key)
    stems = [f"melody-{i + 1:02d}" for i in range(len(melodies))]
    files = write_files(folder, stems, melodies, titles, also, corpus.notation)
    if not find_spec("verovio"):
        return
    page.write_page(
        folder / "index.html",
        melodies,
        title=title,
        titles=titles,
        files=files,
        corpus=corpus._asdict(),
        model=model if find_spec("matplotlib") else None,
        judges=judges(melodies, corpus),
        marks=marks,
        settings={
            **_describe(model, learned),
            **settings,
            "Parameters": _parameters(LatentModel(model).estimator),
        },
        **corpus.notation,
    )


def write_files(folder, stems, melodies, titles, also, notation):
    """Write each melody in three formats and in those of `also`.

    Returns
    -------
    list of list of str
        The names of the files of each melody, which begin with its stem.
    """
    from sklearn_c2c import display, io

    files = [[stem + suffix for suffix in _SUFFIXES + also] for stem in stems]
    engraved = {name: notation[name] for name in notation if name != "tempo"}
    for melody, title, names in zip(melodies, titles, files, strict=True):
        for name in names:
            if name.endswith(SCORES):
                display.write_score(melody, folder / name, title=title, **engraved)
            else:
                io.write_melody(melody, folder / name, title=title, **notation)
    return files


def _moved(learned, semitones):
    """The corpus in the key of the melodies, pitches clipped to those of MIDI."""
    import numpy as np

    from sklearn_c2c.melody import N_PITCHES

    data = learned.data
    moved = np.clip(data + semitones, 0, N_PITCHES - 1)
    return learned._replace(data=np.where(data < N_PITCHES, moved, data))


def _describe(model, learned):
    """Settings of corpus and model, for the table of the page."""
    from sklearn_c2c.generation import LatentModel
    from sklearn_c2c.melody import pitch_name

    latent = LatentModel(model)
    autoencoder = latent.estimator
    low, high = map(pitch_name, latent.encoder.pitch_range_)
    length = f"{learned.length} of {learned.metre}"
    if learned.has_pickup:
        length = f"a pick-up and {length}"
    if learned.is_whole:
        length = f"whole, {length}, up to"
    else:
        length += ","
    return {
        "Corpus": f"{learned.name}: {len(learned.data)} melodies",
        "Each melody": f"{length} {learned.n_steps} steps, {low} to {high}",
        "Model": f"{type(autoencoder).__name__}, h = {autoencoder.h}",
        "Training": f"{autoencoder.n_iter_} epochs, last loss "
        f"{autoencoder.loss_curve_[-1]:.3g} nats per melody",
        "Reconstructed": reconstruction(model, learned.data),
    }


def _parameters(estimator):
    """All parameters, the defaults too, on one line."""
    from sklearn import config_context

    with config_context(print_changed_only=False):
        return " ".join(str(estimator).split())
