"""Figures 26-28 and 34-36."""

from itertools import chain

from reproduction import pictures
from reproduction.experiments.steering import n_decodings
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
    "beyond_reels": ("results beyond every reel", "share"),
    "pitches_in_style": ("pitches follow as in a reel", "share"),
    "start_in_style": ("pitches of the starts do", "share"),
    "pitch_likelihood": ("log-likelihood of a pitch", "nats"),
    "in_scale": ("notes in D major", "share"),
    "nearest": ("steps that differ from the nearest reel", "share"),
    "distinct": ("different results", "share"),
    "begins_with_d4": ("begins with D4", "share"),
}


def section(plan):
    """Latent vectors moved towards an objective."""
    numbers, tables = {}, []
    tries = n_decodings(plan.n_objective_steps)
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
        numbers[f"steer.{short}.ae_minus_vae.pitches_in_style"] = Number(
            f"{objective}: pitches follow as in a reel, AE minus VAE",
            "steering",
            "pitches_in_style",
            columns["ae_gradient"][1],
            minus=numbers[f"steer.{short}.vae_gradient.pitches_in_style"],
        )
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
        f"<p>{plan.n_objective_starts} random latent vectors a seed, moved by "
        f"{plan.n_objective_steps} updates of Adam along the gradient through the "
        f"decoder, or compared with {tries - 1} random ones each: {tries} decodings a "
        "start either way. Latent variables stay in their observed range. Style is "
        "that of the pitches alone, note by note: durations depend on the objective."
        "</p>",
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
            "The gradient finds a C4 from {steer.c4.vae_gradient.after} of the starts, "
            "generate and test from {steer.c4.vae_random.after}; "
            "{steer.c4.vae_gradient.begins_with_d4} of the gradient's results begin "
            "with D4.",
        ),
        _extreme("ae", "most", "Figure 27", "Autoencoder: notes as long as possible."),
        _extreme(
            "ae", "fewest", "Figure 28", "Autoencoder: notes as short as possible."
        ),
        _extreme("vae", "most", "Figure 35", "Variational: notes as long as possible."),
        _extreme(
            "vae", "fewest", "Figure 36", "Variational: notes as short as possible."
        ),
        Claim(
            "ae_objectives",
            "Figures 26 to 28, Table 1",
            "Autoencoder: convincing results.",
            (*_met("ae"), *_styled("ae", ">")),
            _found("ae"),
        ),
        Claim(
            "vae_objectives",
            "Figures 34 to 36, Table 1",
            "Variational autoencoder: ok objectives but bad style.",
            (
                *_met("vae"),
                *_styled("vae", "<"),
                *(
                    Check(f"steer.{goal}.ae_minus_vae.pitches_in_style", ">", 0)
                    for goal in _OBJECTIVES.values()
                ),
            ),
            _found("vae")
            + " The autoencoder's are in style more often by "
            + _listed("ae_minus_vae", "pitches_in_style")
            + ".",
        ),
    )


def _extreme(model, goal, figure, text):
    """Claim that an extreme is reached: beyond every reel, and beyond chance."""
    name = f"steer.{goal}.{model}"
    return Claim(
        f"{model}_{goal}_holds",
        figure,
        text,
        (
            Check(f"{name}_gradient.beyond_reels", ">", 0.5),
            Check(f"{name}.advantage", ">", 0),
        ),
        f"Holds go from {{{name}_gradient.before}} to {{{name}_gradient.after}} on "
        f"average; {{{name}_gradient.beyond_reels}} of the results are beyond every "
        f"reel. Generate and test comes to {{{name}_random.after}}.",
    )


def _met(model):
    return tuple(
        Check(f"steer.{goal}.{model}_gradient.beyond_reels", ">", 0.5)
        for goal in ("most", "fewest")
    )


def _styled(model, relation):
    return tuple(
        Check(f"steer.{goal}.{model}_gradient.pitches_in_style", relation, 0.5)
        for goal in _OBJECTIVES.values()
    )


def _found(model):
    key = f"{model}_gradient"
    return (
        "Pitches follow each other as in a reel in "
        + _listed(key, "pitches_in_style")
        + " of the results (C4, most holds, fewest holds); in "
        + _listed(key, "start_in_style")
        + f" of the random starts. {{steer.most.{key}.beyond_reels}} "
        f"and {{steer.fewest.{key}.beyond_reels}} have more, or fewer, holds than any "
        "reel."
    )


def _listed(column, field):
    """Places for the number of each objective, one after the other."""
    return ", ".join(f"{{steer.{g}.{column}.{field}}}" for g in _OBJECTIVES.values())


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
