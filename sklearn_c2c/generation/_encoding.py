"""Latent vectors of melodies: from the encoder, or by a search with the decoder."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import gen_batches
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._descent import Adam
from sklearn_c2c.generation._form import probabilities_vjp
from sklearn_c2c.generation._models import MODEL, LatentModel, as_row
from sklearn_c2c.melody import END

# The constraint on every `encoding` of this package.
ENCODING = [StrOptions({"encoder", "search"})]

# Melodies searched for in one batch.
_CHUNK = 256


@validate_params(
    {
        "model": MODEL,
        "X": ["array-like"],
        "method": ENCODING,
        "prior_weight": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def encode(
    model,
    X,
    *,
    method="search",
    prior_weight=0.01,
    max_iter=100,
    learning_rate_init=0.2,
):
    """Find latent vectors that decode to given melodies.

    The encoder of an autoencoder is accurate on its training data only. For another
    melody, other latent vectors are decoded to more of its steps by the same decoder.
    From the encoder's output on, "search" looks for the z with the largest

        ``sum_t(log p_t(x_t | z)) - prior_weight * sum_k(((z_k - m_k) / s_k)**2) / 2``,

    where x_t are the tokens of the melody, up to the first `END` if it ends early, p_t
    the decoder's outputs at step t divided by their sum, and m_k and s_k mean and
    standard deviation of each latent variable over the training data.

    Parameters
    ----------
    model : fitted Pipeline
        `PianoRollEncoder` and an autoencoder.

    X : array-like of shape (n_melodies, n_steps)
        Melodies, in the pitch range of the model.

    method : {"search", "encoder"}, default="search"
        "encoder" is ``model.transform``, for any model.

    prior_weight : float, default=0.01
        Weight of the distance to the mean of the training data. With a larger weight
        the latent vectors are more like those of the training data, and may reconstruct
        fewer steps.

    max_iter : int, default=100
        Updates of Adam.

    learning_rate_init : float, default=0.2
        First learning rate of Adam, in standard deviations of each latent variable. It
        falls linearly to 0.

    Returns
    -------
    Z : ndarray of shape (n_melodies, h)

    Raises
    ------
    ValueError
        If the model is not a Pipeline of these two, or a pitch is outside its range.

    See Also
    --------
    complete : Melodies of which only some steps are given.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=8, random_state=0))
    >>> Z = generation.encode(model.fit(X), [[62, 129, 62, 66]])
    >>> Z.shape, model.inverse_transform(Z).shape
    ((1, 8), (1, 4))
    """
    check_is_fitted(model)
    latent = LatentModel(model)
    Z = latent.encode(X)
    if method == "encoder":
        return Z
    latent.check_gradient()
    melodies = np.asarray(X)
    target = melodies[..., np.newaxis] == latent.encoder.tokens_
    target[after_end(melodies)] = True
    return search(
        latent,
        Z,
        target,
        center=latent.mean(),
        prior_weight=prior_weight,
        max_iter=max_iter,
        learning_rate_init=learning_rate_init,
    )


def encode_one(model, row, name, encoding="encoder"):
    """Latent vector of a single row, of shape (1, h); `name` is for the error."""
    return encode(model, as_row(row, name), method=encoding)


def search(
    latent,
    Z,
    target,
    *,
    center,
    prior_weight,
    max_iter,
    learning_rate_init,
    letters=None,
):
    """Move latent vectors by Adam so that the given tokens become more likely.

    Parameters
    ----------
    latent : LatentModel
    Z : ndarray of shape (n_melodies, h)
        First latent vectors.
    target : ndarray of bool, shape (n_melodies, n_steps, n_tokens)
        The allowed tokens of each step; all of them at steps that are not given.
    center : ndarray of shape (h,) or (n_melodies, h)
        Mean of the prior.
    prior_weight, max_iter, learning_rate_init
        As in `encode`.
    letters : ndarray of int, shape (n_melodies, n_places), default=None
        Form in which the melodies are decoded.

    Returns
    -------
    ndarray of shape (n_melodies, h)
    """
    spread = latent.spread()
    center = np.broadcast_to(center, Z.shape)
    found = np.empty_like(Z)
    for rows in gen_batches(len(Z), _CHUNK):
        z, adam = Z[rows], Adam()
        for i in range(max_iter):
            in_form = None if letters is None else letters[rows]
            P, vjp = probabilities_vjp(latent, z, in_form)
            slope = spread * vjp(_log_likelihood_gradient(P, target[rows]))
            slope -= prior_weight * (z - center[rows]) / spread
            rate = learning_rate_init * (1 - i / max_iter)
            z = (z + rate * spread * adam.direction(slope)).astype(Z.dtype)
        found[rows] = z
    return found


def after_end(melodies):
    """Mask of the steps after the first END of each melody."""
    ended = melodies == END
    ended[..., 1:] &= ended[..., :-1].copy()
    ended[..., 0] = False
    return ended


def log_likelihood(P, target):
    """Of the targets: ``sum_t(log(sum of P at the target) - log(sum of P))``."""
    hit, total = _sums(P, target)
    return (np.log(hit) - np.log(total)).sum(axis=(1, 2))


def _log_likelihood_gradient(P, target):
    """Gradient of `log_likelihood` with respect to P."""
    hit, total = _sums(P, target)
    return target / hit - 1 / total


def _sums(P, target):
    """Sums at each step of P at the target and of all P, clipped to be above 0."""
    tiny = np.finfo(P.dtype).tiny
    parts = (P * target, P)
    return (np.maximum(part.sum(axis=2, keepdims=True), tiny) for part in parts)
