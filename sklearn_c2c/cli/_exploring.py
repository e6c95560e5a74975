"""The commands that compose with a saved model.

Each function returns the keywords of `write_melodies` for its page; a tempo among them
is that of the tune that it started from.
"""

from functools import wraps
from math import isnan

from sklearn_c2c.cli import _memory, _models
from sklearn_c2c.cli._objectives import (
    join_objectives,
    parse_objectives,
    spell_out,
    tune_to_sound_with,
)
from sklearn_c2c.cli._result import new_folder, say_what_is_missing, write_melodies
from sklearn_c2c.cli._setting import check_settings, set_attributes
from sklearn_c2c.cli._tempo import choose_tempo
from sklearn_c2c.cli._tunes import Tune, find_tune, form_of, form_of_tune, in_range
from sklearn_c2c.cli._wording import CommandError, counted

# How much of an attribute vector is added to a tune.
SCALES = (-4.0, -2.0, 0.0, 2.0, 4.0)


def exploration(explore):
    """Turn explore(args, model, learned) into a command that fills a folder."""

    @wraps(explore)
    def command(args):
        say_what_is_missing(args.also)
        with new_folder(args) as folder:
            model, learned = _model(args)
            reading = learned.reading | args.reading
            metre = reading["time_signature"]
            tempo = choose_tempo(args.tempo, learned.tempo, metre)
            learned = learned._replace(reading=reading, tempo=tempo)
            shown = explore(args, model, learned)
            own = shown.pop("tempo", None)
            if own and args.tempo is None:
                learned = learned._replace(tempo=own)
            write_melodies(folder, model, learned, also=args.also, **shown)

    return command


def samples(args, model, learned):
    """Sample from a saved model."""
    from sklearn_c2c import generation

    _memory.check_melodies(args.n_samples, "--n", model)
    how, source = _models.sampling(args, model, learned)
    form, form_words = asked_form(args, model, learned)
    melodies = generation.sample(
        model, n_samples=args.n_samples, form=form, random_state=args.seed, **how
    )
    return {
        "melodies": melodies,
        "title": f"New melodies after {learned.name}",
        "titles": [f"Melody {i + 1}" for i in range(len(melodies))],
        "settings": {
            "Melodies": f"Drawn from {source}, seed {args.seed}",
            **form_words,
        },
    }


generate = exploration(samples)


@exploration
def interpolate(args, model, learned):
    """Go from one tune to another in the latent space of a saved model."""
    from sklearn_c2c import generation

    _memory.check_melodies(args.n_steps, "--steps", model)
    start = _find_tune(args.a, model, learned)
    target = _find_tune(args.b, model, learned, start)
    known = _known(model, start, target)
    melodies = generation.interpolate(
        model,
        start.melody,
        target.melody,
        n_points=args.n_steps + 1,
        encoding=_models.encoding(model),
    )
    title = f"From {start.title} to {target.title}"
    titles = [f"{title}, {i} of {args.n_steps}" for i in range(len(melodies))]
    titles[0], titles[-1] = start.title, target.title
    return {
        **start.returned(melodies),
        "title": title,
        "titles": titles,
        "settings": {
            "Melodies": "Linear interpolation in the latent space, "
            f"{args.n_steps} steps",
            "Path": _evenness(melodies),
            **known,
        },
    }


@exploration
def sweep(args, model, learned):
    """Move one latent variable of a saved model from its minimum to its maximum."""
    from sklearn_c2c import generation

    _memory.check_melodies(args.n_steps, "--steps", model)
    latent = args.dimension
    melodies = generation.sweep(model, latent, n_points=args.n_steps + 1)
    values = generation.LatentModel(model).values(latent, len(melodies))
    titles = [f"Step {i} of {args.n_steps}: {z:.3g}" for i, z in enumerate(values)]
    titles[0] += ", the minimum"
    titles[-1] += ", the maximum"
    return {
        "melodies": melodies,
        "title": f"Latent variable {latent} from {values[0]:.3g} to {values[-1]:.3g}",
        "titles": titles,
        "settings": {
            "Melodies": f"Latent variable {latent} in {args.n_steps} steps from its "
            "minimum to its maximum over the corpus, all others at their mean",
            "Path": _evenness(melodies),
        },
    }


def attribute(args):
    """Give a tune more or less of an attribute, or the value that is asked for."""
    if args.settings is None:
        if args.n_steps is not None:
            raise CommandError("--steps is for --set; ATTRIBUTE takes --scales.")
        _add_attribute(args)
    else:
        if args.scales is not None:
            raise CommandError("--scales is for ATTRIBUTE; --set takes --steps.")
        check_settings(args.settings)
        _set_attributes(args)


@exploration
def _set_attributes(args, model, learned):
    import numpy as np

    n_steps = args.n_steps or 1
    _memory.check_melodies(n_steps, "--steps", model)
    start = _find_tune(args.tune, model, learned)
    known = _known(model, start)
    settings = args.settings
    changed, told = set_attributes(model, learned, start, settings, n_steps, args.seed)
    for line in told:
        print(line, flush=True)
    names = [setting.name.replace("-", " ") for setting in settings]
    return {
        **start.returned(np.vstack([start.melody, changed])),
        "title": f"{start.title} by {' and '.join(names)}",
        "titles": [start.title, *(f"{start.title}, {line}" for line in told)],
        "settings": {
            "Melodies": f"Found by a search near the latent vector of {start.title} "
            f"for the values asked for, seed {args.seed}",
            "Asked for": " ".join(map(str, settings)),
            **known,
        },
    }


@exploration
def swap(args, model, learned):
    """Give the pitches of one tune the rhythm of another."""
    import numpy as np

    from sklearn_c2c import generation
    from sklearn_c2c.generation import LatentModel

    if "rhythm" not in getattr(LatentModel(model).estimator, "branches_", ()):
        raise CommandError(
            "The model does not keep pitch and rhythm apart; take one of `c2c train "
            "--pitch-rhythm`."
        )
    pitches = _find_tune(args.a, model, learned)
    rhythm = _find_tune(args.b, model, learned, pitches)
    known = _known(model, pitches, rhythm)
    swapped = generation.swap(
        model,
        pitches.melody[np.newaxis],
        rhythm.melody[np.newaxis],
        encoding=_models.encoding(model),
    )
    title = f"The pitches of {pitches.title} in the rhythm of {rhythm.title}"
    return {
        **pitches.returned(np.vstack([pitches.melody, rhythm.melody, swapped])),
        "title": title,
        "titles": [pitches.title, rhythm.title, title],
        "settings": {"Melodies": title, **known},
    }


@exploration
def _add_attribute(args, model, learned):
    import numpy as np

    from sklearn_c2c import generation, metrics

    start = _find_tune(args.tune, model, learned)
    known = _known(model, start)
    scales = args.scales or SCALES
    measure = getattr(metrics, args.attribute.replace("-", "_"))
    what = args.attribute.replace("-", " ")
    vector = generation.attribute_vector(model, learned.data, by=measure)
    changed = generation.add_attribute(
        model,
        start.melody[np.newaxis],
        vector,
        scale=scales,
        encoding=_models.encoding(model),
    )
    melodies = np.vstack([start.melody, changed])
    return {
        **start.returned(melodies),
        "title": f"{start.title} by {what}",
        "titles": [
            start.title,
            *(f"{start.title}, {_more_or_less(scale, what)}" for scale in scales),
        ],
        "settings": {
            "Melodies": f"The latent vector of {start.title} plus the attribute vector "
            f"of {what} by scales {', '.join(f'{scale:g}' for scale in scales)}",
            what.capitalize(): _at_scales(measure(melodies), start, scales),
            "Attribute vector": "Mean latent vector of the quarter of the corpus with "
            f"the most {what} minus that of the quarter with the least",
            **known,
        },
    }


def _at_scales(values, start, scales):
    """Describe the values of a tune, and those of its changed versions by scale."""
    own, *changed = values
    at = (f"{v:.3g} at {x:g}" for x, v in zip(scales, changed, strict=True))
    return f"{own:.3g} in {start.title}; {', '.join(at)}"


def _more_or_less(scale, what):
    if not scale:
        return "as the model has it"
    return f"{'more' if scale > 0 else 'less'} {what} ({scale:+g})"


@exploration
def recurse(args, model, learned):
    """Iterate the reconstruction by a saved model from a tune, or from noise."""
    import numpy as np

    from sklearn_c2c import generation

    start = _start(args, model, learned)
    if start.done:
        print(start.done, flush=True)
    result = generation.recurse(model, start.melody[np.newaxis], max_iter=args.max_iter)
    path, n_iter, length = (
        result[of][0] for of in ("paths", "n_iter", "cycle_lengths")
    )
    titles = [f"Start: {start.title}"]
    titles += [f"Iteration {i}" for i in range(1, len(path))]
    after = f"after {counted(n_iter, 'iteration')}" if n_iter else "from the start"
    if length == 1:
        end = f"a fixed point {after}"
        titles[-1] += ", a fixed point"
    elif length:
        end = f"a cycle of {length} melodies {after}"
        for i in range(length):
            titles[n_iter + i] += f", {i + 1} of {length} in a cycle"
    else:
        end = f"no cycle within {counted(args.max_iter, 'iteration')}"
        titles[-1] += ", no cycle yet"
    print(f"{start.title}: {end}", flush=True)
    return {
        **start.returned(path),
        "title": f"Recursion from {start.title}",
        "titles": titles,
        "settings": {"Melodies": f"The model's own output as its input again: {end}"},
    }


@exploration
def optimize(args, model, learned):
    """Steer melodies of a saved model to one or several objectives."""
    import numpy as np

    from sklearn_c2c import generation

    _memory.check_melodies(args.n_starts, "--starts", model)
    terms = parse_objectives(args.objectives, learned)
    known = _known(model, *(term.tune for term in terms if term.tune))
    form, form_words = asked_form(args, model, learned)
    result = generation.optimize(
        model,
        join_objectives(terms),
        X=learned.data,
        form=form,
        method=args.method,
        n_starts=args.n_starts,
        max_iter=args.max_iter,
        random_state=args.seed,
    )
    order = np.argsort(-result.after, kind="stable")
    starts, ends = result.start_melodies[order], result.melodies[order]
    melodies, titles = _in_pairs(starts, ends)
    tune = tune_to_sound_with(terms, args.objectives)
    best = _best_values(result)
    print(f"Objective: {best}", flush=True)
    return {
        **(tune.returned(melodies) if tune else {"melodies": melodies}),
        "title": f"Steered to {spell_out(args.objectives)}",
        "titles": titles,
        "settings": {
            "Melodies": f"Optimized for {' '.join(args.objectives)} by method "
            f"{result.method} from {args.n_starts} random starts, the best first; "
            f"seed {args.seed}",
            **_changes(terms, starts, ends),
            "Effort": f"{result.n_decoder_calls} latent vectors decoded",
            "Objective": best,
            **form_words,
            **known,
        },
    }


def _best_values(result):
    """Describe the best value of the objective before and after; NaN is none."""
    import numpy as np

    before, after = (np.fmax.reduce(of) for of in (result.before, result.after))
    return f"{before:.4g} at best before, {after:.4g} after"


def _in_pairs(starts, ends):
    """Each melody as drawn, then as steered, with their titles."""
    import numpy as np

    melodies = np.stack([starts, ends], axis=1).reshape(-1, starts.shape[1])
    numbers = range(1, len(starts) + 1)
    return melodies, [
        title for i in numbers for title in (f"Melody {i}, as drawn", f"Melody {i}")
    ]


def _changes(terms, starts, ends):
    """Settings: the value of each objective for melodies as drawn, and as steered."""
    return {
        term.what[0].upper() + term.what[1:]: _change(term.measure, starts, ends)
        for term in terms
    }


def _change(measure, starts, ends):
    pairs = zip(measure(starts), measure(ends), strict=True)
    return "; ".join(
        f"melody {i}: {_figure(before)} → {_figure(after)}"
        for i, (before, after) in enumerate(pairs, 1)
    )


def _figure(value):
    """Three digits; the value of silence may be NaN."""
    return "none" if isnan(value) else f"{value:.3g}"


@exploration
def vary(args, model, learned):
    """Make variations of a tune with a saved model."""
    import numpy as np

    from sklearn_c2c import generation

    _memory.check_melodies(args.n_samples, "--n", model)
    start = _find_tune(args.tune, model, learned)
    known = _known(model, start)
    how, source = _models.sampling(args, model, learned)
    form, form_words = asked_form(args, model, learned, of=start)
    variations = generation.vary(
        model,
        start.melody,
        n_samples=args.n_samples,
        strength=args.strength,
        encoding=_models.encoding(model),
        form=form,
        random_state=args.seed,
        **how,
    )
    name = start.title
    return {
        **start.returned(np.vstack([start.melody, variations])),
        "title": f"Variations on {name}",
        "titles": [
            name,
            *(f"{name}, variation {i + 1}" for i in range(args.n_samples)),
        ],
        "settings": {
            "Melodies": f"{args.strength:.0%} of the way from the latent vector of "
            f"{name} to draws from {source}, seed {args.seed}",
            **form_words,
            **known,
        },
    }


def _find_tune(text, model, learned, first=None):
    """Find a tune by its name, in the key and the range of a model."""
    from sklearn_c2c.generation import LatentModel

    tune = find_tune(text, learned, first)
    return in_range(tune, LatentModel(model).encoder.pitch_range_)


def _model(args):
    """The saved model, or one trained on the reels."""
    if args.model is not None:
        return _models.load(args.model)
    from sklearn_c2c.cli._learning import trained_on_reels

    return trained_on_reels(args.seed, args.kinds)


def asked_form(args, model, learned, of=None):
    """Form that is asked for, or the default, and a setting that describes it."""
    text = args.form
    if text is None:
        if _models.is_paper(model):
            return None, {}
        if of is not None:
            form, words = form_of_tune(of)
            return form, {"Form": words}
        text = "corpus"
    form, words = form_of(text, learned)
    return form, {"Form": words}


def _known(model, *tunes):
    """Settings: changes made to tunes, and the share of them that is reconstructed."""
    settings = {}
    done = [tune.done for tune in tunes if tune.done]
    if done:
        settings["Given"] = ". ".join(done)
    if tunes:
        settings["Reconstruction"] = "; ".join(
            _models.knowledge(model, tune) for tune in tunes
        )
    for said in (*done, *filter(None, [settings.get("Reconstruction")])):
        print(said, flush=True)
    return settings


def _start(args, model, learned):
    """A tune to start a recursion from, or noise."""
    if args.tune is not None:
        return _find_tune(args.tune, model, learned)
    import numpy as np

    from sklearn_c2c.generation import LatentModel

    rng = np.random.default_rng(args.seed)
    melody = LatentModel(model).draw_noise(1, rng)[0]
    return Tune(melody, f"noise of seed {args.seed}", learned.key, 0, "")


def _evenness(melodies):
    """Describe how even a path is."""
    from sklearn_c2c.metrics import path_continuity

    path = path_continuity(melodies)
    return (
        f"{path.n_distinct} different melodies of {len(melodies)}; at most "
        f"{path.largest_jump:.0%} of the steps differ from one to the next"
    )
