"""`explore`: a latent space as a page to move in and to listen to."""

import json
from html import escape
from numbers import Integral
from string import Template

import numpy as np

import sklearn_c2c
from sklearn_c2c import _web
from sklearn_c2c._files import write_atomically
from sklearn_c2c.display import glyphs
from sklearn_c2c.generation import LatentModel
from sklearn_c2c.melody import (
    END,
    check_melodies,
    check_tempo,
    parse_key,
    parse_metre,
    pitch_name,
)
from sklearn_c2c.metrics import attribute_names, attribute_values
from sklearn_c2c.page._attribute_words import IN_WORDS
from sklearn_c2c.page._coordinates import directions, place
from sklearn_c2c.page._model import pack_model
from sklearn_c2c.page._packing import pack_arrays
from sklearn_c2c.page._page import part, policy

_QUARTILES = (0, 25, 50, 75, 100)


def explore(
    path,
    model,
    corpus,
    *,
    title,
    time_signature="4/4",
    steps_per_quarter=4,
    key=None,
    tempo=120,
    pickup=False,
    layout="auto",
    attributes=None,
    random_state=0,
):
    """Write a latent space as one HTML page to move in and to listen to.

    The page holds the encoder and the decoder of the model and needs no network. It
    shows the tunes of the corpus in a plane and decodes the points between them, moves
    along attributes or principal components, keeps measures, plays, and writes what it
    plays to files. The same arguments give the same bytes on the same machine.

    Parameters
    ----------
    path : str or path-like
        The HTML file to write.
    model : Pipeline
        A fitted one of a `PianoRollEncoder` and an autoencoder.
    corpus : Bunch or dict
        With ``data``, melodies of shape (n_tunes, n_steps), and ``titles``. If it has
        ``target``, a label for each tune, points can be coloured by it; of
        ``target_names`` it is the index. Its ``reading``, parameters that
        `io.read_melodies` read it with, is how a tune that a user types is read. The
        page says how many tunes were left out: ``n_left_out``, or the length of its
        ``rejected``.
    title : str
        Title of the page.
    time_signature : str, default="4/4"
        Metre.
    steps_per_quarter : int, default=4
        Steps in a quarter note.
    key : str, default=None
        Key of the tunes.
    tempo : float, default=120
        Quarter notes per minute that the player starts with, 10 to 1000.
    pickup : bool, default=False
        Whether the first measure is that of the pick-up.
    layout : {"auto", "tsne", "pca"}, default="auto"
        Where the tunes are in the plane. "pca" takes the first two principal components
        of their latent vectors; "tsne" keeps neighbors together but not distances.
        "auto" is "tsne" for 5 to 3,000 tunes and otherwise "pca".
    attributes : list of str, default=None
        Attributes by which points can be coloured and principal components are named,
        see `metrics.attribute_names`. None takes all that can be measured in this metre
        and differ among the tunes.
    random_state : int, RandomState instance or None, default=0
        For t-SNE.

    Raises
    ------
    ValueError
        If the melodies are not legal, there is none, the titles are not one for each,
        the model is of a kind that a page cannot decode, a target is no index of
        ``target_names``, or a parameter is out of range.
    NotFittedError
        If the model is not fitted.
    ImportError
        If verovio is not installed, whose signs the page engraves with.

    See Also
    --------
    write_page : Melodies as a page.
    sklearn_c2c.display.LatentSpaceDisplay : Latent vectors as a picture.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import PianoRollEncoder, VariationalAutoencoder
    >>> from sklearn_c2c.page import explore
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]] * 2
    >>> model = make_pipeline(
    ...     PianoRollEncoder(), VariationalAutoencoder(h=2, max_iter=2, random_state=0)
    ... ).fit(X)
    >>> corpus = {"data": X, "titles": ["Up", "Down", "Leaps"] * 2}
    >>> path = os.path.join(tempfile.mkdtemp(), "page.html")
    >>> explore(path, model, corpus, title="Six tunes", time_signature="1/4")
    >>> os.path.getsize(path) > 1000
    True
    """
    parts = explorer_data(
        model,
        corpus,
        title=title,
        notation=notation_of(time_signature, steps_per_quarter, key, tempo, pickup),
        layout=layout,
        attributes=attributes,
        random_state=random_state,
    )
    # A title from a file name may have characters that no encoding has.
    write_atomically(path, explorer_page(*parts).encode(errors="replace"))


def explorer_page(data, model_text, tunes_text):
    """HTML of the page, from what `explorer_data` returns."""
    script = _web.script("explorer")
    return Template(part("explorer.html")).substitute(
        title=escape(data["title"]),
        policy=policy(script),
        style=part("explorer.css"),
        body=explorer_body(data),
        data=as_json(data),
        model=model_text,
        tunes=tunes_text,
        script=script,
    )


def explorer_data(model, corpus, *, title, notation, layout, attributes, random_state):
    """What the explorer shows.

    Parameters are those of `explore`. A title of None is made up of model and corpus.

    Returns
    -------
    data : dict
        For JSON.
    model_text, tunes_text : str
        The arrays of the model and of the tunes, see `pack_arrays`.
    """
    tunes, titles = _checked(corpus)
    description, model_text = pack_model(model, tunes)
    latent = LatentModel(model)
    Z = np.asarray(latent.encode(tunes), dtype=np.float64)
    points, layout = place(Z, layout, random_state)
    values = _values(tunes, attributes, notation)
    moves = directions(Z, values, getattr(latent.estimator, "attributes", None) or ())
    labels, classes = _classes(corpus, len(tunes))
    arrays = {
        "tunes": tunes.astype(np.int16),
        "points": points,
        "values": _stacked(values.values(), len(tunes)),
        "classes": classes,
        "mean": Z.mean(axis=0).astype(np.float32),
        "directions": _stacked((move.vector for move in moves), Z.shape[1]),
    }
    if description["network"].get("encoder", True) is None:
        arrays["codes"] = Z.astype(np.float32)
    manifest, tunes_text = pack_arrays(arrays)
    data = {
        "title": _named(latent, len(tunes)) if title is None else str(title),
        "version": sklearn_c2c.__version__,
        "notation": notation,
        "model": description,
        "manifest": manifest,
        "h": Z.shape[1],
        "reading": _reading(corpus, tunes),
        "pitchRange": [int(pitch) for pitch in latent.encoder.pitch_range_],
        "titles": titles,
        "nLeftOut": int(corpus.get("n_left_out", len(corpus.get("rejected", ())))),
        "layout": layout,
        "attributes": [_attribute(*item) for item in values.items()],
        "classes": labels,
        "sliders": [_slider(move) for move in moves],
        "glyphs": glyphs(),
    }
    return data, model_text, tunes_text


def explorer_body(data):
    """HTML of the explorer, without the data and the script."""
    notation = data["notation"]
    low, high = map(pitch_name, data["pitchRange"])
    about = [
        _count(len(data["titles"]))
        + (f" ({data['nLeftOut']} more left out)" if data["nLeftOut"] else ""),
        f"{notation['numerator']}/{notation['denominator']}",
        *([notation["key"]] if notation["key"] else []),
        f"{low} to {high}",
        f"{data['h']} latent variables",
    ]
    return Template(part("explorer_body.html")).substitute(
        title=escape(data["title"]),
        about=escape(" · ".join(about)),
        layout=escape(data["layout"]),
        version=escape(data["version"]),
    )


def _named(latent, n_tunes):
    """A title, by the kind of the model and the number of tunes."""
    return f"{type(latent.estimator).__name__} of {_count(n_tunes)}"


def _count(n_tunes):
    return f"{n_tunes} tune{'s' * (n_tunes != 1)}"


def as_json(data):
    """JSON that may stand in a script element of a page."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028")


def notation_of(time_signature, steps_per_quarter, key, tempo, pickup):
    """How melodies are notated, as the scripts of a page take it; a dict."""
    check_tempo(tempo)
    metre = parse_metre(time_signature)
    key = None if key is None else parse_key(key)
    return {
        "numerator": metre.beats,
        "denominator": metre.beat_type,
        "stepsPerQuarter": int(steps_per_quarter),
        "stepsPerMeasure": metre.steps_per_measure(steps_per_quarter),
        "stepsPerBeat": float(4 * metre.beat * steps_per_quarter),
        "beatUnit": [metre.beat.numerator, metre.beat.denominator],
        "key": None if key is None else str(key),
        "signature": 0 if key is None else key.signature,
        "tonic": None if key is None else key.pitch_class,
        "tempo": float(tempo),
        "pickup": bool(pickup),
    }


def _checked(corpus):
    """Tunes as a matrix, and their titles."""
    missing = [name for name in ("data", "titles") if name not in corpus]
    if missing:
        raise ValueError(
            f"Found no {missing[0]!r} in the corpus; expected melodies in 'data' and a "
            "title for each in 'titles'."
        )
    tunes, titles = np.atleast_2d(check_melodies(corpus["data"])), corpus["titles"]
    if not len(tunes):
        raise ValueError("Found no tune to show; expected one or more.")
    if len(titles) != len(tunes):
        raise ValueError(f"Got {len(titles)} titles for {len(tunes)} tunes.")
    return tunes, [str(title) for title in titles]


def _reading(corpus, tunes):
    """How a tune that a user types is read: as those of the corpus were."""
    is_whole = bool((tunes == END).any())
    reading = corpus.get("reading") or {}
    return {
        "ends": is_whole,
        "repeats": reading.get("repeats", "played" if is_whole else "written"),
        "offGrid": reading.get("off_grid", "round"),
    }


def _values(tunes, names, notation):
    """Attributes of the tunes by name, NaN where undefined."""
    measured = {}
    for name in attribute_names() if names is None else names:
        try:
            column = attribute_values(
                tunes,
                name,
                steps_per_measure=notation["stepsPerMeasure"],
                steps_per_beat=max(1, int(notation["stepsPerBeat"])),
                tonic=notation["key"],
                allow_nan=True,
            )[:, 0]
        except ValueError:  # it needs a key, or shorter steps
            if names is not None:
                raise
            continue
        defined = column[np.isfinite(column)]
        if names is not None or (len(defined) and np.ptp(defined) > 0):
            measured[name.replace("-", "_")] = column
    return measured


def _classes(corpus, n_tunes):
    """Labels of the classes, and the class of each tune; none if all are of one."""
    target = corpus.get("target")
    if target is None:
        return [], np.zeros(0, dtype=np.int16)
    if len(target) != n_tunes:
        raise ValueError(f"Got {len(target)} rows of target for {n_tunes} tunes.")
    labels = _labels(target, corpus.get("target_names"))
    known, classes = np.unique(labels, return_inverse=True)
    if len(known) < 2:
        return [], np.zeros(0, dtype=np.int16)
    return known.tolist(), classes.astype(np.int16)


def _labels(target, names):
    """Label of the class of each tune; a target is an index of the names, if any."""
    if names is None:
        return [str(label) for label in target]
    for i, label in enumerate(target):
        is_index = isinstance(label, (Integral, np.bool_))
        if not is_index or not 0 <= label < len(names):
            raise ValueError(
                f"Found {label!r} in target[{i}]; expected an index of target_names, "
                f"0 to {len(names) - 1}."
            )
    return [str(names[label]) for label in target]


def _stacked(rows, width):
    rows = list(rows)
    return np.asarray(rows, dtype=np.float32).reshape(len(rows), width)


def _attribute(name, values):
    """Name, quartiles, unit and description of an attribute."""
    defined = values[np.isfinite(values)]
    quartiles = np.percentile(defined, _QUARTILES) if len(defined) else np.zeros(5)
    unit, about = IN_WORDS[name]
    return {
        "name": _in_words(name),
        "quartiles": [round(q, 5) for q in quartiles],
        "unit": unit,
        "about": about,
    }


def _slider(move):
    """Name, range and description of a direction."""
    name = _in_words(move.name)
    if move.correlation is None:
        said, about = "trained to be this attribute", f"Latent variable {move.number}"
    else:
        r = f"{move.correlation:.2f}"
        said = f"goes with it by {r.removeprefix('0')}" if name else ""
        about = f"Principal component {move.number} of the latent vectors"
        if name:
            about += f"; its correlation with the attribute is {r}"
    return {
        "name": name or f"Component {move.number}",
        "said": said,
        "about": about,
        "low": round(move.low, 4),
        "high": round(move.high, 4),
    }


def _in_words(name):
    words = str(name).replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]
