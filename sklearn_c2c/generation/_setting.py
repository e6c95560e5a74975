"""Setting attributes: melodies with a given value of one, and little else changed."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch, check_random_state, gen_batches
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._attributes import outer_quarters
from sklearn_c2c.generation._encoding import ENCODING, encode
from sklearn_c2c.generation._form import FORM, decode, letters_of
from sklearn_c2c.generation._models import MODEL, LatentModel, attribute_column
from sklearn_c2c.melody import melody_lengths

# Random latent vectors that replace the corpus where none is given.
_N_DRAWS = 256

# Points on a line, and its reach in standard deviations of the latent vectors.
_N_POINTS = 41
_REACH = 10.0

# Candidates of each of four kinds that a search tries in a round for each melody, and
# the range of the first and the last round, as a share of the way to another melody.
_N_KINDS, _N_TRIES = 4, 6
_FIRST_SHARE, _LAST_SHARE = 1.0, 0.05

# Latent vectors decoded in one batch.
_CHUNK = 2048


@validate_params(
    {
        "model": MODEL,
        "X": ["array-like"],
        "attribute": [callable],
        "value": [Real, "array-like"],
        "relative": ["boolean"],
        "method": [StrOptions({"auto", "latent", "vector", "search"})],
        "hold": [list, tuple],
        "hold_weight": [Interval(Real, 0, None, closed="left")],
        "keep_weight": [Interval(Real, 0, None, closed="left")],
        "corpus": ["array-like", None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "encoding": ENCODING,
        "form": FORM,
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def set_attribute(
    model,
    X,
    attribute,
    value,
    *,
    relative=False,
    method="auto",
    hold=(),
    hold_weight=0.2,
    keep_weight=0.1,
    corpus=None,
    max_iter=20,
    encoding="encoder",
    form=None,
    random_state=None,
):
    """Change melodies so that an attribute has a given value.

    The latent space near the latent vector of a melody x is searched for the one that
    is decoded to the melody y with the least

        ``|a(y) - value| / s + hold_weight * mean_i |a_i(y) - a_i(x)| / s_i +
        keep_weight * d(x, y)``,

    where a is the attribute, a_i are the attributes to hold, s and s_i their standard
    deviations over the corpus, and d is the share of the steps of the longer of both
    melodies that differ. The attributes are measured on the decoded melodies, so the
    value found is that of the melody returned.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    X : array-like of shape (n_melodies, n_steps)
        Melodies, as ``model.transform`` takes them.

    attribute : callable
        Takes melodies and returns one value for each, such as `metrics.note_density`
        or one of `metrics.attributes`.

    value : float or array-like of shape (n_values,)
        Requested value, in the unit of the attribute. An array has one value for each
        melody, or any number of values for a single melody.

    relative : bool, default=False
        Whether `value` is added to the attribute of each melody.

    method : {"auto", "latent", "vector", "search"}, default="auto"
        Where the latent space is searched.

        - "latent": along the latent variable of this attribute in an
          `AttributeVariationalAutoencoder`, whose ``attributes`` must contain the
          function's ``__name__``, and then by random local search in this variable and
          those of the attributes to hold. The others stay.
        - "vector": along the attribute vector, the difference between the mean latent
          vectors of the top and the bottom quarter of the corpus, see
          `attribute_vector`.
        - "search": along the vector, and then in all directions from the best point, by
          random local search.
        - "auto": "search".

    hold : list of callable, default=()
        Attributes whose values are to be kept.

    hold_weight : float, default=0.2
        Weight of their mean change, in standard deviations.

    keep_weight : float, default=0.1
        Weight of the share of steps that change.

    corpus : array-like of shape (n_tunes, n_steps), default=None
        Melodies in the style of the model, from which the standard deviations, the
        vector and targets of the search are computed. None decodes 256 random latent
        vectors, for models with ``latent_mean_`` and ``latent_std_``.

    max_iter : int, default=20
        Rounds of the local search, of 24 latent vectors for each melody.

    encoding : {"encoder", "search"}, default="encoder"
        How latent vectors of melodies are found, see `encode`.

    form : str, array-like of shape (n_steps,) or (n_rows, n_steps) or None, \
            default=None
        Which places of a melody are alike: letters or a melody, as in `sample`, or a
        melody for each result. With ``form=X`` each keeps its own form.

    random_state : int, RandomState instance or None, default=None
        An int makes the result reproducible.

    Returns
    -------
    result : `Bunch`
        - melodies : what ``model.inverse_transform`` returns, a row for each melody or
          value
        - latent : ndarray of shape (n_rows, h), their latent vectors
        - before, asked, found : ndarray of shape (n_rows,), the attribute of the given
          melodies, the requested value, and the attribute of the returned melodies
        - held : ndarray of shape (n_rows, n_hold), the changes of the attributes to
          hold, in their units
        - kept : ndarray of shape (n_rows,), share of the steps that did not change
        - method : str, the method that was used
        - n_decoder_calls : int, latent vectors decoded

    Raises
    ------
    ValueError
        If the model has no latent variable of the attribute, the shapes do not match,
        the attribute is undefined for a melody of X or constant in the corpus, or no
        corpus is given and the model has no ``latent_mean_``.

    References
    ----------
    J.-P. Briot, "Compress to Create", sections V.iii, V.v and VI.iii.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
    >>> from sklearn_c2c.metrics import note_density
    >>> X = [[62, 129, 64, 129], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=8, random_state=0))
    >>> result = generation.set_attribute(
    ...     model.fit(X), X[:1], note_density, [0.5, 0.75, 1], random_state=0
    ... )
    >>> result.found
    array([0.5 , 0.75, 1.  ])
    """
    check_is_fitted(model)
    latent, rng = LatentModel(model), check_random_state(random_state)
    rows, Z = np.asarray(X), encode(model, X, method=encoding)
    before = _measured(attribute, rows, "X")
    rows, Z, before, asked = _one_row_each(rows, Z, before, value, relative)
    reference = _Reference(latent, corpus, rng)
    weights = 1.0, hold_weight, keep_weight
    goal = _Goal(rows, asked, (attribute, *hold), weights, reference.rows)
    method = "search" if method == "auto" else method
    search = _Search(latent, goal, Z, letters_of(latent, form, Z))
    if method == "latent":
        own, *others = _own_latents(latent, attribute, hold, reference.spread)
        search.look_along(own)
        if others:
            search.look_within(np.array([own, *others]), max_iter, rng)
    else:
        direction = reference.vector(attribute)
        search.look_along(direction)
        if method == "search":
            search.look_around(direction, reference, max_iter, rng)
    return Bunch(before=before, asked=asked, method=method, **search.result())


class _Reference:
    """Melodies in the style of a model, and their latent vectors."""

    def __init__(self, latent, corpus, rng):
        if corpus is None:
            mean, spread = latent.mean(), latent.spread()
            noise = rng.standard_normal((_N_DRAWS, len(mean))).astype(mean.dtype)
            self.Z = mean + spread * noise
            self.rows = np.asarray(latent.decode(self.Z))
        else:
            self.rows, self.Z = np.asarray(corpus), latent.encode(corpus)
        self.spread = self.Z.std(axis=0)

    def vector(self, attribute):
        """Attribute vector, scaled to the standard deviation in its direction."""
        values = np.asarray(attribute(self.rows), dtype=np.float64)
        known = np.isfinite(values)
        name = getattr(attribute, "__name__", "the attribute")
        has, lacks = outer_quarters(values[known], f"{name}, over the corpus,")
        Z = self.Z[known]
        vector = Z[has].mean(axis=0) - Z[lacks].mean(axis=0)
        length = np.linalg.norm(vector)
        along = (Z @ vector).std() / length if length else 0.0
        return vector / length * along if along else vector


class _Goal:
    """Loss of melodies, which `set_attribute` minimises.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_steps)
        The given melodies.
    asked : ndarray of shape (n_rows,)
        Requested values of the first attribute.
    attributes : tuple of callable
        The attribute to set, and those to hold.
    weights : tuple of float
        Weights of the attribute to set, the attributes to hold, and the steps to keep.
    corpus : ndarray of shape (n_tunes, n_steps)
        Melodies that define the standard deviation of each attribute.
    """

    def __init__(self, rows, asked, attributes, weights, corpus):
        self._rows, self._attributes, self._weights = rows, attributes, weights
        self.own = self._values(rows)
        self._wanted = np.column_stack([asked, self.own[:, 1:]])
        values = self._values(corpus)
        scales = np.nanstd(np.where(np.isfinite(values), values, np.nan), axis=0)
        self._scales = np.where(scales > 0, scales, 1)

    def judge(self, melodies, at):
        """Loss, attributes and share of changed steps of candidates for rows `at`."""
        values = self._values(melodies)
        error = np.abs(values - self._wanted[at]) / self._scales
        changed = _share_changed(melodies, self._rows[at])
        asked, hold, keep = self._weights
        score = asked * error[:, 0] + keep * changed
        if error.shape[1] > 1:  # attributes undefined for a melody are not held
            score += hold * np.nan_to_num(error[:, 1:]).mean(axis=1)
        score[~np.isfinite(score)] = np.inf
        return {"score": score, "values": values, "changed": changed}

    def _values(self, rows):
        columns = [np.asarray(measure(rows), float) for measure in self._attributes]
        return np.column_stack(columns)


class _Search:
    """Decodes latent vectors, measures the loss, and keeps the best for each melody."""

    def __init__(self, latent, goal, Z, letters):
        self._latent, self._goal, self._start = latent, goal, Z
        self._letters, self.n_decoder_calls, self.best = letters, 0, None
        self.look(Z[:, np.newaxis])

    def look(self, Z):
        """Decode and measure candidates of shape (n_melodies, n_candidates, h)."""
        n_candidates = Z.shape[1]
        at = np.repeat(np.arange(len(Z)), n_candidates)
        Z = Z.reshape(len(at), -1).astype(self._start.dtype, copy=False)
        parts = [self._judged(Z[p], at[p]) for p in gen_batches(len(Z), _CHUNK)]
        found = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
        first = found["score"].reshape(-1, n_candidates).argmin(axis=1)
        at = np.arange(len(first)) * n_candidates + first
        found = {name: values[at] for name, values in found.items()}
        if self.best is None:
            self.best = found
        better = found["score"] < self.best["score"]
        for name, values in self.best.items():
            values[better] = found[name][better]

    def look_along(self, direction):
        """Look along a line through each latent vector, then near the best point."""
        offsets = np.linspace(-_REACH, _REACH, _N_POINTS)[:, np.newaxis] * direction
        for _ in range(2):
            self.look(self.best["Z"][:, np.newaxis] + offsets)
            offsets = offsets * 2 / (_N_POINTS - 1)

    def look_around(self, direction, reference, max_iter, rng):
        """Random local search around the best latent vectors so far."""
        for share in np.geomspace(_FIRST_SHARE, _LAST_SHARE, max_iter):
            Z = self.best["Z"][:, np.newaxis]
            shape = len(Z), _N_TRIES, 1
            target = reference.Z[rng.randint(len(reference.Z), size=shape[:2])]
            noise = rng.standard_normal((*shape[:2], Z.shape[2]))
            some = rng.uniform(size=noise.shape) < rng.uniform(size=shape) ** 2
            offsets = [
                # Along the attribute, back to the start, to other melodies, and noise.
                2 * share * rng.standard_normal(shape) * direction,
                share * rng.uniform(size=shape) * (self._start[:, np.newaxis] - Z),
                share * rng.uniform(size=shape) * (target - Z),
                2 * share * reference.spread * noise * some,
            ]
            self.look(np.hstack([Z + offset for offset in offsets]))

    def look_within(self, directions, max_iter, rng):
        """As `look_around`, in the space of some directions only."""
        for share in np.geomspace(_FIRST_SHARE, _LAST_SHARE, max_iter):
            Z = self.best["Z"][:, np.newaxis]
            shape = len(Z), _N_KINDS * _N_TRIES, len(directions)
            some = rng.uniform(size=shape) < rng.uniform(size=(*shape[:2], 1))
            noise = 2 * share * rng.standard_normal(shape) * some
            self.look(Z + noise @ directions)

    def result(self):
        """The best melodies, by the names that `set_attribute` returns."""
        values = self.best["values"]
        return {
            "melodies": self.best["rows"],
            "latent": self.best["Z"],
            "found": values[:, 0],
            "held": values[:, 1:] - self._goal.own[:, 1:],
            "kept": 1 - self.best["changed"],
            "n_decoder_calls": self.n_decoder_calls,
        }

    def _judged(self, Z, at):
        self.n_decoder_calls += len(Z)
        letters = None if self._letters is None else self._letters[at]
        rows = np.asarray(decode(self._latent, Z, letters))
        return {"Z": Z, "rows": rows, **self._goal.judge(rows, at)}


def _share_changed(melodies, others):
    """Share of the steps of the longer melody of each two that differ."""
    n_steps = np.maximum(melody_lengths(melodies), melody_lengths(others))
    return (melodies != others).sum(axis=1) / n_steps


def _measured(attribute, rows, name):
    values = np.asarray(attribute(rows), dtype=np.float64)
    if values.shape != (len(rows),):
        raise ValueError(
            f"attribute must return one value for each of {len(rows)} rows, got an "
            f"array of shape {values.shape}."
        )
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(
            f"The attribute of row {row} of {name} is {values[row]}; expected melodies "
            "that have a value of it. Leave the others out."
        )
    return values


def _one_row_each(rows, Z, before, value, relative):
    """Repeat rows, latent vectors and values for each result."""
    value = np.asarray(value, dtype=np.float64)
    if value.ndim > 1 or not np.isfinite(value).all() or not value.size:
        raise ValueError(
            f"value must be a finite number or a list of them, got {value.tolist()}."
        )
    n_rows = max(len(rows), value.size)
    if value.size not in (1, n_rows) or len(rows) not in (1, n_rows):
        raise ValueError(
            f"Expected one value, or one for each of the {len(rows)} melodies, got "
            f"{value.size}; several values are for one melody."
        )
    at = np.broadcast_to(np.arange(len(rows)), n_rows)
    asked = np.broadcast_to(value, n_rows) + (before[at] if relative else 0)
    return rows[at], Z[at].copy(), before[at], asked


def _own_latents(latent, attribute, hold, spread):
    """Unit vectors of latent variables, times their standard deviations.

    The first is that of the attribute, the others those of the attributes to hold, as
    far as the model has them.
    """
    named = getattr(latent.estimator, "attributes", None) or ()
    names = [_name_of(attribute), *filter(named.__contains__, map(_name_of, hold))]
    columns = [attribute_column(latent.estimator, name) for name in names]
    return np.eye(len(spread))[columns] * spread


def _name_of(attribute):
    return getattr(attribute, "__name__", None)
