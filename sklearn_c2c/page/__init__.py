"""Scores and players: of a result, one page with judgements and what is behind it.

`Melodies` shows them in a notebook, `write_page` makes a single HTML file; neither
needs a network. Imports `melody`, `metrics`, `display`, `io`.
"""

from sklearn_c2c.page._melodies import Melodies
from sklearn_c2c.page._page import write_page

__all__ = ["Melodies", "write_page"]
