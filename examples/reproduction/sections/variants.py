"""Open details of the paper's variational autoencoder, and their effects."""

from reproduction.sections.base import Section, Table, grid
from reproduction.verdicts import Check, Claim

VARIANTS = {
    "keras": ("paper VAE", "hidden layer 512, sums: taken"),
    "flat": ("paper VAE, no hidden layer", "no hidden layer, sums"),
    "mean_sum": ("paper VAE, mean and sum", "hidden layer, mean and sum"),
    "means": ("paper VAE, two means", "hidden layer, two means"),
}
_RECONSTRUCTION = {
    "step_accuracy": ("steps right", "share"),
    "melody_accuracy": ("reels without a wrong step", "share"),
    "kl": ("divergence from the prior", "nats"),
    "active_units": ("active latents", "latent variables"),
}
_PATHS = {
    "largest_jump": ("largest jump of 5", "distances of the ends"),
    "n_distinct": ("different melodies of 6, between reels", "melodies"),
}
_SWEEPS = {"n_distinct": ("different melodies of 6, h = 2", "melodies")}


def section(plan):
    """Layout and loss of the paper's variational autoencoder."""
    large = {
        short: (label, plan.at(model) | {"corpus": "reels"})
        for short, (model, label) in VARIANTS.items()
    }
    numbers, table = grid("variant", "reconstruction", _RECONSTRUCTION, large)
    paths = {
        short: (label, plan.at(model)) for short, (model, label) in VARIANTS.items()
    }
    path_numbers, path_table = grid("variant_path", "interpolation", _PATHS, paths)
    small = {
        short: (label, {"model": model, "corpus": "reels"})
        for short, (model, label) in VARIANTS.items()
    }
    sweep_numbers, sweep_table = grid("variant_sweep", "sweeps", _SWEEPS, small)
    return Section(
        "What the paper leaves open: layout and loss of the variational autoencoder",
        "Section VI.i",
        "<p>The paper gives neither the layers nor the weights of the two terms of the "
        "loss. We take the layout of Keras' own example of that time: one hidden "
        "layer of 512 rectified units on either side, the cross-entropy summed over "
        "the outputs, the divergence summed over the latents (beta 1 in nats). Written "
        "as a mean over the outputs and a sum over the latents, beta would be 3,968; "
        "with two means 3,968 / h.</p>",
        numbers | path_numbers | sweep_numbers,
        (Table(table.columns, table.rows + path_table.rows + sweep_table.rows),),
        _claims(),
    )


def _claims():
    return (
        Claim(
            "variants_agree",
            "Section VI.i",
            "(Ours.) The claims about the variational autoencoder do not depend on "
            "what the paper leaves open.",
            (
                Check("variant.flat.step_accuracy", "<", 0.99),
                Check("variant_sweep.flat.n_distinct", ">", 3),
                Check("variant.mean_sum.active_units", ">", 1),
                Check("variant.means.active_units", ">", 1),
                Check("variant_sweep.means.n_distinct", ">", 3),
            ),
            "Without hidden layer {variant.flat.step_accuracy} of the steps are "
            "reconstructed and a sweep at h = 2 has {variant_sweep.flat.n_distinct} "
            "melodies. With a mean and a sum {variant.mean_sum.active_units} latents "
            "are active, with two means {variant.means.active_units}, and a sweep at "
            "h = 2 has {variant_sweep.mean_sum.n_distinct} and "
            "{variant_sweep.means.n_distinct}: "
            "if the posterior collapses, all decode alike. So the paper's "
            "loss must have been near the sums.",
        ),
    )
