"""Form: which places of a melody are alike, and decoding so that they are."""

import re

import numpy as np

from sklearn_c2c.melody import check_melodies

# The constraint on every `form` of this package.
FORM = [str, "array-like", None]

# Tunes of the corpus, the nearest in direction, of which one gives its form.
_N_TEMPLATES = 7


def probabilities(latent, Z, letters=None):
    """Decode to probabilities, of shape (n_melodies, n_steps, n_tokens).

    They are pooled in a form where there is one.
    """
    P = latent.probabilities(Z)
    return P if letters is None else pool(P, letters)


def probabilities_vjp(latent, Z, letters=None):
    """Return `probabilities`, and the map of gradients back to the latent vectors."""
    P, vjp = latent.probabilities_vjp(Z)
    if letters is None:
        return P, vjp
    return pool(P, letters), lambda cotangent: vjp(pool(cotangent, letters))


def letters_of(latent, form, Z, *, X=None, rng=None):
    """Letters of each result: which of its places are alike.

    Parameters
    ----------
    latent : LatentModel
    form : str, array-like of int or None
        Letters, a melody, "corpus", or None, as `sample` has it; or a melody for each
        result.
    Z : ndarray of shape (n_melodies, h)
        Latent vectors of the results.
    X : array-like of shape (n_tunes, n_steps), default=None
        The corpus.
    rng : RandomState, default=None
        Chooses among tunes in the direction of each vector; None takes the nearest.

    Returns
    -------
    ndarray of int, shape (n_melodies, n_places), or None
        Places divide the steps equally; alike are those of one number.
    """
    if form is None:
        return None
    n_steps = latent.encoder.n_features_in_
    if not isinstance(form, str):
        melodies = _one_for_each(form, len(Z))
        letters = _letters(_half_measures(latent.encoder, melodies))
        return np.tile(letters, (len(Z) // len(letters), 1))
    if form == "corpus":
        return _letters(_half_measures(latent.encoder, _near(latent, Z, X, rng)))
    if not re.fullmatch("[A-Z]+", form) or n_steps % len(form):
        raise ValueError(
            f'form must be "corpus", a melody, or letters from A to Z that divide the '
            f"{n_steps} steps equally; got {form!r} of {len(form)} letters."
        )
    return np.tile(np.unique(list(form), return_inverse=True)[1], (len(Z), 1))


def _one_for_each(form, n_melodies):
    """The melody that gives its form, or one for each result."""
    form = np.atleast_2d(form)
    if form.ndim != 2 or len(form) not in (1, n_melodies):
        raise ValueError(
            f"form must be one melody, or one for each of the {n_melodies} results; "
            f"got shape {form.shape}."
        )
    return check_melodies(form)


def pool(P, letters):
    """Average over the places of each letter.

    Linear and symmetric, so it turns gradients with respect to its result into those
    with respect to `P` as well.
    """
    places = P.reshape(*letters.shape, -1)
    same = _same(letters).astype(P.dtype)
    same /= same.sum(axis=2, keepdims=True)
    return (same @ places).reshape(P.shape)


def decode(latent, Z, letters=None):
    """Decode latent vectors, in a form where there is one."""
    if letters is None:
        return latent.decode(Z)
    return decode_steps(latent.encoder, probabilities(latent, Z, letters), letters)


def decode_steps(encoder, P, letters=None, allowed=None):
    """Decode probabilities so that places of one letter are equal, code for code.

    They are decoded freely at first. Then the content that most places of a letter have
    stands in all of them, and what is not bound by it is decoded once more. Places that
    are still unequal, since a hold cannot stand after a rest, begin with a note or rest
    of their own.

    Parameters
    ----------
    encoder : PianoRollEncoder
    P : ndarray of shape (n_melodies, n_steps, n_tokens)
        Pooled by letters.
    letters : ndarray of int, shape (n_melodies, n_places), default=None
    allowed : ndarray of bool, shape (n_melodies, n_steps, n_tokens), default=None
        Tokens that may stand, whatever the form says; such that a legal melody is left.

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
    if letters is None:
        return _decode_allowed(encoder, P, allowed)
    melodies = _decode_in_form(encoder, P, letters, allowed)
    unequal = _unequal(melodies, letters, allowed)
    again = unequal.any(axis=1)
    if again.any():
        P = _forbid_first_hold(encoder, P[again], unequal[again])
        melodies[again] = _decode_in_form(encoder, P, letters[again], allowed[again])
    return melodies


def _decode_in_form(encoder, P, letters, allowed):
    """Decode freely, then with the contents of all places of a letter made equal.

    A place whose end does not allow for a given hold after it is not bound.
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
    """Decode with some codes given; -1 is free."""
    given = encoder.tokens_ == bound[..., np.newaxis]
    P = np.where((bound >= 0)[..., np.newaxis], given, P)
    return _decode_allowed(encoder, P, allowed)


def _decode_allowed(encoder, P, allowed):
    """Decode what is 0 where a token is not allowed."""
    melodies = _inverse_transform(encoder, P)
    # without transitions a hold that must stand may have nothing to hold
    orphan = ~_stands(encoder, melodies, allowed)
    if orphan.any():
        before = np.zeros_like(orphan)
        before[:, :-1] = orphan[:, 1:]
        before &= allowed[..., :-2].any(axis=2)
        P = P.copy()
        P[before, -2:] = 0
        melodies = _inverse_transform(encoder, P)
    return melodies


def _stands(encoder, melodies, allowed):
    """Whether each code is allowed."""
    return (allowed & (melodies[..., np.newaxis] == encoder.tokens_)).any(axis=2)


def _release_before(broken, bound, letters):
    """Free the places before steps at which nothing allowed could stand."""
    n_steps = broken.shape[1] // letters.shape[1]
    melody, step = np.nonzero(broken)
    released = np.zeros(letters.shape, bool)
    released[melody, (step - 1) // n_steps] = True
    return np.where(np.repeat(released, n_steps, axis=1), -1, bound)


def _inverse_transform(encoder, P):
    return encoder.inverse_transform(P.reshape(len(P), -1))


def _bind(encoder, melodies, letters, allowed):
    """Put the content that most places of a letter have in all, where there are more.

    Of contents that are as frequent the first counts; those of places that are not
    quite free go first. A place where such a content is not allowed is not bound.
    """
    contents = melodies.reshape(*letters.shape, -1)
    votes = _same(letters, contents).sum(axis=2)
    votes += len(letters[0]) * ~_is_free(letters, allowed)
    same = _same(letters)
    leader = np.where(same, votes[:, np.newaxis], -1).argmax(axis=2)
    bound = np.take_along_axis(contents, leader[..., np.newaxis], axis=1)
    stands = _stands(encoder, bound.reshape(melodies.shape), allowed)
    is_bound = stands.reshape(contents.shape).all(axis=2) & (same.sum(axis=2) > 1)
    return np.where(is_bound[..., np.newaxis], bound, -1).reshape(melodies.shape)


def _is_free(letters, allowed):
    """Which places may have any content."""
    return allowed.reshape(*letters.shape, -1).all(axis=2)


def _unequal(melodies, letters, allowed):
    """Which free places differ from another free one of their letter."""
    contents = melodies.reshape(*letters.shape, -1)
    is_free = _is_free(letters, allowed)
    free = is_free[:, np.newaxis] & is_free[:, :, np.newaxis]
    return (free & _same(letters) & ~_same(letters, contents)).any(axis=2)


def _forbid_first_hold(encoder, P, places):
    P = P.copy()
    n_steps = P.shape[1] // places.shape[1]
    melody, place = np.nonzero(places)
    P[melody, place * n_steps, encoder.n_tokens_ - 2] = 0
    return P


def _same(letters, contents=None):
    """Which pairs of places have one letter, and one content: (n, places, places)."""
    same = letters[:, :, np.newaxis] == letters[:, np.newaxis]
    if contents is not None:
        same &= (contents[:, :, np.newaxis] == contents[:, np.newaxis]).all(axis=3)
    return same


def _steps_of_half_measure(encoder):
    """Those of a measure where it has no half."""
    measure = encoder.steps_per_measure
    return measure if measure % 2 else measure // 2


def has_half_measures(encoder):
    """Whether half measures divide the melodies of an encoder."""
    return encoder.n_features_in_ % _steps_of_half_measure(encoder) == 0


def _half_measures(encoder, melodies):
    """Divide melodies into half measures; into measures where these have no half."""
    melodies, n_steps = np.asarray(melodies), encoder.n_features_in_
    if melodies.shape[-1] != n_steps:
        raise ValueError(
            f"The melody that gives its form must have {n_steps} steps, got shape "
            f"{melodies.shape}."
        )
    place = _steps_of_half_measure(encoder)
    if not has_half_measures(encoder):
        raise ValueError(
            f"Half measures of {place} steps do not divide {n_steps} steps, so no "
            "melody has a form. Fit a PianoRollEncoder with the steps_per_measure of "
            f"the melodies (now {encoder.steps_per_measure}), or give letters."
        )
    return melodies.reshape(-1, n_steps // place, place)


def _letters(places):
    """Number of the first place that is equal, for each place."""
    same = (places[:, :, np.newaxis] == places[:, np.newaxis]).all(axis=3)
    return same.argmax(axis=2)


def _near(latent, Z, X, rng):
    """A tune of the corpus for each vector, at random among those in its direction.

    Directions are seen from the mean code, in units of the spread of the codes.
    """
    if X is None:
        raise ValueError(
            'form="corpus" takes forms from a corpus, and none was given; pass it as X '
            "where there is such a parameter, or give letters or a melody."
        )
    codes = latent.encode(X)
    mean, spread = codes.mean(axis=0), codes.std(axis=0)
    spread[spread == 0] = 1
    z, c = (_unit((vectors - mean) / spread) for vectors in (Z, codes))
    n_near = min(_N_TEMPLATES, len(codes))
    near = np.argsort(-z @ c.T, axis=1, kind="stable")[:, :n_near]
    chosen = 0 if rng is None else rng.randint(n_near, size=len(Z))
    return np.asarray(X)[near[np.arange(len(Z)), chosen]]


def _unit(vectors):
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, np.finfo(vectors.dtype).tiny)
