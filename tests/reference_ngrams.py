"""Plain dictionaries of n-grams, written straight from the formula."""

from collections import Counter, defaultdict

START = "start"


class DictNGrams:
    """Counts of sequences, optionally by the place of each symbol."""

    def __init__(self, sequences, order, n_symbols, smoothing=1.0, places=None):
        self.order, self.n_symbols, self.smoothing = order, n_symbols, smoothing
        self.places = places
        self.counts = defaultdict(Counter)
        for sequence in sequences:
            for t, symbol in enumerate(sequence):
                context = self.context(sequence, t)
                for k in range(order + 1):
                    self.counts[self.place(t), context[order - k :]][symbol] += 1

    def place(self, t):
        return 0 if self.places is None else int(self.places[t])

    def context(self, sequence, t):
        """The `order` symbols before one, the oldest first."""
        return tuple([START] * self.order + list(sequence))[t : t + self.order]

    def probability(self, symbol, place, context):
        after = self.counts.get((place, context), Counter())
        if context:
            shorter = self.probability(symbol, place, context[1:])
        else:
            shorter = 1 / self.n_symbols
        if not after:
            return shorter
        weight = self.smoothing * len(after)
        return (after[symbol] + weight * shorter) / (sum(after.values()) + weight)

    def probabilities(self, sequence):
        return [
            self.probability(symbol, self.place(t), self.context(sequence, t))
            for t, symbol in enumerate(sequence)
        ]

    def longest_known(self, symbols):
        """Longest suffix of the symbols that occurs before a symbol at any place."""
        known = {context for _, context in self.counts}
        symbols = tuple([START] * self.order + list(symbols))
        suffixes = (symbols[len(symbols) - k :] for k in range(self.order, -1, -1))
        return next(suffix for suffix in suffixes if suffix in known)
