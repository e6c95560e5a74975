"""Scores and players: of a result, one page with judgements and what is behind it.

`write_page` makes a single HTML file, which needs no network.
"""

from sklearn_c2c.page._page import write_page

__all__ = ["write_page"]
