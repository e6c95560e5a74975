"""Decoding step by step: draws at a temperature, and beam search."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._form import FORM, alike, letters_of, tunes_of
from sklearn_c2c.generation._models import MODEL, LatentModel
from sklearn_c2c.generation._voices import mend_voices, own_tokens
from sklearn_c2c.melody import END, HOLD, melody_lengths


@validate_params(
    {
        "model": MODEL,
        "Z": ["array-like"],
        "temperature": [Interval(Real, 0, None, closed="neither"), None],
        "beam_width": [Interval(Integral, 1, None, closed="left")],
        "form": FORM,
        "X": ["array-like", None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def decode(
    model,
    Z,
    *,
    temperature=None,
    beam_width=1,
    form=None,
    X=None,
    random_state=None,
):
    """Decode latent vectors step by step: the most probable melodies, or draws.

    A recurrent decoder gives the probabilities of each step's tokens, given the latent
    vector z and the tokens before. Their product is the probability of a melody::

        p(x | z) = p(x_1 | z) * p(x_2 | z, x_1) * p(x_3 | z, x_1, x_2) * ...

    up to its end, which is a token too if melodies of `fit` ended early.

    Without a temperature, beam search looks for the melody with the largest mean of the
    log-probabilities of its n tokens, the end included::

        log(p(x | z)) / n

    since p(x | z) itself is larger for short melodies. At each step it keeps the
    `beam_width` best beginnings, those that have ended among them. A width of 1 takes
    the most probable token of each step. With a temperature T, tokens are drawn with
    probabilities ``p**(1 / T)``, divided by their sum.

    Parameters
    ----------
    model : fitted Pipeline
        `PianoRollEncoder` and a recurrent autoencoder. The transitions of the encoder
        are not used.

    Z : array-like of shape (n_melodies, h)
        Latent vectors, such as ``model.transform(X)``. Repeat one to draw several
        melodies from it.

    temperature : float, default=None
        1 draws from the decoder's distribution. Below 1 the draws are more like the
        most probable melody, above 1 more random. None does not draw.

    beam_width : int, default=1
        Number of beginnings that beam search keeps.

    form : str, array-like of shape (n_steps,) or None, default=None
        Which places of a melody are alike, as in `sample`: a place that is like an
        earlier one gets its tokens, and the decoder goes on from these. No hold is
        decoded at the first step of such places. If a tune gives the form, the melody
        ends where the tune does; with letters, where the decoder ends it. Not with a
        beam width above 1.

    X : array-like of shape (n_tunes, n_steps), default=None
        Corpus of ``form="corpus"``.

    random_state : int, RandomState instance or None, default=None
        For draws. An int makes the result reproducible.

    Returns
    -------
    melodies : ndarray of int16, shape (n_melodies, n_steps)
        An orphan hold, at the first step or after a rest, becomes a rest.

    Raises
    ------
    ValueError
        If the model is not a Pipeline of these two, Z does not have h columns, the form
        does not divide the steps, or a temperature or a form is given with a beam width
        above 1.

    See Also
    --------
    sample : Melodies from random latent vectors.

    References
    ----------
    A. Graves, "Sequence Transduction with Recurrent Neural Networks", 2012, for beam
    search, and Y. Wu et al., "Google's Neural Machine Translation System", 2016,
    section 7, for the length in its score.

    J.-P. Briot, "Compress to Create", section VI.iv.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import PianoRollEncoder, RecurrentAutoencoder, generation
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 130, 130]]
    >>> estimator = RecurrentAutoencoder(2, n_units=8, random_state=0)
    >>> model = make_pipeline(PianoRollEncoder(), estimator).fit(X)
    >>> Z = model.transform(X)
    >>> generation.decode(model, Z, beam_width=4).shape
    (3, 4)
    >>> draws = generation.decode(
    ...     model, np.repeat(Z[:1], 5, axis=0), temperature=0.8, random_state=0
    ... )
    >>> draws.shape
    (5, 4)
    """
    check_is_fitted(model)
    latent = LatentModel(model)
    rng = check_random_state(random_state)
    if beam_width > 1 and (temperature is not None or form is not None):
        raise ValueError(
            f"Beam search neither draws nor keeps a form: got beam_width={beam_width}, "
            f"temperature={temperature} and form={form!r}; give one of them."
        )
    tunes = tunes_of(latent, form, Z, X=X, rng=rng)
    letters = letters_of(latent, form if tunes is None else tunes, Z)
    if temperature is None and letters is None:
        columns = _most_probable(latent, Z, beam_width)
    else:
        ends = None if tunes is None else melody_lengths(tunes)
        columns = _written(latent, Z, temperature, letters, ends, rng)
    encoder = latent.encoder
    melodies = np.full((len(Z), encoder.n_features_in_), END, np.int16)
    melodies[:, : columns.shape[1]] = encoder.tokens_[columns]
    return mend_voices(encoder, melodies)


class _Sequences:
    """Columns of the tokens that were written, each sequence up to its end.

    `ends` are the steps of the ends where they are given, ndarray of shape (n,).
    """

    def __init__(self, latent, n, ends=None):
        self.columns = np.empty((n, 0), int)
        self._is_end = latent.encoder.tokens_ == END
        self._is_own = own_tokens(latent.encoder)
        self._ends = ends if self._is_end.any() else None

    def allowed(self, log_p):
        """Log-probabilities: no end at the first step, and nothing else after it.

        No pitch is allowed outside the range of its voice.
        """
        step, is_over = self.columns.shape[1], self.have_ended()
        log_p = np.where(self._is_own[step], log_p, -np.inf)
        if self._ends is not None:
            is_over = step >= self._ends
        if step == 0 or self._ends is not None:
            log_p = np.where(self._is_end, -np.inf, log_p)
        after_end = np.where(self._is_end, 0, -np.inf)
        return np.where(is_over[:, np.newaxis], after_end, log_p)

    def have_ended(self):
        """Mask of the sequences that have ended."""
        if not self.columns.shape[1]:
            return np.zeros(len(self.columns), bool)
        return self._is_end[self.columns[:, -1]]

    def go_on(self, going, columns):
        """Add a step; what `decode_by_steps` is told, None if all have ended."""
        written = self.columns if going is None else self.columns[going]
        self.columns = np.column_stack([written, columns])
        return None if self._is_end[columns].all() else (going, columns)


def _written(latent, Z, temperature, letters, ends, rng):
    """Draw a sequence for each latent vector, (n_melodies, steps written).

    Without a temperature the most probable token of each step is taken.
    """
    sequences, encoder = _Sequences(latent, len(Z), ends), latent.encoder
    earlier, begins = _earlier_steps(letters, len(Z), encoder.n_features_in_)
    is_hold = encoder.tokens_ == HOLD

    def write(log_p):
        log_p, t = sequences.allowed(log_p), sequences.columns.shape[1]
        log_p[np.ix_(begins[:, t], is_hold)] = -np.inf
        if temperature is not None:
            # The largest sum with Gumbel noise is a draw from the softmax.
            log_p = log_p / temperature + rng.gumbel(size=log_p.shape)
        columns = log_p.argmax(axis=1)
        is_like = (earlier[:, t] < t) & ~sequences.have_ended()
        columns[is_like] = sequences.columns[is_like, earlier[is_like, t]]
        return sequences.go_on(None, columns)

    latent.decode_by_steps(Z, write)
    return sequences.columns


def _earlier_steps(letters, n_melodies, n_steps):
    """For each step that of the first place of its letter, itself if that is its own.

    Returns
    -------
    earlier : ndarray of int, shape (n_melodies, n_steps)
    begins : ndarray of bool, shape (n_melodies, n_steps)
        Whether a place of a letter that has several begins there.
    """
    step = np.arange(n_steps)
    if letters is None:
        return np.tile(step, (n_melodies, 1)), np.zeros((n_melodies, n_steps), bool)
    same = alike(letters)
    size = n_steps // letters.shape[1]
    place, within = np.divmod(step, size)
    is_repeated = same.sum(axis=2) > 1
    return (
        same.argmax(axis=2)[:, place] * size + within,
        is_repeated[:, place] & (within == 0),
    )


def _most_probable(latent, Z, beam_width):
    """Beam search, (n_melodies, steps written)."""
    sequences, n = _Sequences(latent, len(Z)), len(Z)
    sums, lengths = np.zeros((n, 1)), np.zeros((n, 1), int)

    def keep_the_best(log_p):
        nonlocal sums, lengths
        width, n_tokens = sums.shape[1], log_p.shape[1]
        # The end is a token too, and after it there are none.
        lengths = lengths + ~sequences.have_ended().reshape(n, width)
        log_p = sequences.allowed(log_p).reshape(n, width, -1)
        totals = sums[..., np.newaxis] + log_p
        means = (totals / lengths[..., np.newaxis]).reshape(n, -1)
        best = np.argsort(-means, axis=1, kind="stable")[:, :beam_width]
        sums = np.take_along_axis(totals.reshape(n, -1), best, axis=1)
        beginning = best // n_tokens
        lengths = np.take_along_axis(lengths, beginning, axis=1)
        going = np.arange(n)[:, np.newaxis] * width + beginning
        return sequences.go_on(going.ravel(), best.ravel() % n_tokens)

    latent.decode_by_steps(Z, keep_the_best)
    return sequences.columns[:: sums.shape[1]]
