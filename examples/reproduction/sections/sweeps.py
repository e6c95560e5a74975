"""Figures 14-16, 30 and 31, section VI.iii and footnote 35."""

from reproduction import pictures
from reproduction.sections.base import Section, Tune, grid
from reproduction.verdicts import Check, Claim, matching

_MEASURES = {
    "n_distinct": ("different melodies of 6, mean of z1 and z2", "melodies"),
    "n_distinct_fine": ("different melodies of 51", "melodies"),
    "distance": ("steps that differ from end to end", "share"),
    "largest_jump": ("largest jump of 5", "distances of the ends"),
    "sweeps_differ": ("steps in which the two sweeps differ", "share"),
}
_CAPTURED = {
    "rhythm_duration_mean": ("rhythm's latent with the mean duration", "correlation"),
    "rhythm_duration_range": ("rhythm's latent with the duration range", "correlation"),
    "other_duration_mean": ("the other with the mean duration", "correlation"),
    "other_duration_range": ("the other with the duration range", "correlation"),
    "other_pitch_range": ("the other with the pitch range", "correlation"),
    "rhythm_along_sweep": (
        "mean duration along the sweep of rhythm's latent",
        "correlation",
    ),
    "other_along_sweep": ("mean duration along the sweep of the other", "correlation"),
    "other_beats_kept": ("beats kept from end to end, sweep of the other", "share"),
    "other_off_beats_kept": ("off-beats kept, sweep of the other", "share"),
    "latents_correlate": ("z1 with z2", "correlation"),
}


def section(plan):
    """Two latent variables, one at a time."""
    on = {"corpus": "reels"}
    models = {
        "ae": ("paper AE", {"model": "paper AE"} | on),
        "vae": ("paper VAE", {"model": "paper VAE"} | on),
        "our_vae": ("our VAE", {"model": "our VAE"} | on),
        "pca": ("PCA", {"model": "PCA"} | on),
    }
    if plan.patient:
        models["patient"] = ("our patient AE", {"model": "our patient AE"} | on)
    numbers, table = grid("sweep", "sweeps", _MEASURES, models)
    captured = {
        "reels": ("paper VAE, reels", {"model": "paper VAE", "corpus": "reels"}),
        "bach": ("paper VAE, sopranos", {"model": "paper VAE", "corpus": "sopranos"}),
        "pca": ("PCA, reels", {"model": "PCA", "corpus": "reels"}),
    }
    captured_numbers, captured_table = grid("latent", "sweeps", _CAPTURED, captured)
    return Section(
        "Two latent variables, one at a time",
        "Figures 14 to 16, 30 and 31; section VI.iii, footnote 35",
        "<p>With h = 2 each latent variable goes from its minimum to its maximum in 5 "
        "intervals, the other one staying at its mean. The order of the two is chance, "
        "so “rhythm's latent” is the one that correlates more with the durations of "
        "the corpus; correlations are Spearman's, absolute, over the latent vectors of "
        "the corpus, or with the position on a sweep of 50 intervals.</p>",
        numbers | captured_numbers,
        (table, captured_table),
        _claims(plan),
        _draw,
        _tunes,
    )


def _claims(plan):
    trained = ("pca", "patient") if plan.patient else ("pca",)
    return (
        Claim(
            "ae_constant",
            "Figures 14 to 16, Table 1",
            "Autoencoder, h = 2: the melody is constant for all steps.",
            (Check("sweep.ae.n_distinct", "=", 1),),
            "A sweep has {sweep.ae.n_distinct} different melodies of 6, from end to "
            "end {sweep.ae.distance} of the steps differ.",
        ),
        Claim(
            "ae_other_melody",
            "Figure 16",
            "Sweeping z2 gives a different, also constant melody.",
            (Check("sweep.ae.sweeps_differ", ">", 0),),
            "Both sweeps give the one melody that this autoencoder decodes everything "
            "to: they differ in {sweep.ae.sweeps_differ} of the steps.",
        ),
        Claim(
            "ae_constant_inherent",
            "Figures 15 and 16",
            "This is a limitation of the way an autoencoder dispatches melodies in the "
            "latent space (whatever its training).",
            tuple(Check(f"sweep.{name}.n_distinct", "<", 3) for name in trained),
            "400 updates are the cause: all latent vectors lie in one spot and decode "
            "alike (figure 9). PCA, which has no continuity built in either, passes "
            "through {sweep.pca.n_distinct} melodies of 6"
            + (
                ", an autoencoder trained until two latent variables reconstruct every "
                "reel through {sweep.patient.n_distinct}."
                if plan.patient
                else "."
            ),
        ),
        Claim(
            "vae_sweep",
            "Figures 30 and 31, Table 1",
            "Variational autoencoder, h = 2: almost continuous interpolation.",
            (
                Check("sweep.vae.n_distinct", ">", 3),
                Check("sweep.vae.largest_jump", "<", 0.4),
            ),
            "There are {sweep.vae.n_distinct} different melodies of 6, but the largest "
            "of 5 jumps is {sweep.vae.largest_jump} of the way from end to end.",
        ),
        Claim(
            "z1_durations",
            "Figure 30, section VI.iii",
            "z1 captures range and average of note durations.",
            (
                Check("latent.reels.rhythm_duration_mean", ">", 0.5),
                Check("latent.reels.rhythm_duration_range", ">", 0.5),
            ),
            "The latent that correlates most with durations does so with their mean by "
            "{latent.reels.rhythm_duration_mean} and with their range by "
            "{latent.reels.rhythm_duration_range}; the other one by "
            "{latent.reels.other_duration_mean} and "
            "{latent.reels.other_duration_range}.",
        ),
        Claim(
            "z2_motif",
            "Figure 31, section VI.iii",
            "z2 captures refinements of the motif: the motif stays.",
            (Check("latent.reels.other_beats_kept", ">", 0.5),),
            "From end to end of its sweep {latent.reels.other_beats_kept} of the "
            "quarter beats keep their pitch: it is another melody.",
        ),
        Claim(
            "bach_latents",
            "Footnote 35",
            "With Bach chorale melodies z1 captures mostly the range of note "
            "durations, z2 the pitch range.",
            (
                Check("latent.bach.rhythm_duration_range", ">", 0.5),
                Check("latent.bach.other_pitch_range", ">", 0.5),
            ),
            "Over the sopranos the correlations with these are "
            "{latent.bach.rhythm_duration_range} and {latent.bach.other_pitch_range}.",
        ),
    )


def _draw(records):
    found = [("Figure 14: where the sweeps of the first seed lead.", _map(records))]
    for model, name in (("paper AE", "15 and 16"), ("paper VAE", "30 and 31")):
        for k, path in enumerate(_paths(records, model)):
            number = name.split(" and ")[k]
            caption = f"Figure {number}: z{k + 1} from minimum to maximum, {model}."
            found.append((caption, pictures.path_figure(path)))
    return found


def _map(records):
    models = "paper AE", "paper VAE"
    figure, axes = pictures.axes(2, width=8, height=3.2)
    for ax, model in zip(axes, models, strict=True):
        result = matching(records, "sweeps", model=model, corpus="reels")[0]["result"]
        ax.scatter(*zip(*result["codes"], strict=True), s=12, color="0.55")
        (low_1, high_1), (low_2, high_2) = result["swept"]
        mean_1, mean_2 = result["mean"]
        ax.plot([low_1, high_1], [mean_2, mean_2], "o-", label="sweep of z1")
        ax.plot([mean_1, mean_1], [low_2, high_2], "o-", label="sweep of z2")
        ax.set(xlabel="z1", ylabel="z2")
        ax.set_title(model, fontsize="medium")
        ax.locator_params(nbins=4)
    axes[0].legend(fontsize="small")
    return figure


def _paths(records, model):
    return matching(records, "sweeps", model=model, corpus="reels")[0]["result"][
        "paths"
    ]


def _tunes(records):
    constant = [_paths(records, "paper AE")[k][0] for k in (0, 1)]
    swept = [_paths(records, "paper VAE")[k] for k in (0, 1)]
    found = [Tune("Figure 15, all steps", constant[0])]
    if constant[1] != constant[0]:
        found.append(Tune("Figure 16, all steps", constant[1]))
    return found + [
        Tune(f"Figure {30 + k}, step {i}", swept[k][i]) for k in (0, 1) for i in (0, 5)
    ]
