"""The sections of the report: the paper's claims, and how they are decided."""

from reproduction.sections import (
    chimera,
    exploration,
    interpolation,
    judges,
    reconstruction,
    recursion,
    steering,
    sweeps,
    variants,
)

_MODULES = (
    exploration,
    judges,
    reconstruction,
    interpolation,
    sweeps,
    chimera,
    recursion,
    steering,
    variants,
)

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
    """All sections of a plan, in the order of the report."""
    return [module.section(plan) for module in _MODULES]
