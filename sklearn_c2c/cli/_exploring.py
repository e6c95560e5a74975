"""The commands that compose with a kept model.

Each of their functions returns what its page shows, as keywords of `write_melodies`.
"""

from functools import wraps

from sklearn_c2c.cli import _models
from sklearn_c2c.cli._objectives import join_objectives, spell_out
from sklearn_c2c.cli._result import new_folder, write_melodies
from sklearn_c2c.cli._tunes import find_tune, form_of, form_of_tune


def exploration(explore):
    """Make a command of a function of the arguments, the model and what it is about."""

    @wraps(explore)
    def command(args):
        with new_folder(args) as folder:
            model, about = _model(args)
            shown = explore(args, model, about)
            write_melodies(folder, model, about, tempo=args.tempo, **shown)

    return command


def samples(args, model, about):
    """Sample from a saved model."""
    from sklearn_c2c import generation

    how, source = _models.sampling(args, model, about)
    form, form_words = asked_form(args, model, about)
    melodies = generation.sample(
        model, args.n, form=form, random_state=args.seed, **how
    )
    return {
        "melodies": melodies,
        "title": f"New melodies after {about['name']}",
        "titles": [f"Melody {i + 1}" for i in range(len(melodies))],
        "settings": {
            "Melodies": f"Drawn from {source}, seed {args.seed}",
            **form_words,
        },
    }


generate = exploration(samples)


@exploration
def interpolate(args, model, about):
    """Go from one tune to another in the latent space of a saved model."""
    from sklearn_c2c import generation

    (start, name), (target, to) = (find_tune(t, about) for t in (args.a, args.b))
    melodies = generation.interpolate(
        model, start, target, args.steps, encoding=_models.encoding(model)
    )
    titles = [f"{i} of {args.steps} steps" for i in range(len(melodies))]
    titles[0], titles[-1] = f"From: {name}", f"To: {to}"
    return {
        "melodies": melodies,
        "title": f"From {name} to {to}",
        "titles": titles,
        "settings": {
            "Melodies": f"Linear interpolation in the latent space, {args.steps} steps",
            "Path": _evenness(melodies),
            **_known(model, (start, name), (target, to)),
        },
    }


@exploration
def sweep(args, model, about):
    """Move one latent variable of a saved model from its minimum to its maximum."""
    import numpy as np

    from sklearn_c2c import generation

    melodies = generation.sweep(model, args.latent, args.steps)
    low, high = (
        ends[args.latent] for ends in (model[-1].latent_min_, model[-1].latent_max_)
    )
    values = np.linspace(low, high, len(melodies))
    titles = [f"Step {i} of {args.steps}: {z:.3g}" for i, z in enumerate(values)]
    titles[0] += ", the minimum"
    titles[-1] += ", the maximum"
    return {
        "melodies": melodies,
        "title": f"Latent variable {args.latent} from {low:.3g} to {high:.3g}",
        "titles": titles,
        "settings": {
            "Melodies": f"Latent variable {args.latent} in {args.steps} steps from its "
            "minimum to its maximum over the corpus, all others at their mean",
            "Path": _evenness(melodies),
        },
    }


@exploration
def attribute(args, model, about):
    """Give a tune more or less of a musical attribute of the corpus."""
    import numpy as np

    from sklearn_c2c import generation, metrics

    start, name = find_tune(args.tune, about)
    measure = getattr(metrics, args.attribute.replace("-", "_"))
    what = args.attribute.replace("-", " ")
    vector = generation.attribute_vector(model, about["data"], by=measure)
    changed = generation.add_attribute(
        model,
        start[np.newaxis],
        vector,
        args.scales,
        encoding=_models.encoding(model),
    )
    melodies = np.vstack([start, changed])
    values = [f"{what} {value:.3g}" for value in measure(melodies)]
    titles = [f"{name}: {values[0]}"]
    titles += [
        f"Scale {scale:g}: {value}"
        for scale, value in zip(args.scales, values[1:], strict=True)
    ]
    return {
        "melodies": melodies,
        "title": f"{name} by {what}",
        "titles": titles,
        "settings": {
            "Melodies": f"The code of {name} plus the attribute vector of {what} by "
            f"scales {', '.join(f'{scale:g}' for scale in args.scales)}",
            "Attribute vector": "Mean code of the quarter of the corpus with the most "
            f"{what} minus that of the quarter with the least",
            **_known(model, (start, name)),
        },
    }


@exploration
def recurse(args, model, about):
    """Feed a saved model a tune, or noise, then what it makes of it, and so on."""
    from sklearn_c2c import generation

    start, name = _start(args, model, about)
    result = generation.recurse(model, start, max_iter=args.max_iter)
    path, n_iter, length = (
        result[of][0] for of in ("paths", "n_iter", "cycle_lengths")
    )
    titles = [f"Start: {name}"]
    titles += [f"Iteration {i}" for i in range(1, len(path))]
    if length == 1:
        end = f"a fixed point after {n_iter} iterations"
        titles[-1] += ": fixed point"
    elif length:
        end = f"a cycle of {length} melodies after {n_iter} iterations"
        for i in range(length):
            titles[n_iter + i] += f": cycle, {i + 1} of {length}"
    else:
        end = f"no cycle within {args.max_iter} iterations"
        titles[-1] += ": no cycle yet"
    return {
        "melodies": path,
        "title": f"What becomes of {name}",
        "titles": titles,
        "settings": {"Melodies": f"The model's own output as its input again: {end}"},
    }


@exploration
def optimize(args, model, about):
    """Steer melodies of a saved model to one or several objectives."""
    import numpy as np

    from sklearn_c2c import generation

    objective, describe = join_objectives(args.objectives, about)
    form, form_words = asked_form(args, model, about)
    result = generation.optimize(
        model,
        objective,
        X=about["data"],
        form=form,
        method=args.method,
        n_starts=args.starts,
        max_iter=args.max_iter,
        random_state=args.seed,
    )
    order = np.argsort(-result.after, kind="stable")
    starts, ends = result.start_melodies[order], result.melodies[order]
    pairs = zip(describe(starts), describe(ends), strict=True)
    titles = []
    for i, (before, after) in enumerate(pairs, 1):
        changes = ", ".join(
            f"{what} {value} → {after[what]}" for what, value in before.items()
        )
        titles += [f"Start {i}", f"Start {i} optimized: {changes}"]
    return {
        "melodies": np.stack([starts, ends], axis=1).reshape(-1, starts.shape[1]),
        "title": f"Steered to {spell_out(args.objectives)}",
        "titles": titles,
        "settings": {
            "Melodies": f"Optimized for {' '.join(args.objectives)} by method "
            f"{result.method} from {args.starts} random starts, the best first; "
            f"seed {args.seed}",
            "Effort": f"{result.n_decoder_calls} latent vectors decoded",
            "Objective": f"{result.before.max():.4g} at best before, "
            f"{result.after.max():.4g} after",
            **form_words,
        },
    }


@exploration
def vary(args, model, about):
    """Make variations of a tune with a saved model."""
    import numpy as np

    from sklearn_c2c import generation

    start, name = find_tune(args.tune, about)
    how, source = _models.sampling(args, model, about)
    form, form_words = asked_form(args, model, about, of=(start, name))
    variations = generation.vary(
        model,
        start,
        args.n,
        strength=args.strength,
        encoding=_models.encoding(model),
        form=form,
        random_state=args.seed,
        **how,
    )
    return {
        "melodies": np.vstack([start, variations]),
        "title": f"Variations on {name}",
        "titles": [name, *(f"Variation {i + 1}" for i in range(args.n))],
        "settings": {
            "Melodies": f"{args.strength:.0%} of the way from the code of {name} to "
            f"draws from {source}, seed {args.seed}",
            **form_words,
            **_known(model, (start, name)),
        },
    }


def _model(args):
    """The model that was kept, or one of the reels."""
    if args.model is not None:
        return _models.load(args.model)
    from sklearn_c2c.cli._learning import trained_on_reels

    return trained_on_reels(args.seed)


def asked_form(args, model, about, of=None):
    """The form that is asked for, or fits, and a setting that tells it."""
    text = args.form
    if text is None:
        if _models.is_paper(model):
            return None, {}
        if of is not None:
            form, words = form_of_tune(*of)
            return form, {"Form": words}
        text = "corpus"
    form, words = form_of(text, about)
    return form, {"Form": words}


def _known(model, *tunes):
    """A setting that says how much of tunes is in the codes that were found."""
    known = "; ".join(_models.knowledge(model, *tune) for tune in tunes)
    print(known, flush=True)
    return {"Codes": known}


def _start(args, model, about):
    """One row to start a recursion from, and its name."""
    import numpy as np

    if args.tune is not None:
        start, name = find_tune(args.tune, about)
        return start[np.newaxis], name
    rng = np.random.default_rng(args.seed)
    encoder, autoencoder = model
    noise = rng.uniform(size=(1, autoencoder.n_features_in_))
    return encoder.inverse_transform(noise), f"noise of seed {args.seed}"


def _evenness(melodies):
    """Tell how even a path is."""
    from sklearn_c2c.metrics import path_continuity

    path = path_continuity(melodies)
    return (
        f"{path.n_distinct} different melodies of {len(melodies)}; at most "
        f"{path.largest_jump:.0%} of the steps differ from one to the next"
    )
