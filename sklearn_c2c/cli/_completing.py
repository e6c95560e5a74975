"""The commands that keep a part of a tune, and compose the rest."""

from sklearn_c2c.cli import _memory
from sklearn_c2c.cli._exploring import asked_form, exploration
from sklearn_c2c.cli._tunes import find_beginning, moved_and_back
from sklearn_c2c.cli._wording import CommandError, counted


@exploration
def complete(args, model, about):
    """Keep some measures of a tune, and fill the others in the style of a model."""
    if args.keep is None:
        raise CommandError("Expected the measures to keep, such as --keep 1-4.")
    return _completed(args, model, about, "Completion", args.keep)


@exploration
def continue_(args, model, about):
    """Go on from the beginning of a tune in the style of a model."""
    return _completed(args, model, about, "Continuation", args.keep)


def _completed(args, model, about, what, keep):
    import numpy as np

    from sklearn_c2c import generation
    from sklearn_c2c.melody import N_PITCHES

    _memory.check_melodies(args.n_samples, "--n", model)
    tune, n_measures = find_beginning(args.tune, about)
    melody, name = tune.melody, tune.title
    if tune.done:
        print(tune.done, flush=True)
    whole = about["reading"]["n_measures"]
    if keep is None:
        keep = range(1, (n_measures if n_measures < whole else whole // 2) + 1)
    if not set(keep) <= set(range(1, n_measures + 1)):
        raise CommandError(
            f"{name} has {counted(n_measures, 'measure')}, and --keep asks for more."
        )
    kept = _steps_of_measures(keep, model, about)
    if not (melody[kept] < N_PITCHES).any():
        raise CommandError(f"{name} has no note in the measures to keep.")
    form, form_words = asked_form(args, model, about)
    result = generation.complete(
        model,
        melody,
        kept,
        args.n_samples,
        aspect=args.aspect,
        X=about["data"],
        form=form,
        random_state=args.seed,
    )
    titles = [f"{name}, {what.lower()} {i + 1}" for i in range(args.n_samples)]
    melodies = result.melodies
    if n_measures == whole:
        melodies, titles = np.vstack([melody, melodies]), [name, *titles]
    moved = ""
    if result.semitones:
        moved = moved_and_back(result.semitones, "for the model")
        print(f"{name}: {moved}", flush=True)
    return {
        "key": tune.key,
        "tempo": tune.tempo,
        "semitones": -result.semitones,
        "melodies": melodies,
        "title": f"{what}s of {name}",
        "titles": titles,
        "settings": {
            "Melodies": f"{args.aspect.capitalize()} of measures "
            f"{', '.join(map(str, keep))} of {name} kept, the rest by search from "
            f"draws of the latent space, seed {args.seed}{'; ' * bool(moved)}{moved}",
            **form_words,
            **({"Given": tune.done} if tune.done else {}),
        },
        "marks": {"band": (np.tile(result.kept, (len(melodies), 1)), "Kept")},
    }


def _steps_of_measures(keep, model, about):
    """The mask of measures, counted from 1; a pick-up goes with the first."""
    import numpy as np

    from sklearn_c2c.generation import LatentModel

    measure = LatentModel(model).encoder.steps_per_measure
    number = np.arange(about["data"].shape[1]) // measure + 1
    if about["reading"].get("pickup") == "keep":
        number = np.maximum(number - 1, 1)
    return np.isin(number, list(keep))
