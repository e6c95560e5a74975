"""Footnote 10: music of several voices, one melody after the other in a row."""

import numpy as np

from reproduction.experiments.harmony import judged
from sklearn_c2c import generation
from sklearn_c2c.melody import HOLD, N_PITCHES, split_voices

_N_VOICES = 4


def voices(materials, *, model, h, seed, n_draws):
    """Reconstruct chorales of four voices, and draw new ones.

    The draws are judged with their voices together and, as a baseline, with those of
    different draws.
    """
    pipeline = materials.model(model, h, seed, corpus="chorales")
    X, encoder = materials.chorales, pipeline[0]
    again = encoder.inverse_transform(encoder.transform(X))
    wrong = (pipeline.inverse_transform(pipeline.transform(X)) != X).sum(axis=1)
    drawn = generation.sample(
        pipeline, n_draws, X=X, method="gaussian", random_state=seed
    )
    sets = {"bach": X, "drawn": drawn, "apart": _mixed(drawn, seed)}
    result = {
        "n_drawn": n_draws,
        "round_trip": (again == X).all(axis=1).astype(int).tolist(),
        "ambiguous": _ambiguous(X),
        "wrong_steps": int(wrong.sum()),
        "right": (wrong == 0).astype(int).tolist(),
    }
    for name, pieces in sets.items():
        result |= {f"{name}_{key}": found for key, found in judged(pieces, X).items()}
    return result


def _ambiguous(X):
    """Share of the steps at which one voice holds a note and another begins one.

    In one piano roll of all voices, which has one column for hold, it is not told which
    note is held.
    """
    tokens = split_voices(X, _N_VOICES)
    holds, begins = (tokens == HOLD).any(axis=1), (tokens < N_PITCHES).any(axis=1)
    return float((holds & begins).mean())


def _mixed(pieces, seed):
    """Take each voice but the highest from another piece."""
    rng = np.random.default_rng(seed)
    mixed = split_voices(pieces, _N_VOICES).copy()
    for voice in range(1, _N_VOICES):
        mixed[:, voice] = mixed[rng.permutation(len(pieces)), voice]
    return mixed.reshape(pieces.shape)
