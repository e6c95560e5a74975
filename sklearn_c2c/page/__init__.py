"""A page of scores and players, with judgements of a result and how it was made.

`write_page` makes a single HTML file, which needs no network.
"""

from sklearn_c2c.page._page import write_page

__all__ = ["write_page"]
