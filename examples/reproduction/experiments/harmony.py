"""Footnote 29: voices that are consonant with a given melody."""

import numpy as np
from judge_harmony import most_frequent, nearest, tunes_of
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline

from reproduction.style import json_list
from sklearn_c2c import (
    Harmonizer,
    PianoRollEncoder,
    VariationalAutoencoder,
    generation,
    metrics,
)
from sklearn_c2c.melody import N_PITCHES, sounding_pitches, split_voices

_N_ADDED = 3
_N_FOLDS = 5
_STEPS_PER_BEAT = 4

# Of the voices of all chorales, as an unseen soprano may exceed those of the others.
_RANGES = [(55, 84), (50, 79), (44, 74), (31, 69)]

# Semitones of the unison, thirds, fourth, fifth and sixths, within the octave.
_CONSONANT = (0, 3, 4, 5, 7, 8, 9)


def harmony(materials, *, method, seed, n_chorales, n_unseen):
    """Add three voices to sopranos of unseen chorales.

    The chorales are in five folds, those of one tune in the same; with each seed
    another fold is left out.
    """
    rows = materials.all_chorales[:n_chorales]
    n_steps = rows.shape[1] // (1 + _N_ADDED)
    folds = GroupKFold(_N_FOLDS, shuffle=True, random_state=0)
    known, unseen = list(folds.split(rows, groups=tunes_of(rows[:, :n_steps])))[
        seed % _N_FOLDS
    ]
    X, Y = rows[known, :n_steps], rows[known, n_steps:]
    sopranos, right = np.split(rows[unseen[:n_unseen]], [n_steps], axis=1)
    add = METHODS[method]
    added = right if add is None else add(materials, X, Y, sopranos, seed)
    accuracy = metrics.voice_accuracy(added, right, n_voices=_N_ADDED)
    of_others = np.roll(sopranos, 1, axis=0)
    return {
        "n_unseen": len(sopranos),
        "tokens": float((added == right).mean()),
        **dict(zip(("alto", "tenor", "bass"), accuracy.tolist(), strict=True)),
        "pitches": float(accuracy.mean()),
        "consonant": _consonant_share(sopranos, added),
        "consonant_with_another": _consonant_share(of_others, added),
        **judged(np.hstack([sopranos, added]), rows),
    }


def judged(pieces, bach):
    """Measures of harmony, in each piece of four voices, and beside twice Bach's."""
    found, own = map(_measures, (pieces, bach))
    result = {name: json_list(values) for name, values in found.items()}
    for name in ("crossings", "parallels"):
        result[f"{name}_above"] = float(found[name].mean() - 2 * own[name].mean())
    result["chords_beside"] = float(
        np.nanmean(found["chords"]) - np.nanmean(own["chords"])
    )
    return result


def _measures(pieces):
    table = metrics.harmony_statistics(pieces)
    fifths, octaves = table.parallel_fifths, table.parallel_octaves
    return {
        "crossings": table.voice_crossings,
        "fifths": fifths,
        "octaves": octaves,
        "parallels": fifths + octaves,
        "chords": table.chord_share,
    }


def _consonant_share(sopranos, added):
    """Share of the beats, in all added voices, at which they are consonant."""
    melody = sounding_pitches(sopranos)[:, np.newaxis, ::_STEPS_PER_BEAT].astype(int)
    below = sounding_pitches(split_voices(added, _N_ADDED))[..., ::_STEPS_PER_BEAT]
    both = (melody < N_PITCHES) & (below < N_PITCHES)
    return float(np.isin(abs(melody - below) % 12, _CONSONANT)[both].mean())


def _harmonized(materials, X, Y, sopranos, seed):
    model = materials.fit(Harmonizer(random_state=seed), X, Y)
    return model.predict(sopranos)


def _completed(materials, X, Y, sopranos, seed):
    """Search the latent space of an autoencoder of all voices, soprano given."""
    rows = np.hstack([X, Y])
    encoder = PianoRollEncoder(_RANGES, n_voices=1 + _N_ADDED)
    roll = encoder.fit_transform(rows)
    vae = VariationalAutoencoder(
        128, hidden_layer_sizes=(256,), beta=0.2, max_iter=40, random_state=seed
    )
    model = make_pipeline(encoder, materials.fit(vae, roll))
    keep = np.arange(rows.shape[1]) < X.shape[1]
    empty = np.tile(sopranos, 1 + _N_ADDED)
    settings = {"n_samples": 1, "form": None, "random_state": seed}
    pieces = [
        generation.complete(model, piece, keep, transposition=0, **settings).melodies
        for piece in empty
    ]
    return np.vstack(pieces)[:, X.shape[1] :]


def _nearest(materials, X, Y, sopranos, seed):
    return nearest(X, Y, sopranos)


def _most_frequent(materials, X, Y, sopranos, seed):
    return most_frequent(X, Y, sopranos)


METHODS = {
    "Bach": None,
    "nearest soprano": _nearest,
    "most frequent": _most_frequent,
    "autoencoder": _completed,
    "Harmonizer": _harmonized,
}
