"""Figures 26-28 and 34-36."""

from itertools import chain

from reproduction import pictures
from reproduction.sections.base import Section, Table, Tune, grid
from reproduction.verdicts import Check, Claim, Number, matching

_HOLDS = ("fewest", "mean", "most")
_OBJECTIVES = {"first note C4": "c4", "most holds": "most", "fewest holds": "fewest"}
_FIGURES = {
    ("paper AE", "first note C4"): 26,
    ("paper AE", "most holds"): 27,
    ("paper AE", "fewest holds"): 28,
    ("paper VAE", "first note C4"): 34,
    ("paper VAE", "most holds"): 35,
    ("paper VAE", "fewest holds"): 36,
}
_MEASURES = {
    "before": ("before", "value"),
    "after": ("after", "value"),
    "best": ("best", "value"),
    "gain": ("gain", "value"),
    "pitches_in_style": ("pitches follow as in a reel", "share"),
    "pitch_likelihood": ("log-likelihood of a pitch", "nats"),
    "in_scale": ("notes in D major", "share"),
    "start_in_style": ("the same of the starts", "share"),
    "nearest": ("steps that differ from the nearest reel", "share"),
    "distinct": ("different results", "share"),
    "begins_with_d4": ("begins with D4", "share"),
}


def section(plan):
    """Codes moved towards an objective."""
    numbers, tables = {}, []
    for objective, short in _OBJECTIVES.items():
        columns = {
            f"{model.split()[1].lower()}_{method}": (
                f"{model}, {method}",
                plan.at(model) | {"objective": objective, "method": method},
            )
            for model in ("paper AE", "paper VAE")
            for method in ("gradient", "random")
        }
        measures = {
            name: (f"{objective}: {label}", unit)
            for name, (label, unit) in _MEASURES.items()
        }
        found, table = grid(f"steer.{short}", "steering", measures, columns)
        numbers |= found
        advantage = [f"steer.{short}.{model}.advantage" for model in ("ae", "vae")]
        row = (
            f"{objective}: gain, gradient minus random",
            (advantage[0], None, advantage[1], None),
        )
        tables.append(Table(table.columns, (*table.rows, row)))
        for model in ("ae", "vae"):
            key = f"steer.{short}.{model}"
            where = columns[f"{model}_gradient"][1]
            numbers[f"{key}.advantage"] = Number(
                f"{objective}: gain, gradient minus random, {model}",
                "steering",
                "gain",
                where,
                unit="value",
                minus=numbers[f"{key}_random.gain"],
            )
    for reduce, words in zip(("min", "mean", "max"), _HOLDS, strict=True):
        numbers[f"steer.reels.{words}"] = Number(
            f"holds of the reels, {words}", "corpus", "hold_count", {}, reduce, "holds"
        )
        numbers[f"steer.reels.{words}_likelihood"] = Number(
            f"log-likelihood of a pitch in the reels, {words}",
            "corpus",
            "pitch_likelihood",
            {},
            reduce,
            "nats",
        )
    rows = (
        ("holds of the reels", tuple(f"steer.reels.{w}" for w in _HOLDS)),
        (
            "log-likelihood of a pitch",
            tuple(f"steer.reels.{w}_likelihood" for w in _HOLDS),
        ),
    )
    tables.append(Table(("least", "mean", "most"), rows))
    return Section(
        "Objectives",
        "Figures 26 to 28 and 34 to 36",
        f"<p>{plan.n_objective_starts} random codes a seed, moved by 100 steps of Adam "
        "along the gradient through the decoder, or compared with 201 random ones "
        "each: 202 decodings a start either way. Codes stay in their observed range. "
        "Style is that of the pitches alone, note by note: of durations the objective "
        "itself speaks.</p>",
        numbers,
        tuple(tables),
        _claims(),
        _draw,
        _tunes,
    )


def _claims():
    gradient, random = "ae_gradient", "ae_random"
    return (
        Claim(
            "c4_missed",
            "Figure 26, footnote 31",
            "The first note is to be C4, and is not: the boundaries of what was "
            "learnt.",
            (
                Check(f"steer.c4.{gradient}.after", "<", 0.01),
                Check(f"steer.c4.{random}.after", "<", 0.01),
            ),
            "The gradient finds a C4 from {steer.c4.ae_gradient.after} of the starts, "
            "generate and test from {steer.c4.ae_random.after}. After the paper's "
            "training the weights still hold the noise they started from, and there "
            "is a direction in it that makes any token the largest.",
        ),
        Claim(
            "c4_becomes_d4",
            "Figure 26, footnote 31",
            "The first note becomes D4 instead.",
            (Check(f"steer.c4.{random}.begins_with_d4", ">", 0.5),),
            "Of the results of generate and test {steer.c4.ae_random.begins_with_d4} "
            "begin with D4.",
        ),
        Claim(
            "vae_c4",
            "Figure 34",
            "Variational autoencoder: the first note becomes C4.",
            (Check("steer.c4.vae_gradient.after", ">", 0.5),),
        ),
        Claim(
            "most_holds",
            "Figure 27",
            "Autoencoder: notes become as long as possible.",
            (
                Check(f"steer.most.{gradient}.gain", ">", 0),
                Check("steer.most.ae.advantage", ">", 0),
            ),
        ),
        Claim(
            "fewest_holds",
            "Figure 28",
            "Autoencoder: notes become as short as possible.",
            (
                Check(f"steer.fewest.{gradient}.gain", ">", 0),
                Check("steer.fewest.ae.advantage", ">", 0),
            ),
        ),
        Claim(
            "vae_holds",
            "Figures 35 and 36",
            "Variational autoencoder: the number of holds becomes larger, and smaller.",
            (
                Check("steer.most.vae_gradient.gain", ">", 0),
                Check("steer.fewest.vae_gradient.gain", ">", 0),
            ),
        ),
        Claim(
            "ae_objectives",
            "Figures 26 to 28, Table 1",
            "Autoencoder: convincing results.",
            (
                Check(f"steer.most.{gradient}.gain", ">", 0),
                Check(f"steer.fewest.{gradient}.gain", ">", 0),
                Check(f"steer.most.{gradient}.pitches_in_style", ">", 0.5),
                Check(f"steer.fewest.{gradient}.pitches_in_style", ">", 0.5),
            ),
            "The objectives are met, but of the results "
            "{steer.most.ae_gradient.pitches_in_style} (most holds) and "
            "{steer.fewest.ae_gradient.pitches_in_style} (fewest) have pitches that "
            "follow each other as in a reel.",
        ),
        Claim(
            "vae_objectives",
            "Figures 34 to 36, Table 1",
            "Variational autoencoder: ok objectives but bad style.",
            (
                Check("steer.most.vae_gradient.gain", ">", 0),
                Check("steer.fewest.vae_gradient.gain", ">", 0),
                Check("steer.most.vae_gradient.pitches_in_style", "<", 0.5),
                Check("steer.fewest.vae_gradient.pitches_in_style", "<", 0.5),
            ),
        ),
    )


def _draw(records):
    figure, axes = pictures.axes(2, width=9, height=3.4)
    for ax, objective in zip(axes, ("most holds", "fewest holds"), strict=True):
        groups = {"reels": _pooled(records, "corpus", "hold_count")}
        for model in ("paper AE", "paper VAE"):
            for method in ("gradient", "random"):
                groups[f"{model}, {method}"] = _pooled(
                    records,
                    "steering",
                    "after",
                    model=model,
                    objective=objective,
                    method=method,
                )
        pictures.histograms(ax, groups, label=f"holds of 128, {objective}")
    axes[1].get_legend().remove()
    return [("Holds before and after, all starts of all seeds.", figure)]


def _pooled(records, experiment, field, **where):
    found = matching(records, experiment, **where)
    return list(chain.from_iterable(record["result"][field] for record in found))


def _tunes(records):
    return [
        Tune(
            f"Figure {number}: {objective}, {model}",
            matching(
                records, "steering", model=model, objective=objective, method="gradient"
            )[0]["result"]["melody"],
        )
        for (model, objective), number in _FIGURES.items()
    ]
