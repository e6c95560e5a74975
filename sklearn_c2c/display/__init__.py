"""Melodies and training to look at: piano rolls, loss curves, engraved scores.

The Display classes follow scikit-learn's: computed arrays in, style in `plot`. Imports
`melody` and `io`; Matplotlib and verovio only inside functions.
"""

from sklearn_c2c.display._loss_curve import LossCurveDisplay
from sklearn_c2c.display._piano_roll import PianoRollDisplay
from sklearn_c2c.display._score import score_svg

__all__ = ["LossCurveDisplay", "PianoRollDisplay", "score_svg"]
