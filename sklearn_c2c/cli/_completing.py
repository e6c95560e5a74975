"""The commands that keep a part of a tune, and compose the rest."""

from sklearn_c2c.cli import _memory
from sklearn_c2c.cli._exploring import asked_form, exploration
from sklearn_c2c.cli._tunes import find_beginning, moved
from sklearn_c2c.cli._wording import CommandError, counted


@exploration
def complete(args, model, learned):
    """Keep some measures of a tune, and fill the others in the style of a model."""
    if args.keep is None:
        raise CommandError("Expected the measures to keep, such as --keep 1-4.")
    return _completed(args, model, learned, "Completion", args.keep)


@exploration
def continue_(args, model, learned):
    """Go on from the beginning of a tune in the style of a model."""
    return _completed(args, model, learned, "Continuation", args.keep)


def _completed(args, model, learned, what, keep):
    from sklearn_c2c import generation

    _memory.check_melodies(args.n_samples, "--n", model)
    tune, n_measures = find_beginning(args.tune, learned)
    if tune.done:
        print(tune.done, flush=True)
    keep = keep or _beginning(tune, n_measures, learned)
    kept = _kept_steps(keep, tune, n_measures, model, learned)
    form, form_words = asked_form(args, model, learned)
    result = generation.complete(
        model,
        tune.melody,
        kept,
        n_samples=args.n_samples,
        aspect=args.aspect,
        X=learned.data,
        form=form,
        random_state=args.seed,
    )
    way = ""
    if result.semitones:
        way = f"{moved(result.semitones, 'for the model')}, and back at the end"
        print(f"{tune.title}: {way}", flush=True)
    is_shown = _is_whole(n_measures, keep, learned)
    melodies, titles = _with_tune(tune, is_shown, result.melodies, what)
    return {
        "key": tune.key,
        "tempo": tune.tempo,
        "semitones": -result.semitones,
        "melodies": melodies,
        "title": f"{what}s of {tune.title}",
        "titles": titles,
        "settings": {
            "Melodies": _how_completed(args, keep, tune) + (f"; {way}" if way else ""),
            **form_words,
            **({"Given": tune.done} if tune.done else {}),
        },
        "marks": {"band": (result.kept[None].repeat(len(melodies), axis=0), "Kept")},
    }


def _how_completed(args, keep, tune):
    measures = ", ".join(map(str, keep))
    return (
        f"{args.aspect.capitalize()} of measures {measures} of {tune.title} kept, the "
        f"rest by search from draws of the latent space, seed {args.seed}"
    )


def _beginning(tune, n_measures, learned):
    """The measures of a beginning, or the first half of a whole tune.

    A file has a beginning, if the model's longest melody is longer.
    """
    is_beginning = tune.done and n_measures < learned.n_measures
    return range(1, (n_measures if is_beginning else n_measures // 2) + 1)


def _is_whole(n_measures, keep, learned):
    """Whether a tune is whole and no beginning: of that all is kept."""
    if learned.is_whole:
        return max(keep) < n_measures
    return n_measures == learned.n_measures


def _kept_steps(keep, tune, n_measures, model, learned):
    """Steps of the measures to keep, which must exist and have a note."""
    from sklearn_c2c.generation import LatentModel
    from sklearn_c2c.melody import N_PITCHES, measure_mask

    if not set(keep) <= set(range(1, n_measures + 1)):
        raise CommandError(
            f"{tune.title} has {counted(n_measures, 'measure')}, and --keep asks for "
            "more."
        )
    steps_per_measure = LatentModel(model).encoder.steps_per_measure
    pickup = learned.has_pickup
    kept = measure_mask(keep, learned.n_steps, steps_per_measure, pickup=pickup)
    if not (tune.melody[kept] < N_PITCHES).any():
        raise CommandError(f"{tune.title} has no note in the measures to keep.")
    return kept


def _with_tune(tune, is_whole, completed, what):
    """The melodies to show, after the tune if it is whole, and their titles."""
    import numpy as np

    name = tune.title
    titles = [f"{name}, {what.lower()} {i + 1}" for i in range(len(completed))]
    if not is_whole:
        return completed, titles
    return np.vstack([tune.melody, completed]), [name, *titles]
