"""The sections of the report: the paper's claims, and how they are decided."""

from itertools import chain

from reproduction.sections import (
    chimera,
    exploration,
    harmony,
    imposing,
    interpolation,
    judges,
    reconstruction,
    recursion,
    steering,
    sweeps,
    variants,
    voices,
)
from reproduction.verdicts import named_in

_MODULES = (
    exploration,
    judges,
    reconstruction,
    interpolation,
    sweeps,
    chimera,
    recursion,
    steering,
    voices,
    harmony,
    imposing,
    variants,
)
NAMES = tuple(module.__name__.rpartition(".")[2] for module in _MODULES)

# Table 1 of the paper: approach, and by name the claims about the autoencoder and about
# the variational one.
TABLE_1 = (
    (
        "interpolation between existing melodies",
        ("ae_ends", "ae_discontinuity"),
        ("vae_continuity", "vae_ends"),
    ),
    ("interpolation between min and max", ("ae_constant",), ("vae_sweep",)),
    ("vector arithmetics", ("ae_chimera",), ("vae_chimera",)),
    ("recursion", ("ae_recursion",), ("vae_recursion",)),
    ("objective optimization", ("ae_objectives",), ("vae_objectives",)),
)


def sections(plan):
    """Sections by name, in the order of the report: all, or only those of the plan."""
    return {
        name: module.section(plan)
        for name, module in zip(NAMES, _MODULES, strict=True)
        if not plan.only or name in plan.only
    }


def numbers_of(plan):
    """Numbers by name: those of the sections, and of others that their texts name."""
    chosen = sections(plan).values()
    numbers = dict(chain.from_iterable(s.numbers.items() for s in chosen))
    if not plan.only:
        return numbers
    texts = [section.text for section in chosen]
    texts += [claim.because for section in chosen for claim in section.claims]
    everything = [module.section(plan).numbers for module in _MODULES]
    known = dict(chain.from_iterable(some.items() for some in everything))
    named = set(chain.from_iterable(map(named_in, texts)))
    return numbers | {name: known[name] for name in sorted(named)}


def tasks(plan):
    """Tasks that train models, and all others: two lists, the longest first.

    Where only some sections are chosen, these are the tasks of their numbers and
    drawings.
    """
    parts = plan.training(), plan.measuring()
    if not plan.only:
        return parts
    numbers = numbers_of(plan).values()
    drawn = {name for section in sections(plan).values() for name in section.also_drawn}

    def is_wanted(task):
        return task["experiment"] in drawn or any(n.is_of(task) for n in numbers)

    return tuple([task for task in part if is_wanted(task)] for part in parts)
