"""A page of scores and players, with judgements of a result and how it was made.

`write_page` makes a single HTML file, which needs no network, and `write_tune_book` a
book to print.
"""

from sklearn_c2c.page._book import write_tune_book
from sklearn_c2c.page._page import write_page

__all__ = ["write_page", "write_tune_book"]
