"""Figures 17, 19-22 and 32."""

from itertools import product

from reproduction import pictures
from reproduction.sections.base import Section, Table, Tune, grid
from reproduction.verdicts import Check, Claim, Number, matching

_WHEN = ("before", "after")
_SPACES = {"steps": "by steps", "codes": "by codes"}
_PLANES = {"roll_plane": "t-SNE of rolls", "code_plane": "t-SNE of codes"}


def _measures(name, target):
    """Measures of all tunes that are moved towards a corpus."""
    return {
        f"{name}_steps_before": (f"{target} among 10 nearest, before", "share"),
        f"{name}_steps_after": (f"{target} among 10 nearest, after", "share"),
        f"{name}_codes_before": (f"{target} among 10 nearest codes, before", "share"),
        f"{name}_codes_after": (f"{target} among 10 nearest codes, after", "share"),
        f"{name}_centrality": (f"{target} farther from their centre", "share"),
        f"{name}_hold_before": ("holds before", "share"),
        f"{name}_hold_after": ("holds after", "share"),
        f"{name}_changed": ("steps changed", "share"),
        f"{name}_motif_kept": ("motif kept", "of the motif"),
    }


def _one(name, target):
    """Measures of the paper's tune."""
    return {
        f"{name}_one_changed": ("steps changed", "share"),
        f"{name}_one_motif_kept": ("motif kept", "of the motif"),
        f"{name}_one_centrality": (f"{target} farther from their centre", "share"),
        f"{name}_one_notes_removed": ("notes removed", "notes"),
        **{
            f"{name}_one_{space}_{when}": (
                f"{target} among 10 nearest, {words}, {when}",
                "share",
            )
            for (space, words), when in product(_SPACES.items(), _WHEN)
        },
    }


def _pictured(name, target):
    """Measures of the pictures of the paper's tune."""
    return {
        f"{name}_{space}_{when}": (
            f"{target} among 10 nearest, {words}, {when}",
            "share",
        )
        for (space, words), when in product(_PLANES.items(), _WHEN)
    }


def section(plan):
    """Attribute vectors of a corpus."""
    models = {
        "ae": ("paper AE", plan.chimera("paper AE", "mean")),
        "vae": ("paper VAE", plan.chimera("paper VAE", "mean")),
        "ae_difference": (
            "paper AE, difference",
            plan.chimera("paper AE", "difference"),
        ),
        "vae_difference": (
            "paper VAE, difference",
            plan.chimera("paper VAE", "difference"),
        ),
    }
    pictured = {name: models[name] for name in ("ae", "vae")}
    tables, numbers = [], {}
    for name, target, originals in (
        ("bach", "sopranos", "reels"),
        ("celtic", "reels", "sopranos"),
    ):
        found, table = grid("chimera", "chimera", _measures(name, target), models)
        numbers |= found
        tables.append(_titled(table, f"all {originals}"))
        tune = "The Green Mountain" if name == "bach" else "BWV 347"
        found, table = grid("chimera", "chimera", _one(name, target), models)
        numbers |= found
        tables.append(_titled(table, tune))
        found, table = grid("chimera", "chimera", _pictured(name, target), pictured)
        numbers |= found
        tables.append(_titled(table, tune))
    numbers["chimera.ae.bach_hold_gain"] = Number(
        "paper AE, holds after minus before, all reels",
        "chimera",
        "bach_hold_after",
        models["ae"][1],
        minus=numbers["chimera.ae.bach_hold_before"],
    )
    numbers["chimera.ae_minus_vae.bach_motif_kept"] = Number(
        "paper AE minus paper VAE, motif kept, all reels",
        "chimera",
        "bach_motif_kept",
        models["ae"][1],
        minus=numbers["chimera.vae.bach_motif_kept"],
    )
    numbers["chimera.ae.less_celtic_change"] = Number(
        "steps changed, The Green Mountain minus BWV 347",
        "chimera",
        "bach_one_changed",
        models["ae"][1],
        minus=numbers["chimera.ae.celtic_one_changed"],
    )
    return Section(
        "Bach-like and Celtic-like: attribute vectors",
        "Figures 17, 19 to 22 and 32",
        "<p>Models of 75 reels and 80 sopranos of Bach's chorales together. The mean "
        "latent vector of one corpus is added to every tune of the other, as in the "
        "paper; “difference” adds that minus the mean of the other corpus. Nearest are "
        "those in which fewest steps differ, those with the nearest latent vectors, "
        "and those that are nearest in the two t-SNE pictures (the paper does not name "
        "the data of its picture). The tune itself is not counted. Centrality: the "
        "share of the target corpus that is farther from its mean latent vector.</p>",
        numbers,
        tuple(tables),
        _claims(),
        _draw,
        _tunes,
        also_drawn=("corpus",),
    )


def _titled(table, title):
    rows = tuple((f"{title}: {label}", names) for label, names in table.rows)
    return Table(table.columns, rows)


def _claims():
    return (
        Claim(
            "bach_longer_notes",
            "Figure 19",
            "The Green Mountain plus the Bach attribute is simplified, with longer "
            "notes.",
            (
                Check("chimera.ae.bach_one_notes_removed", ">", 0),
                Check("chimera.ae.bach_hold_gain", ">", 0),
            ),
            "It loses {chimera.ae.bach_one_notes_removed} notes; over all reels holds "
            "go from {chimera.ae.bach_hold_before} to {chimera.ae.bach_hold_after}.",
        ),
        Claim(
            "bach_motif",
            "Figure 19",
            "It keeps the basic melodic motif.",
            (
                Check("chimera.ae.bach_one_motif_kept", ">", 0.5),
                Check("chimera.ae.bach_motif_kept", ">", 0.5),
            ),
            "Motif kept, 0 being what is as near to any other reel: "
            "{chimera.ae.bach_one_motif_kept}, over all reels "
            "{chimera.ae.bach_motif_kept}.",
        ),
        Claim(
            "bach_lands",
            "Figure 20",
            "It lands right at the centre of the Bach corpus.",
            (
                Check("chimera.ae.bach_one_steps_after", ">", 0.5),
                Check("chimera.ae.bach_one_codes_after", ">", 0.5),
                Check("chimera.ae.bach_one_centrality", ">", 0.5),
            ),
            "Of its 10 nearest tunes {chimera.ae.bach_one_steps_after} are sopranos by "
            "steps and {chimera.ae.bach_one_codes_after} by codes, and "
            "{chimera.ae.bach_one_centrality} of the sopranos are farther from their "
            "centre.",
        ),
        Claim(
            "celtic_little",
            "Figure 21",
            "BWV 347 plus the Celtic attribute changes very little, less than the "
            "reel.",
            (
                Check("chimera.ae.celtic_one_changed", "<", 0.1),
                Check("chimera.ae.less_celtic_change", ">", 0),
            ),
            "{chimera.ae.celtic_one_changed} of its steps change, of The Green "
            "Mountain {chimera.ae.bach_one_changed}.",
        ),
        Claim(
            "celtic_centre",
            "Figure 22",
            "BWV 347 is already at the centre of the Celtic corpus.",
            (
                Check("chimera.ae.celtic_one_steps_before", ">", 0.5),
                Check("chimera.ae.celtic_one_codes_before", ">", 0.5),
                Check("chimera.ae.celtic_roll_plane_before", ">", 0.5),
                Check("chimera.ae.celtic_code_plane_before", ">", 0.5),
            ),
            "Its neighbors are other sopranos. Reels are "
            "{chimera.ae.celtic_one_steps_before} of the nearest by steps, "
            "{chimera.ae.celtic_one_codes_before} by codes, "
            "{chimera.ae.celtic_roll_plane_before} and "
            "{chimera.ae.celtic_code_plane_before} in the pictures.",
        ),
        Claim(
            "ae_chimera",
            "Figure 19, Table 1",
            "Autoencoder: convincing result of vector arithmetic.",
            (
                Check("chimera.ae.bach_steps_after", ">", 0.5),
                Check("chimera.ae.bach_motif_kept", ">", 0.5),
            ),
            "Over all reels {chimera.ae.bach_steps_after} of the nearest tunes are "
            "sopranos; the motif kept is {chimera.ae.bach_motif_kept}.",
        ),
        Claim(
            "vae_chimera",
            "Figure 32, Table 1",
            "Variational autoencoder: ok result of vector arithmetic, less than the "
            "autoencoder's.",
            (
                Check("chimera.vae.bach_steps_after", ">", 0.5),
                Check("chimera.vae.bach_motif_kept", ">", 0.5),
                Check("chimera.ae_minus_vae.bach_motif_kept", ">", 0),
            ),
            "Of the nearest tunes {chimera.vae.bach_steps_after} are sopranos with the "
            "variational autoencoder, {chimera.ae.bach_steps_after} with the other; "
            "the motif kept is {chimera.vae.bach_motif_kept} and "
            "{chimera.ae.bach_motif_kept}.",
        ),
    )


def _draw(records):
    return [
        (
            f"Figure {number}: t-SNE of piano rolls (left) and of latent vectors "
            f"(right), first seed; the circle is {name}, the star its changed version.",
            _planes(records, model, key),
        )
        for number, model, key, name in (
            (20, "paper AE", "bach", "The Green Mountain"),
            (22, "paper AE", "celtic", "BWV 347"),
        )
    ]


def _planes(records, model, key):
    record = _record(records, model)
    figure, axes = pictures.axes(2, width=9, height=3.6)
    n_reels = matching(records, "corpus")[0]["result"]["n_reels"]
    for ax, space in zip(axes, ("roll_plane", "code_plane"), strict=True):
        places = record[f"{key}_{space}_places"]
        original = record[f"{key}_{space}_original"]
        corpora = {"reels": places[:n_reels], "sopranos": places[n_reels:-1]}
        for label, rows in corpora.items():
            ax.scatter(*zip(*rows, strict=True), s=16, label=label, alpha=0.8)
        ax.scatter(*places[original], s=140, facecolors="none", edgecolors="tab:red")
        ax.scatter(*places[-1], s=140, marker="*", color="tab:red")
        ax.set(xticks=[], yticks=[])
    axes[0].legend(fontsize="small")
    return figure


def _record(records, model):
    return matching(records, "chimera", model=model, kind="mean")[0]["result"]


def _tunes(records):
    bwv = matching(records, "corpus")[0]["result"]["bwv_347"]
    ae, vae = _record(records, "paper AE"), _record(records, "paper VAE")
    return [
        Tune("Figure 17: BWV 347, soprano", bwv),
        Tune("Figure 19: The Green Mountain, Bach-like", ae["bach_melody"]),
        Tune("Figure 21: BWV 347, Celtic-like", ae["celtic_melody"]),
        Tune("Figure 32: as 19, variational", vae["bach_melody"]),
    ]
