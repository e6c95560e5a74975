"""Pages that need no network: scores and players, books, and a latent space to explore.

`write_page` makes a single HTML file of melodies, with judgements of a result and how
it was made; `write_tune_book` a book to print; `explore` a page to move in a latent
space and to listen to it, which `Explorer` shows in a notebook.
"""

from sklearn_c2c.page._book import write_sheet_book as write_sheet_book
from sklearn_c2c.page._book import write_tune_book
from sklearn_c2c.page._explore import explore
from sklearn_c2c.page._page import write_page
from sklearn_c2c.page._widget import Explorer

__all__ = ["Explorer", "explore", "write_page", "write_tune_book"]
