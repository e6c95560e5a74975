"""Form: places of a melody that are alike, and decoding that makes them equal.

Places are equal divisions of a row, such as half measures. Each has a letter, and
places of one letter are alike, as far as they are before the end of the melody. Places
of different voices are not alike.
"""

import re

import numpy as np

from sklearn_c2c.generation._voices import steps_of_voice
from sklearn_c2c.melody import END, HOLD, N_PITCHES, check_melodies, melody_lengths

# The constraint on every `form` of this package.
FORM = [str, "array-like", None]

# Number of the nearest tunes, by direction, among which a form is drawn.
_N_TEMPLATES = 7


def probabilities(latent, Z, letters=None):
    """Decode to probabilities, of shape (n_melodies, n_steps, n_tokens).

    With letters, the probabilities of places of one letter are averaged.
    """
    P = latent.probabilities(Z)
    if letters is None:
        return P
    return _in_form(latent.encoder, P, _before_the_end(latent.encoder, P, letters))


def probabilities_vjp(latent, Z, letters=None):
    """Return `probabilities` and their vector-Jacobian product."""
    P, vjp = latent.probabilities_vjp(Z)
    if letters is None:
        return P, vjp
    encoder, letters = latent.encoder, _before_the_end(latent.encoder, P, letters)

    def vjp_in_form(cotangent):
        return vjp(_in_form(encoder, cotangent, letters))

    return _in_form(encoder, P, letters), vjp_in_form


def letters_of(latent, form, Z, *, X=None, rng=None):
    """Letters of the places of each result.

    Parameters
    ----------
    latent : LatentModel
    form : str, array-like of int or None
        Letters, a melody, "corpus" or None, as in `sample`, or a melody for each
        result.
    Z : ndarray of shape (n_melodies, h)
        Latent vectors of the results.
    X : array-like of shape (n_tunes, n_steps), default=None
        The corpus.
    rng : RandomState, default=None
        Chooses one of the tunes nearest in direction; None takes the nearest.

    Returns
    -------
    ndarray of int, shape (n_melodies, n_places), or None
        The same number for places that are alike. None for ``form=None``.
    """
    if form is None:
        return None
    n_voices, n_steps = latent.encoder.n_voices, steps_of_voice(latent.encoder)
    tunes = tunes_of(latent, form, Z, X=X, rng=rng)
    if tunes is not None:
        return _letters(_half_measures(latent.encoder, tunes), n_voices)
    if not re.fullmatch("[A-Z]+", form) or n_steps % len(form):
        raise ValueError(
            f'form must be "corpus", a melody, or letters from A to Z that divide the '
            f"{n_steps} steps equally; got {form!r} of {len(form)} letters."
        )
    letters = np.unique(list(form), return_inverse=True)[1]
    letters = letters + len(form) * np.arange(n_voices)[:, np.newaxis]
    return np.tile(letters.ravel(), (len(Z), 1))


def tunes_of(latent, form, Z, *, X=None, rng=None):
    """Melody that gives each result its form; None for letters or no form.

    Parameters are those of `letters_of`, which takes what is returned as `form`.
    """
    if form is None or (isinstance(form, str) and form != "corpus"):
        return None
    if isinstance(form, str):
        return _near(latent, Z, X, rng)
    form = np.atleast_2d(form)
    if form.ndim != 2 or len(form) not in (1, len(Z)):
        raise ValueError(
            f"form must be one melody, or one for each of the {len(Z)} results; "
            f"got shape {form.shape}."
        )
    return np.tile(check_melodies(form), (len(Z) // len(form), 1))


def pool(P, letters):
    """Average P over the places of each letter.

    The map is linear and symmetric, so it is its own pull-back: it also maps gradients
    with respect to the result to gradients with respect to P.
    """
    places = P.reshape(*letters.shape, -1)
    same = alike(letters).astype(P.dtype)
    same /= same.sum(axis=2, keepdims=True)
    return (same @ places).reshape(P.shape)


def _in_form(encoder, P, letters):
    """Average P over the places of each letter, but for the end of melodies.

    In places that are like another one the end has a probability of 0, since they are
    before the end, and an average must not end a melody there. This map, too, is its
    own pull-back.
    """
    pooled, end = pool(P, letters), encoder.tokens_ == END
    is_alone = alike(letters).sum(axis=2) == 1
    is_alone = np.repeat(is_alone, P.shape[1] // letters.shape[1], axis=1)
    pooled[..., end] = P[..., end] * is_alone[..., np.newaxis]
    return pooled


def _before_the_end(encoder, P, letters):
    """Letters of their own for the places that reach beyond the end of P's melodies."""
    lengths = encoder.decoded_lengths(P.reshape(len(P), -1))
    return _up_to(lengths, letters, P.shape[1])


def _up_to(lengths, letters, n_steps):
    """Letters of their own for the places that reach beyond a number of steps."""
    n_places = letters.shape[1]
    place = np.arange(n_places)
    is_whole = (place + 1) * (n_steps // n_places) <= lengths[:, np.newaxis]
    return np.where(is_whole, letters, n_places + place)


def decode(latent, Z, letters=None):
    """Decode latent vectors to rows; with letters, places of one letter are equal."""
    if letters is None:
        return latent.decode(Z)
    return decode_steps(latent.encoder, probabilities(latent, Z, letters), letters)


def decode_steps(encoder, P, letters=None, allowed=None):
    """Decode probabilities so that places of one letter have the same tokens.

    The melodies are first decoded without the form. Then the most frequent content of
    the places of a letter is fixed in all of them, and the other steps are decoded
    again. Places may still differ, since a hold at the start of a place cannot follow a
    rest; melodies with such places are decoded again, with no hold at these starts.

    Parameters
    ----------
    encoder : PianoRollEncoder
    P : ndarray of shape (n_melodies, n_steps, n_tokens)
        Averaged over the places of each letter.
    letters : ndarray of int, shape (n_melodies, n_places), default=None
    allowed : ndarray of bool, shape (n_melodies, n_steps, n_tokens), default=None
        Mask of allowed tokens, which takes precedence over the form. At least one legal
        melody must be allowed.

    Returns
    -------
    ndarray of int, shape (n_melodies, n_steps)
    """
    if letters is None and allowed is None:
        return _inverse_transform(encoder, P)
    if allowed is None:
        allowed = np.ones(P.shape, bool)
    else:
        P = np.where(allowed, np.maximum(P, np.finfo(P.dtype).tiny), 0)
    # From here on P forbids the end.
    allowed = allowed | (encoder.tokens_ == END)
    free = _decode_allowed(encoder, P, allowed)
    if letters is None:
        return free
    letters = _up_to(melody_lengths(free), letters, P.shape[1])
    melodies = _decode_in_form(encoder, P, letters, allowed)
    unequal = _unequal(melodies, letters, allowed)
    again = unequal.any(axis=1)
    if again.any():
        starts = _starts(unequal, letters) & _is_free(letters, allowed)
        P = _forbid_first_hold(encoder, P[again], melodies[again], starts[again])
        melodies[again] = _decode_in_form(encoder, P, letters[again], allowed[again])
    return melodies


def _decode_in_form(encoder, P, letters, allowed):
    """Decode without the form, then with the same content in places of a letter.

    A place is not bound if its content would leave no allowed token after it, such as
    a rest before a given hold.
    """
    free = _decode_allowed(encoder, P, allowed)
    bound = _bind(encoder, free, letters, allowed)
    melodies = _decode_bound(encoder, P, bound, allowed)
    broken = ~_stands(encoder, melodies, allowed)
    if broken.any():
        bound = _release_before(broken, bound, letters)
        melodies = _decode_bound(encoder, P, bound, allowed)
        hopeless = ~_stands(encoder, melodies, allowed).all(axis=1)
        melodies[hopeless] = free[hopeless]
    return melodies


def _decode_bound(encoder, P, bound, allowed):
    """Decode with some tokens fixed; -1 in `bound` means that a step is free."""
    given = encoder.tokens_ == bound[..., np.newaxis]
    P = np.where((bound >= 0)[..., np.newaxis], given, P)
    return _decode_allowed(encoder, P, allowed)


def _decode_allowed(encoder, P, allowed):
    """Decode P, which is 0 for tokens that are not allowed."""
    melodies = _inverse_transform(encoder, P)
    # Without transitions a given hold may follow a rest; an onset is decoded instead.
    orphan = ~_stands(encoder, melodies, allowed)
    if orphan.any():
        is_pitch = encoder.tokens_ < N_PITCHES
        before = np.zeros_like(orphan)
        before[:, :-1] = orphan[:, 1:]
        before &= allowed[..., is_pitch].any(axis=2)
        P = P.copy()
        P[before] *= is_pitch
        melodies = _inverse_transform(encoder, P)
    return melodies


def _stands(encoder, melodies, allowed):
    """Whether the token of each step is allowed."""
    return (allowed & (melodies[..., np.newaxis] == encoder.tokens_)).any(axis=2)


def _release_before(broken, bound, letters):
    """Free the places that contain the step before one whose token is not allowed."""
    n_steps = broken.shape[1] // letters.shape[1]
    melody, step = np.nonzero(broken)
    released = np.zeros(letters.shape, bool)
    released[melody, (step - 1) // n_steps] = True
    return np.where(np.repeat(released, n_steps, axis=1), -1, bound)


def _inverse_transform(encoder, P):
    return encoder.inverse_transform(P.reshape(len(P), -1))


def _bind(encoder, melodies, letters, allowed):
    """Fix the most frequent content of each letter in all places of the letter.

    Contents of places with given steps take precedence over more frequent ones; of ties
    the first is taken. A place where the content is not allowed is not bound, nor is
    the only place of a letter. Steps that are not bound are -1.
    """
    contents = melodies.reshape(*letters.shape, -1)
    votes = alike(letters, contents).sum(axis=2)
    votes += len(letters[0]) * ~_is_free(letters, allowed)
    same = alike(letters)
    leader = np.where(same, votes[:, np.newaxis], -1).argmax(axis=2)
    bound = np.take_along_axis(contents, leader[..., np.newaxis], axis=1)
    stands = _stands(encoder, bound.reshape(melodies.shape), allowed)
    is_bound = stands.reshape(contents.shape).all(axis=2) & (same.sum(axis=2) > 1)
    return np.where(is_bound[..., np.newaxis], bound, -1).reshape(melodies.shape)


def _is_free(letters, allowed):
    """Mask of the places at which every token is allowed at every step."""
    return allowed.reshape(*letters.shape, -1).all(axis=2)


def _unequal(melodies, letters, allowed):
    """Mask of the free places that differ from another free place of their letter."""
    contents = melodies.reshape(*letters.shape, -1)
    is_free = _is_free(letters, allowed)
    free = is_free[:, np.newaxis] & is_free[:, :, np.newaxis]
    return (free & alike(letters) & ~alike(letters, contents)).any(axis=2)


def _starts(unequal, letters):
    """Mask of the places whose first hold may have made places unequal.

    These are the unequal places, and those after them, whose first hold needs a note
    before it, with all places of their letters.
    """
    starts = unequal.copy()
    starts[:, 1:] |= unequal[:, :-1]
    return (alike(letters) & starts[:, np.newaxis]).any(axis=2)


def _forbid_first_hold(encoder, P, melodies, places):
    """Forbid a hold, and the end in its place, at the first step of some places."""
    P = P.copy()
    n_steps = P.shape[1] // places.shape[1]
    first = np.zeros(melodies.shape, bool)
    first[:, ::n_steps] = places
    first &= melodies != END
    P[first] *= ~np.isin(encoder.tokens_, (HOLD, END))
    return P


def alike(letters, contents=None):
    """Mask of the pairs of places with the same letter, and the same contents if given.

    Its shape is (n_melodies, n_places, n_places).
    """
    same = letters[:, :, np.newaxis] == letters[:, np.newaxis]
    if contents is not None:
        same &= (contents[:, :, np.newaxis] == contents[:, np.newaxis]).all(axis=3)
    return same


def _steps_of_half_measure(encoder):
    """Steps of half a measure, or of a measure with an odd number of steps."""
    measure = encoder.steps_per_measure
    return measure if measure % 2 else measure // 2


def has_half_measures(encoder):
    """Whether half measures divide the melodies of an encoder."""
    return steps_of_voice(encoder) % _steps_of_half_measure(encoder) == 0


def _half_measures(encoder, melodies):
    """Divide melodies into half measures; into measures if their steps are odd."""
    melodies, n_steps = np.asarray(melodies), encoder.n_features_in_
    if melodies.shape[-1] != n_steps:
        raise ValueError(
            f"The melody whose form is taken must have {n_steps} steps, got shape "
            f"{melodies.shape}."
        )
    place = _steps_of_half_measure(encoder)
    if not has_half_measures(encoder):
        raise ValueError(
            f"Half measures of {place} steps do not divide {steps_of_voice(encoder)} "
            "steps, so no melody has a form. Fit a PianoRollEncoder with the "
            f"steps_per_measure of the melodies (now {encoder.steps_per_measure}), or "
            "give letters."
        )
    return melodies.reshape(-1, n_steps // place, place)


def _letters(places, n_voices):
    """Number of the first equal place of the same voice, for each place.

    A place that reaches beyond the end of its melody is like no other one.
    """
    voice = np.repeat(np.arange(n_voices), places.shape[1] // n_voices)
    same = (places[:, :, np.newaxis] == places[:, np.newaxis]).all(axis=3)
    same &= (places != END).all(axis=2)[:, np.newaxis]
    same &= voice == voice[:, np.newaxis]
    return (same | np.eye(places.shape[1], dtype=bool)).argmax(axis=2)


def _near(latent, Z, X, rng):
    """Choose for each vector one of the tunes of the corpus nearest in direction.

    Directions are those from the mean of the latent vectors, in units of their standard
    deviations.
    """
    if X is None:
        raise ValueError(
            'form="corpus" takes forms from a corpus, and none was given; pass it as X '
            "if there is such a parameter, or give letters or a melody as form."
        )
    Z_X = latent.encode(X)
    mean, spread = Z_X.mean(axis=0), Z_X.std(axis=0)
    spread[spread == 0] = 1
    z, c = (_unit((vectors - mean) / spread) for vectors in (Z, Z_X))
    n_near = min(_N_TEMPLATES, len(Z_X))
    near = np.argsort(-z @ c.T, axis=1, kind="stable")[:, :n_near]
    chosen = 0 if rng is None else rng.randint(n_near, size=len(Z))
    return np.asarray(X)[near[np.arange(len(Z)), chosen]]


def _unit(vectors):
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, np.finfo(vectors.dtype).tiny)
