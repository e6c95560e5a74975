"""One page of a result: scores, players, distances, and the settings behind them.

A single HTML file that needs no network. Imports `melody`, `metrics`, `display`, `io`.
"""

from sklearn_c2c.page._page import write_page

__all__ = ["write_page"]
