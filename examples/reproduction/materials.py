"""Corpora, and models by name: the paper's settings, ours, and PCA as the baseline."""

import hashlib
import warnings
from functools import cache, cached_property, partial
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    Autoencoder,
    PianoRollEncoder,
    SoftmaxRBM,
    VariationalAutoencoder,
    persistence,
)
from sklearn_c2c.datasets import (
    corpus_folder,
    load_bach_chorales,
    load_bach_sopranos,
    load_celtic,
    load_folder,
)
from sklearn_c2c.metrics import nearest_melody

GREEN_MOUNTAIN = "The Green Mountain"
BWV_347 = "bwv347.mxl"

# By corpus, parameters of the encoder. Melodies of one voice are decoded as the paper
# decodes them, each step independently.
_ENCODERS = {
    "reels": {"pitch_range": (55, 83), "transition_weight": 0},
    "sopranos": {"transition_weight": 0},
    "both": {"transition_weight": 0},
    "chorales": {"n_voices": 4},
}

_N_CHORALES = 80  # as many as sopranos

# Batches and epochs are the paper's (section III.vi), the rest Keras' of that time.
_TRAINING = {
    "output": "sigmoid",
    "init": "glorot",
    "output_bias_init": "zeros",
    "learning_rate_init": 1e-3,
    "batch_size": 20,
    "max_iter": 100,
    "tol": 0,
    "n_iter_no_change": 100,
}
_KERAS_EPSILON = 1e-7


def _paper_ae(n_columns, h, seed):
    # The paper's loss is a mean over columns, ours a sum: it changes Adam's epsilon.
    epsilon = _KERAS_EPSILON * n_columns
    return Autoencoder(h, epsilon=epsilon, random_state=seed, **_TRAINING)


def _paper_vae(n_columns, h, seed, *, hidden=(512,), scale="sum"):
    """Make the variational autoencoder of Keras' examples, or a variant of it.

    `scale` is how the two terms were written: the sum over columns and the sum over
    latents (Keras' example; beta 1), the mean over columns and the sum over latents
    (beta n_columns), or both means (beta n_columns / h).
    """
    return VariationalAutoencoder(
        h,
        hidden_layer_sizes=hidden,
        hidden_activation="relu",
        beta={"sum": 1, "mean+sum": n_columns, "mean": n_columns / h}[scale],
        epsilon=_KERAS_EPSILON * (1 if scale == "sum" else n_columns),
        random_state=seed,
        **_TRAINING,
    )


def _ours(estimator, n_columns, h, seed, **parameters):
    return estimator(h, random_state=seed, **parameters)


_LINEAR = {"activation": "identity", "output": "softmax", "init": "pca"}
_PATIENT = {"learning_rate_init": 0.005, "max_iter": 1000, "n_iter_no_change": 1000}

# A heavy beta first, so that latent vectors fill the prior; none at the end.
_HEAVY = {"beta": 10, "kl_warmup": 300, "max_iter": 380, "learning_rate_init": 1e-3}
_LIGHT = {"beta": 0, "kl_warmup": 0, "max_iter": 60}

# By name, functions that make an estimator from n_columns, h and seed. Those of
# ours are the defaults and the settings of docs/user_guide.md.
MODELS = {
    "paper AE": _paper_ae,
    "paper VAE": _paper_vae,
    "paper VAE, no hidden layer": partial(_paper_vae, hidden=()),
    "paper VAE, mean and sum": partial(_paper_vae, scale="mean+sum"),
    "paper VAE, two means": partial(_paper_vae, scale="mean"),
    "our AE": partial(_ours, Autoencoder),
    "our linear AE": partial(_ours, Autoencoder, learning_rate_init=0.02, **_LINEAR),
    "our deep AE": partial(
        _ours,
        Autoencoder,
        learning_rate_init=0.02,
        hidden_layer_sizes=(256,),
        **_LINEAR,
    ),
    "our patient AE": partial(
        _ours, Autoencoder, hidden_layer_sizes=(128,), **_LINEAR, **_PATIENT
    ),
    "our VAE": partial(_ours, VariationalAutoencoder),
    "our filled VAE": partial(
        _ours, VariationalAutoencoder, n_iter_no_change=380, **_HEAVY
    ),
    "our AE of voices": partial(_ours, Autoencoder, output="softmax", max_iter=100),
    "our RBM": partial(_ours, SoftmaxRBM, window_size=32, max_iter=200),
    "PCA": partial(_ours, PCA),
}
_GO_ON = {"our filled VAE": _LIGHT}  # applied after the first fit


# Read once in a process that performs many tasks.
_celtic = cache(load_celtic)
_all_celtic = cache(partial(load_celtic, n_melodies=None))
_sopranos = cache(load_bach_sopranos)
_chorales = cache(load_bach_chorales)

_COLLECTIONS = ("oneills1850", "ryansMammoth", "airdsAirs")


@cache
def _collected():
    """Tunes in 4/4 of the collections that music21 brings, in D, reels among them."""
    choice = {"time_signature": "4/4", "n_measures": 8, "key": "D"}
    folders = [corpus_folder(name) for name in _COLLECTIONS]
    tunes = np.vstack([load_folder(folder, **choice).data for folder in folders])
    return np.unique(tunes, axis=0)


class Materials:
    """The material of experiments: tunes, and fitted models by name.

    Parameters
    ----------
    folder : path-like
        Folder in which fitted models are kept for other experiments.
    second_reel : list of int, default=None
        A melody that takes the place of the corpus' own second reel.
    effort : float, default=1.0
        Share of the epochs that models are trained for; less is for trying out.
    """

    def __init__(self, folder, second_reel=None, effort=1.0):
        self.folder = Path(folder)
        self.second_reel = second_reel
        self.effort = effort

    @cached_property
    def reels(self):
        reels = _celtic().data.copy()
        if self.second_reel is not None:
            reels[self.second] = self.second_reel
        return reels

    @property
    def unseen_reels(self):
        """Reels in D that no model is trained on."""
        return _all_celtic().data[len(self.reels) :]

    @property
    def all_reels(self):
        return np.vstack([self.reels, self.unseen_reels])

    @cached_property
    def other_tunes(self):
        """Tunes of these and other collections that are none of the reels."""
        tunes = _collected()
        return tunes[nearest_melody(tunes, self.all_reels)[1] > 0]

    @cached_property
    def sopranos(self):
        return _sopranos().data

    @property
    def all_chorales(self):
        """Chorales in four voices, rows of 512 steps."""
        return _chorales().data

    @property
    def chorales(self):
        return self.all_chorales[:_N_CHORALES]

    @cached_property
    def green_mountain(self):
        """Row of The Green Mountain among the reels."""
        return _celtic().titles.index(GREEN_MOUNTAIN)

    @cached_property
    def second(self):
        """Row of the second reel, in place of Willa Fjord: the first other one."""
        return next(i for i in range(len(_celtic().data)) if i != self.green_mountain)

    @property
    def second_title(self):
        if self.second_reel is not None:
            return "the second reel"
        return _celtic().titles[self.second]

    @cached_property
    def bwv_347(self):
        """Row of BWV 347 among the sopranos."""
        sources = _sopranos().sources
        return next(i for i, s in enumerate(sources) if s.endswith(BWV_347))

    def tunes(self, corpus):
        """Melodies of "reels", "sopranos" or "both", or pieces, "chorales"."""
        if corpus == "both":
            return np.vstack([self.reels, self.sopranos])
        return getattr(self, corpus)

    def train(self, model, h, seed, corpus="reels"):
        """Fit a model of `MODELS` to a corpus: a Pipeline from melodies to latents."""
        X = self.tunes(corpus)
        encoder = PianoRollEncoder(**_ENCODERS[corpus]).fit(X)
        roll = encoder.transform(X)
        estimator = self.fit(MODELS[model](roll.shape[1], h, seed), roll)
        if model in _GO_ON:
            estimator.set_params(warm_start=True, **_GO_ON[model])
            self.fit(estimator, roll)
        return make_pipeline(encoder, estimator)

    def fit(self, estimator, X, y=None):
        """Fit an estimator for the share of its epochs that the effort is."""
        if hasattr(estimator, "max_iter"):
            n_epochs = max(1, round(self.effort * estimator.max_iter))
            estimator.set_params(max_iter=n_epochs)
        with warnings.catch_warnings():
            # Its collapse under some losses is a finding, not an error.
            warnings.filterwarnings("ignore", "The posterior has collapsed")
            return estimator.fit(X, y)

    def model(self, model, h, seed, corpus="reels"):
        """Take a fitted model from the folder; if it is missing, train and store it."""
        path = self.folder / f"{self._name(model, h, seed, corpus)}.c2c"
        if path.exists():
            return persistence.load(path)
        fitted = self.train(model, h, seed, corpus)
        self.folder.mkdir(parents=True, exist_ok=True)
        persistence.save(fitted, path)
        return fitted

    def _name(self, model, h, seed, corpus):
        own = repr([self.second_reel, self.effort]).encode()
        own = hashlib.sha256(own).hexdigest()[:8]
        words = f"{model} h={h} {corpus} seed={seed} {own}"
        return words.replace(" ", "-").replace(",", "")
