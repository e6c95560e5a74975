"""Figures 24 and 33."""

import numpy as np

from reproduction import pictures
from reproduction.sections.base import Section, Tune, grid
from reproduction.verdicts import Check, Claim, matching

_MEASURES = {
    "fixed_points": ("starts that end in a fixed point", "share"),
    "longest_cycle": ("longest cycle", "melodies", "max"),
    "median_steps": ("steps to it, median", "steps"),
    "most_steps": ("steps to it, most", "steps"),
    "n_attractors": ("attractors found", "attractors"),
    "attractors_per_start": ("attractors a start", "attractors"),
    "n_unseen": ("attractors not seen, at least (Chao)", "attractors"),
    "coverage": ("starts that end in those seen (Good-Turing)", "share"),
    "largest_basin": ("starts that end in the largest", "share"),
    "n_reels": ("reels among the attractors", "reels"),
    "starts_in_reels": ("starts that end in a reel", "share"),
    "new_in_style": ("other attractors that are in style", "share"),
    "new_nearest": ("their distance from the nearest reel, median", "share", "median"),
    "new_hold_share": ("their holds", "share"),
}


def section(plan):
    """Recursion from random melodies."""
    models = {
        "ae": ("paper AE", plan.at("paper AE")),
        "vae": ("paper VAE", plan.at("paper VAE")),
        "our_vae": ("our VAE", plan.at("our VAE")),
    }
    numbers, table = grid("recursion", "recursion", _MEASURES, models)
    return Section(
        "Recursion",
        "Figures 24 and 33",
        f"<p>{plan.n_starts:,} random melodies a seed, every step any token alike, "
        "each fed to the model again and again until it comes round. That a path ends "
        "is no finding, as melodies are finitely many; that it ends in a fixed point, "
        "soon, and in what, is.</p>",
        numbers,
        (table,),
        _claims(),
        _draw,
        _tunes,
    )


def _claims():
    both = "recursion.ae", "recursion.vae"
    return (
        Claim(
            "fixed_point",
            "Figures 24 and 33",
            "Recursion reaches a fixed point.",
            tuple(Check(f"{name}.fixed_points", ">", 0.99) for name in both),
            "Of the starts {recursion.ae.fixed_points} (autoencoder) and "
            "{recursion.vae.fixed_points} (variational) end in one, the others in "
            "cycles of up to {recursion.ae.longest_cycle} and "
            "{recursion.vae.longest_cycle} melodies.",
        ),
        Claim(
            "four_steps",
            "Figure 24",
            "It takes about 4 steps.",
            (
                Check("recursion.ae.median_steps", ">", 2),
                Check("recursion.ae.median_steps", "<", 6),
            ),
            "The median is {recursion.ae.median_steps} steps, the most "
            "{recursion.ae.most_steps}.",
        ),
        Claim(
            "mode_collapse",
            "Footnote 26",
            "The attractors are finite in number, a kind of mode collapse.",
            (
                Check("recursion.ae.attractors_per_start", "<", 0.5),
                Check("recursion.ae.largest_basin", ">", 0.01),
            ),
            "There are {recursion.ae.n_attractors} attractors, and the largest takes "
            "{recursion.ae.largest_basin} of the starts; at least "
            "{recursion.ae.n_unseen} more are not seen.",
        ),
        Claim(
            "ae_recursion",
            "Figure 24, Table 1",
            "Autoencoder: convincing result of recursion.",
            (Check("recursion.ae.new_in_style", ">", 0.5),),
            "Of the attractors that are not reels {recursion.ae.new_in_style} are in "
            "style.",
        ),
        Claim(
            "vae_recursion",
            "Figure 33, Table 1",
            "Variational autoencoder: convincing result of recursion.",
            (Check("recursion.vae.new_in_style", ">", 0.5),),
            "Of the attractors that are not reels {recursion.vae.new_in_style} are in "
            "style.",
        ),
        Claim(
            "creates",
            "Figure 24",
            "Recursion creates new melodies (“digits that are not”).",
            (
                Check("recursion.ae.starts_in_reels", "<", 0.5),
                Check("recursion.vae.starts_in_reels", "<", 0.5),
            ),
            "What reconstructs perfectly has every reel as a fixed point: "
            "{recursion.ae.starts_in_reels} of the autoencoder's paths end in one, "
            "note for note, {recursion.vae.starts_in_reels} of the variational one's.",
        ),
    )


def _draw(records):
    figure, (left, right) = pictures.axes(2, width=9, height=3.4)
    for color, model in zip(pictures.COLORS, ("paper AE", "paper VAE", "our VAE")):  # noqa: B905
        for i, record in enumerate(matching(records, "recursion", model=model)):
            label = model if i == 0 else None
            basins = record["result"]["basins"]
            style = {"color": color, "alpha": 0.7, "label": label, "linewidth": 1.2}
            left.step(*_thinned(basins), where="mid", **style)
            steps = np.array(record["result"]["n_iter"])
            right.plot(np.arange(len(steps)), steps / steps.sum(), **style)
    left.set(xscale="log", yscale="log")
    left.set(xlabel="attractor, largest basin first", ylabel="starts that end in it")
    right.set(
        xlabel="steps to the attractor", ylabel="share of the starts", xlim=(0, 40)
    )
    left.legend(fontsize="small")
    return [
        ("Basins and steps, a line for each seed.", figure),
        (
            "Figure 24: the first start of the first seed, autoencoder.",
            pictures.path_figure(_path(records, "paper AE")),
        ),
        (
            "Figure 33: the same, variational autoencoder.",
            pictures.path_figure(_path(records, "paper VAE")),
        ),
    ]


def _thinned(basins):
    """Ranks and basins, thinned out where a logarithmic axis shows no difference."""
    ranks = np.unique(np.geomspace(1, len(basins), 200).astype(int))
    return ranks, np.array(basins)[ranks - 1]


def _path(records, model):
    """At most the first and the last few melodies of the path."""
    path = matching(records, "recursion", model=model)[0]["result"]["path"]
    return path if len(path) <= 8 else path[:4] + path[-4:]


def _tunes(records):
    found = []
    for number, model in ((24, "paper AE"), (33, "paper VAE")):
        result = matching(records, "recursion", model=model)[0]["result"]
        found.append(Tune(f"Figure {number}: the fixed point", result["path"][-1]))
        found += [
            Tune(f"{model}: an attractor that is not a reel", melody)
            for melody in result["new_melodies"][:1]
        ]
    return found
