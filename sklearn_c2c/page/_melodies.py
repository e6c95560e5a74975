"""`Melodies`: scores and players as a piece of HTML, for a notebook or a page."""

import json
from functools import cache
from html import escape
from importlib import resources
from pathlib import PurePosixPath
from string import Template
from urllib.parse import quote

import numpy as np

from sklearn_c2c.display import score_svg
from sklearn_c2c.melody import check_melodies, notes_from_melody
from sklearn_c2c.metrics import nearest_melody

_WIDTHS = {"wide": 900, "narrow": 340}  # pixels; the style sheet shows one of them
_FORMATS = {".mid": "MIDI", ".abc": "ABC", ".musicxml": "MusicXML"}


class Melodies:
    """Melodies to look at and listen to, as the last line of a notebook's cell.

    Each melody is engraved, for wide and for narrow screens, and can be played. A
    notebook and the gallery of the documentation show it by themselves; it needs no
    network.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps) or (n_steps,)
        Legal melodies, in the order to show them.
    titles : list of str, default=None
        Title of each melody; if None, they are numbered.
    files : list of list of str, default=None
        For each melody, the files that hold it, to link to.
    corpus : Bunch or dict, default=None
        With ``data`` and ``titles``: the tunes of which to name the nearest one to each
        melody.
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
        When they are to be shown and verovio is not installed.

    See Also
    --------
    write_page : The same as a page of its own, with what made the melodies.
    sklearn_c2c.display.PianoRollDisplay : Piano rolls of melodies.

    Examples
    --------
    >>> from sklearn_c2c.page import Melodies
    >>> Melodies([62, 129, 64, 66, 69, 129, 129, 129], titles=["Four notes"], key="D")
    Melodies(1 of 8 steps)
    """

    def __init__(
        self,
        X,
        *,
        titles=None,
        files=None,
        corpus=None,
        time_signature="4/4",
        steps_per_quarter=4,
        key=None,
        tempo=120,
    ):
        self.X = np.atleast_2d(check_melodies(X))
        self.titles = titles or [f"Melody {i + 1}" for i in range(len(self.X))]
        self.files = files or [()] * len(self.X)
        self.corpus = corpus
        self.time_signature = time_signature
        self.steps_per_quarter = steps_per_quarter
        self.key = key
        self.tempo = tempo
        for name in ("titles", "files"):
            if len(getattr(self, name)) != len(self.X):
                raise ValueError(
                    f"Got {len(getattr(self, name))} {name} for {len(self.X)} melodies."
                )

    def __repr__(self):
        return f"Melodies({len(self.X)} of {self.X.shape[1]} steps)"

    def _repr_html_(self):
        return self.to_html()

    def to_html(self, *, heading="p"):
        """Engrave all and return what a page shows.

        Parameters
        ----------
        heading : str, default="p"
            HTML element of the titles, such as ``"h3"``.

        Returns
        -------
        str
            An HTML element that carries its style and its script. A page may hold
            several; one melody sounds at a time.
        """
        nearest = _describe_nearest(self.X, self.corpus)
        rows = zip(self.X, self.titles, self.files, nearest, strict=True)
        return Template(part("melodies.html")).substitute(
            style=part("melodies.css"),
            script=part("melodies.js"),
            alone="" if len(self.X) > 1 else " hidden",
            tempo=round(self.tempo),
            slowest=min(40, round(self.tempo)),
            fastest=max(280, round(self.tempo)),
            melodies="\n".join(self._section(*row, heading) for row in rows),
        )

    def _section(self, melody, title, files, nearest, heading):
        """One melody: title, player, score, nearest tune, files."""
        name = escape(title)
        scores = "\n".join(
            f'<div class="score {kind}" role="img" aria-label="Score of {name}">'
            f"{self._score(melody, width)}</div>"
            for kind, width in _WIDTHS.items()
        )
        notes = json.dumps(notes_from_melody(melody).tolist(), separators=(",", ":"))
        return f"""\
<section class="melody" data-steps="{len(melody)}"
 data-steps-per-quarter="{self.steps_per_quarter}"
 data-notes="{notes}">
<div class="melody-head">
<{heading} class="melody-title">{name}</{heading}>
<button type="button" data-name="{name}" aria-label="Play {name}">Play</button>
</div>
{scores}
<div class="melody-foot">
<span>{nearest}</span>
{_links(files, name)}
</div>
</section>"""

    def _score(self, melody, width):
        return score_svg(
            melody,
            width=width,
            time_signature=self.time_signature,
            steps_per_quarter=self.steps_per_quarter,
            key=self.key,
        )


@cache
def part(name):
    """One of the files beside this one."""
    return resources.files("sklearn_c2c.page").joinpath(name).read_text("utf-8")


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
