"""Models on disk and what is known of them, and what they reconstruct."""

from pathlib import Path


def load(path):
    """Load a model, and what `c2c` said of it when it was trained."""
    from sklearn_c2c import persistence

    model, about = persistence.load(path, return_metadata=True)
    if missing := {"name", "data", "titles", "key", "reading"} - about.keys():
        raise ValueError(
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
        f"{step_accuracy(X, decoded):.1%} of the steps, "
        f"{whole} of {len(X)} melodies without a wrong one"
    )
