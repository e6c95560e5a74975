"""Sizes of the experiments, and all of them as tasks."""

import dataclasses
from dataclasses import dataclass
from itertools import product

from threadpoolctl import threadpool_limits

from judging import completion, composing, search

PARTS = ("reels", "jigs", "completion", "search")


@dataclass(frozen=True)
class Plan:
    """Sizes of all experiments.

    Parameters
    ----------
    n_seeds, n_completion_seeds, n_search_seeds : int
        Every experiment runs with the seeds 0, 1, ...
    collections : tuple of str
        Folders of music21's corpus with the tunes that are no reels of `load_celtic`.
    n_draws : int
        Melodies composed by each method.
    n_jigs : int
        Jigs to train on, and as many others to judge by.
    n_completed : int
        Unseen reels that are completed.
    n_encoded : int
        Unseen tunes that are encoded.
    large : int
        The paper's h.
    effort : float
        Share of the epochs that models are trained for.
    transposed : bool
        Whether tunes are also encoded by models of transposed tunes.
    """

    n_seeds: int = 10
    n_completion_seeds: int = 3
    n_search_seeds: int = 1
    collections: tuple = ("oneills1850", "ryansMammoth", "airdsAirs")
    n_draws: int = 200
    n_jigs: int = 200
    n_completed: int = 59
    n_encoded: int = 300
    large: int = 1500
    effort: float = 1.0
    transposed: bool = False

    def with_seeds(self, n_seeds):
        """The plan with `n_seeds` seeds, unless it has fewer."""
        names = ("n_seeds", "n_completion_seeds", "n_search_seeds")
        numbers = {name: min(n_seeds, getattr(self, name)) for name in names[1:]}
        return dataclasses.replace(self, n_seeds=n_seeds, **numbers)

    def sizes(self):
        """Everything that results depend on beside their task, as JSON knows it."""
        ours = dataclasses.asdict(self) | {"collections": list(self.collections)}
        return {
            name: value
            for name, value in ours.items()
            if name != "transposed" and not name.endswith("_seeds")
        }

    def tasks(self, parts=PARTS):
        """Parameters of all experiments of these parts."""
        return [task for part in PARTS if part in parts for task in self._tasks(part)]

    def _tasks(self, part):
        if part in ("reels", "jigs"):
            tasks = [
                {"experiment": "composing", "style": part, "maker": maker}
                for maker in composing.MAKERS
            ]
            return _for_seeds(tasks, self.n_seeds)
        if part == "completion":
            tasks = [
                {"experiment": "completion", "given": given, "method": method}
                for given, method in product(completion.GIVEN, completion.METHODS)
            ]
            tasks += [{"experiment": "completion time"}]
            return _for_seeds(tasks, self.n_completion_seeds)
        tasks = [
            {"experiment": "search", "model": model, "transposed": transposed}
            for transposed in {False, self.transposed}
            for model in search.MODELS
        ]
        return _for_seeds(tasks, self.n_search_seeds)


def _for_seeds(tasks, n_seeds):
    return [task | {"seed": seed} for task in tasks for seed in range(n_seeds)]


FULL = Plan()

QUICK = Plan(
    n_seeds=1,
    n_completion_seeds=1,
    collections=("airdsAirs",),
    n_draws=20,
    n_jigs=40,
    n_completed=2,
    n_encoded=10,
    large=24,
    effort=0.03,
)

_EXPERIMENTS = {
    "composing": composing.run,
    "completion": completion.run,
    "completion time": completion.time_of_eight,
    "search": search.run,
}


def perform(experiment, *, plan, **parameters):
    """Run one task, in this or another process, as called by the journal."""
    # Small products: several threads of BLAS are slower than one.
    with threadpool_limits(1):
        return _EXPERIMENTS[experiment](plan, **parameters)
