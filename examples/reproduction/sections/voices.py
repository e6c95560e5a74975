"""Footnote 10: music of several voices."""

import numpy as np

from reproduction import pictures
from reproduction.sections.base import Section, Table
from reproduction.verdicts import Check, Claim, Number, matching

TITLE = "Several voices"
DONE = (
    "With hold as a token a piano roll has one note at a time; polyphonic music "
    "“would need to be represented as different voices” (footnote 10). Here a row is "
    "the melodies of its voices one after the other. The corpus is 80 of Bach's "
    "chorales in four voices; the model Autoencoder(h=32) with softmax outputs, 400 "
    "updates, from a normal distribution of whose latent vectors "
    "{voices.n_drawn} pieces are drawn and decoded along the transitions of each "
    "voice. Beside them are Bach's, and the same voices each from another draw. Times "
    "in a chorale of 8 measures that a voice comes to sound above the one over it, "
    "that two voices move in parallel fifths or octaves; and the share of the beats at "
    "which a triad or seventh chord sounds."
)
_MEASURES = {
    "crossings": ("crossings of voices", "in a chorale"),
    "fifths": ("parallel fifths", "in a chorale"),
    "octaves": ("parallel octaves", "in a chorale"),
    "chords": ("beats with a recognised chord", "share"),
}
_SETS = {
    "bach": "Bach",
    "drawn": "drawn together",
    "apart": "drawn apart",
}
_BESIDE = {
    "crossings_above": ("crossings, minus twice Bach's", "in a chorale"),
    "parallels_above": ("parallels, minus twice Bach's", "in a chorale"),
    "chords_beside": ("beats with a chord, minus Bach's", "difference"),
}
_ALONE = {
    "n_drawn": ("draws", "pieces"),
    "round_trip": ("chorales that are the same after encoding and decoding", "share"),
    "ambiguous": ("steps at which one voice holds and another begins", "share"),
    "wrong_steps": ("wrong steps of 40,960", "steps"),
    "right": ("chorales without a wrong step", "share"),
}


def section(plan):
    """Chorales in four voices, reconstructed and drawn."""
    where = plan.at("our AE of voices")

    def number(field, label, unit, **options):
        return Number(label, "voices", field, where, unit=unit, **options)

    numbers = {f"voices.{f}": number(f, *named) for f, named in _ALONE.items()}
    for field, (label, unit) in _MEASURES.items():
        for name, words in _SETS.items():
            found = number(f"{name}_{field}", f"{words}, {label}", unit)
            numbers[f"voices.{name}.{field}"] = found
        numbers[f"voices.gain.{field}"] = number(
            f"drawn_{field}",
            f"{label}, together minus apart",
            "difference",
            minus=numbers[f"voices.apart.{field}"],
        )
    for field, (label, unit) in _BESIDE.items():
        numbers[f"voices.drawn.{field}"] = number(f"drawn_{field}", label, unit)
    columns = (*_SETS, "gain")
    rows = tuple(
        (label, tuple(f"voices.{column}.{field}" for column in columns))
        for field, (label, _) in _MEASURES.items()
    )
    return Section(
        TITLE,
        "Footnote 10",
        f"<p>{DONE}</p>",
        numbers,
        (
            Table((*_SETS.values(), "together minus apart"), rows),
            Table(
                ("of the chorales",),
                tuple((label, (f"voices.{f}",)) for f, (label, _) in _ALONE.items()),
            ),
            Table(
                ("of the draws",),
                tuple(
                    (label, (f"voices.drawn.{f}",)) for f, (label, _) in _BESIDE.items()
                ),
            ),
        ),
        _claims(),
        _draw,
    )


def _claims():
    return (
        Claim(
            "voices_apart",
            "Footnote 10",
            "Polyphonic music needs to be represented as different voices.",
            (
                Check("voices.ambiguous", ">", 0.1),
                Check("voices.round_trip", "=", 1),
            ),
            "At {voices.ambiguous} of the steps one voice holds while another begins a "
            "note, and one hold for all would not tell which.",
        ),
        Claim(
            "voices_reconstructed",
            "Footnote 10",
            "(Ours.) An autoencoder reconstructs 80 chorales of four voices without "
            "error.",
            (Check("voices.right", "=", 1),),
            "{voices.wrong_steps} of 40,960 steps are wrong.",
        ),
        Claim(
            "voices_together",
            "Footnote 10",
            "(Ours.) Voices that are drawn together fit each other better than voices "
            "that are drawn apart.",
            (
                Check("voices.gain.crossings", "<", 0),
                Check("voices.gain.chords", ">", 0),
                Check("voices.gain.fifths", "<", 0),
                Check("voices.gain.octaves", "<", 0),
            ),
            "A chord sounds at {voices.drawn.chords} of the beats, apart at "
            "{voices.apart.chords}; voices cross {voices.drawn.crossings} times, apart "
            "{voices.apart.crossings}. But there are {voices.drawn.fifths} parallel "
            "fifths and {voices.drawn.octaves} octaves in a piece, apart "
            "{voices.apart.fifths} and {voices.apart.octaves}: voices that know each "
            "other move together, and in which intervals is not learnt.",
        ),
        Claim(
            "voices_as_bach",
            "Footnote 10",
            "(Ours.) Draws in four voices keep Bach's rules: crossings and parallels "
            "at most twice his, as many chords but for .05.",
            (
                Check("voices.drawn.crossings_above", "<", 0),
                Check("voices.drawn.parallels_above", "<", 0),
                Check("voices.drawn.chords_beside", ">", -0.05),
            ),
            "Crossings are {voices.drawn.crossings} in a piece (Bach "
            "{voices.bach.crossings}), parallel fifths {voices.drawn.fifths} "
            "({voices.bach.fifths}), octaves {voices.drawn.octaves} "
            "({voices.bach.octaves}); a chord sounds at {voices.drawn.chords} of the "
            "beats ({voices.bach.chords}).",
        ),
    )


def _draw(records):
    found = [record["result"] for record in matching(records, "voices")]
    figure, axes = pictures.axes(len(_MEASURES), width=10, height=3.4)
    for ax, (field, (label, _)) in zip(axes, _MEASURES.items(), strict=True):
        groups = {
            words: [np.nanmean(np.array(r[f"{name}_{field}"], float)) for r in found]
            for name, words in _SETS.items()
        }
        pictures.strips(ax, groups, label=label)
        ax.set_ylim(bottom=-0.03 * ax.get_ylim()[1])
    return [("Harmony of four voices; a dot for each seed.", figure)]
