"""Figures 8 and 9, and completeness."""

from itertools import chain

from reproduction import pictures
from reproduction.sections.base import Section, Table, Tune, grid
from reproduction.verdicts import Check, Claim, Number, matching

_MEASURES = {
    "nearest": ("steps that differ from the nearest reel, median", "share", "median"),
    "copied": ("copies of a reel", "share"),
    "distinct": ("different melodies among the draws", "share"),
    "diversity": ("distance of two draws, mean", "share"),
    "hold_share": ("holds", "share"),
    "in_scale": ("notes in D major", "share"),
    "pitches_in_style": ("pitches follow as in a reel", "share"),
    "durations_in_style": ("durations follow as in a reel", "share"),
    "in_style": ("pitches and durations follow as in a reel", "share"),
    "overlap": ("overlapping area of style features", "share"),
}
_OF_CORPUS = ("nearest", "diversity", "hold_share", "in_scale", "overlap")

_PLANE = {
    "correlation": ("correlation of z1 and z2, absolute", "correlation"),
    "second_axis": ("second principal axis of the codes over the first", "share"),
    "range": ("range of a latent variable", "units"),
    "trustworthiness": ("trustworthiness of neighbors (chance .5)", "share"),
}


def section(plan):
    """Random latent vectors, and the plane of two latent variables."""
    models = {
        "ae": ("paper AE, in range", plan.draw("paper AE", "range")),
        "vae": ("paper VAE, prior", plan.draw("paper VAE", "prior")),
        "our_ae": ("our AE, in range", plan.draw("our AE", "range")),
        "our_vae": ("our VAE, prior", plan.draw("our VAE", "prior")),
        "filled": ("our VAE, filled", plan.draw("our filled VAE", "prior")),
        "pca": ("PCA, in range", plan.draw("PCA", "range")),
    }
    numbers, table = grid("draws", "draws", _MEASURES, models)
    own = {
        f"draws.reels.{name}": Number(
            f"the reels, {_MEASURES[name][0]}", "corpus", name, {}, *_MEASURES[name][2:]
        )
        for name in _OF_CORPUS
    }
    planes = {
        "ae": ("paper AE", {"model": "paper AE"}),
        "vae": ("paper VAE", {"model": "paper VAE"}),
        "ours": ("our VAE", {"model": "our VAE"}),
        "pca": ("PCA", {"model": "PCA"}),
    }
    plane_numbers, plane_table = grid("plane", "plane", _PLANE, planes)
    completeness = Number(
        "overlap of the VAE's draws minus that of the AE's",
        "draws",
        "overlap",
        plan.draw("paper VAE", "prior"),
        minus=numbers["draws.ae.overlap"],
    )
    gain = Number(
        "overlap of our filled VAE's draws minus that of the paper's",
        "draws",
        "overlap",
        plan.draw("our filled VAE", "prior"),
        minus=numbers["draws.vae.overlap"],
    )
    perfect = Number(
        "our filled VAE, reels without a wrong step",
        "reconstruction",
        "melody_accuracy",
        plan.at("our filled VAE"),
    )
    rows = [
        (label, (f"draws.reels.{field}" if field in _OF_CORPUS else None, *names))
        for field, (label, names) in zip(_MEASURES, table.rows, strict=True)
    ]
    table = Table(("the reels", *table.columns), tuple(rows))
    return Section(
        "Random latent vectors, and two latent variables as a map",
        "Figures 8 and 9; completeness (section VI.i)",
        f"<p>{plan.n_draws} random latent vectors a model: of autoencoders and PCA "
        "each latent variable uniform in its observed range (footnote 17), of "
        "variational ones from the prior. A melody is in style if its pitches, and its "
        "durations, are as likely after one another as those of all reels but the "
        "least likely 5 %, each reel judged by the other ones. The overlapping area is "
        "Yang and Lerch's; that of the reels is half of them against the other half, "
        "the ceiling.</p>",
        numbers
        | own
        | plane_numbers
        | {
            "draws.vae_minus_ae.overlap": completeness,
            "draws.filled_minus_vae.overlap": gain,
            "reconstruction.filled.melody_accuracy": perfect,
        },
        (table, plane_table),
        _claims(),
        _draw,
        _tunes,
    )


def _claims():
    return (
        Claim(
            "random_is_new",
            "Figure 8",
            "A random latent vector decodes to a new melody.",
            (
                Check("draws.ae.copied", "<", 0.01),
                Check("draws.ae.distinct", ">", 0.99),
            ),
            "{draws.ae.copied} of them are copies of a reel, {draws.ae.distinct} "
            "different from each other.",
        ),
        Claim(
            "random_in_style",
            "Figure 8",
            "Sampling the latent variables generates various instances within the "
            "style (abstract).",
            (
                Check("draws.ae.in_scale", ">", 0.95),
                Check("draws.ae.in_style", ">", 0.5),
                Check("draws.ae.overlap", ">", 0.85),
            ),
            "Latent variables drawn one by one average out: two draws differ in "
            "{draws.ae.diversity} of their steps, two reels in "
            "{draws.reels.diversity}, and holds rise to {draws.ae.hold_share}. Such "
            "melodies keep to the scale, not to the steps from note to note.",
        ),
        Claim(
            "plane_spreads",
            "Figure 9",
            "With h = 2 the latent vectors of the reels can be seen as a map.",
            (
                Check("plane.ae.range", ">", 0.1),
                Check("plane.ae.trustworthiness", ">", 0.65),
            ),
            "Sigmoid latent variables in (0, 1) span {plane.ae.range} of it: 400 "
            "updates drive both to the end of the sigmoid, where the reels lie in one "
            "spot. The trustworthiness of neighbors in it is "
            "{plane.ae.trustworthiness}, where .5 is chance.",
        ),
        Claim(
            "not_orthogonal",
            "Figure 9, section VI.iii",
            "The dimensions captured are not orthogonal, as those of PCA are.",
            (
                Check("plane.ae.correlation", ">", 0.23),
                Check("plane.vae.correlation", ">", 0.23),
            ),
            "Absolute correlations: {plane.ae.correlation} and "
            "{plane.vae.correlation}. .23 is what that of two independent variables "
            "stays below in 19 of 20 samples of 75.",
        ),
        Claim(
            "completeness",
            "Section VI.i",
            "A variational autoencoder's latent space is complete: a point drawn from "
            "it gives meaningful content.",
            (
                Check("draws.vae_minus_ae.overlap", ">", 0),
                Check("draws.vae.in_scale", ">", 0.95),
                Check("draws.vae.in_style", ">", 0.5),
            ),
            "Draws from the prior overlap more with the reels than random latent "
            "vectors of the autoencoder, but only {draws.vae.in_style} of them have "
            "pitches and durations that follow each other as in a reel.",
        ),
        Claim(
            "trade_off",
            "Section VI.i, footnote 34",
            "Reconstruction and regularity of the latent space are traded off: who has "
            "the one lacks the other.",
            (
                Check("reconstruction.filled.melody_accuracy", "<", 0.95),
                Check("draws.filled_minus_vae.overlap", "<", 0),
            ),
            "Trained with a heavy beta first and none at the end, a variational "
            "autoencoder of 32 latent variables reconstructs "
            "{reconstruction.filled.melody_accuracy} of the reels exactly, and its "
            "draws overlap with the reels by {draws.filled.overlap}, the paper's by "
            "{draws.vae.overlap}.",
        ),
    )


def _draw(records):
    figure, (left, right) = pictures.axes(2, width=9, height=3.4)
    shown = {
        "the reels": matching(records, "corpus"),
        **{
            name: matching(records, "draws", model=name)
            for name in ("paper AE", "paper VAE", "our VAE", "our filled VAE")
        },
    }
    for ax, field, label in (
        (left, "nearest", "steps that differ from the nearest reel"),
        (right, "hold_share", "share of holds"),
    ):
        groups = {
            name: list(chain.from_iterable(r["result"][field] for r in found))
            for name, found in shown.items()
        }
        pictures.histograms(ax, groups, label=label)
    right.get_legend().remove()
    return [
        ("Novelty, and note lengths: random latent vectors of all seeds.", figure),
        ("Figure 9: the reels with h = 2, first seed.", _planes(records)),
    ]


def _planes(records):
    models = "paper AE", "paper VAE", "our VAE", "PCA"
    figure, axes = pictures.axes(len(models), width=10, height=2.9)
    for ax, model in zip(axes, models, strict=True):
        codes = matching(records, "plane", model=model)[0]["result"]["codes"]
        ax.scatter(*zip(*codes, strict=True), c=range(len(codes)), s=14, cmap="viridis")
        ax.set_title(model, fontsize="medium")
        ax.set(xlabel="z1", ylabel="z2")
        ax.locator_params(nbins=3)
    return figure


def _tunes(records):
    first = matching(records, "corpus")[0]["result"]
    found = [
        Tune("The Green Mountain (figure 4)", first["green_mountain"]),
        Tune(f"In place of Willa Fjord: {first['second_title']}", first["second_reel"]),
    ]
    for model in ("paper AE", "paper VAE", "our filled VAE"):
        melodies = matching(records, "draws", model=model)[0]["result"]["melodies"]
        name = "Figure 8: r" if model == "paper AE" else "R"
        found.append(Tune(f"{name}andom code, {model}", melodies[0]))
    return found
