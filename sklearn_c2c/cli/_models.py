"""Models: sampling settings, loading, and what they reconstruct."""

from pathlib import Path

from sklearn_c2c.cli._learned import Learned
from sklearn_c2c.cli._wording import CommandError

# Scale of latent vectors around their mean, where the command's default is not that of
# the library.
SCALES = {"gaussian": 1.3}

# Fewest melodies that a classifier can be trained on.
_FEWEST_TO_CLASSIFY = 50


def is_paper(model):
    """Whether a model decodes as the paper does, and composing follows the paper."""
    from sklearn_c2c.generation import LatentModel

    return LatentModel(model).encoder.transition_weight == 0


_SOURCES = {
    "gaussian": "the normal distribution of the latent vectors",
    "diagonal": "the normal distributions of the latent variables",
    "kde": "the neighborhood of the latent vectors",
    "prior": "the prior, a standard normal distribution",
    "range": "the range of the latent space",
}


def sampling(args, model, learned):
    """Return arguments of `generation.sample`, and a phrase that describes them."""
    method = args.method or _usual_method(model)
    scale = SCALES.get(method) if args.scale is None else args.scale
    words = _SOURCES[method]
    if scale not in (None, 1):
        words += f", {scale:g} times as wide"
    how = {"X": learned.data, "method": method}
    return how | ({} if scale is None else {"scale": scale}), words


def _usual_method(model):
    if is_paper(model):
        return "range"
    # Beside the latent vectors of tunes the lengths are most often those of tunes, too.
    return "kde" if is_recurrent(model) else "gaussian"


def is_recurrent(model):
    """Whether a model reads and writes step by step, as that of whole tunes does."""
    from sklearn_c2c.generation import LatentModel

    return hasattr(LatentModel(model).estimator, "n_units")


def knowledge(model, tune):
    """Describe how much of a tune the model reconstructs from its latent vector."""
    from sklearn_c2c import generation
    from sklearn_c2c.metrics import step_accuracy

    X = tune.melody[None]
    Z = generation.encode(model, X, method=encoding(model))
    share = step_accuracy(X, model.inverse_transform(Z))
    return f"The model reconstructs {share:.0%} of the steps of {tune.title}"


def encoding(model):
    """Method of encoding tunes: by search, unless the model is the paper's.

    A recurrent model goes on from the tokens that it wrote itself, whose choice has no
    gradient: a search takes long, and may end at a worse latent vector.
    """
    from sklearn_c2c.generation import LatentModel

    has_gradient = LatentModel(model).gradient_obstacle is None
    if has_gradient and not is_paper(model) and not is_recurrent(model):
        return "search"
    return "encoder"


def load(path):
    """Load a model and, from its metadata, the corpus that it was trained on."""
    from sklearn_c2c import Harmonizer, persistence

    model, metadata = persistence.load(path, return_metadata=True)
    if isinstance(model, Harmonizer):
        raise CommandError(
            f"{path} is a model of harmony, which adds voices to a tune: "
            f"c2c harmonize --model {path} TUNE"
        )
    metadata = {"tempo": None, "n_left_out": 0} | metadata
    if missing := set(Learned._fields) - metadata.keys():
        raise CommandError(
            f"{path} does not say how its melodies are written (no "
            f"{', '.join(sorted(missing))}); use a model made by c2c compose or train."
        )
    return model, Learned(*(metadata[field] for field in Learned._fields))


def check_path(path, force):
    """Check before the training that its result can be saved."""
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"Found no folder {path.parent} for {path.name}.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; expected the name of a file.")
    if path.exists() and not force:
        raise FileExistsError(f"{path} exists already; pass --force to replace it.")


def reconstruction(model, X):
    """Describe how much of melodies is reconstructed."""
    from sklearn_c2c.metrics import melody_accuracy, step_accuracy

    decoded = model.inverse_transform(model.transform(X))
    whole = round(melody_accuracy(X, decoded) * len(X))
    return (
        f"{step_accuracy(X, decoded):.1%} of the steps; {whole} of {len(X)} melodies "
        "without a wrong step"
    )


def judges(melodies, learned):
    """Judge melodies by the corpus, which is in the same key."""
    from sklearn_c2c.metrics import evaluate

    beat = learned.reading["steps_per_quarter"] * learned.metre.quarters_per_beat
    return evaluate(
        melodies,
        learned.data,
        tonic=learned.key or None,
        steps_per_measure=learned.steps_per_measure,
        steps_per_beat=max(1, int(beat)),
        classify=len(melodies) >= _FEWEST_TO_CLASSIFY,
        random_state=0,
    )
