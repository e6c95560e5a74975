"""Figures 17, 19-22 and 32: a reel with the attributes of Bach's sopranos, and back."""

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from reproduction.style import motif_kept
from sklearn_c2c import generation, metrics

_N_NEIGHBOURS = 10
_PERPLEXITY = 30  # the paper says none; scikit-learn's own
_TSNE_ITERATIONS = 1000, 250  # scikit-learn's own, and the fewest that it takes


def chimera(materials, *, model, h, seed, kind="mean"):
    """Add each corpus' attribute vector to every tune of the other one.

    `kind` "mean" is the paper's vector, the mean latent vector of a corpus;
    "difference" is that minus the mean latent vector of the other corpus.
    """
    pipeline = materials.model(model, h, seed, corpus="both")
    reels, sopranos = materials.reels, materials.sopranos
    corpora = {"bach": (reels, sopranos), "celtic": (sopranos, reels)}
    both = np.vstack([reels, sopranos])
    is_bach = np.repeat([False, True], [len(reels), len(sopranos)])
    result = {}
    for name, (originals, target) in corpora.items():
        other = originals if kind == "difference" else None
        vector = generation.attribute_vector(pipeline, target, other)
        changed = generation.add_attribute(pipeline, originals, vector)
        one = materials.green_mountain if name == "bach" else materials.bwv_347
        is_target = is_bach if name == "bach" else ~is_bach
        measured = _measured(originals, changed)
        measured |= _neighbors(pipeline, originals, changed, both, is_target)
        result |= {f"{name}_{key}": values for key, values in measured.items()}
        result |= {f"{name}_one_{key}": values[one] for key, values in measured.items()}
        result[f"{name}_melody"] = changed[one].tolist()
        if kind == "mean":
            planes = _planes(
                pipeline,
                both,
                is_target,
                originals[one],
                changed[one],
                seed=seed,
                effort=materials.effort,
            )
            result |= {f"{name}_{key}": planes[key] for key in planes}
    return result


def _measured(originals, changed):
    return {
        "hold_before": metrics.hold_share(originals).tolist(),
        "hold_after": metrics.hold_share(changed).tolist(),
        "notes_removed": (
            (originals < 128).sum(axis=1) - (changed < 128).sum(axis=1)
        ).tolist(),
        "changed": (changed != originals).mean(axis=1).tolist(),
        "motif_kept": motif_kept(changed, originals).tolist(),
    }


def _neighbors(pipeline, originals, changed, corpora, is_target):
    """Share of the target corpus among the nearest ten, and nearness to its centre."""
    codes = pipeline.transform(corpora)
    spaces = {
        "steps": (corpora, "hamming", originals, changed),
        "codes": (
            codes,
            "euclidean",
            pipeline.transform(originals),
            pipeline.transform(changed),
        ),
    }
    found = {}
    for name, (points, metric, before, after) in spaces.items():
        own = (corpora[None] == originals[:, None]).all(axis=2)
        for when, rows in (("before", before), ("after", after)):
            distances = cdist(rows, points, metric)
            # an original is not its own neighbor, nor is its changed version
            distances[own] = np.inf
            found[f"{name}_{when}"] = _target_share(distances, is_target).tolist()
    centre = codes[is_target].mean(axis=0)
    reach = np.linalg.norm(codes[is_target] - centre, axis=1)
    distance = np.linalg.norm(pipeline.transform(changed) - centre, axis=1)
    # 1: nearer to the centre of the target corpus than any of its own tunes
    found["centrality"] = (distance[:, None] < reach).mean(axis=1).tolist()
    return found


def _target_share(distances, is_target):
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :_N_NEIGHBOURS]
    return is_target[nearest].mean(axis=1)


def _planes(pipeline, both, is_target, original, changed, *, seed, effort):
    """Place corpora and chimera by t-SNE, of piano rolls and of latent vectors."""
    X = np.vstack([both, changed[np.newaxis]])
    spaces = {
        "roll_plane": pipeline[:-1].transform(X),
        "code_plane": pipeline.transform(X),
    }
    before = int((both == original).all(axis=1).argmax())
    usual, fewest = _TSNE_ITERATIONS
    n_iter = max(fewest, round(effort * usual))
    planes = {}
    for name, points in spaces.items():
        tsne = TSNE(perplexity=_PERPLEXITY, max_iter=n_iter, random_state=seed)
        # For so few points threads do not pay.
        with threadpool_limits(1):
            places = tsne.fit_transform(np.asarray(points))
        distances = cdist(places[[before, -1]], places[:-1])
        distances[:, before] = np.inf
        shares = _target_share(distances, is_target)
        planes |= {
            f"{name}_places": places.round(2).tolist(),
            f"{name}_original": before,
            f"{name}_before": float(shares[0]),
            f"{name}_after": float(shares[1]),
        }
    return planes
