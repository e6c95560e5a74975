"""`Explorer`: the page of `explore` in a notebook, with a state that Python shares."""

from functools import cache
from html import escape
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np

from sklearn_c2c import _web
from sklearn_c2c.generation import LatentModel
from sklearn_c2c.page._explore import (
    explorer_body,
    explorer_data,
    explorer_page,
    notation_of,
)
from sklearn_c2c.page._page import part

_HEIGHT = 900  # pixels of the page in a notebook without anywidget


class Explorer:
    """A latent space to move in and to listen to, in the output of a notebook's cell.

    It shows what `explore` writes. With anywidget (``pip install
    "sklearn_c2c[notebook]"``) `latent` and `melody` are those of the point that is
    shown, and can be set; without it the notebook shows the page, and they are only
    what Python has set.

    Parameters
    ----------
    model : Pipeline
        A fitted one of a `PianoRollEncoder` and an autoencoder.
    corpus : Bunch or dict
        As of `explore`.
    title : str, default=None
        Title above the explorer, by which the browser also keeps its favourites. None
        names it by model and corpus, such as "Autoencoder of 75 tunes".
    time_signature : str, default="4/4"
        Metre.
    steps_per_quarter : int, default=4
        Steps in a quarter note.
    key : str, default=None
        Key of the tunes.
    tempo : int, default=120
        Quarter notes per minute that the player starts with.
    pickup : bool, default=False
        Whether the first measure is that of the pick-up.
    layout : {"auto", "tsne", "pca"}, default="auto"
        As of `explore`.
    attributes : list of str, default=None
        As of `explore`.
    random_state : int, RandomState instance or None, default=0
        For t-SNE.

    Attributes
    ----------
    latent : ndarray of shape (h,)
        Latent vector of the melody that is shown. To set it shows its melody.
    melody : ndarray of int16, shape (n_steps,)
        The melody that is shown. To set it shows it, and encodes it.

    Raises
    ------
    ValueError
        As `explore`.
    ImportError
        If verovio is not installed.

    See Also
    --------
    explore : The same as a file.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import PianoRollEncoder, VariationalAutoencoder
    >>> from sklearn_c2c.page import Explorer
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]] * 2
    >>> model = make_pipeline(
    ...     PianoRollEncoder(), VariationalAutoencoder(h=2, max_iter=2, random_state=0)
    ... ).fit(X)
    >>> corpus = {"data": X, "titles": ["Up", "Down", "Leaps"] * 2}
    >>> explorer = Explorer(model, corpus, time_signature="1/4")
    >>> explorer.melody.tolist()
    [62, 129, 64, 66]
    >>> explorer.latent = [0.0, 1.0]
    >>> explorer.melody.shape
    (4,)
    """

    def __init__(
        self,
        model,
        corpus,
        *,
        title=None,
        time_signature="4/4",
        steps_per_quarter=4,
        key=None,
        tempo=120,
        pickup=False,
        layout="auto",
        attributes=None,
        random_state=0,
    ):
        self.model = model
        self._parts = explorer_data(
            model,
            corpus,
            title=title,
            notation=notation_of(time_signature, steps_per_quarter, key, tempo, pickup),
            layout=layout,
            attributes=attributes,
            random_state=random_state,
        )
        first = np.atleast_2d(corpus["data"])[0]
        state = _state(self._encoded(first), first, given=None)
        self._holder = _holder(self._parts, state)

    @property
    def latent(self):
        """Latent vector of the melody that is shown."""
        return np.array(self._holder.state["latent"], dtype=self._dtype)

    @latent.setter
    def latent(self, z):
        z = np.asarray(z, dtype=self._dtype)
        melody = np.asarray(self.model.inverse_transform(z[np.newaxis]))[0]
        self._holder.state = _state(z, melody, given="latent")

    @property
    def melody(self):
        """The melody that is shown."""
        return np.array(self._holder.state["melody"], dtype=np.int16)

    @melody.setter
    def melody(self, melody):
        melody = np.asarray(melody)
        self._holder.state = _state(self._encoded(melody), melody, given="melody")

    def __repr__(self):
        title, n_tunes = self._parts[0]["title"], len(self._parts[0]["titles"])
        return f"Explorer({title!r}, {n_tunes} tunes)"

    def _repr_mimebundle_(self, **kwargs):
        if hasattr(self._holder, "_repr_mimebundle_"):
            return self._holder._repr_mimebundle_(**kwargs)
        page = escape(explorer_page(*self._parts))
        frame = (
            f'<iframe srcdoc="{page}" title="{escape(repr(self))}" '
            f'style="width: 100%; height: {_HEIGHT}px; border: 0"></iframe>'
        )
        return {"text/plain": repr(self), "text/html": frame}

    @property
    def _dtype(self):
        return LatentModel(self.model).estimator.latent_mean_.dtype

    def _encoded(self, melody):
        return np.asarray(self.model.transform(melody[np.newaxis]))[0]


def _state(latent, melody, *, given):
    """A state of the explorer for JSON; `given` is which of both is to be shown."""
    numbers = {"latent": latent.tolist(), "melody": melody.tolist()}
    return {"given": given, **numbers}


def _holder(parts, state):
    """What holds the state: a widget if anywidget is installed."""
    if not find_spec("anywidget"):
        return SimpleNamespace(state=state)
    data, model_text, tunes_text = parts
    return _widget_class()(
        _data=data,
        _body=explorer_body(data),
        _style=part("explorer.css"),
        _model=model_text,
        _tunes=tunes_text,
        state=state,
    )


@cache
def _widget_class():
    """Define the class of the widget, which needs anywidget."""
    import anywidget
    import traitlets

    def synchronized(trait):
        return trait().tag(sync=True)

    class ExplorerWidget(anywidget.AnyWidget):
        """Sends the explorer to the notebook, and its state both ways."""

        _esm = _web.module("widget", "render")
        _data = synchronized(traitlets.Dict)
        _body = synchronized(traitlets.Unicode)
        _style = synchronized(traitlets.Unicode)
        _model = synchronized(traitlets.Unicode)
        _tunes = synchronized(traitlets.Unicode)
        state = synchronized(traitlets.Dict)

    return ExplorerWidget
