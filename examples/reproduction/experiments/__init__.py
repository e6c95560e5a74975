"""The experiments: functions of materials and parameters, with results for JSON."""

from reproduction.experiments.chimera import chimera
from reproduction.experiments.exploration import corpus, draws, plane
from reproduction.experiments.harmony import harmony
from reproduction.experiments.imposing import energies, imposing
from reproduction.experiments.interpolation import interpolation
from reproduction.experiments.judges import judges, judges_beside
from reproduction.experiments.reconstruction import lowest_h, reconstruction
from reproduction.experiments.recursion import recursion
from reproduction.experiments.steering import steering
from reproduction.experiments.sweeps import sweeps
from reproduction.experiments.voices import voices

EXPERIMENTS = {
    function.__name__: function
    for function in (
        chimera,
        corpus,
        draws,
        energies,
        harmony,
        imposing,
        interpolation,
        judges,
        judges_beside,
        lowest_h,
        plane,
        reconstruction,
        recursion,
        steering,
        sweeps,
        voices,
    )
}

__all__ = ["EXPERIMENTS", *EXPERIMENTS]
