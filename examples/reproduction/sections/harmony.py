"""Footnote 29: voices that are consonant with a given melody."""

import numpy as np

from reproduction import pictures
from reproduction.sections.base import Section, Table, grid
from reproduction.verdicts import Check, Claim, Number, matching

TITLE = "Harmony for a given melody"
DONE = (
    "Sun's DeepHear looks for music that is consonant with an existing melody, by a "
    "search in the latent space of an autoencoder (footnote 29). Here the melody is "
    "the soprano of a chorale that no model has seen, and alto, tenor and bass are "
    "added: by such a search (generation.complete on a variational autoencoder of four "
    "voices, h=128), and by a network that learns the other voices directly "
    "(Harmonizer). Beside them are the voices of the chorale with the nearest soprano, "
    "moved to fit; at each step the most frequent token, given what the soprano does "
    "there; and Bach's own. Each seed leaves out another fifth of the chorales, all of "
    "one tune together; {harmony.n_unseen} of them are harmonised. An added voice is "
    "consonant at a beat if it makes no second, seventh or tritone with the soprano; "
    "“with another soprano” is with one that it was not made for. Twice Bach's, and "
    "Bach's chords, are means of all chorales."
)
_VOICES = ("alto", "tenor", "bass")
_MEASURES = {
    "tokens": ("tokens as Bach's", "share"),
    **{voice: (f"pitches of the {voice} as Bach's", "share") for voice in _VOICES},
    "consonant": ("beats consonant with the soprano", "share"),
    "consonant_with_another": ("with another soprano", "share"),
    "crossings": ("crossings of voices", "in a chorale"),
    "fifths": ("parallel fifths", "in a chorale"),
    "octaves": ("parallel octaves", "in a chorale"),
    "chords": ("beats with a recognised chord", "share"),
}
_BESIDE = {
    "crossings_above": ("crossings, minus twice Bach's", "in a chorale"),
    "parallels_above": ("parallels, minus twice Bach's", "in a chorale"),
    "chords_beside": ("beats with a chord, minus Bach's", "difference"),
}
_METHODS = {
    "bach": ("Bach", {"method": "Bach"}),
    "nearest": ("nearest soprano", {"method": "nearest soprano"}),
    "frequent": ("most frequent", {"method": "most frequent"}),
    "ae": ("autoencoder, searched", {"method": "autoencoder"}),
    "direct": ("Harmonizer", {"method": "Harmonizer"}),
}


def section(plan):
    """Voices added to sopranos of unseen chorales."""
    numbers, table = grid("harmony", "harmony", _MEASURES, _METHODS)
    beside, second = grid("harmony", "harmony", _BESIDE, _METHODS)
    numbers |= beside
    numbers["harmony.n_unseen"] = Number(
        "chorales harmonised", "harmony", "n_unseen", {"method": "Bach"}, unit="pieces"
    )
    numbers |= {
        f"harmony.{name}_minus_{other}.{field}": _difference(name, other, field)
        for name, other, field in (
            ("ae", "nearest", "chords"),
            ("ae", "nearest", "pitches"),
            ("direct", "nearest", "pitches"),
            ("direct", "frequent", "pitches"),
            ("direct", "ae", "pitches"),
        )
    }
    numbers["harmony.ae.fit"] = Number(
        "autoencoder, searched, beats consonant with the soprano minus another",
        "harmony",
        "consonant",
        _METHODS["ae"][1],
        unit="difference",
        minus=numbers["harmony.ae.consonant_with_another"],
    )
    return Section(
        TITLE,
        "Footnote 29",
        f"<p>{DONE}</p>",
        numbers,
        (Table(table.columns, table.rows + second.rows),),
        _claims(),
        _draw,
    )


def _difference(name, other, field):
    what = {"chords": "beats with a chord", "pitches": "pitches as Bach's"}[field]
    labels = _METHODS[name][0], _METHODS[other][0]
    return Number(
        f"{what}, {labels[0]} minus {labels[1]}",
        "harmony",
        field,
        _METHODS[name][1],
        unit="difference",
        minus=Number(
            f"{labels[1]}, {what}", "harmony", field, _METHODS[other][1], unit="share"
        ),
    )


def _claims():
    return (
        Claim(
            "harmony_searched",
            "Footnote 29",
            "A search in the latent space of an autoencoder generates music that is "
            "consonant with an existing melody.",
            (
                Check("harmony.ae.fit", ">", 0),
                Check("harmony.ae_minus_nearest.chords", ">", 0),
            ),
            "Of the beats {harmony.ae.consonant} are consonant with the soprano "
            "(Bach's {harmony.bach.consonant}), {harmony.ae.consonant_with_another} "
            "with another one. A chord sounds at {harmony.ae.chords} of the beats; "
            "with the voices of the nearest chorale at {harmony.nearest.chords}.",
        ),
        Claim(
            "harmony_direct",
            "Footnote 29",
            "(Ours.) Learnt directly, the other voices are right more often than by "
            "both baselines and by the search, with Bach's rules kept: crossings and "
            "parallels at most twice his, as many chords but for .05.",
            (
                Check("harmony.direct_minus_nearest.pitches", ">", 0),
                Check("harmony.direct_minus_frequent.pitches", ">", 0),
                Check("harmony.direct_minus_ae.pitches", ">", 0),
                Check("harmony.direct.crossings_above", "<", 0),
                Check("harmony.direct.parallels_above", "<", 0),
                Check("harmony.direct.chords_beside", ">", -0.05),
            ),
            "Of the steps {harmony.direct.alto} (alto), {harmony.direct.tenor} (tenor) "
            "and {harmony.direct.bass} (bass) sound Bach's pitch; crossings are "
            "{harmony.direct.crossings}, parallel fifths {harmony.direct.fifths} and "
            "octaves {harmony.direct.octaves} in a chorale, and a chord sounds at "
            "{harmony.direct.chords} of the beats (Bach {harmony.bach.chords}).",
        ),
        Claim(
            "harmony_unseen",
            "Footnote 29",
            "(Ours.) On unseen sopranos the search is right more often than the voices "
            "of the nearest chorale.",
            (Check("harmony.ae_minus_nearest.pitches", ">", 0),),
            "Of alto, tenor and bass {harmony.ae.alto}, {harmony.ae.tenor} and "
            "{harmony.ae.bass} of the steps sound Bach's pitch, of the nearest "
            "chorale's {harmony.nearest.alto}, {harmony.nearest.tenor} and "
            "{harmony.nearest.bass}.",
        ),
    )


def _draw(records):
    figure, axes = pictures.axes(3, width=10, height=3.4)
    shown = {
        "pitches": "steps with Bach's pitch",
        "chords": "beats with a recognised chord",
        "parallels": "parallels in a chorale",
    }
    bach, *methods = _METHODS.values()
    for ax, (field, label) in zip(axes, shown.items(), strict=True):
        groups = {}
        for words, where in (*methods, bach):
            found = matching(records, "harmony", **where)
            values = [np.array(record["result"][field], float) for record in found]
            groups[words] = [np.nanmean(value) for value in values]
        if field == "pitches":
            del groups[bach[0]]
        pictures.strips(ax, groups, label=label)
        ax.set_ylim(bottom=-0.03 * ax.get_ylim()[1])
    return [("Voices added to unseen sopranos; a dot for each seed.", figure)]
