"""Figures 26-28 and 34-36: latent vectors moved towards an objective."""

import numpy as np

from reproduction.style import NoteStyle, json_list
from sklearn_c2c import generation, metrics
from sklearn_c2c.objectives import FirstNote, HoldCount

C4, D4 = 60, 62

# The objective, and whether more of it is better.
OBJECTIVES = {
    "first note C4": (FirstNote(C4), True),
    "most holds": (HoldCount(), True),
    "fewest holds": (HoldCount(), False),
}


def n_decodings(n_steps):
    """Decodings of a start; a gradient step with its backward pass counts twice."""
    return 2 * n_steps + 2


def steering(materials, *, model, h, seed, objective, method, n_starts, n_steps):
    """Optimise random latent vectors; both methods get as many decodings."""
    pipeline = materials.model(model, h, seed)
    goal, maximize = OBJECTIVES[objective]
    result = generation.optimize(
        pipeline,
        goal,
        method=method,
        maximize=maximize,
        n_starts=n_starts,
        max_iter=n_steps if method == "gradient" else n_decodings(n_steps) - 1,
        random_state=seed,
    )
    first = [_first_note(row) for row in result.melodies]
    sign = 1 if maximize else -1
    gain = (result.after - result.before) * sign
    beyond = sign * result.after > np.max(sign * goal(materials.reels))
    return {
        "before": result.before.tolist(),
        "after": result.after.tolist(),
        "gain": gain.tolist(),
        "beyond_reels": beyond.astype(int).tolist(),
        "best": float(result.after[result.best]),
        "decodings_per_start": result.n_decoder_calls / n_starts,
        "first_notes": first,
        "begins_with_d4": [int(note == D4) for note in first],
        "start_in_style": judged(result.start_melodies, materials.reels)[
            "pitches_in_style"
        ],
        **judged(result.melodies, materials.reels),
        "melody": result.melodies[result.best].tolist(),
    }


def judged(melodies, reels):
    """Style of the pitches, note by note, novelty and variety of melodies."""
    style = NoteStyle(reels)
    return {
        "pitches_in_style": style.is_in_style(melodies)[0].astype(int).tolist(),
        "pitch_likelihood": json_list(style.likelihoods(melodies)[0]),
        "in_scale": json_list(metrics.in_scale_share(melodies, "D")),
        "nearest": metrics.nearest_melody(melodies, reels)[1].tolist(),
        "distinct": metrics.distinct_share(melodies),
    }


def _first_note(row):
    notes = row[row < 128]
    return int(notes[0]) if len(notes) else -1
