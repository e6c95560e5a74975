"""Markov chains: the formula, all rows enumerated, constraints met exactly."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError

from sklearn_c2c import MarkovMelodies
from sklearn_c2c.melody import END, HOLD, REST, check_melodies, melody_lengths
from sklearn_c2c.persistence import load, save
from tests.reference_ngrams import DictNGrams
from tests.strategies import melodies, melodies_of_any_length

# Two pitches, four steps. A rest occurs only at the end: no context contains it.
TINY = [
    [60, HOLD, 61, HOLD],
    [60, 61, HOLD, 60],
    [61, HOLD, HOLD, REST],
    [60, HOLD, 61, 60],
    [60, 61, 60, HOLD],
]
# The same, of which some end before the row; none of them after its first step.
SHORT = [
    [60, HOLD, 61, END],
    [60, 61, END, END],
    [61, HOLD, HOLD, REST],
    [60, HOLD, END, END],
    [60, 61, 60, HOLD],
]
MODELS = [
    {"order": 0},
    {"order": 1, "steps_per_measure": 2},
    {"order": 2, "smoothing": 0.3},
    {"order": 3, "smoothing": 0.0},
    {"order": 5, "steps_per_measure": 3},
    {"order": 1, "smoothing": 0.0, "steps_per_measure": 2},
]


def legal_rows(codes, n_steps):
    """All melodies of these tokens."""
    rows = np.array(list(product([*codes, HOLD, REST], repeat=n_steps)))
    orphan = rows == HOLD
    orphan[:, 1:] &= rows[:, :-1] == REST
    return rows[~orphan.any(axis=1)]


ROWS = legal_rows([60, 61], 4)


def short_rows(codes, n_steps):
    """All melodies of these tokens that have at most so many steps."""
    return np.vstack(
        [
            np.pad(
                legal_rows(codes, n), ((0, 0), (0, n_steps - n)), constant_values=END
            )
            for n in range(1, n_steps + 1)
        ]
    )


SHORT_ROWS = short_rows([60, 61], 4)


def places_of(n_steps, longest, steps_per_measure):
    if steps_per_measure is None:
        return [0] * n_steps
    last = (longest - 1) // steps_per_measure
    return [
        (t // steps_per_measure == last and t <= longest, t % steps_per_measure)
        for t in range(n_steps)
    ]


def until_end(row):
    """The steps of a melody, and its end if the row is longer."""
    return row[: row.index(END) + 1] if END in row else row


class Reference:
    """Transitions of the model from the formula, without holds after no note.

    The end of a melody that is shorter than its row is one more token.
    """

    def __init__(self, X, order, smoothing=1.0, steps_per_measure=None):
        known = {code for row in X for code in row}
        pitches = known - {HOLD, REST, END}
        self.codes = [*range(min(pitches), max(pitches) + 1), HOLD, REST]
        self.codes += [END] * (END in known)
        longest = max(row.index(END) if END in row else len(row) for row in X)
        places = places_of(len(X[0]), longest, steps_per_measure)
        numbers = [sorted(set(places)).index(place) for place in places]
        X = [until_end(row) for row in X]
        self.ngrams = DictNGrams(X, order, len(self.codes), smoothing, places=numbers)

    def step(self, row, t):
        """Probability of each token at step t of a row."""
        context, place = self.ngrams.context(row, t), self.ngrams.place(t)
        silent = t == 0 or row[t - 1] == REST
        p = {code: self.ngrams.probability(code, place, context) for code in self.codes}
        if silent:
            p[HOLD] = 0
        if t == 0 and END in p:
            p[END] = 0
        total = sum(p.values())
        return {c: p[c] / total if total else float(c == REST) for c in self.codes}

    def likelihood(self, row, allowed=None):
        """Probability of a row; with `allowed`, of a model that does not look ahead."""
        likelihood = 1.0
        for t, code in enumerate(until_end(row)):
            p = self.step(row, t)
            if allowed is not None:
                p = {c: p[c] * allowed[t, c] for c in p}
                total = sum(p.values())
                p = {c: p[c] / total if total else 0 for c in p}
            likelihood *= p[code]
        return likelihood


def may_be(**steps):
    """Tokens allowed at four steps, those not named free."""
    allowed = np.ones((4, 130), dtype=bool)
    for name, codes in steps.items():
        allowed[int(name[1])] = np.isin(np.arange(130), codes)
    return allowed


@pytest.mark.parametrize("parameters", MODELS, ids=str)
def test_likelihoods_are_the_formula_s_and_sum_up_to_1(parameters):
    likelihood = np.exp(MarkovMelodies(**parameters).fit(TINY).score_samples(ROWS))
    reference = Reference(TINY, **parameters)
    expected = [reference.likelihood(row) for row in ROWS.tolist()]
    assert likelihood == pytest.approx(np.array(expected), abs=1e-12)
    assert likelihood.sum() == pytest.approx(1)


@pytest.mark.parametrize("n_steps", [4, 6])  # of a row that no melody fills, too
@pytest.mark.parametrize("parameters", MODELS, ids=str)
def test_likelihoods_of_melodies_of_any_length_sum_up_to_1(parameters, n_steps):
    known = [[*row, *[END] * (n_steps - 4)] for row in SHORT]
    rows = short_rows([60, 61], n_steps)
    model = MarkovMelodies(**parameters).fit(known)
    likelihood = np.exp(model.score_samples(rows))
    assert likelihood.sum() == pytest.approx(1)
    reference = Reference(known, **parameters)
    expected = [reference.likelihood(row) for row in rows[::7].tolist()]
    assert likelihood[::7] == pytest.approx(np.array(expected), abs=1e-12)
    # Draws have the lengths of the model.
    drawn = melody_lengths(check_melodies(model.sample(5000, random_state=0)))
    expected = np.bincount(melody_lengths(rows), weights=likelihood)
    shares = np.bincount(drawn, minlength=n_steps + 1) / 5000
    assert shares == pytest.approx(expected, abs=0.03)


@given(
    melodies(low=60, high=62, max_melodies=4),
    st.integers(0, 4),
    st.sampled_from([0.0, 1.0]),
    st.sampled_from([None, 1, 2, 3]),
)
def test_likelihoods_of_any_melodies(X, order, smoothing, steps_per_measure):
    # Half of them are known, and both ends of the pitch range are.
    known = np.vstack([X[: len(X) // 2], X[:1], X[:1]])
    known[-2:, 0] = 60, 62
    reference = Reference(known.tolist(), order, smoothing, steps_per_measure)
    expected = [reference.likelihood(row) for row in X.tolist()]
    model = MarkovMelodies(
        order, smoothing=smoothing, steps_per_measure=steps_per_measure
    ).fit(known)
    likelihood = np.exp(model.score_samples(X))
    assert likelihood == pytest.approx(np.array(expected), rel=1e-9)
    assert model.score(X) == model.score_samples(X).mean()


@given(
    melodies_of_any_length(low=60, high=62, max_melodies=4),
    st.integers(0, 4),
    st.sampled_from([0.0, 1.0]),
    st.sampled_from([None, 1, 2, 3]),
)
def test_likelihoods_of_any_melodies_of_any_length(X, order, smoothing, per_measure):
    # Half of them are known. One is as long as the row, and one is short.
    ends = np.full((2, X.shape[1] + 1), END)
    ends[0, :], ends[1, 0] = 60, 62
    X = np.vstack([ends, np.pad(X, ((0, 0), (0, 1)), constant_values=END)])
    known = X[: len(X) // 2 + 1]
    reference = Reference(known.tolist(), order, smoothing, per_measure)
    expected = [reference.likelihood(row) for row in X.tolist()]
    model = MarkovMelodies(order, smoothing=smoothing, steps_per_measure=per_measure)
    likelihood = np.exp(model.fit(known).score_samples(X))
    assert likelihood == pytest.approx(np.array(expected), rel=1e-9)


CONSTRAINTS = {
    "none": {},
    "the end": {"fixed": [-1, -1, -1, 60]},
    "two steps": {"fixed": [-1, 61, -1, HOLD]},
    "a rhythm": {"allowed": may_be(t0=[60, 61], t1=[HOLD], t2=[60, 61], t3=[HOLD])},
    "both": {"fixed": [60, -1, -1, -1], "allowed": may_be(t2=[61, REST], t3=[60])},
}


@pytest.mark.parametrize("parameters", MODELS, ids=str)
@pytest.mark.parametrize("constraints", CONSTRAINTS.values(), ids=CONSTRAINTS)
def test_draws_have_the_conditional_distribution(parameters, constraints):
    n_samples = 20_000
    model = MarkovMelodies(**parameters).fit(TINY)
    allowed = constraints.get("allowed", may_be()).copy()
    for t, code in enumerate(constraints.get("fixed", [])):
        if code >= 0:
            allowed[t] &= np.arange(130) == code
    meets = allowed[np.arange(4), ROWS].all(axis=1)
    conditional = np.exp(model.score_samples(ROWS)) * meets
    conditional /= conditional.sum()
    X = model.sample(n_samples, random_state=0, **constraints)
    number = (ROWS[:, np.newaxis] == np.unique(X, axis=0)).all(axis=2)
    assert number.sum() == len(np.unique(X, axis=0))  # legal melodies only
    drawn = np.zeros(len(ROWS))
    drawn[number.argmax(axis=0)] = np.unique(X, axis=0, return_counts=True)[1]
    # The statistic's mean is the number of cells; the smallest cells may have none.
    likely = conditional > 0
    assert not drawn[~likely].any()
    expected = n_samples * conditional[likely]
    statistic = ((drawn[likely] - expected) ** 2 / expected).sum()
    n_free = likely.sum() - 1
    assert statistic < n_free + 6 * np.sqrt(2 * n_free) + 20


SHORT_CONSTRAINTS = {
    "none": [-1, -1, -1, -1],
    "not the end": [-1, 61, -1, -1],
    "two steps": [-1, -1, END, -1],
    "the whole row": [-1, -1, -1, HOLD],
}


@pytest.mark.parametrize("parameters", MODELS[1:4], ids=str)
@pytest.mark.parametrize(
    "fixed", SHORT_CONSTRAINTS.values(), ids=list(SHORT_CONSTRAINTS)
)
def test_constrained_draws_of_any_length(parameters, fixed):
    n_samples, fixed = 10_000, np.array(fixed)
    model = MarkovMelodies(**parameters).fit(SHORT)
    conditional = np.exp(model.score_samples(SHORT_ROWS))
    conditional *= ((SHORT_ROWS == fixed) | (fixed < 0)).all(axis=1)
    conditional /= conditional.sum()
    X = check_melodies(model.sample(n_samples, fixed=fixed, random_state=0))
    drawn = (SHORT_ROWS[:, np.newaxis] == np.unique(X, axis=0)).all(axis=2)
    share = drawn @ np.unique(X, axis=0, return_counts=True)[1] / n_samples
    assert share.sum() == pytest.approx(1)  # legal melodies only
    assert not share[conditional == 0].any()
    assert share == pytest.approx(conditional, abs=0.02)
    # The same by a mask, which has a column for the end.
    allowed = np.ones((4, 131), dtype=bool)
    allowed[fixed >= 0] = np.arange(131) == fixed[fixed >= 0, np.newaxis]
    assert (model.sample(n_samples, allowed=allowed, random_state=0) == X).all()


def test_the_distribution_is_not_that_of_looking_no_step_ahead():
    # A wrong distribution that the test above must reject, by the same statistic.
    reference, allowed = Reference(TINY, order=2), may_be(t1=[61], t3=[HOLD])
    meets = allowed[np.arange(4), ROWS].all(axis=1)
    rows = ROWS[meets].tolist()
    conditional = np.array([reference.likelihood(row) for row in rows])
    conditional /= conditional.sum()
    myopic = np.array([reference.likelihood(row, allowed) for row in rows])
    statistic = 20_000 * ((myopic - conditional) ** 2 / conditional).sum()
    assert statistic > 20 * len(rows)


def test_fixed_steps_and_rhythms_of_real_tunes_are_kept(reels):
    model = MarkovMelodies(order=6, steps_per_measure=16).fit(reels[5:])
    begins_and_ends = np.full(128, -1)
    begins_and_ends[:16], begins_and_ends[112:] = reels[5, :16], reels[6, 112:]
    X = check_melodies(model.sample(5, fixed=begins_and_ends, random_state=0))
    kept = begins_and_ends >= 0
    assert (X[:, kept] == begins_and_ends[kept]).all()
    assert len(np.unique(X[:, ~kept], axis=0)) == 5
    # A row for each melody: the first measure of others, not of fit.
    each = np.where(np.arange(128) < 16, reels[:5], -1)
    X = model.sample(5, fixed=each, random_state=0)
    assert (X[:, :16] == reels[:5, :16]).all()
    # The rhythm of a tune: its onsets, holds and rests, with any pitch.
    rhythm = np.where(reels[0] < REST, 0, reels[0])
    allowed = (
        np.maximum(np.arange(130) - 127, 0) == np.maximum(rhythm - 127, 0)[:, None]
    )
    X = model.sample(5, allowed=allowed, random_state=0)
    assert (np.where(X < REST, 0, X) == rhythm).all()
    assert len(np.unique(X, axis=0)) == 5


def test_melodies_end_as_the_corpus_does(reels):
    def known_ends(steps_per_measure):
        model = MarkovMelodies(4, steps_per_measure=steps_per_measure).fit(reels)
        X = model.sample(200, random_state=0)
        ends = {tuple(row) for row in reels[:, -8:] < REST}
        return np.mean([tuple(row) in ends for row in X[:, -8:] < REST])

    assert known_ends(None) < 0.5 < 0.85 < known_ends(16)


def test_places():
    def places(n_steps, steps_per_measure):
        X = [[60] * n_steps]
        return MarkovMelodies(steps_per_measure=steps_per_measure).fit(X).places_

    assert places(6, None).tolist() == [0] * 6
    assert places(6, 2).tolist() == [0, 1, 0, 1, 2, 3]
    assert places(5, 2).tolist() == [0, 1, 0, 1, 2]
    assert places(3, 4).tolist() == places(3, 3).tolist() == [0, 1, 2]


def test_same_seed_same_bits(reels):
    model = MarkovMelodies().fit(reels)
    fixed = np.where(np.arange(128) == 64, 74, -1)
    for options in ({}, {"fixed": fixed}):
        a, b, c = (model.sample(3, random_state=s, **options) for s in (0, 0, 1))
        assert a.dtype == np.int16 and (a == b).all() and (a != c).any()
    assert model.sample().shape == (1, 128)


def test_what_helps_with_unseen_tunes(reels):
    # Low orders have too short contexts, high ones too few of them.
    known, unknown = reels[:50], reels[50:]
    nats = {k: -MarkovMelodies(k).fit(known).score(unknown) for k in (0, 4, 16)}
    assert nats[4] < nats[16] < nats[0]
    plain, at_places = (
        MarkovMelodies(2, steps_per_measure=n).fit(known).score(unknown)
        for n in (None, 16)
    )
    assert at_places > plain + 10
    everything = MarkovMelodies(16, smoothing=0).fit(reels)
    assert (np.isfinite(everything.score_samples(reels))).all()
    assert np.isneginf(everything.score_samples(reels[:1, ::-1].clip(None, 128))).all()


@pytest.mark.parametrize(
    "X", [[[REST] * 3], [[60]], [[60, HOLD, HOLD]], [[60] * 3] * 2]
)
@pytest.mark.parametrize("parameters", MODELS, ids=str)
def test_awkward_melodies(X, parameters):
    model = MarkovMelodies(**parameters).fit(X)
    drawn = check_melodies(model.sample(20, random_state=0))
    assert drawn.shape == (20, len(X[0]))
    rows = legal_rows([60] if model.n_tokens_ == 3 else [], len(X[0]))
    assert np.exp(model.score_samples(rows)).sum() == pytest.approx(1)


def test_impossible_constraints():
    model = MarkovMelodies(2, smoothing=0).fit(TINY)
    always = MarkovMelodies(2).fit(TINY)
    # A pitch in a place where the corpus never has it.
    for fixed in ([REST, -1, -1, -1], [-1, -1, REST, -1], [60, 60, -1, -1]):
        with pytest.raises(
            ValueError, match=r"No melody meets.*fit with smoothing > 0"
        ):
            model.sample(fixed=fixed)
        assert always.sample(fixed=fixed).shape == (1, 4)
    # A hold without a note; a token both fixed and forbidden.
    for options in (
        {"fixed": [HOLD, -1, -1, -1]},
        {"fixed": [-1, REST, HOLD, -1]},
        {"fixed": [60, -1, -1, -1], "allowed": may_be(t0=[61, REST])},
        {"allowed": may_be(t2=[])},
    ):
        with pytest.raises(ValueError, match=r"No melody meets.*or some before it\.$"):
            always.sample(**options)
    with pytest.raises(ValueError, match="step 2"):
        always.sample(fixed=[-1, REST, HOLD, -1])


def test_errors():
    model = MarkovMelodies(1).fit(TINY)
    with pytest.raises(NotFittedError):
        MarkovMelodies().sample()
    with pytest.raises(
        ValueError, match=r"Found 62 at melody 0, step 1.*pitches 60-61"
    ):
        model.score_samples([[60, 62, 60, 60]])
    with pytest.raises(ValueError, match=r"Found 59 at step 0: the melodies of fit"):
        model.sample(fixed=[59, -1, -1, -1])
    with pytest.raises(ValueError, match="have no pitches"):
        MarkovMelodies().fit([[REST]]).score_samples([[60]])
    with pytest.raises(
        ValueError, match=r"shape \(4,\) or \(2, 4\), got shape \(3, 4\)"
    ):
        model.sample(2, fixed=[[-1] * 4] * 3)
    with pytest.raises(ValueError, match="integers in fixed, got float64"):
        model.sample(fixed=[0.5] * 4)
    with pytest.raises(ValueError, match="Found 130 at step 3: expected a token 0-129"):
        model.sample(fixed=[-1, -1, -1, 130])
    for allowed in (np.ones((4, 4), dtype=bool), np.ones((4, 130))):
        with pytest.raises(ValueError, match=r"allowed of shape \(4, 130\), a bool"):
            model.sample(allowed=allowed)
    with pytest.raises(ValueError, match=r"Found 130 at melody 0, step 3: the melody"):
        model.score_samples([[60, 60, 60, END]])
    short = MarkovMelodies(1).fit(SHORT)
    with pytest.raises(ValueError, match=r"allowed of shape \(4, 131\), a bool"):
        short.sample(allowed=np.ones((4, 130), dtype=bool))
    with pytest.raises(ValueError, match="Found 131 at step 3: expected a token 0-130"):
        short.sample(fixed=[-1, -1, -1, 131])
    with pytest.raises(ValueError, match="No melody meets the constraints"):
        short.sample(fixed=[END, -1, -1, -1])
    for parameters in ({"order": -1}, {"smoothing": -1}, {"steps_per_measure": 0}):
        with pytest.raises(ValueError, match=next(iter(parameters))):
            MarkovMelodies(**parameters).fit(TINY)
    with pytest.raises(ValueError, match="n_samples"):
        model.sample(0)


def test_a_model_of_any_length_is_saved_and_read(tmp_path):
    model = MarkovMelodies(2, steps_per_measure=2).fit(SHORT)
    save(model, tmp_path / "model.c2c")
    read = load(tmp_path / "model.c2c")
    assert (read.sample(9, random_state=0) == model.sample(9, random_state=0)).all()
