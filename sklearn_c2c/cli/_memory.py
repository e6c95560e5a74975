"""Refuse sizes that do not fit in memory before any of it is allocated."""

from itertools import pairwise

from sklearn_c2c.cli._wording import CommandError

_MIB = 2**20
# Arrays that training holds for each weight: the weight and Adam's two moments.
_ARRAYS_A_WEIGHT = 3


def check_training(model, X):
    """Check that a model can be trained on melodies.

    Parameters
    ----------
    model : Pipeline
        An unfitted one that ends in an autoencoder.
    X : ndarray of int, shape (n_melodies, n_steps)
    """
    from sklearn.base import clone

    from sklearn_c2c.generation import LatentModel

    latent = LatentModel(model)
    autoencoder = latent.estimator
    inputs = clone(latent.before).fit(X).transform(X[:1])
    if hasattr(autoencoder, "n_units"):  # a layer of each step
        sizes = [inputs.shape[1] // X.shape[1], autoencoder.n_units, autoencoder.h]
        hidden = "--units"
    else:
        sizes = [inputs.shape[1], *autoencoder.hidden_layer_sizes, autoencoder.h]
        hidden = "--hidden"
    n_weights = 2 * sum(a * b for a, b in pairwise(sizes))
    _check(
        n_weights * _ARRAYS_A_WEIGHT * inputs.dtype.itemsize,
        f"A model with --h {autoencoder.h}"
        + f" {hidden} {','.join(map(str, sizes[1:-1]))}" * (len(sizes) > 2),
        "a smaller one",
    )


def check_melodies(n_melodies, option, model):
    """Check that the melodies that an option asks for can be decoded at once."""
    from sklearn_c2c.generation import LatentModel

    encoder = LatentModel(model).encoder
    n_values = n_melodies * encoder.n_features_in_ * encoder.n_tokens_
    _check(n_values * encoder.dtype().itemsize, f"{option} {n_melodies}", "fewer")


def _check(n_bytes, what, instead):
    """Refuse what takes more memory than this machine has."""
    from sklearn_c2c._validation import memory

    most = memory()
    if n_bytes > most:
        raise CommandError(
            f"{what} takes {n_bytes // _MIB:,} MiB of memory at least, and this "
            f"machine has {most // _MIB:,} MiB; ask for {instead}."
        )
