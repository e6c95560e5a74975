"""Figures 13 and 29."""

from itertools import chain

from reproduction import pictures
from reproduction.sections.base import Section, Table, Tune, grid
from reproduction.verdicts import Check, Claim, Number, matching

_MEASURES = {
    "ends_exact": ("start and target without a wrong step", "share"),
    "wrong_steps": ("wrong steps of an end", "steps"),
    "step_1_is_start": ("step 1 is the start", "share"),
    "step_4_is_target": ("step 4 is the target", "share"),
    "n_distinct": ("different melodies of 6", "melodies"),
    "largest_jump": ("largest jump of 5 (even: .2)", "distances of the ends"),
    "fine_jump": ("largest jump of 25 (even: .04)", "distances of the ends"),
    "total_variation": ("total variation (least: 1)", "distances of the ends"),
    "between_in_style": ("melodies between that are in style", "share"),
}
_NAMED = {
    "named_ends_exact": ("ends exact", "share"),
    "named_wrong_steps": ("wrong steps of an end", "steps"),
    "named_step_1_is_start": ("step 1 is the start", "share"),
    "named_step_4_is_target": ("step 4 is the target", "share"),
    "named_n_distinct": ("different melodies of 6", "melodies"),
    "named_largest_jump": ("largest jump of 5", "distances of the ends"),
}


def section(plan):
    """Interpolation between reels."""
    models = {
        "ae": ("paper AE", plan.at("paper AE")),
        "vae": ("paper VAE", plan.at("paper VAE")),
        "our_ae": ("our AE", plan.at("our AE")),
        "our_vae": ("our VAE", plan.at("our VAE")),
        "filled": ("our VAE, filled", plan.at("our filled VAE")),
        "pca": ("PCA", plan.at("PCA")),
    }
    numbers, table = grid("pairs", "interpolation", _MEASURES, models)
    two = {name: models[name] for name in ("ae", "vae")}
    named_numbers, named_table = grid("pair", "interpolation", _NAMED, two)
    paired = {
        f"pairs.ae_minus_vae.{field}": Number(
            f"paper AE minus paper VAE, {label}",
            "interpolation",
            field,
            plan.at("paper AE"),
            unit=unit,
            minus=numbers[f"pairs.vae.{field}"],
        )
        for field, (label, unit) in _MEASURES.items()
    }
    table = Table(
        (*table.columns, "paper AE minus VAE"),
        tuple(
            (label, (*names, f"pairs.ae_minus_vae.{field}"))
            for field, (label, names) in zip(_MEASURES, table.rows, strict=True)
        ),
    )
    return Section(
        "Interpolation between two reels",
        "Figures 13 and 29",
        f"<p>{plan.n_pairs} random pairs of reels for each seed, 5 linear steps as in "
        "the paper and 25 finer ones; and the paper's pair, The Green Mountain and "
        "another reel. Jumps are in units of the distance between the two ends as "
        "decoded; pairs that decode alike have none and are left out of these.</p>",
        numbers | named_numbers | paired,
        (table, named_table),
        _claims(),
        _draw,
        _tunes,
    )


def _claims():
    return (
        Claim(
            "ae_ends",
            "Figure 13, Table 1",
            "Autoencoder: good reconstruction, the interpolation maps start and "
            "target.",
            (Check("pairs.ae.ends_exact", ">", 0.95),),
            "Of the pairs {pairs.ae.ends_exact} have both ends without a wrong step; "
            "an end has {pairs.ae.wrong_steps} wrong ones.",
        ),
        Claim(
            "ae_steps",
            "Figure 13",
            "Autoencoder: step 1 is equal to the start and step 4 to the target.",
            (
                Check("pairs.ae.step_1_is_start", ">", 0.5),
                Check("pairs.ae.step_4_is_target", ">", 0.5),
            ),
            "So it is for {pairs.ae.step_1_is_start} (start) and "
            "{pairs.ae.step_4_is_target} (target) of the pairs; for the paper's pair "
            "in {pair.ae.named_step_1_is_start} and {pair.ae.named_step_4_is_target} "
            "of the seeds.",
        ),
        Claim(
            "ae_discontinuity",
            "Figure 13, Table 1",
            "Autoencoder: some discontinuity, the interpolation is not uniform.",
            (Check("pairs.ae.largest_jump", ">", 0.4),),
            "The largest of 5 jumps is {pairs.ae.largest_jump} of the way, where .2 "
            "would be even.",
        ),
        Claim(
            "vae_continuity",
            "Figure 29, Table 1",
            "Variational autoencoder: better continuity.",
            (
                Check("pairs.ae_minus_vae.largest_jump", ">", 0),
                Check("pairs.ae_minus_vae.fine_jump", ">", 0),
                Check("pairs.ae_minus_vae.n_distinct", "<", 0),
            ),
            "The variational path has more melodies on it, but it wanders: its total "
            "variation is {pairs.vae.total_variation} of the distance, the "
            "autoencoder's {pairs.ae.total_variation}.",
        ),
        Claim(
            "vae_ends",
            "Figure 29, Table 1",
            "Variational autoencoder: imperfect reconstruction of the two melodies.",
            (Check("pairs.vae.wrong_steps", ">", 1),),
            "An end has {pairs.vae.wrong_steps} wrong steps of 128.",
        ),
        Claim(
            "price",
            "Section VI.i",
            "The price of continuity is a larger reconstruction error.",
            (Check("pairs.ae_minus_vae.wrong_steps", "<", 0),),
            "An end has {pairs.ae.wrong_steps} wrong steps with the autoencoder, "
            "{pairs.vae.wrong_steps} with the variational one.",
        ),
    )


def _draw(records):
    figure, (left, right) = pictures.axes(2, width=9, height=3.4)
    models = "paper AE", "paper VAE", "our VAE", "PCA"
    for ax, field, label in (
        (left, "largest_jump", "largest jump of 5, distances of the ends"),
        (right, "n_distinct", "different melodies of 6"),
    ):
        groups = {
            model: list(
                chain.from_iterable(
                    record["result"][field]
                    for record in matching(records, "interpolation", model=model)
                )
            )
            for model in models
        }
        bins = [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5] if field == "n_distinct" else 30
        pictures.histograms(ax, groups, label=label, bins=bins)
    right.get_legend().remove()
    return [
        ("All pairs of all seeds.", figure),
        (
            "Figure 13: The Green Mountain to the second reel by the autoencoder, "
            "first seed.",
            pictures.path_figure(_path(records, "paper AE")),
        ),
        (
            "Figure 29: the same by the variational autoencoder.",
            pictures.path_figure(_path(records, "paper VAE")),
        ),
    ]


def _path(records, model):
    return matching(records, "interpolation", model=model)[0]["result"]["named_path"]


def _tunes(records):
    return [
        Tune(f"Figure {number}, step {i}", _path(records, model)[i])
        for number, model in ((13, "paper AE"), (29, "paper VAE"))
        for i in (1, 2, 3, 4)
    ]
