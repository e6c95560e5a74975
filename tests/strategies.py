"""Hypothesis strategies for melodies, adversarial ones among them."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sklearn_c2c.melody import END, HOLD, REST, mend_orphan_holds


def rows(max_melodies=5, low=0, high=127):
    """Rows of tokens, legal or not: often with repeats, leading holds or all rest."""
    codes = st.one_of(
        st.integers(low, high), st.just(HOLD), st.just(REST), st.just(low)
    )
    shapes = st.tuples(st.integers(1, max_melodies), st.integers(1, 24))
    return shapes.flatmap(lambda shape: hnp.arrays(np.int16, shape, elements=codes))


def melodies(**bounds):
    """Legal melodies."""
    return rows(**bounds).map(mend_orphan_holds)


@st.composite
def melodies_of_any_length(draw, **bounds):
    """Legal melodies, of which some end before their row does."""
    X = draw(melodies(**bounds))
    n_melodies, n_steps = X.shape
    length = st.one_of(st.just(n_steps), st.integers(1, n_steps))
    lengths = draw(st.lists(length, min_size=n_melodies, max_size=n_melodies))
    return np.where(np.arange(n_steps) < np.array(lengths)[:, None], X, END)


@st.composite
def rows_of_voices(draw, max_voices=4, **bounds):
    """A number of voices, and legal rows of their melodies one after the other."""
    n_voices = draw(st.integers(2, max_voices))
    voices = draw(melodies(**bounds))
    rows = np.tile(voices, (n_voices, 1))
    # Voices that differ, with steps of the same rows in other places.
    shifts = draw(st.lists(st.integers(0, 23), min_size=len(rows), max_size=len(rows)))
    rows = np.stack([np.roll(row, k) for row, k in zip(rows, shifts, strict=True)])
    rows = mend_orphan_holds(rows)
    rows[:, 0] = np.where(rows[:, 0] == REST, bounds.get("low", 0), rows[:, 0])
    return n_voices, mend_orphan_holds(rows).reshape(len(voices), -1)
