"""`write_page`: fill the frame, the style and the player that lie beside this file."""

import base64
import hashlib
import io
import json
from html import escape
from importlib import resources
from pathlib import PurePosixPath
from string import Template
from urllib.parse import quote

import numpy as np

import sklearn_c2c
from sklearn_c2c.display import LossCurveDisplay, score_svg
from sklearn_c2c.io._files import write_atomically
from sklearn_c2c.melody import check_melodies, notes_from_melody
from sklearn_c2c.metrics import nearest_melody

_WIDTHS = {"wide": 900, "narrow": 340}  # pixels; the style sheet shows one of them
_FORMATS = {".mid": "MIDI", ".abc": "ABC", ".musicxml": "MusicXML"}
_INK = "#010203"  # a colour that nothing else has, to find it again in the SVG


def write_page(
    path,
    melodies,
    *,
    title,
    titles=None,
    files=None,
    corpus=None,
    model=None,
    settings=None,
    time_signature="4/4",
    steps_per_quarter=4,
    key=None,
    tempo=120,
):
    """Write melodies as one HTML page to look at and listen to, without a network.

    Each melody is engraved, for wide and for narrow screens, and can be played. The
    same arguments give the same bytes.

    Parameters
    ----------
    path : str or path-like
        The HTML file to write.
    melodies : array-like of int, shape (n_melodies, n_steps)
        Legal melodies, in the order of the page.
    title : str
        Title of the page.
    titles : list of str, default=None
        Title of each melody; if None, they are numbered.
    files : list of list of str, default=None
        For each melody, the files that hold it, as seen from the page.
    corpus : Bunch or dict, default=None
        With ``data`` and ``titles``: the tunes of which to name the nearest one to each
        melody.
    model : estimator, default=None
        A fitted estimator whose loss curve to show.
    settings : dict, default=None
        What made the melodies: names and values for a table.
    time_signature : str, default="4/4"
        Metre.
    steps_per_quarter : int, default=4
        Steps in a quarter note.
    key : str, default=None
        Key of the signatures.
    tempo : int, default=120
        Quarter notes per minute that the players start with.

    Raises
    ------
    ValueError
        If the melodies are not legal, or there are more or fewer `titles` or `files`.
    ImportError
        If verovio or, for the loss curve, Matplotlib is not installed.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn_c2c.page import write_page
    >>> path = os.path.join(tempfile.mkdtemp(), "index.html")
    >>> write_page(path, [[62, 129, 64, 66, 69, 129, 129, 129]], title="Four notes")
    >>> os.path.getsize(path) > 1000
    True
    """
    melodies = np.atleast_2d(check_melodies(melodies))
    titles = titles or [f"Melody {i + 1}" for i in range(len(melodies))]
    files = files or [()] * len(melodies)
    _check_lengths(melodies, titles=titles, files=files)
    score = {
        "time_signature": time_signature,
        "steps_per_quarter": steps_per_quarter,
        "key": key,
    }
    nearest = _describe_nearest(melodies, corpus)
    sections = map(_section, melodies, titles, files, nearest, [score] * len(melodies))
    style, script = _part("page.css"), _part("page.js")
    page = Template(_part("page.html")).substitute(
        title=escape(title),
        policy=_policy(script),
        style=style,
        script=script,
        tempo=round(tempo),
        slowest=min(40, round(tempo)),
        fastest=max(280, round(tempo)),
        melodies="\n".join(sections),
        settings=_table(settings or {}),
        loss_curve="" if model is None else _loss_curve(model),
        version=sklearn_c2c.__version__,
    )
    write_atomically(path, page.encode())


def _check_lengths(melodies, **lists):
    for name, values in lists.items():
        if len(values) != len(melodies):
            raise ValueError(f"Got {len(values)} {name} for {len(melodies)} melodies.")


def _part(name):
    return resources.files("sklearn_c2c.page").joinpath(name).read_text("utf-8")


def _policy(script):
    """Content security policy: only our own script runs, and nothing is fetched."""
    digest = hashlib.sha256(script.encode()).digest()
    digest = base64.b64encode(digest).decode()
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )


def _section(melody, title, files, nearest, score):
    """One melody: title, player, score, nearest tune, files."""
    name = escape(title)
    scores = "\n".join(
        f'<div class="score {kind}" role="img" aria-label="Score of {name}">'
        f"{score_svg(melody, width=width, **score)}</div>"
        for kind, width in _WIDTHS.items()
    )
    return f"""\
<section class="melody" data-steps="{len(melody)}"
 data-steps-per-quarter="{score["steps_per_quarter"]}"
 data-notes="{json.dumps(notes_from_melody(melody).tolist(), separators=(",", ":"))}">
<div class="melody-head">
<h2>{name}</h2>
<button type="button" data-name="{name}" aria-label="Play {name}">Play</button>
</div>
{scores}
<div class="melody-foot">
<span>{nearest}</span>
{_links(files, name)}
</div>
</section>"""


def _links(files, name):
    if not files:
        return ""
    items = "".join(
        f'<li><a href="{escape(quote(file))}" aria-label="{name} as {label}" download>'
        f"{label}</a></li>"
        for file, label in ((file, escape(_format(file))) for file in map(str, files))
    )
    return f'<ul class="files">{items}</ul>'


def _format(file):
    suffix = PurePosixPath(file).suffix.lower()
    return _FORMATS.get(suffix, suffix.lstrip(".").upper() or file)


def _describe_nearest(melodies, corpus):
    """Say for each melody which tune of the corpus is nearest, and how near."""
    if corpus is None:
        return [""] * len(melodies)
    indices, distances = nearest_melody(melodies, corpus["data"])
    return [
        f"Nearest tune: <cite>{escape(corpus['titles'][index])}</cite>, "
        + (f"{distance:.0%} of its steps differ" if distance else "note for note")
        for index, distance in zip(indices, distances, strict=True)
    ]


def _table(settings):
    if not settings:
        return ""
    cells = ((escape(str(name)), escape(str(v))) for name, v in settings.items())
    rows = (f'<tr><th scope="row">{name}</th><td>{v}</td></tr>' for name, v in cells)
    return "<table>\n" + "\n".join(rows) + "\n</table>"


def _loss_curve(model):
    """Draw the loss curve as an SVG element in the colours of the page."""
    import matplotlib
    from matplotlib.figure import Figure

    style = {
        "svg.fonttype": "none",
        "svg.hashsalt": "sklearn_c2c",  # the same names inside in every run
        "font.family": "serif",
        **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor"), _INK),
        **dict.fromkeys(("xtick.color", "ytick.color"), _INK),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
    }
    drawing = io.StringIO()
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(4.6, 2.6), layout="constrained")
        ax = figure.add_subplot()
        LossCurveDisplay.from_estimator(model, ax=ax)
        ax.set_title("")
        ax.set_ylim(bottom=0)
        figure.savefig(drawing, format="svg", transparent=True, metadata={"Date": None})
    svg = drawing.getvalue()
    svg = svg[svg.index("<svg") :].replace(_INK, "currentColor")
    return (
        f'<figure><div role="img" aria-label="Loss of each epoch">{svg}</div>\n'
        "<figcaption>Loss of each epoch of training</figcaption></figure>"
    )
