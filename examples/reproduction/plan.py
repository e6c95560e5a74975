"""Sizes of the experiments, and all of them as tasks."""

from dataclasses import dataclass, field
from itertools import product

from reproduction.experiments import EXPERIMENTS
from reproduction.experiments.harmony import METHODS
from reproduction.experiments.imposing import C4_FIRST, FORMS, NOTHING
from reproduction.experiments.judges import MELODIES
from reproduction.experiments.steering import OBJECTIVES
from reproduction.materials import Materials

_OUR_H = 32  # the default of VariationalAutoencoder
_SIZES = {
    "PCA": 60,  # the size at which PCA reconstructs every reel
    "our RBM": 256,  # the default of SoftmaxRBM
}
_METHODS = ("gradient", "random")
_VARIANT_PAIRS = 100
IMPOSED_ON = ("our RBM", "paper AE", "our AE")
_PAPERS = ("paper AE", "paper VAE")
_OURS = ("our AE", "our VAE", "our filled VAE")
_VARIANTS = (
    "paper VAE, no hidden layer",
    "paper VAE, mean and sum",
    "paper VAE, two means",
)


@dataclass(frozen=True)
class Plan:
    """Sizes of all experiments.

    Parameters
    ----------
    n_seeds : int
        Every experiment runs with the seeds 0, 1, ...
    n_variant_seeds : int
        How many of them for the variants of the variational autoencoder.
    large : int
        The paper's h.
    strip, grid : tuple of int
        Sizes of the latent space in figures 11 and 10.
    lowest : dict of str to (int, int, int)
        By setting: the range in which to look for the lowest size, and the resolution.
    effort : float
        Share of the epochs that models are trained for.
    n_draws, n_judged, n_pairs, n_starts, n_objective_starts : int
        Random latent vectors, random latent vectors to judge, pairs of reels, starts of
        recursion and of objectives, for each seed.
    n_objective_steps : int
        Updates along the gradient.
    n_chorales, n_unseen, n_voices_drawn : int
        Chorales in four voices, how many unseen sopranos of them are harmonised, and
        draws in four voices.
    n_imposed, n_in_form, n_imposing_steps : int
        Melodies that begin with a given note, and in a given form, and the iterations
        of drawing them from a Boltzmann machine.
    only : tuple of str
        Names of the sections to run; all, if it is empty.
    """

    n_seeds: int = 5
    n_variant_seeds: int = 5
    large: int = 1500
    strip: tuple = (1000, 750, 500, 250, 200, 150, 100, 2)
    grid: tuple = (2, 100, 250, 500, 625, 750, 875, 1000, 1250, 1500)
    lowest: dict = field(
        default_factory=lambda: {
            "paper AE": (750, 2000, 16),
            "PCA": (40, 74, 1),
            "our AE": (16, 64, 1),
            "our linear AE": (6, 64, 1),
            "our deep AE": (0, 64, 1),
            "our patient AE": (0, 3, 1),
        }
    )
    effort: float = 1.0
    n_draws: int = 500
    n_judged: int = 200
    n_pairs: int = 500
    n_starts: int = 10_000
    n_objective_starts: int = 100
    n_objective_steps: int = 100
    n_chorales: int = 354
    n_unseen: int = 30
    n_voices_drawn: int = 80
    n_imposed: int = 100
    n_in_form: int = 20
    n_imposing_steps: int = 150
    only: tuple = ()

    @property
    def patient(self):
        """Whether the setting that takes thousands of updates is among them."""
        return "our patient AE" in self.lowest

    def at(self, model):
        """Parameters of the records of a model in its size."""
        ours_or_large = _OUR_H if "our" in model else self.large
        return {"model": model, "h": _SIZES.get(model, ours_or_large)}

    def draw(self, model, method):
        """Parameters of the records of its random latent vectors."""
        return self.at(model) | {"method": method}

    def chimera(self, model, kind):
        """Parameters of the records of its attribute vectors."""
        return self.at(model) | {"kind": kind}

    def training(self):
        """Tasks that train the models which others need, the longest first."""
        both = [self.at(model) | {"corpus": "both"} for model in _PAPERS]
        large = [self.at(model) for model in (*_PAPERS, *_VARIANTS, *_OURS, "PCA")]
        small = [{"model": model, "h": 2} for model in self._of_two()]
        bach = [{"model": "paper VAE", "h": 2, "corpus": "sopranos"}]
        models = [{"corpus": "reels"} | task for task in both + large + small + bach]
        return self._for_all_seeds(
            {"experiment": "reconstruction", "keep": True} | task for task in models
        ) + self._for_all_seeds([{"experiment": "energies"} | self.at("our RBM")])

    def measuring(self):
        """All other tasks, the longest first."""
        return self._for_all_seeds(
            [
                *self._lowest(),
                *self._steering(),
                *self._imposing(),
                *self._harmony(),
                *self._voices(),
                *self._recursion(),
                *self._interpolation(),
                *self._draws(),
                *self._judges(),
                *self._chimera(),
                *self._sizes(),
                *self._of_latents(),
                {"experiment": "corpus"},
            ]
        )

    def _for_all_seeds(self, tasks):
        return [
            task | {"seed": seed}
            for task in tasks
            for seed in range(self._n_seeds_of(task.get("model")))
        ]

    def _n_seeds_of(self, model):
        n_variant_seeds = min(self.n_seeds, self.n_variant_seeds)
        return n_variant_seeds if model in _VARIANTS else self.n_seeds

    def _of_two(self):
        patient = ["our patient AE"] if self.patient else []
        return [*_PAPERS, *_VARIANTS, "our VAE", *patient, "PCA"]

    def _lowest(self):
        for model, (low, high, resolution) in self.lowest.items():
            between = {"low": low, "high": high, "resolution": resolution}
            yield {"experiment": "lowest_h", "model": model} | between

    def _steering(self):
        for method, model, goal in product(_METHODS, _PAPERS, OBJECTIVES):
            task = {"objective": goal, "method": method}
            task |= {"n_starts": self.n_objective_starts}
            task |= {"n_steps": self.n_objective_steps}
            yield {"experiment": "steering"} | self.at(model) | task

    def imposing(self, model, goal):
        """Parameters of the records of a constraint on a model."""
        n_draws = self.n_in_form if goal in FORMS else self.n_imposed
        is_machine = model == "our RBM"
        n_steps = self.n_imposing_steps if is_machine else self.n_objective_steps
        sizes = {"n_draws": n_draws, "n_steps": n_steps}
        return self.at(model) | {"goal": goal} | sizes

    def _imposing(self):
        for model, goal in product(IMPOSED_ON, (C4_FIRST, *FORMS)):
            yield {"experiment": "imposing"} | self.imposing(model, goal)
        yield {"experiment": "imposing"} | self.imposing("our RBM", NOTHING)

    def _harmony(self):
        sizes = {"n_chorales": self.n_chorales, "n_unseen": self.n_unseen}
        for method in METHODS:
            yield {"experiment": "harmony", "method": method} | sizes

    def _voices(self):
        task = {"experiment": "voices", "n_draws": self.n_voices_drawn}
        yield task | self.at("our AE of voices")

    def _recursion(self):
        for model in (*_PAPERS, "our VAE"):
            task = {"experiment": "recursion", "n_starts": self.n_starts}
            yield task | self.at(model)

    def _interpolation(self):
        for model in (*_PAPERS, *_OURS, "PCA", *_VARIANTS):
            n_pairs = self.n_pairs
            if model in _VARIANTS:
                n_pairs = min(n_pairs, _VARIANT_PAIRS)
            task = {"experiment": "interpolation", "n_pairs": n_pairs}
            yield task | self.at(model)

    def _draws(self):
        for model in (*_PAPERS, *_OURS, "PCA"):
            method = "prior" if "VAE" in model else "range"
            task = {"experiment": "draws", "n_draws": self.n_draws}
            yield task | self.draw(model, method)

    def _judges(self):
        sizes = {"n_draws": self.n_judged}
        for model in (*_PAPERS, *_OURS):
            method = "prior" if "VAE" in model else "range"
            yield {"experiment": "judges"} | self.draw(model, method) | sizes
        for melodies in MELODIES:
            yield {"experiment": "judges_beside", "melodies": melodies} | sizes

    def _chimera(self):
        for model, kind in product(_PAPERS, ("mean", "difference")):
            yield {"experiment": "chimera"} | self.chimera(model, kind)

    def _sizes(self):
        for h in sorted({*self.grid, *self.strip} - {2, self.large}):
            task = {"experiment": "reconstruction", "keep": False}
            yield task | {"model": "paper AE", "h": h, "corpus": "reels"}

    def _of_latents(self):
        for model in self._of_two():
            yield {"experiment": "sweeps", "model": model, "corpus": "reels"}
        yield {"experiment": "sweeps", "model": "paper VAE", "corpus": "sopranos"}
        for model in (*_PAPERS, "our VAE", "PCA"):
            yield {"experiment": "plane", "model": model}


FULL = Plan()

# A few minutes: the paper's sizes, with one seed, fewer pairs and starts.
QUICK = Plan(
    n_seeds=1,
    n_variant_seeds=1,
    grid=(2, 250, 500, 1000, 1500),
    lowest={
        "paper AE": (1000, 1750, 256),
        "PCA": (50, 74, 1),
        "our AE": (24, 64, 1),
        "our linear AE": (8, 64, 1),
        "our deep AE": (0, 64, 1),
    },
    n_draws=50,
    n_judged=100,
    n_pairs=30,
    n_starts=300,
    n_objective_starts=6,
    n_chorales=100,
    n_unseen=10,
    n_imposed=10,
    n_in_form=6,
    n_imposing_steps=100,
)


def perform(experiment, *, folder, second_reel, effort, **parameters):
    """Run one task, in this or another process, as called by the journal."""
    materials = Materials(folder, second_reel, effort)
    return EXPERIMENTS[experiment](materials, **parameters)
