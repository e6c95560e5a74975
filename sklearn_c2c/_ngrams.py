"""Backed-off n-gram models of sequences of symbols.

Sequences are the rows of a two-dimensional array of integers, 0 and above; a sequence
that is shorter than its row is padded with -1. A context is the symbols before a
symbol, the newest one first. Contexts are counted for each length, and identified by
their number among those of the same length, so that keys are small integers for any
order and number of symbols.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np


class Level(NamedTuple):
    """Counts of the contexts of one length and of the symbols that follow them.

    The key of a context is ``number of the context without its oldest symbol * n_ids +
    id of the oldest symbol``, the key of an n-gram ``number of its context * n_ids + id
    of the symbol after it``. Both are sorted. Counts have an additional 0 at the end,
    which is the count at index -1, the number of an unknown context or n-gram.
    """

    contexts: np.ndarray
    grams: np.ndarray
    gram_counts: np.ndarray  # n(s c)
    context_counts: np.ndarray  # N(s)
    continuations: np.ndarray  # T(s)


class NGrams:
    """Interpolated Witten-Bell model of the symbol after a context.

    ``p_k(c | s) = (n(s c) + smoothing * T(s) * p_{k-1}(c | s')) / (N(s) + smoothing *
    T(s))``

    with s the k symbols before c, s' the same without the oldest one, n and N numbers
    of occurrences, T(s) the number of distinct symbols after s, and p_{-1} uniform.
    For a context that does not occur, ``p_k(c | s) = p_{k-1}(c | s')``. Contexts that
    extend beyond the start of a sequence are padded with a start symbol, which is never
    predicted.

    Parameters
    ----------
    rows : ndarray of int, shape (n_rows, width)
        Sequences in which n-grams are counted.
    order : int
        Length of the longest context, 0 or more.
    n_symbols : int
        Number of possible symbols: p_{-1} = 1 / n_symbols.
    smoothing : float, default=1.0
        1 is Witten-Bell, 0 the maximum likelihood of the longest known context.
    places : ndarray of int, shape (width,), or None, default=None
        Place of each column, from 0, which is part of every context, also of the empty
        one. None is a single place.

    Attributes
    ----------
    levels : list of Level
        By length of context, from 0 to `order`.
    """

    def __init__(self, rows, *, order, n_symbols, smoothing=1.0, places=None):
        self.order = order
        self.n_symbols = n_symbols
        self.smoothing = smoothing
        self.symbols = np.unique(rows[rows >= 0])
        self.n_ids = len(self.symbols) + 2  # with the start symbol and unknown symbols
        self._start, self._unknown = self.n_ids - 2, self.n_ids - 1
        self.levels = []
        _, symbol, context_columns = self._events(rows, places)
        context = 0
        for column in context_columns:
            contexts, context, context_counts = np.unique(
                context * self.n_ids + column, return_inverse=True, return_counts=True
            )
            grams, gram_counts = np.unique(
                context * self.n_ids + symbol, return_counts=True
            )
            continuations = np.bincount(
                grams // self.n_ids, minlength=len(contexts) + 1
            )
            self.levels.append(
                Level(
                    contexts,
                    grams,
                    np.append(gram_counts, 0),
                    np.append(context_counts, 0),
                    continuations,
                )
            )

    def log_probabilities(self, rows, *, places=None, leave_out=False):
        """Log-probability of each symbol in nats, 0 for padding.

        Parameters
        ----------
        rows : ndarray of int, shape (n_rows, width)
            Sequences.
        places : ndarray of int, shape (width,), or None, default=None
            As in the constructor.
        leave_out : bool, default=False
            Whether `rows` are those of the constructor, and each is scored without its
            own counts.

        Returns
        -------
        ndarray of float, shape (n_rows, width)
        """
        row, symbol, context_columns = self._events(rows, places)
        p = np.full(len(row), 1 / self.n_symbols)
        context = 0
        for column, level in zip(context_columns, self.levels, strict=True):
            context = find(level.contexts, context * self.n_ids + column)
            gram = find(level.grams, context * self.n_ids + symbol)
            counts = (
                level.gram_counts[gram],
                level.context_counts[context],
                level.continuations[context],
            )
            if leave_out:
                own = _own_counts(row, context, gram, level)
                counts = [
                    total - of_row for total, of_row in zip(counts, own, strict=True)
                ]
            p = self._interpolate(*counts, p)
        log_p = np.zeros(rows.shape)
        with np.errstate(divide="ignore"):
            log_p[rows >= 0] = np.log(p)
        return log_p

    def probabilities(self):
        """Probability of every symbol after every known context.

        Returns
        -------
        ndarray of float, shape (n_contexts, n_symbols)
            Contexts in the order of their levels, and of their numbers in a level.
        """
        p = np.full((1, self.n_symbols), 1 / self.n_symbols)
        tables = []
        for level in self.levels:
            shorter = level.contexts // self.n_ids if tables else 0
            context, symbol = np.divmod(level.grams, self.n_ids)
            counts = np.zeros((len(level.contexts), self.n_symbols))
            counts[context, self.symbols[symbol]] = level.gram_counts[:-1]
            p = self._interpolate(
                counts,
                level.context_counts[:-1, np.newaxis],
                level.continuations[:-1, np.newaxis],
                p[shorter],
            )
            tables.append(p)
        return np.vstack(tables)

    def successors(self):
        """The state after each state and symbol, in a model without places.

        A state is the longest known context of the symbols so far, as its row in
        `probabilities`. A shorter context at the end of a known one is known too, so
        the new state is determined by the old one and the symbol.

        Returns
        -------
        following : ndarray of int32, shape (n_contexts, n_symbols)
        start : int
            State before the first symbol.
        """
        ids = find(self.symbols, np.arange(self.n_symbols), missing=self._unknown)
        key, following = ids[np.newaxis], np.zeros((1, self.n_symbols), dtype=int)
        tables, start, first = [], 0, 0
        for shorter_level, level in pairwise(self.levels):
            start = find(level.contexts, start * self.n_ids + self._start)
            first += len(shorter_level.contexts)
            # Contexts of the shorter level, extended by the symbol.
            longer = find(level.contexts, key)
            following = np.where(longer >= 0, first + longer, following)
            tables.append(following)
            shorter, oldest = np.divmod(level.contexts, self.n_ids)
            key = longer[shorter] * self.n_ids + oldest[:, np.newaxis]
            following = following[shorter]
        return np.vstack([*tables, following]).astype(np.int32), int(first + start)

    def longest_contexts(self, plain):
        """The longest known context at each place for each state of a plain model.

        Parameters
        ----------
        plain : NGrams
            Model of the same rows without places.

        Returns
        -------
        ndarray of int32, shape (n_places, n_states)
            Rows of `probabilities`.
        """
        number = known = np.arange(len(self.levels[0].contexts))[:, np.newaxis]
        tables, first = [known], 0
        for (shorter_level, level), states in zip(
            pairwise(self.levels), plain.levels[1:], strict=True
        ):
            first += len(shorter_level.contexts)
            shorter, oldest = np.divmod(states.contexts, self.n_ids)
            number = find(level.contexts, number[:, shorter] * self.n_ids + oldest)
            known = np.where(number >= 0, first + number, known[:, shorter])
            tables.append(known)
        return np.hstack(tables).astype(np.int32)

    def _interpolate(self, n, total, continuations, shorter):
        """The formula of the class, with `shorter` for p_{k-1}."""
        weight = self.smoothing * continuations
        return np.where(
            total > 0,
            (n + weight * shorter) / np.where(total > 0, total + weight, 1),
            shorter,
        )

    def _events(self, rows, places):
        """Row, id and context of each symbol.

        The columns of a context are the place, the newest symbol, and the older ones;
        the first k + 1 columns are the context of length k.
        """
        occupied = rows >= 0
        ids = find(self.symbols, rows, missing=self._unknown)
        padded = np.pad(ids, ((0, 0), (self.order, 0)), constant_values=self._start)
        width = rows.shape[1]
        places = np.zeros(width, dtype=int) if places is None else places
        columns = [np.broadcast_to(places, rows.shape)[occupied]]
        for back in range(1, self.order + 1):
            first = self.order - back
            columns.append(padded[:, first : first + width][occupied])
        return np.nonzero(occupied)[0], ids[occupied], columns


def find(values, wanted, missing=-1):
    """Index of each wanted integer in sorted values, `missing` if it is not in them."""
    found = np.searchsorted(values, wanted)
    padded = np.append(values, np.iinfo(np.int64).min)
    return np.where(padded[found] == wanted, found, missing)


def _own_counts(row, context, gram, level):
    """Contribution of the row of each symbol to the three counts of its n-gram."""
    _, first, of_gram, grams = np.unique(
        row * len(level.grams) + gram,
        return_index=True,
        return_inverse=True,
        return_counts=True,
    )
    _, of_context, contexts = np.unique(
        row * len(level.contexts) + context, return_inverse=True, return_counts=True
    )
    only_here = grams == level.gram_counts[gram[first]]
    continuations = np.bincount(of_context[first], weights=only_here).astype(int)
    return grams[of_gram], contexts[of_context], continuations[of_context]
