"""The transitions against counting by hand, and the decoding against all melodies."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA

from sklearn_c2c import PianoRollEncoder, _transitions, _viterbi
from sklearn_c2c.melody import END, HOLD, REST, check_melodies
from tests import plain
from tests.strategies import melodies, melodies_of_any_length


def transitions_of(X, steps_per_measure=4):
    return _transitions.count_transitions(np.asarray(X, np.int16), steps_per_measure)


# ------------------------------------------------------------------ a plain reference


def plain_transitions(X, steps_per_measure, n_symbols, symbol_of, level, n_ages):
    """Count with dictionaries, and smooth by the formula, context by context."""
    pitch_events, rhythm_events, last_symbols = [], [], []
    for row in X:
        before, last = [symbol_of(REST)] * 2, None
        for step, code in enumerate(row):
            place = step % steps_per_measure
            age = 0 if last is None else min(step - last, n_ages)
            rhythm_events.append(((), place, (place, age), int(code != HOLD)))
            if code != HOLD:
                s = symbol_of(code)
                pitch_events.append((level[place], *before[::-1], s))
                before, last = [before[1], s], step
        last_symbols.append(before[1])

    def smooth(events, context, lower, n):
        following = [s for c, s in events if c == context]
        kinds = len(set(following))
        if not following:
            return [lower[s] for s in range(n)]
        return [
            (following.count(s) + kinds * lower[s]) / (len(following) + kinds)
            for s in range(n)
        ]

    def pitch(lv, b, a):
        uniform = [1 / n_symbols] * n_symbols
        p = smooth([((), e[3]) for e in pitch_events], (), uniform, n_symbols)
        at_level = smooth([(e[0], e[3]) for e in pitch_events], lv, p, n_symbols)
        p = smooth([(e[1], e[3]) for e in pitch_events], b, p, n_symbols)
        p = smooth([(e[1:3], e[3]) for e in pitch_events], (b, a), p, n_symbols)
        p = smooth([(e[:3], e[3]) for e in pitch_events], (lv, b, a), p, n_symbols)
        return np.minimum(np.log(p) - np.log(at_level), 2)

    def rhythm(place, age):
        p = smooth([((), e[3]) for e in rhythm_events], (), [0.5, 0.5], 2)
        p = smooth([(e[1], e[3]) for e in rhythm_events], place, p, 2)
        q = smooth([(e[2], e[3]) for e in rhythm_events], (place, age), p, 2)
        return (np.log(q) - np.log(p)) / 2

    def end():
        uniform = [1 / n_symbols] * n_symbols
        p = smooth([((), e[3]) for e in pitch_events], (), uniform, n_symbols)
        q = smooth([((), s) for s in last_symbols], (), p, n_symbols)
        return np.log(q) - np.log(p)

    return pitch, rhythm, end


@settings(max_examples=20)
@given(
    melodies_of_any_length(max_melodies=3, low=60, high=62),
    st.sampled_from([1, 2, 3, 4]),
)
def test_transitions_are_those_of_the_formula(X, steps_per_measure):
    found = transitions_of(X, steps_per_measure)
    n_symbols, n_ages = len(found.end), found.rhythm.shape[1] - 1
    pitches = found.pitches.tolist()
    assert pitches == sorted(set(X[X < REST].tolist()))

    def symbol_of(code):
        return n_symbols - 1 if code == REST else pitches.index(code)

    melodies = [row[row != END].tolist() for row in X]
    args = melodies, steps_per_measure, n_symbols, symbol_of, found.level, n_ages
    pitch, rhythm, end = plain_transitions(*args)
    for lv, b, a in product(
        range(found.pitch.shape[0]), range(n_symbols), range(n_symbols)
    ):
        assert_allclose(found.pitch[lv, b, a], pitch(lv, b, a), rtol=1e-4, atol=1e-6)
    for place, age in product(range(len(found.level)), range(n_ages + 1)):
        expected = rhythm(place, age)
        assert_allclose(found.rhythm[place, age], expected, rtol=1e-4, atol=1e-6)
    assert_allclose(found.end, end(), rtol=1e-4, atol=1e-6)


def test_levels_are_those_of_the_metre():
    half = [0, 1, 0, 2, 0, 1, 0]
    assert _transitions._levels(16, 16).tolist() == [4, *half, 3, *half]
    jig = _transitions._levels(12, 12)
    assert jig[0] > jig[6] > jig[4] == jig[8] > jig[2] == jig[10] > jig[1] == jig[11]
    assert _transitions._levels(1, 1).tolist() == [0]


def test_counting_in_chunks_changes_nothing(reels, monkeypatch):
    whole = transitions_of(reels, 16)
    monkeypatch.setattr(_transitions, "_CHUNK_TO_COUNT", 7)
    for a, b in zip(whole, transitions_of(reels, 16), strict=True):
        assert_array_equal(a, b)


def test_rare_pitches_share_a_symbol():
    X = np.array([[40 + i, 40 + i] for i in range(60)] + [[80, 81]], np.int16)
    found = transitions_of(X)
    assert len(found.pitches) == 48
    assert found.pitch.shape[1:] == (50, 50, 50)
    assert found.pitches.tolist() == list(range(40, 88))


# -------------------------------------------------------------------- the decoding


@pytest.fixture(params=[_viterbi.viterbi, plain.viterbi], ids=["kernel", "plain"])
def viterbi(request, monkeypatch):
    """The kernel, and the plain function, which here decodes in its place."""
    monkeypatch.setattr(_viterbi, "viterbi", request.param)
    return request.param


def plain_score(row, log_p, codes, transitions):
    """Score of one melody, term by term."""
    pitches, level, pitch, rhythm, end = transitions
    n_places, n_ages = rhythm.shape[0], rhythm.shape[1] - 1
    rest = len(end) - 1
    a, b, last, score = rest, rest, None, 0.0
    for step, code in enumerate(row):
        place = step % n_places
        age = 0 if last is None else min(step - last, n_ages)
        score += log_p[step, list(codes).index(code)]
        score += rhythm[place, age, int(code != HOLD)]
        if code == HOLD:
            continue
        if code == REST:
            s = rest
        else:
            s = list(pitches).index(code) if code in pitches else len(pitches)
        score += pitch[level[place], b, a, s]
        a, b, last = b, s, step
    return score + end[b]


def legal_rows(codes, n_steps):
    for row in product(codes, repeat=n_steps):
        previous = [REST, *row[:-1]]
        if not any(c == HOLD and p == REST for c, p in zip(row, previous, strict=True)):
            yield row


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("weight", [0.3, 1.0])
@pytest.mark.parametrize("steps_per_measure", [1, 3, 4])
@pytest.mark.usefixtures("viterbi")
def test_decoding_finds_the_best_of_all_melodies(rng, zeros, weight, steps_per_measure):
    X = [[60, HOLD, 62, 60, HOLD], [62, 60, REST, 60, 62], [62, HOLD, HOLD, 60, 60]]
    codes = np.array([60, 61, 62, HOLD, REST], np.int16)
    transitions = transitions_of(X, steps_per_measure)
    rows = np.array(list(legal_rows(codes.tolist(), 5)))
    places = np.argmax(rows[..., np.newaxis] == codes, axis=2)
    nothing = np.zeros((5, 5))
    by_rules = [plain_score(row, nothing, codes, transitions) for row in rows]
    for _ in range(15):
        P = rng.dirichlet(np.full(5, 0.7), size=(1, 5))
        if zeros:
            P[rng.random(P.shape) < 0.3] = 0
            P[0, range(5), rng.permutation(3)[0]] += 0.01
        P /= P.sum(axis=2, keepdims=True)
        found = _transitions.most_probable_melodies(P, codes, transitions, weight)
        doubt = (1 - P.max(axis=2)).mean()
        w = weight * min(1, doubt / 0.1) ** 2
        with np.errstate(divide="ignore"):
            log_p = np.maximum(np.log(P[0]), -1e4) / w
        best = np.max(by_rules + log_p[range(5), places].sum(axis=1))
        assert plain_score(found[0], log_p, codes, transitions) == pytest.approx(
            best, abs=1e-3
        )


@settings(max_examples=30)
@given(
    X=melodies(max_melodies=3, low=58, high=63),
    seed=st.integers(0, 2**32 - 1),
    weight=st.sampled_from([0.1, 0.7, 2.0]),
    steps_per_measure=st.sampled_from([1, 2, 5, 16]),
)
def test_steps_that_leave_no_choice_are_kept(X, seed, weight, steps_per_measure):
    rng = np.random.default_rng(seed)
    encoder = PianoRollEncoder(
        (57, 64), transition_weight=weight, steps_per_measure=steps_per_measure
    ).fit(X)
    roll = encoder.transform(X).reshape(*X.shape, -1)
    kept = rng.random(X.shape) < 0.5
    P = np.where(kept[:, :, None], roll, rng.random(roll.shape))
    decoded = check_melodies(encoder.inverse_transform(P.reshape(len(X), -1)))
    assert_array_equal(decoded[kept], X[kept])


def test_a_decoder_without_doubt_is_not_overruled(reels, rng):
    encoder = PianoRollEncoder(transition_weight=5.0).fit(reels)
    roll = encoder.transform(reels).reshape(*reels.shape, -1)
    sure = roll + 0.001 * rng.random(roll.shape)
    decoded = encoder.inverse_transform(sure.reshape(len(reels), -1))
    assert_array_equal(decoded, reels)


def test_without_weight_the_largest_value_counts(reels, rng):
    encoder = PianoRollEncoder(transition_weight=0).fit(reels)
    P = rng.random((20, encoder.transform(reels).shape[1]))
    tokens = P.reshape(20, 128, -1).argmax(axis=2)
    expected = encoder.tokens_[tokens]
    for row in expected:
        for t in range(128):
            if row[t] == HOLD and (t == 0 or row[t - 1] == REST):
                row[t] = REST
    assert_array_equal(encoder.inverse_transform(P), expected)


def test_transitions_choose_what_follows_in_the_corpus():
    # The decoder cannot decide between 62 and 64; after 60 there is 64 in the corpus.
    X = [[60, 64, 60, 64], [60, 64, 60, 64], [62, 62, 62, 62], [62, 62, 62, 62]]
    encoder = PianoRollEncoder(steps_per_measure=4).fit(X)
    P = np.zeros((1, 4, encoder.n_tokens_))
    P[0, [0, 2], 0] = 1
    P[0, [1, 3], 2], P[0, [1, 3], 4] = 0.51, 0.49
    assert encoder.inverse_transform(P.reshape(1, -1)).tolist() == [[60, 64, 60, 64]]
    encoder.set_params(transition_weight=0)
    assert encoder.inverse_transform(P.reshape(1, -1)).tolist() == [[60, 62, 60, 62]]


def test_any_number_of_threads_gives_the_same_melodies(reels, rng, monkeypatch):
    encoder = PianoRollEncoder().fit(reels)
    P = rng.random((64, encoder.transform(reels).shape[1]))
    found = []
    for n_threads in ("1", "2", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", n_threads)
        found.append(encoder.inverse_transform(P))
    assert_array_equal(found[0], found[1])
    assert_array_equal(found[0], found[2])


@pytest.mark.parametrize("name", ["level", "pitch", "rhythm", "end"])
def test_damaged_transitions_never_reach_the_kernel(reels, rng, name):
    encoder = PianoRollEncoder().fit(reels)
    P = rng.random((2, encoder.transform(reels).shape[1]))
    good = encoder.transitions_[name]
    holes = good.astype(np.float32)
    holes.flat[0] = np.nan
    shapes = good[..., :-1], good[:-1], good.astype(np.float64) + 0.5
    for bad in (*shapes, good + 99, holes):
        encoder.transitions_ = {**encoder.transitions_, name: bad}
        if (
            name != "level"
            and bad is not holes
            and bad.dtype == np.float32
            and (bad.shape == good.shape)
        ):
            continue  # any numbers are allowed in their place
        with pytest.raises(ValueError, match=r"transitions_\[.*expected an array"):
            encoder.inverse_transform(P)


def test_a_large_measure_costs_no_memory():
    encoder = PianoRollEncoder(steps_per_measure=10**6).fit([[60, HOLD, 62, 60]])
    assert encoder.transitions_["rhythm"].shape == (4, 33, 2)


def test_the_kernel_never_begins_a_hold_with_a_rest(rng, viterbi):
    scores = rng.normal(size=(3, 9, 2)).astype(np.float32)
    holds = np.full((3, 9), 5, np.float32)
    pitch = np.zeros((1, 2, 2, _viterbi.TILE_COLUMNS), np.float32)
    rhythm, end = np.zeros((1, 3, 2), np.float32), np.zeros(2, np.float32)
    out = np.empty((3, 9), np.int32)
    level = np.zeros(1, int)
    viterbi(0, 3, out, scores, holds, level, pitch, rhythm, end)
    before = np.column_stack([np.ones(3), out[:, :-1]])
    assert not ((out == 2) & (before == 1)).any()


@pytest.mark.parametrize("n_components", [50, 60, 70])
def test_real_values_are_likelihoods_of_what_they_are_near(reels, n_components):
    """With PCA, whose values are not probabilities, no correct step is changed."""
    roll = PianoRollEncoder(transition_weight=0).fit(reels)
    pca = PCA(n_components, svd_solver="full")
    P = pca.inverse_transform(pca.fit_transform(roll.transform(reels)))
    along = PianoRollEncoder().fit(reels).inverse_transform(P)
    wrong = roll.inverse_transform(P) != reels
    assert (along != reels).sum() <= wrong.sum() <= 2


def test_values_of_any_size_are_decoded(rng):
    encoder = PianoRollEncoder().fit([[62, HOLD, 64, 66], [66, 64, 62, HOLD]])
    P = rng.random((5, 4 * 7))
    decoded = [encoder.inverse_transform(scale * P) for scale in (1e-200, 1, 1e200)]
    assert_array_equal(decoded[0], decoded[1])
    assert_array_equal(decoded[0], decoded[2])
    check_melodies(encoder.inverse_transform(1e200 * (P - 0.5)))
