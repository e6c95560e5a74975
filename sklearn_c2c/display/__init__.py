"""Figures of melodies, models and training: piano rolls, latent spaces, curves, scores.

The Display classes follow scikit-learn's: the constructor takes computed arrays, `plot`
the style. `Melodies` shows scores with players in a notebook.
"""

from sklearn_c2c.display._attractors import AttractorDisplay
from sklearn_c2c.display._glyphs import glyphs as glyphs
from sklearn_c2c.display._interpolation import InterpolationDisplay
from sklearn_c2c.display._latent_space import LatentSpaceDisplay
from sklearn_c2c.display._loss_curve import LossCurveDisplay
from sklearn_c2c.display._melodies import Melodies
from sklearn_c2c.display._piano_roll import PianoRollDisplay
from sklearn_c2c.display._print import check_paper as check_paper
from sklearn_c2c.display._print import typeset_tunes as typeset_tunes
from sklearn_c2c.display._print import write_score
from sklearn_c2c.display._reconstruction_curve import ReconstructionCurveDisplay
from sklearn_c2c.display._score import score_lines as score_lines
from sklearn_c2c.display._score import score_svg
from sklearn_c2c.display._sheets import sheet_lines as sheet_lines

__all__ = [
    "AttractorDisplay",
    "InterpolationDisplay",
    "LatentSpaceDisplay",
    "LossCurveDisplay",
    "Melodies",
    "PianoRollDisplay",
    "ReconstructionCurveDisplay",
    "score_svg",
    "write_score",
]
