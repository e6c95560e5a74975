"""Completion: melodies with some steps given and the others generated."""

from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._encoding import after_end, log_likelihood, search
from sklearn_c2c.generation._form import (
    FORM,
    decode_steps,
    has_half_measures,
    letters_of,
    probabilities,
)
from sklearn_c2c.generation._models import MODEL, LatentModel, as_row
from sklearn_c2c.generation._rhythm import new_rhythm
from sklearn_c2c.generation._voices import own_tokens, steps_of_voice
from sklearn_c2c.melody import (
    END,
    N_PITCHES,
    check_voices,
    measure_mask,
    pitch_name,
    transpose,
)

# Placeholder of the steps that are not given: a pitch, so that a hold may follow it.
_ANY_PITCH = 60

# "auto" compares the transpositions within an octave or, if none of these fits the
# range, at most 25 larger ones, each after at most 30 updates of Adam.
_OCTAVE, _N_TRANSPOSITIONS, _N_UPDATES_TO_COMPARE = 12, 25, 30


@validate_params(
    {
        "model": MODEL,
        "start": ["array-like"],
        "keep": ["array-like"],
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "aspect": [StrOptions({"notes", "rhythm", "pitches"})],
        "transposition": [
            StrOptions({"auto"}),
            Interval(Integral, 1 - N_PITCHES, N_PITCHES - 1, closed="both"),
        ],
        "form": FORM,
        "prior_weight": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def complete(
    model,
    start,
    keep,
    n_samples=8,
    *,
    aspect="notes",
    transposition="auto",
    X=None,
    form="auto",
    prior_weight=1.0,
    max_iter=60,
    learning_rate_init=0.2,
    random_state=None,
):
    """Complete a melody of which some steps are given.

    For each result r a latent vector is drawn, ``c_r ~ N(m, diag(s**2))``, where m and
    s are mean and standard deviation of the latent variables over the training data. A
    gradient search from c_r looks for the z with the largest

        ``sum_t(log p_t(x_t | z)) - prior_weight * sum_k(((z_k - c_rk) / s_k)**2) / 2``,

    where t runs over the given steps. z is decoded with these steps fixed.

    Parameters
    ----------
    model : fitted Pipeline
        `PianoRollEncoder` and an autoencoder.

    start : array-like of shape (n_steps,) or (1, n_steps)
        The melody, in any key and range. The steps that are not kept are ignored.

    keep : array-like of bool, shape (n_steps,), or of int
        Mask of the given steps; or numbers of the given measures, from 1, in all
        voices. For a melody with a pick-up measure, `melody.measure_mask` makes the
        mask. One of several voices is given by ``np.arange(n_steps) // n == voice``,
        with n the steps of a voice. A melody does not
        end before the last given note, hold or rest; where `END` is given, it has
        ended. Elsewhere the end is generated, as any token is.

    n_samples : int, default=8
        Number of results.

    aspect : {"notes", "rhythm", "pitches"}, default="notes"
        Aspect of the given steps that is kept.

        - "notes": pitches and rhythm.
        - "rhythm": onsets, holds and rests; the pitches are generated.
        - "pitches": the order of notes and rests; their onsets are generated, within
          each group of neighboring given steps.

        A given end is kept with each of them.

    transposition : "auto" or int, default="auto"
        Semitones by which the melody is transposed before it is completed; the results
        are transposed back. "auto" chooses from -12 to 12 the one under which the given
        steps are most likely; larger ones are tried if none of these brings the given
        pitches into the range of the model. It is 0 with ``aspect="rhythm"``.

    X : array-like of shape (n_tunes, n_steps), default=None
        The corpus that forms are taken from. Melodies are completed best in the form
        of a tune of the corpus.

    form : "auto", str, array-like of shape (n_steps,) or None, default="auto"
        Which places are alike, as in `sample`. "auto" is "corpus" if X is given and
        half measures divide its rows, None otherwise. Given steps take precedence over
        the form.

    prior_weight : float, default=1.0
        Weight of the distance to c_r. With a larger weight the results differ more from
        each other, and fit the given steps less.

    max_iter : int, default=60
        Updates of Adam.

    learning_rate_init : float, default=0.2
        First learning rate of Adam, in standard deviations of each latent variable. It
        falls linearly to 0.

    random_state : int, RandomState instance or None, default=None
        An int makes the result reproducible.

    Returns
    -------
    result : `Bunch`
        - melodies : ndarray of int16, shape (n_samples, n_steps)
        - kept : ndarray of bool, shape (n_steps,), the given steps
        - semitones : int, the transposition that was used
        - latent : ndarray of shape (n_samples, h)

    Raises
    ------
    ValueError
        If the model is not a Pipeline of these two, start is not one melody of the
        model's length, keep names no steps or measures of it, or no transposition
        brings all given pitches into the range of the model.

    See Also
    --------
    encode : The latent vector of a whole melody.

    vary : Melodies near a given one.

    Notes
    -----
    With ``prior_weight=1`` and a linear model of normal data the results would be draws
    from the posterior. In general they are likely melodies near draws from the prior.

    Examples
    --------
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
    >>> from sklearn.pipeline import make_pipeline
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=8, random_state=0))
    >>> keep = [True, True, False, False]
    >>> result = generation.complete(model.fit(X), X[0], keep, n_samples=3)
    >>> result.melodies.shape, result.melodies[:, :2].tolist()
    ((3, 4), [[62, 129], [62, 129], [62, 129]])
    """
    check_is_fitted(model)
    latent = LatentModel(model)
    latent.check_gradient()
    encoder = latent.encoder
    given = _given(encoder, start, keep, aspect)
    rng = check_random_state(random_state)
    descent = {
        "prior_weight": prior_weight,
        "max_iter": max_iter,
        "learning_rate_init": learning_rate_init,
    }
    semitones = transposition
    if transposition == "auto":
        semitones = _best_transposition(latent, given, descent)
    center = _draw_centers(latent, n_samples, rng)
    allowed = _allowed_in_each(latent, center, given, semitones)
    Z = search(latent, center, allowed, center=center, **descent)
    letters = letters_of(latent, _fitting_form(form, encoder, X), Z, X=X, rng=rng)
    P = probabilities(latent, Z, letters)
    return Bunch(
        melodies=transpose(decode_steps(encoder, P, letters, allowed), -semitones),
        kept=given.kept,
        semitones=semitones,
        latent=Z,
    )


class _Given(NamedTuple):
    """A melody, the mask of its given steps, and the aspect of them that is kept."""

    melody: np.ndarray  # (n_steps,), _ANY_PITCH at the steps that are not kept
    kept: np.ndarray  # bool, (n_steps,)
    aspect: str

    @property
    def goes_on(self):
        """Mask of the steps up to the last given one that is not the end."""
        is_step = self.kept & (self.melody != END)
        return np.maximum.accumulate(is_step[::-1])[::-1]

    @property
    def pitches(self):
        """Pitches of the notes that begin in the given steps."""
        return self.melody[self.kept & (self.melody < N_PITCHES)]


def _given(encoder, start, keep, aspect):
    """Check the melody and the given steps."""
    kept, melody = _kept_steps(keep, encoder), as_row(start, "start")
    if melody.shape[1] != len(kept):
        raise ValueError(
            f"start has {melody.shape[1]} steps, but the model's melodies have "
            f"{len(kept)}."
        )
    ended = np.maximum.accumulate(kept & (melody[0] == END))
    if ended.any() and END not in encoder.tokens_:
        raise ValueError(
            "start ends early in the steps to keep, but all melodies that the model "
            "was fitted on were as long as their rows; keep steps before the end, or "
            "fit with some melodies that end early."
        )
    filling = np.where(ended, END, _ANY_PITCH)
    melody = check_voices(np.where(kept, melody, filling), encoder.n_voices)
    return _Given(melody[0], kept, aspect)


def _draw_centers(latent, n_samples, rng):
    """Draw the latent vectors c_r from which the searches start."""
    mean, spread = latent.mean(), latent.spread()
    center = mean + spread * rng.standard_normal((n_samples, len(mean)))
    return center.astype(mean.dtype)


def _fitting_form(form, encoder, X):
    """Replace the form "auto": by "corpus" if there is a corpus, otherwise by None."""
    if not isinstance(form, str) or form != "auto":
        return form
    return "corpus" if X is not None and has_half_measures(encoder) else None


def _allowed_in_each(latent, center, given, semitones):
    """Mask of the allowed tokens of each result, (n_samples, n_steps, n_tokens)."""
    allowed = _allowed(latent.encoder, given, semitones)
    allowed = np.tile(allowed, (len(center), 1, 1))
    if given.aspect == "pitches":
        allowed[:, given.kept] = _in_new_rhythms(latent, center, given, semitones)
        allowed[:, after_end(given.melody)] = True
    return allowed


def _in_new_rhythms(latent, center, given, semitones):
    """Mask of the tokens of the given steps, with a new rhythm for each result.

    Returns
    -------
    ndarray of bool, shape (n_samples, n_kept, n_tokens)
    """
    encoder, kept = latent.encoder, given.kept
    P = probabilities(latent, center)
    placed = np.stack([new_rhythm(encoder, p, given.melody, kept) for p in P])
    return placed[:, kept, np.newaxis] == _moved_back(encoder, semitones)


def _kept_steps(keep, encoder):
    """Return the mask of the given steps."""
    keep, n_steps = np.asarray(keep), encoder.n_features_in_
    if not keep.size:
        return np.zeros(n_steps, bool)
    if keep.dtype == bool and keep.shape == (n_steps,):
        return keep
    measure, n_in_voice = encoder.steps_per_measure, steps_of_voice(encoder)
    n_measures = -(-n_in_voice // measure)
    is_number = keep.dtype.kind in "iu" and keep.ndim == 1
    if (
        not (is_number and len(keep) <= n_measures)
        or not np.isin(keep, range(1, n_measures + 1)).all()
    ):
        raise ValueError(
            f"keep must be a bool mask of {n_steps} steps, or measures from 1 to "
            f"{n_measures}; got {keep.dtype} {keep.tolist()}."
        )
    return np.tile(measure_mask(keep, n_in_voice, measure), encoder.n_voices)


def _allowed(encoder, given, semitones):
    """Mask of the allowed tokens of each step, (n_steps, n_tokens)."""
    tokens, note = _moved_back(encoder, semitones), given.melody[:, np.newaxis]
    allowed = tokens == note
    if given.aspect == "rhythm":
        allowed |= (encoder.tokens_ < N_PITCHES) & (note < N_PITCHES)
    allowed |= ~given.kept[:, np.newaxis]
    possible = own_tokens(encoder) & (tokens >= 0)
    allowed &= possible
    if not allowed.any(axis=1).all():
        raise ValueError(_outside(encoder, given, semitones))
    if given.aspect == "pitches":
        allowed = possible
    allowed[np.ix_(given.goes_on, tokens == END)] = False
    allowed[after_end(given.melody)] = True
    return allowed


def _moved_back(encoder, semitones):
    """Tokens of the encoder in the key of the given melody; -1 if out of MIDI range."""
    tokens = encoder.tokens_.astype(int)
    back = tokens - semitones
    back[(back < 0) | (back >= N_PITCHES)] = -1
    return np.where(tokens < N_PITCHES, back, tokens)


def _outside(encoder, given, semitones=None):
    low, high = map(_names, encoder.voice_ranges_.T)
    lowest, highest = map(pitch_name, (given.pitches.min(), given.pitches.max()))
    moved = "in any key" if semitones is None else f"moved by {semitones:+d} semitones"
    return (
        f"The given notes, {lowest} to {highest}, do not fit into the range of the "
        f"model, {low} to {high}, {moved}."
    )


def _names(pitches):
    return ", ".join(map(pitch_name, pitches))


def _best_transposition(latent, given, descent):
    """Transposition that makes the given steps most likely; of ties the smallest."""
    if given.aspect == "rhythm" or not len(given.pitches):
        return 0
    fitting = _fitting_transpositions(latent.encoder, given)
    of_notes = given._replace(aspect="notes")
    targets = np.stack([_allowed(latent.encoder, of_notes, k) for k in fitting])
    mean, spread = latent.mean(), latent.spread()
    max_iter = min(descent["max_iter"], _N_UPDATES_TO_COMPARE)
    descent = {**descent, "max_iter": max_iter}
    start = np.tile(mean, (len(fitting), 1))
    Z = search(latent, start, targets, center=mean, **descent)
    log_p = log_likelihood(probabilities(latent, Z), targets)
    log_p -= descent["prior_weight"] * (((Z - mean) / spread) ** 2).sum(1) / 2
    return fitting[int(log_p.argmax())]


def _fitting_transpositions(encoder, given):
    """Transpositions that bring all given pitches into the range, small ones first."""
    low, high = np.repeat(encoder.voice_ranges_, steps_of_voice(encoder), axis=0).T
    is_note = given.kept & (given.melody < N_PITCHES)
    least = (low - given.melody)[is_note].max()
    most = (high - given.melody)[is_note].min()
    by_size = sorted(range(1 - N_PITCHES, N_PITCHES), key=abs)
    fitting = [k for k in by_size if least <= k <= most]
    if not fitting:
        raise ValueError(_outside(encoder, given))
    near = [k for k in fitting if abs(k) <= _OCTAVE]
    return near or fitting[:_N_TRANSPOSITIONS]
