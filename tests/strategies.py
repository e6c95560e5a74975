"""Hypothesis strategies for melodies, adversarial ones among them."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sklearn_c2c.melody import HOLD, REST, mend_orphan_holds


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
