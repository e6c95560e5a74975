"""Footnote 31, reference 17: constraints imposed on a Boltzmann machine."""

import numpy as np

from reproduction import pictures
from reproduction.experiments.imposing import C4_FIRST, FORMS, NOTHING, REEL
from reproduction.plan import IMPOSED_ON
from reproduction.sections.base import Section, Table, Tune, grid
from reproduction.verdicts import Check, Claim, Number, matching

TITLE = "Structure imposed"
DONE = (
    "The objective of figure 26 is not fulfilled within the boundaries of what was "
    "learnt; opening them up is possible with another model, structure imposition on a "
    "restricted Boltzmann machine (footnote 31, reference 17). SoftmaxRBM learns the "
    "75 reels, by windows of two measures, and generation.impose draws from it under a "
    "constraint: {impose.n_imposed} melodies with first note C4, and "
    "{impose.n_in_form} in each of three forms, two in letters and that of an unseen "
    "reel, another for each seed. The same constraints are objectives of a search "
    "along the gradient in the latent space of the paper's autoencoder and of ours. "
    "The error of a form is the mean squared difference between the self-similarity "
    "of the melody's measures and that asked for. Surprise is measured by other "
    "tunes; it is that of a reel if it lies where 95 % of the unseen reels do "
    "({impose.unseen.low} to {impose.unseen.high} nats a step). The paper's "
    "autoencoder has a C4 in the noise that its weights started from, and the gradient "
    "finds it: one melody, as two of its results differ in {impose.c4.ae.diversity} of "
    "their steps. A classifier tells reels from all of these melodies, also from draws "
    "of the machine without constraint (AUC {impose.free.told}; with first note C4 "
    "{impose.c4.told})."
)
_GOALS = {"c4": C4_FIRST, "rondo": FORMS[0], "song": FORMS[1], "reel": REEL}
_MODELS = dict(zip(("rbm", "ae", "our_ae"), IMPOSED_ON, strict=True))
_STYLE = {
    "surprise": ("surprise of a step by other tunes", "nats"),
    "unsurprising": ("surprise is that of a reel", "share"),
    "pitches_in_style": ("pitches follow as in a reel", "share"),
    "nearest": ("steps that differ from the nearest reel, median", "share", "median"),
    "diversity": ("steps in which two results differ", "share"),
}
_MET = {"after": ("met", "share")}
_FORM = {
    "error": ("error of the form", "error"),
    "lowered": ("error lowered by", "of its value before"),
}


def section(plan):
    """Constraints on a Boltzmann machine and on autoencoders."""
    numbers, tables = {}, []
    for short, goal in _GOALS.items():
        columns = {
            name: (model, plan.imposing(model, goal)) for name, model in _MODELS.items()
        }
        of_goal = _FORM if goal in FORMS else _MET
        measures = {
            field: (f"{_named(goal)}: {label}", *rest)
            for field, (label, *rest) in (of_goal | _STYLE).items()
        }
        found, table = grid(f"impose.{short}", "imposing", measures, columns)
        numbers |= found
        tables.append(table)
        for field in ("surprise", "pitches_in_style"):
            label = f"{measures[field][0]}, paper AE minus our RBM"
            numbers[f"impose.{short}.ae_minus_rbm.{field}"] = Number(
                label,
                "imposing",
                field,
                columns["ae"][1],
                unit="difference",
                minus=numbers[f"impose.{short}.rbm.{field}"],
            )
    rows = tuple(row for table in tables for row in table.rows)
    more = _others(plan)
    return Section(
        TITLE,
        "Figure 26, footnote 31 and reference 17",
        f"<p>{DONE}</p>",
        numbers | more,
        (
            Table(tuple(_MODELS.values()), rows),
            Table(
                ("our RBM and reels",),
                tuple(
                    (number.label, (name,))
                    for name, number in more.items()
                    if name not in ("impose.n_imposed", "impose.n_in_form")
                ),
            ),
        ),
        _claims(),
        _draw,
        _tunes,
    )


def _named(goal):
    return goal[0].upper() + goal[1:] if goal == REEL else goal


def _others(plan):
    """Numbers of no constraint, of generate and test, and of the free energy."""
    told = "told from reels by a classifier (AUC)"

    def drawn(goal, field, label, unit, **options):
        where = plan.imposing("our RBM", goal)
        return Number(label, "imposing", field, where, unit=unit, **options)

    free = drawn(NOTHING, "told", f"{told}, without constraint", "area")
    machine = plan.at("our RBM")
    tested = plan.at("paper AE") | {"objective": C4_FIRST, "method": "random"}

    def energy(field, label, unit, **options):
        return Number(label, "energies", field, machine, unit=unit, **options)

    return {
        "impose.n_imposed": drawn(C4_FIRST, "n_drawn", "melodies", "melodies"),
        "impose.n_in_form": drawn(
            FORMS[0], "n_drawn", "melodies in a form", "melodies"
        ),
        "impose.c4.tested": Number(
            "first note C4, paper AE, generate and test: met",
            "steering",
            "after",
            tested,
        ),
        "impose.free.told": free,
        "impose.c4.told": drawn(
            C4_FIRST, "told", f"{told}, with first note C4", "area"
        ),
        "impose.c4.told_more": drawn(
            C4_FIRST, "told", f"{told}, difference", "difference", minus=free
        ),
        "impose.unseen.surprise": energy(
            "surprise", "surprise of unseen reels, mean", "nats"
        ),
        "impose.unseen.low": energy("low", "the middle 95 % of it, from", "nats"),
        "impose.unseen.high": energy("high", "the middle 95 % of it, to", "nats"),
        "impose.pitches.above": energy(
            "pitches_above",
            "unseen reels that have less free energy than with their pitches shuffled",
            "share",
        ),
        "impose.pitches.gap": energy(
            "pitches_gap", "free energy with pitches shuffled, minus own", "nats"
        ),
        "impose.measures.above": energy(
            "measures_above", "the same with their measures shuffled", "share"
        ),
        "impose.measures.gap": energy(
            "measures_gap", "free energy with measures shuffled, minus own", "nats"
        ),
    }


def _claims():
    return (
        Claim(
            "c4_imposed",
            "Figure 26, footnote 31",
            "Opening up the boundaries of what was learnt is possible with another "
            "model: the first note is C4.",
            (
                Check("impose.c4.rbm.after", "=", 1),
                Check("impose.c4.rbm.unsurprising", ">", 0.5),
                Check("impose.c4.rbm.pitches_in_style", ">", 0.5),
            ),
            "Of the melodies {impose.c4.rbm.after} begin with C4, the surprise of "
            "{impose.c4.rbm.unsurprising} is that of a reel, and pitches follow as in "
            "a reel in {impose.c4.rbm.pitches_in_style}.",
        ),
        Claim(
            "c4_of_autoencoders",
            "Figure 26, footnote 31",
            "(Ours.) An autoencoder meets it, if at all, with pitches that do not "
            "follow as in a reel.",
            (
                Check("impose.c4.tested", "<", 0.01),
                Check("impose.c4.ae.pitches_in_style", "<", 0.5),
                Check("impose.c4.our_ae.pitches_in_style", "<", 0.5),
            ),
            "Generate and test meets it from {impose.c4.tested} of the starts, the "
            "gradient from {impose.c4.ae.after} (the paper's) and "
            "{impose.c4.our_ae.after} (ours); pitches follow as in a reel in "
            "{impose.c4.ae.pitches_in_style} and {impose.c4.our_ae.pitches_in_style} "
            "of the results.",
        ),
        Claim(
            "form_imposed",
            "Footnote 31, reference 17",
            "Structure is imposed on a restricted Boltzmann machine by constrained "
            "sampling: the error of the form falls by four fifths, and the surprise of "
            "most results is that of a reel.",
            tuple(
                check
                for form in ("rondo", "song", "reel")
                for check in (
                    Check(f"impose.{form}.rbm.lowered", ">", 0.8),
                    Check(f"impose.{form}.rbm.unsurprising", ">", 0.5),
                )
            ),
            "The error falls by {impose.rondo.rbm.lowered} (ABACABAD), "
            "{impose.song.rbm.lowered} (AABA) and {impose.reel.rbm.lowered} (the form "
            "of a reel) of its value; the surprise is that of a reel in "
            "{impose.rondo.rbm.unsurprising}, {impose.song.rbm.unsurprising} and "
            "{impose.reel.rbm.unsurprising}.",
        ),
        Claim(
            "imposed_in_style",
            "Footnote 31, reference 17",
            "(Ours.) Under the same constraint the Boltzmann machine stays nearer to "
            "the style than the paper's autoencoder.",
            tuple(
                Check(f"impose.{goal}.ae_minus_rbm.{field}", relation, 0)
                for field, relation in (("pitches_in_style", "<"), ("surprise", ">"))
                for goal in _GOALS
            ),
            "Pitches follow as in a reel in "
            + _listed("rbm.pitches_in_style")
            + " of the machine's results (C4, ABACABAD, AABA, the form of a reel), in "
            + _listed("ae.pitches_in_style")
            + " of the autoencoder's; the surprise of a step is "
            + _listed("rbm.surprise")
            + " and "
            + _listed("ae.surprise")
            + " nats. A step that is a hold is no surprise after whatever pitches.",
        ),
        Claim(
            "imposed_at_no_cost",
            "Footnote 31",
            "(Ours.) A classifier tells the melodies with first note C4 from reels no "
            "better, by .1, than draws without constraint.",
            (Check("impose.c4.told_more", "<", 0.1),),
            "The areas are {impose.c4.told} and {impose.free.told}.",
        ),
        Claim(
            "energy_knows_reels",
            "Footnote 31, reference 17",
            "(Ours.) The free energy of unseen reels is less than that of the same "
            "reels with their pitches shuffled.",
            (
                Check("impose.pitches.above", ">", 0.95),
                Check("impose.pitches.gap", ">", 0),
            ),
            "That of {impose.pitches.above} is, by {impose.pitches.gap} nats in the "
            "mean; with measures shuffled that of {impose.measures.above}.",
        ),
    )


def _listed(number):
    """Places for the number of each constraint, one after the other."""
    return ", ".join(f"{{impose.{goal}.{number}}}" for goal in _GOALS)


def _draw(records):
    figure, axes = pictures.axes(len(_GOALS), width=11, height=3.6, sharey=True)
    for ax, goal in zip(axes, _GOALS.values(), strict=True):
        groups = {
            model: [
                np.mean(record["result"]["surprise"])
                for record in matching(records, "imposing", model=model, goal=goal)
            ]
            for model in _MODELS.values()
        }
        reels = matching(records, "energies")[0]["result"]
        ax.axhspan(reels["low"], reels["high"], color="gray", alpha=0.2, linewidth=0)
        pictures.strips(ax, groups, label="surprise, nats a step")
        ax.set_title(_named(goal), fontsize="medium")
    for ax in axes[1:]:
        ax.set_ylabel("")
    caption = (
        "Surprise by other tunes under a constraint, a dot for each seed; gray: where "
        "95 % of the unseen reels lie."
    )
    return [(caption, figure)]


def _tunes(records):
    found = []
    for model in _MODELS.values():
        for goal in (C4_FIRST, FORMS[0]):
            result = matching(records, "imposing", model=model, goal=goal)[0]["result"]
            found.append(Tune(f"{goal}, {model}", result["melody"]))
    return found
