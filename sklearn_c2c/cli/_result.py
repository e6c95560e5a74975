"""A folder of melodies and the page that shows them."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from sklearn_c2c.cli._models import judges, reconstruction

_SUFFIXES = (".mid", ".abc", ".musicxml")


@contextmanager
def new_folder(args):
    """Make the results in a folder beside the one asked for; move them when done."""
    out = Path(args.out).resolve()
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(
            f"{args.out} is a file; expected the name of a folder."
        )
    if out.exists() and any(out.iterdir()) and not args.force:
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


def write_melodies(
    folder,
    model,
    about,
    *,
    melodies,
    title,
    titles,
    settings,
    tempo,
    marks=None,
    key=None,
    semitones=0,
):
    """Write each melody in three formats, and the page that shows them in order.

    They may be in another `key` than the corpus, so many `semitones` away from it.
    """
    from sklearn_c2c import io, page

    score = {
        "time_signature": about["reading"]["time_signature"],
        "steps_per_quarter": about["reading"]["steps_per_quarter"],
        "key": key or about["key"],
        "tempo": tempo,
        "pickup": about["reading"].get("pickup") == "keep",
    }
    corpus = _moved(about, semitones)
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
        corpus=corpus,
        model=model,
        judges=judges(melodies, corpus, score["key"]),
        marks=marks,
        settings={
            **_describe(model, about),
            **settings,
            "Parameters": _parameters(model[-1]),
        },
        **score,
    )


def _moved(about, semitones):
    """The corpus in the key of the melodies; pitches that are none then are lowest."""
    import numpy as np

    from sklearn_c2c.melody import N_PITCHES

    data = about["data"]
    moved = np.clip(data + semitones, 0, N_PITCHES - 1)
    return about | {"data": np.where(data < N_PITCHES, moved, data)}


def _describe(model, about):
    """What stands behind the melodies, for the table of the page."""
    from sklearn_c2c.melody import pitch_name

    reading, (encoder, autoencoder) = about["reading"], model
    low, high = map(pitch_name, encoder.pitch_range_)
    n_measures = f"{reading['n_measures']} measures of {reading['time_signature']}"
    if reading.get("pickup") == "keep":
        n_measures = f"a pick-up and {n_measures}"
    return {
        "Corpus": f"{about['name']}: {len(about['data'])} melodies",
        "Each melody": f"{n_measures}, {about['data'].shape[1]} steps, {low} to {high}",
        "Model": f"{type(autoencoder).__name__}, h = {autoencoder.h}",
        "Training": f"{autoencoder.n_iter_} epochs, last loss "
        f"{autoencoder.loss_curve_[-1]:.3g} nats per melody",
        "Reconstructed": reconstruction(model, about["data"]),
    }


def _parameters(estimator):
    """All parameters, the defaults too, on one line."""
    from sklearn import config_context

    with config_context(print_changed_only=False):
        return " ".join(str(estimator).split())
