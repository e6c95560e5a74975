"""Melodies from random latent vectors, by the judges of a tune; not in the paper."""

from reproduction.sections.base import Section, Table, grid

# By field: label, unit and, if it is not the mean, how to reduce.
_MEASURES = {
    "auc": ("distinguished from the reels by a classifier (AUC; chance .5)", "area"),
    "surprise": ("surprise of a note by other tunes", "nats"),
    "repeats": ("melodies that repeat a measure", "share"),
    "ends_on_tonic": ("melodies that end on D", "share"),
    "nearest": ("steps that differ from the nearest reel, median", "share", "median"),
    "copied_run": ("longest run copied from a reel, median", "steps", "median"),
}
_MODELS = {
    "ae": ("paper AE, in range", "paper AE", "range"),
    "vae": ("paper VAE, prior", "paper VAE", "prior"),
    "our_ae": ("our AE, in range", "our AE", "range"),
    "our_vae": ("our VAE, prior", "our VAE", "prior"),
    "filled": ("our VAE, filled", "our filled VAE", "prior"),
}
_BESIDE = {
    "reels": ("the reels", {"melodies": "all reels"}),
    "unseen": ("unseen reels", {"melodies": "unseen reels"}),
    "dice": ("measures of random reels", {"melodies": "dice"}),
    "markov": ("Markov model", {"melodies": "markov"}),
}
_LABELS = {short: label for short, (label, *_) in (_BESIDE | _MODELS).items()}
TABLE = Table(
    tuple(_LABELS.values()),
    tuple(
        (label, tuple(f"judges.{short}.{name}" for short in _LABELS))
        for name, (label, *_) in _MEASURES.items()
    ),
)

TITLE = "Would the new melodies pass for reels?"
DONE = (
    "(Ours; the paper listens.) {n_judged} random latent vectors a model, judged as by "
    "metrics.evaluate: against the 134 reels, 75 of which are the training data. The "
    "surprise is measured by the other tunes in 4/4 of O'Neill's, Ryan's and Aird's "
    "collections, in D. The references come first: the reels, one half against the "
    "other or each among the rest, and the 59 unseen reels against the 75. Then two "
    "baselines, as many melodies: each measure from a random reel, and draws of a "
    "Markov model."
)
SHOWN = (
    "None of them would. A classifier distinguishes the paper's draws from the reels "
    "with an area of {judges.ae.auc} (autoencoder) and {judges.vae.auc} "
    "(variational), ours with {judges.our_ae.auc}, {judges.our_vae.auc} and "
    "{judges.filled.auc}; unseen real reels with {judges.unseen.auc}. The surprise of "
    "a note is {judges.ae.surprise} and {judges.vae.surprise} nats in the paper's, "
    "{judges.filled.surprise} in those of our filled space, "
    "{judges.unseen.surprise} in a reel. Of the reels {judges.reels.repeats} repeat a "
    "measure, of the paper's draws {judges.ae.repeats} and {judges.vae.repeats}. "
    "By the overlapping area variational draws are nearer to the reels than the "
    "autoencoder's ({draws.vae.overlap} and {draws.ae.overlap}), and those of our "
    "filled space nearest ({draws.filled.overlap}); by surprise it is the other way "
    "round. All of this is with the decoding of the paper, each step independently; "
    "the user guide has the effects of decoding along transitions and by form."
)


def section(plan):
    """Judges of melodies from random latent vectors, beside reels and baselines."""
    models = {
        short: (label, plan.draw(model, method))
        for short, (label, model, method) in _MODELS.items()
    }
    numbers, _ = grid("judges", "judges", _MEASURES, models)
    beside, _ = grid("judges", "judges_beside", _MEASURES, _BESIDE)
    return Section(
        TITLE,
        "Figure 8; not in the paper",
        f"<p>{DONE.format(n_judged=plan.n_judged)}</p><p>{SHOWN}</p>",
        numbers | beside,
        (TABLE,),
        (),
    )
