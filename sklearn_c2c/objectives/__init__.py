"""Objectives for `generation.optimize`: measures of melodies, with gradients.

An objective is a callable that takes melodies and returns one value for each. Its
`surrogate` is the expected value under the decoder's probabilities of the tokens at
each step, and its gradient with respect to them.
Objectives add up, with weights: ``0.5 * HoldCount() - FirstNote(60)``; a plain function
of melodies may be a term, but then the sum has no gradient.
"""

from sklearn_c2c.objectives._form import SelfSimilarity
from sklearn_c2c.objectives._notes import (
    FirstNote,
    HoldCount,
    InScale,
    NoteDensity,
    PitchRange,
)
from sklearn_c2c.objectives._sounding import Consonance, Contour
from sklearn_c2c.objectives._style import StyleLikeness
from sklearn_c2c.objectives._voices import OfVoice

__all__ = [
    "Consonance",
    "Contour",
    "FirstNote",
    "HoldCount",
    "InScale",
    "NoteDensity",
    "OfVoice",
    "PitchRange",
    "SelfSimilarity",
    "StyleLikeness",
]
