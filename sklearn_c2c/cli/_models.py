"""Models: sampling settings, loading, and what they reconstruct."""

from pathlib import Path

from sklearn_c2c.cli._tunes import steps_per_measure
from sklearn_c2c.cli._wording import CommandError

# Melodies that a classifier can tell from others, at least.
_FEWEST_TO_CLASSIFY = 50


def is_paper(model):
    """Whether a model decodes as the paper does, and is to compose as it does."""
    from sklearn_c2c.generation import LatentModel

    return LatentModel(model).encoder.transition_weight == 0


def sampling(args, model, about):
    """Return arguments of `generation.sample`, and a phrase that describes them."""
    if args.method is None and is_paper(model):
        how = {"method": "range"}
    elif args.method in (None, "gaussian"):
        how = {"method": "gaussian", "scale": 1.3}
    else:
        how = {"method": args.method}
    if args.scale is not None and args.method == "kde":
        raise CommandError(
            "--sampling kde takes no --scale: how far it draws from the codes follows "
            "from their number."
        )
    if args.scale is not None:
        how["scale"] = args.scale
    words = _SOURCES[how["method"]]
    if how.get("scale", 1) != 1:
        words += f", {how['scale']:g} times as wide"
    return {"X": about["data"], **how}, words


_SOURCES = {
    "gaussian": "the normal distribution of the codes",
    "diagonal": "the normal distributions of the latent variables",
    "kde": "the neighborhood of the codes",
    "prior": "the prior, a standard normal distribution",
    "range": "the range of the latent space",
}


def knowledge(model, tune):
    """How much of a tune the model can say, by the code that is used, in words."""
    from sklearn_c2c import generation
    from sklearn_c2c.metrics import step_accuracy

    X = tune.melody[None]
    Z = generation.encode(model, X, method=encoding(model))
    share = step_accuracy(X, model.inverse_transform(Z))
    return f"The model knows {share:.0%} of the steps of {tune.title}"


def encoding(model):
    """How tunes are encoded: searched for where the model is not the paper's."""
    from sklearn_c2c.generation import LatentModel

    has_gradient = LatentModel(model).gradient_obstacle is None
    return "search" if has_gradient and not is_paper(model) else "encoder"


def load(path):
    """Load a model, and what `c2c` said of it when it was trained."""
    from sklearn_c2c import persistence

    model, about = persistence.load(path, return_metadata=True)
    if missing := {"name", "data", "titles", "key", "reading"} - about.keys():
        raise CommandError(
            f"{path} does not say how its melodies are written (no "
            f"{', '.join(sorted(missing))}); use a model made by c2c compose or train."
        )
    return model, about


def check_path(path, force):
    """Find out before the training whether its result can be kept."""
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"Found no folder {path.parent} for {path.name}.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; expected the name of a file.")
    if path.exists() and not force:
        raise FileExistsError(f"{path} exists already; pass --force to replace it.")


def reconstruction(model, X):
    """Tell how much of melodies comes back."""
    from sklearn_c2c.metrics import melody_accuracy, step_accuracy

    decoded = model.inverse_transform(model.transform(X))
    whole = round(melody_accuracy(X, decoded) * len(X))
    return (
        f"{step_accuracy(X, decoded):.1%} of the steps; {whole} of {len(X)} melodies "
        "without a wrong step"
    )


def judges(melodies, about, key):
    """Judge melodies in a key by the corpus in the same."""
    from sklearn_c2c.melody import parse_metre
    from sklearn_c2c.metrics import evaluate

    reading = about["reading"]
    metre = parse_metre(reading["time_signature"])
    beat = reading["steps_per_quarter"] * metre.quarters_per_beat
    return evaluate(
        melodies,
        about["data"],
        tonic=key or None,
        steps_per_measure=steps_per_measure(reading),
        steps_per_beat=max(1, int(beat)),
        classify=len(melodies) >= _FEWEST_TO_CLASSIFY,
        random_state=0,
    )
