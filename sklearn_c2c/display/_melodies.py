"""`Melodies`: scores and players as a piece of HTML, for a notebook or a page."""

import json
from fractions import Fraction
from functools import cache
from html import escape
from importlib import resources
from pathlib import PurePosixPath
from string import Template
from urllib.parse import quote

import numpy as np

from sklearn_c2c import _web
from sklearn_c2c.display._score import check_marks, score_svg
from sklearn_c2c.io import make_sheet, voice_names
from sklearn_c2c.melody import (
    N_PITCHES,
    check_voices,
    melody_lengths,
    notes_from_melody,
    split_voices,
)
from sklearn_c2c.metrics import longest_copied_run, nearest_melody

_WIDTHS = {"wide": 900, "narrow": 340}  # pixels; the style sheet shows one of the two
# By the length of the note, as a part of a whole note.
_NOTE_SIGNS = {
    Fraction(1, 8): "♪",
    Fraction(3, 16): "♪.",
    Fraction(1, 4): "♩",
    Fraction(3, 8): "♩.",
}
_KEYS = (
    "Click a note to play from there, or with shift to loop its measure. In a score "
    "the arrows choose a note and Enter plays from it. The space bar stops and goes "
    "on, Esc stops."
)
_KEYS_TO_COMPARE = " B changes between a melody and its nearest tune."
_FORMATS = {".mid": "MIDI", ".abc": "ABC", ".musicxml": "MusicXML"}


class Melodies:
    """Scores and players of melodies, to end a cell of a notebook with.

    Each melody is engraved, for wide and for narrow screens, and can be played: from
    any note, at a tempo that can be changed meanwhile, with measures in a loop, and in
    turn with the nearest tune of a corpus. A notebook and the gallery of the
    documentation show the object when a cell ends with it; no network is needed.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps) or (n_steps,)
        Legal melodies, in the order to show them, each up to its end.
    titles : list of str, default=None
        Title of each melody; if None, they are numbered.
    files : list of list of str, default=None
        For each melody, the files that hold it, for links to them.
    corpus : Bunch or dict, default=None
        With ``data`` and ``titles``: the tunes among which the nearest one to each
        melody is named, and can be heard in its place. Its notes are in the HTML.
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
        `X`, and its caption. The default with a `corpus` marks by colour the steps that
        a melody has in common with the nearest tune, and by a line the longest run of
        steps that it has in common with any tune.
    repeats : {"played", "signs"}, default="played"
        Whether parts that are played twice at once are engraved once between repeat
        signs (see `score_svg`). The players play everything.
    voices : int or list of str, default=None
        Number or names of the voices of rows of several, which have a staff each and
        are played together. None shows melodies.

    Raises
    ------
    ValueError
        If the melodies are not legal, `titles` or `files` are not one per melody, or
        `marks` has another name or no boolean mask of the shape of `X`.
    ImportError
        If verovio is not installed when the melodies are shown.

    See Also
    --------
    sklearn_c2c.page.write_page : The same as a page of its own, with the settings that
        made the melodies.
    PianoRollDisplay : Piano rolls of melodies.

    Examples
    --------
    >>> from sklearn_c2c.display import Melodies
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
        pickup=False,
        marks=None,
        repeats="played",
        voices=None,
    ):
        self.voices = voices
        self._n_voices = 1 if voices is None else len(voice_names(voices))
        self.X = np.atleast_2d(check_voices(X, self._n_voices))
        self.titles = titles or [f"Melody {i + 1}" for i in range(len(self.X))]
        self.files = files or [()] * len(self.X)
        self.corpus = corpus
        self.time_signature = time_signature
        self.steps_per_quarter = steps_per_quarter
        self.key = key
        self.tempo = tempo
        self.pickup = pickup
        self.marks = marks or {}
        self.repeats = repeats
        check_marks(
            {style: mask for style, (mask, _) in self.marks.items()}, self.X.shape
        )
        for name in ("titles", "files"):
            if len(getattr(self, name)) != len(self.X):
                raise ValueError(
                    f"Got {len(getattr(self, name))} {name} for {len(self.X)} melodies."
                )

    def __repr__(self):
        longest, lengths = self.X.shape[1], melody_lengths(self.X)
        shortest = lengths.min(initial=longest)
        to_longest = "" if shortest == longest else f" to {lengths.max()}"
        if self._n_voices > 1:
            n_steps = longest // self._n_voices
            return (
                f"Melodies({len(self.X)} of {self._n_voices} voices, {n_steps} steps)"
            )
        return f"Melodies({len(self.X)} of {shortest}{to_longest} steps)"

    def _repr_html_(self):
        return self.to_html()

    def to_html(self, *, heading="p"):
        """Engrave all melodies and return an element of a page.

        Parameters
        ----------
        heading : str, default="p"
            HTML element of the titles, such as ``"h3"``.

        Returns
        -------
        str
            An HTML element with its style and its script. A page may hold several; they
            share one player, so only one melody plays at a time.
        """
        sheet = self._sheet(self.X[0])
        beats = round(sheet.beats_per_minute)
        nearest = self._nearest_tunes()
        marks = self._marks_of_each(nearest)
        rows = zip(self.X, self.titles, self.files, marks, nearest, strict=True)
        return Template(part("melodies.html")).substitute(
            style=part("melodies.css"),
            script=self.script,
            alone="" if len(self.X) > 1 else " hidden",
            keys=_KEYS + (_KEYS_TO_COMPARE if self.corpus is not None else ""),
            tempo=beats,
            slowest=min(40, beats),
            fastest=max(280, beats),
            sign=_NOTE_SIGNS.get(sheet.beat, f"{sheet.beat} note"),
            melodies="\n".join(self._section(*row, heading) for row in rows),
        )

    @property
    def script(self):
        """The script as it stands in the HTML, for a content security policy.

        It is that of all pages with melodies: the modules ``_web/melodies.js`` and what
        they import, joined.
        """
        return _web.script("melodies")

    def _nearest_tunes(self):
        """For each melody the index of its nearest tune; None without a corpus."""
        if self.corpus is None:
            return [None] * len(self.X)
        return nearest_melody(self.X, np.asarray(self.corpus["data"]))[0].tolist()

    def _marks_of_each(self, nearest):
        """For each melody its marks: by the way of marking, a mask and a caption."""
        marks = [{} for _ in self.X]
        if self.corpus is not None:
            marks = _marks_in_common(self.X, nearest, self.corpus)
        for style, (mask, caption) in self.marks.items():
            for own, row in zip(marks, np.asarray(mask), strict=True):
                own[style] = row, f"{escape(caption)}:"
        return marks

    def _section(self, melody, title, files, marks, nearest, heading):
        """One melody: title, player, score, legend of the marks, files."""
        name = escape(title)
        n_steps = melody_lengths(melody)
        melody = melody[:n_steps]
        marks = {way: (mask[:n_steps], text) for way, (mask, text) in marks.items()}
        masks = {style: mask for style, (mask, _) in marks.items()}
        scores = "\n".join(
            f'<div class="score {kind}" role="img" aria-label="Score of {name}"'
            f' data-lm-suppress-shortcuts="true">'
            f"{self._score(melody, width, masks)}</div>"
            for kind, width in _WIDTHS.items()
        )
        return f"""\
<section class="melody" {self._data(melody, nearest)}>
<div class="melody-head">
<{heading} class="melody-title">{name}</{heading}>
<div class="melody-buttons">
{self._compare_button(name, nearest)}
<button type="button" class="loop" aria-pressed="false"
 aria-label="Loop {name}">Loop</button>
<button type="button" class="play" data-name="{name}"
 aria-label="Play {name}">Play</button>
</div>
</div>
<div class="loop-measures" hidden>Measures
<input type="number" value="1" aria-label="First measure of the loop">
to <input type="number" value="1" aria-label="Last measure of the loop"></div>
{scores}
<div class="melody-foot">
{_legend(marks, melody)}
{_links(files, name)}
</div>
</section>"""

    def _data(self, melody, nearest):
        """Attributes of the element of a melody: what its player needs to know."""
        sheet = self._sheet(melody)
        data = {
            "start": sheet.start,
            "steps": len(melody) // self._n_voices,
            "steps-per-quarter": self.steps_per_quarter,
            "steps-per-measure": sheet.steps_per_measure,
            "steps-per-beat": f"{float(4 * sheet.beat * self.steps_per_quarter):g}",
            "notes": _compact_json(self._notes(melody)),
        }
        if sheet.key is not None and sheet.key.signature < 0:
            data["flats"] = "true"  # names of the black keys
        if nearest is not None:
            tune = np.asarray(self.corpus["data"][nearest])
            data["nearest"] = _compact_json(
                {
                    "title": str(self.corpus["titles"][nearest]),
                    "steps": int(melody_lengths(tune)) // self._n_voices,
                    "notes": self._notes(tune),
                }
            )
        return "\n ".join(f'data-{name}="{escape(str(data[name]))}"' for name in data)

    def _notes(self, melody):
        """Notes, of several voices with the number of the voice."""
        notes = []
        for i, voice in enumerate(split_voices(melody, self._n_voices)):
            own = [i] * (self._n_voices > 1)
            notes += [[*note, *own] for note in notes_from_melody(voice).tolist()]
        return notes

    def _compare_button(self, name, nearest):
        if nearest is None:
            return ""
        tune = escape(self.corpus["titles"][nearest])
        return f"""\
<button type="button" class="nearest" aria-pressed="false" title="{tune} (key B)"
 aria-label="Hear the nearest tune, {tune}, in place of {name}"
 data-lm-suppress-shortcuts="true">Nearest tune</button>"""

    def _score(self, melody, width, masks):
        return score_svg(
            melody,
            width=width,
            time_signature=self.time_signature,
            steps_per_quarter=self.steps_per_quarter,
            key=self.key,
            pickup=self.pickup,
            marks=masks,
            repeats=self.repeats,
            voices=self.voices,
        )

    def _sheet(self, melody):
        """How a melody is laid out: where its score begins, and its beat."""
        return make_sheet(
            melody,
            self.time_signature,
            self.steps_per_quarter,
            self.key,
            title="",
            tempo=self.tempo,
            pickup=self.pickup,
            voices=self.voices,
        )


@cache
def part(name):
    """Text of a file in this folder."""
    return resources.files("sklearn_c2c.display").joinpath(name).read_text("utf-8")


def _compact_json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


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


def _marks_in_common(melodies, nearest, corpus):
    """Mark the steps that each melody has in common with the tunes of the corpus."""
    tunes, titles = np.asarray(corpus["data"]), list(map(escape, corpus["titles"]))
    runs = longest_copied_run(melodies, tunes, return_start=True)
    steps = np.arange(melodies.shape[1])
    marks = []
    for melody, near, tune, length, start in zip(melodies, nearest, *runs, strict=True):
        same = melody == tunes[near]
        marks += [
            {"color": (same, f"Nearest tune: <cite>{titles[near]}</cite>, alike in")}
        ]
        if length:
            run = (steps >= start) & (steps < start + length)
            caption = f"Longest run in any tune: <cite>{titles[tune]}</cite>,"
            marks[-1]["line"] = run, caption
    return marks


def _legend(marks, melody):
    """Legend of the marks: the meaning of each and the amount marked."""
    is_onset = melody < N_PITCHES
    lines = (
        f'<div><i class="swatch {style}"></i>{caption} '
        f"{(mask & is_onset).sum()} of {is_onset.sum()} notes, "
        f"{mask.mean():.0%} of the steps</div>"
        for style, (mask, caption) in marks.items()
    )
    return '<div class="legend">\n' + "\n".join(lines) + "\n</div>"
