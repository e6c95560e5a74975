"""`write_page`: melodies as a page of their own, with the settings that made them."""

import base64
import hashlib
import io
from html import escape
from importlib import resources
from string import Template

import sklearn_c2c
from sklearn_c2c._files import write_atomically
from sklearn_c2c.display import LossCurveDisplay, Melodies
from sklearn_c2c.generation import LatentModel
from sklearn_c2c.page._judges import judges_to_html

_INK = "#010203"  # a colour used nowhere else, to be replaced in the SVG


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
    pickup=False,
    marks=None,
    judges=None,
    repeats="played",
):
    """Write melodies as one HTML page to look at and listen to, without a network.

    Each melody is engraved, for wide and for narrow screens, and can be played: from
    any note, at a tempo that can be changed meanwhile, with measures in a loop, and in
    turn with the nearest tune of a corpus. The same arguments give the same bytes.

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
        For each melody, the files that hold it, by paths relative to the page.
    corpus : Bunch or dict, default=None
        With ``data`` and ``titles``: the tunes among which the nearest one to each
        melody is named, and can be heard in its place. Its notes are in the page.
    model : estimator, default=None
        A fitted estimator whose loss curve is shown.
    settings : dict, default=None
        Names and values of the settings that made the melodies, for a table.
    time_signature : str, default="4/4"
        Metre.
    steps_per_quarter : int, default=4
        Steps in a quarter note.
    key : str, default=None
        Key of the signatures.
    tempo : int, default=120
        Quarter notes per minute that the players start with. They show it in beats of
        the metre: 180 as 120 dotted quarters in 6/8.
    pickup : bool, default=False
        Whether the first measure is that of the pick-up: the rest before its first note
        is neither written nor played. Give `write_melody` the same for `files`.
    marks : dict, default=None
        Steps to mark in the scores, in one or more ways (see `score_svg`): for
        ``"color"``, ``"line"`` or ``"band"`` a pair of a boolean mask, of the shape of
        `melodies`, and its caption. The default with a `corpus` marks by colour the
        steps that a melody has in common with the nearest tune, and by a line the
        longest run of steps that it has in common with any tune.
    judges : dict of dict, default=None
        A table by column and row, as `metrics.evaluate` returns it, folded until the
        reader opens it.
    repeats : {"played", "signs"}, default="played"
        Whether parts that are played twice at once are engraved once between repeat
        signs (see `score_svg`). The players play everything.

    Raises
    ------
    ValueError
        If the melodies are not legal, `titles` or `files` are not one per melody, or
        `marks` has another name or no boolean mask of the shape of `melodies`.
    ImportError
        If verovio or, for the loss curve, Matplotlib is not installed.

    See Also
    --------
    sklearn_c2c.display.Melodies : Scores and players alone, for a notebook.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn_c2c.page import write_page
    >>> path = os.path.join(tempfile.mkdtemp(), "index.html")
    >>> write_page(path, [[62, 129, 64, 66, 69, 129, 129, 129]], title="Four notes")
    >>> os.path.getsize(path) > 1000
    True
    """
    shown = Melodies(
        melodies,
        titles=titles,
        files=files,
        corpus=corpus,
        time_signature=time_signature,
        steps_per_quarter=steps_per_quarter,
        key=key,
        tempo=tempo,
        pickup=pickup,
        marks=marks,
        repeats=repeats,
    )
    page = _page(shown, title=title, settings=settings, model=model, judges=judges)
    # A title from a file name may have characters that no encoding has.
    write_atomically(path, page.encode(errors="replace"))


def _page(shown, *, title, settings, model, judges):
    """Fill in the template of the page."""
    return Template(part("page.html")).substitute(
        title=escape(title),
        policy=policy(shown.script),
        style=part("page.css"),
        melodies=shown.to_html(heading="h2"),
        judges="" if judges is None else judges_to_html(judges),
        settings=_table(settings or {}),
        loss_curve="" if model is None else _loss_curve(model),
        version=sklearn_c2c.__version__,
    )


def part(name):
    """Text of a file in this folder."""
    return resources.files("sklearn_c2c.page").joinpath(name).read_text("utf-8")


def policy(script):
    """Content security policy: only the page's own script runs, nothing is fetched."""
    digest = hashlib.sha256(script.encode()).digest()
    digest = base64.b64encode(digest).decode()
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )


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
        "svg.hashsalt": "sklearn_c2c",  # the same ids within the SVG in every run
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
        f"<figcaption>Loss of each epoch of training{_course(model)}</figcaption>"
        "</figure>"
    )


def _course(model):
    """Changes of the divergence's weight, by which the loss of a VAE may rise."""
    params = LatentModel(model).estimator.get_params()
    warmup, cooldown = params.get("kl_warmup", 0), params.get("kl_cooldown", 0)
    if not (warmup or cooldown):
        return ""
    words = []
    if warmup:
        words.append(f"grows up to epoch {warmup}")
    if cooldown:
        words.append(f"shrinks from epoch {params['max_iter'] - cooldown} on")
    return f". The weight of the divergence {' and '.join(words)}, and the loss with it"
