"""Branches of a latent space: swapped between melodies, or moved alone."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import validate_params
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._encoding import ENCODING, encode, encode_one
from sklearn_c2c.generation._form import FORM, decode, letters_of
from sklearn_c2c.generation._models import MODEL, LatentModel


@validate_params(
    {
        "model": MODEL,
        "pitches_of": ["array-like"],
        "rhythm_of": ["array-like"],
        "encoding": ENCODING,
        "form": FORM,
    },
    prefer_skip_nested_validation=True,
)
def swap(model, pitches_of, rhythm_of, *, encoding="encoder", form=None):
    """Combine the pitches of one melody with the rhythm of another.

    Decodes ``(z_pitch, z_rhythm)``, the pitch branch of one latent vector and the
    rhythm branch of another. Where a measure of the rhythm has more notes than there
    are pitches, the decoder adds pitches; where it has fewer, the last pitches are left
    out.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Its estimator has branches "pitch" and "rhythm": a `PitchRhythmAutoencoder`.

    pitches_of : array-like of shape (n_melodies, n_features) or (n_features,)
        Melodies whose pitches are kept.

    rhythm_of : array-like of shape (n_melodies, n_features) or (n_features,)
        Melodies whose rhythm is kept. There must be as many as in `pitches_of`, unless
        one of the two is a single melody, which is then used for all.

    encoding : {"encoder", "search"}, default="encoder"
        How latent vectors of melodies are found, see `encode`.

    form : str, array-like of shape (n_steps,) or None, default=None
        Which places of a melody are alike: letters or a melody, as in `sample`.

    Returns
    -------
    melodies : ndarray of shape (n_melodies, ...)
        What ``model.inverse_transform`` returns.

    Raises
    ------
    ValueError
        If the model has no such branches, or the numbers of melodies do not match.

    See Also
    --------
    branch : Other strategies in one branch.

    References
    ----------
    R. Yang et al., "Deep Music Analogy via Latent Representation Disentanglement",
    ISMIR 2019.

    J.-P. Briot, "Compress to Create", section VI.iii.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import PianoRollEncoder, PitchRhythmAutoencoder, generation
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> estimator = PitchRhythmAutoencoder(4, 4, beta=0.1, random_state=0)
    >>> model = make_pipeline(PianoRollEncoder(), estimator).fit(X)
    >>> generation.swap(model, pitches_of=X[0], rhythm_of=X[1]).tolist()
    [[62, 64, 66, 129]]
    """
    check_is_fitted(model)
    latent = LatentModel(model)
    columns = latent.branches("pitch", "rhythm")["rhythm"]
    pitches = encode(model, np.atleast_2d(pitches_of), method=encoding)
    rhythm = encode(model, np.atleast_2d(rhythm_of), method=encoding)
    n_melodies = max(len(pitches), len(rhythm))
    if not {len(pitches), len(rhythm)} <= {1, n_melodies}:
        raise ValueError(
            f"pitches_of has {len(pitches)} melodies and rhythm_of {len(rhythm)}; "
            "expected as many, or one for all."
        )
    Z = np.repeat(pitches, n_melodies // len(pitches), axis=0)
    Z[:, columns] = rhythm[:, columns]
    return decode(latent, Z, letters_of(latent, form, Z))


@validate_params(
    {
        "model": MODEL,
        "name": [str],
        "keep": ["array-like"],
        "encoding": ENCODING,
    },
    prefer_skip_nested_validation=True,
)
def branch(model, name, keep, *, encoding="encoder"):
    """View one branch of a model's latent space as a model for other strategies.

    The other branch is that of a given melody: in the "rhythm" branch strategies change
    the rhythm and keep its pitches, in the "pitch" branch they change the pitches and
    keep its rhythm.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Its estimator has branches: a `PitchRhythmAutoencoder`.

    name : str
        The branch to change: a key of the estimator's ``branches_``.

    keep : array-like of shape (n_features,) or (1, n_features)
        The melody whose other branches are kept.

    encoding : {"encoder", "search"}, default="encoder"
        How its latent vector is found, see `encode`.

    Returns
    -------
    view : estimator or Pipeline
        A model whose latent vectors are those of the branch. The given model is not
        changed.

    Raises
    ------
    ValueError
        If the model has no such branch, or `keep` is not one melody.

    See Also
    --------
    swap : The pitches of one melody with the rhythm of another.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import PianoRollEncoder, PitchRhythmAutoencoder, generation
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> estimator = PitchRhythmAutoencoder(4, 4, beta=0.1, random_state=0)
    >>> model = make_pipeline(PianoRollEncoder(), estimator).fit(X)
    >>> rhythms = generation.branch(model, "rhythm", keep=X[0])
    >>> rhythms.transform(X).shape
    (3, 4)
    >>> generation.interpolate(rhythms, X[0], X[1], n_points=2).tolist()
    [[62, 129, 64, 66], [62, 64, 66, 129]]
    """
    check_is_fitted(model)
    latent = LatentModel(model)
    columns = latent.branches(name)[name]
    z_kept = encode_one(model, keep, "keep", encoding)
    return latent.with_estimator(Branch(latent.estimator, columns, z_kept))


def _offers(name):
    return available_if(lambda view: hasattr(view.estimator, name))


class Branch(TransformerMixin, BaseEstimator):
    """View of some latent variables of a fitted estimator, with the others constant.

    Parameters
    ----------
    estimator : fitted estimator
    columns : slice
        The latent variables of the view.
    z_kept : ndarray of shape (1, h)
        Latent vector that holds the values of the others.
    """

    def __init__(self, estimator, columns, z_kept):
        self.estimator = estimator
        self.columns = columns
        self.z_kept = z_kept

    def fit(self, X, y=None):
        """Do nothing: the estimator is fitted."""
        return self

    def transform(self, X):
        """Encode X."""
        return np.asarray(self.estimator.transform(X))[:, self.columns]

    def inverse_transform(self, X):
        """Decode latent vectors of the branch."""
        return self.estimator.inverse_transform(self._whole(X))

    @_offers("decode_with_vjp")
    def decode_with_vjp(self, X):
        """Decode latent vectors of the branch, with the vector-Jacobian product."""
        P, vjp = self.estimator.decode_with_vjp(self._whole(X))
        return P, lambda cotangent: vjp(cotangent)[:, self.columns]

    @_offers("sample_prior")
    def sample_prior(self, n_samples=1, *, random_state=None):
        """Draw latent vectors of the branch from the prior."""
        Z = self.estimator.sample_prior(n_samples, random_state=random_state)
        return Z[:, self.columns]

    def _whole(self, X):
        n_columns = self.z_kept[:, self.columns].shape[1]
        if np.ndim(X) != 2 or np.shape(X)[1] != n_columns:
            raise ValueError(
                f"Expected latent vectors of the {n_columns} columns of the branch, "
                f"got shape {np.shape(X)}."
            )
        Z = np.repeat(self.z_kept, len(X), axis=0)
        Z[:, self.columns] = X
        return Z

    @property
    def n_features_in_(self):
        """Number of features of the estimator."""
        return self.estimator.n_features_in_

    @property
    def latent_min_(self):
        """Minimum of each latent variable over the training data."""
        return self.estimator.latent_min_[self.columns]

    @property
    def latent_max_(self):
        """Maximum of each latent variable over the training data."""
        return self.estimator.latent_max_[self.columns]

    @property
    def latent_mean_(self):
        """Mean of each latent variable over the training data."""
        return self.estimator.latent_mean_[self.columns]

    @property
    def latent_std_(self):
        """Standard deviation of each latent variable over the training data."""
        return self.estimator.latent_std_[self.columns]

    def __sklearn_is_fitted__(self):
        return True
