import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_c2c import PianoRollEncoder
from sklearn_c2c.generation import refine
from sklearn_c2c.melody import check_melodies, mend_orphan_holds

N_STEPS = 16

CRITICS = {
    "logistic": LogisticRegression(),
    "network": MLPClassifier((8,), solver="lbfgs", random_state=0),
    "kernel": SVC(),
    "forest": RandomForestClassifier(20, random_state=0),
}


@pytest.fixture(scope="module")
def phrases(reels):
    """Beginnings of reels, and the same with their steps in disorder."""
    rng = np.random.default_rng(0)
    good = reels[:, :N_STEPS]
    bad = mend_orphan_holds(rng.permuted(good, axis=1))
    return np.vstack([good, bad]), np.repeat(["well", "ill"], len(reels))


@pytest.fixture(scope="module", params=CRITICS)
def critic(request, phrases):
    return make_pipeline(PianoRollEncoder(), CRITICS[request.param]).fit(*phrases)


def test_refinement_ends_in_acceptance(critic, phrases):
    X = phrases[0][-10:]
    before = X.copy(), pickle.dumps(critic)
    result = refine(critic, X, random_state=0)
    assert result.accepted.mean() >= 0.8
    assert_array_equal(result.accepted, critic.predict(result.melodies) == "well")
    assert_array_equal(check_melodies(result.melodies), result.melodies)
    assert (result.after >= result.before).all()
    again = refine(critic, X, random_state=0)
    assert_array_equal(again.melodies, result.melodies)
    assert_array_equal(X, before[0])
    assert pickle.dumps(critic) == before[1]


def test_every_change_is_legal_and_better(critic, phrases):
    X = phrases[0][-5:]
    result = refine(critic, X, max_iter=2, random_state=0)
    for path, start, end in zip(result.paths, X, result.melodies, strict=True):
        assert_array_equal(path[[0, -1]], [start, end])
        assert_array_equal(check_melodies(path), path)
        assert (np.diff(score_of_the_last_class(critic, path)) > 0).all()
        assert (critic.predict(path[:-1]) == "well").sum() == 0


def score_of_the_last_class(critic, X):
    if hasattr(critic, "decision_function"):
        return critic.decision_function(X)
    return critic.predict_proba(X)[:, -1]


def test_scores_are_reported_and_counted(phrases):
    class Counting(LogisticRegression):
        n_rows = 0

        def decision_function(self, X):
            Counting.n_rows += len(X)
            return super().decision_function(X)

    critic = make_pipeline(PianoRollEncoder(), Counting()).fit(*phrases)
    result = refine(critic, phrases[0][:3], target="ill", random_state=0)
    assert result.n_classifier_calls == Counting.n_rows
    for rows, scores in [
        (phrases[0][:3], result.before),
        (result.melodies, result.after),
    ]:
        np.testing.assert_allclose(-critic.decision_function(rows), scores, rtol=1e-5)


def test_random_starts(critic, phrases):
    result = refine(critic, phrases[0], n_starts=4, target="ill", random_state=0)
    assert result.melodies.shape == (4, N_STEPS)
    assert_array_equal(check_melodies(result.melodies), result.melodies)
    starts = np.array([path[0] for path in result.paths])
    other = refine(critic, phrases[0], n_starts=4, target="ill", random_state=1)
    assert not np.array_equal(starts, [path[0] for path in other.paths])
    assert result.accepted.all()


def test_a_threshold_beyond_acceptance(phrases):
    """For a linear critic of independent steps each step of the optimum is the best."""
    critic = make_pipeline(PianoRollEncoder(), LogisticRegression()).fit(*phrases)
    plain = refine(critic, phrases[0][-5:], random_state=0)
    further = refine(critic, phrases[0][-5:], threshold=5.0, random_state=0)
    summit = refine(critic, phrases[0][-5:], threshold=np.inf, random_state=0)
    assert (further.after >= 5).all() and further.accepted.all()
    assert not summit.accepted.any()
    assert (summit.after >= further.after).all()
    assert (further.after >= plain.after).all()
    encoder, linear = critic
    n_tokens = encoder.n_tokens_
    best = linear.coef_.reshape(N_STEPS, n_tokens).max(axis=1).sum() + linear.intercept_
    assert (summit.after <= best + 1e-4).all()


def test_several_classes_and_rows_of_numbers(rng):
    X = rng.integers(0, 5, (90, 3))
    y = np.digitize(X.sum(axis=1), [4, 8])
    for critic in (LogisticRegression(), SVC(), RandomForestClassifier(random_state=0)):
        critic.fit(X, y)
        for target in range(3):
            result = refine(critic, X[:9], target=target, random_state=0)
            assert (critic.predict(result.melodies[result.accepted]) == target).all()
            assert result.accepted.mean() > 0.8
            assert np.isin(result.melodies, X).all()
        default = refine(critic, X[:9], random_state=0)
        assert_array_equal(default.melodies, result.melodies)


class Counter(ClassifierMixin, BaseEstimator):
    """Counts the values of a row that are 1, as the score of the second class."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, X):
        return (X == 1).sum(axis=1).astype(float)


def test_a_score_must_exceed_the_threshold():
    X = np.array([[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0]])
    critic = Counter().fit(X, ["few", "few", "many"])
    result = refine(critic, X, threshold=2, random_state=0)
    assert result.after.tolist() == [3, 3, 3] and result.accepted.all()
    assert [len(path) for path in result.paths] == [4, 2, 1]
    # A row of ones gets no better, and its score does not exceed the threshold.
    assert refine(critic, [[1, 1]], threshold=2).accepted.tolist() == [False]


def test_what_is_accepted_stays(phrases):
    critic = make_pipeline(PianoRollEncoder(), LogisticRegression()).fit(*phrases)
    X = phrases[0][critic.predict(phrases[0]) == "well"][:3]
    result = refine(critic, X)
    assert_array_equal(result.melodies, X)
    assert [len(path) for path in result.paths] == [1, 1, 1]
    assert_array_equal(result.before, result.after)


def test_bad_calls_are_named(phrases):
    critic = make_pipeline(PianoRollEncoder(), LogisticRegression())
    with pytest.raises(NotFittedError):
        refine(critic, phrases[0])
    critic.fit(*phrases)
    with pytest.raises(ValueError, match=r"one of the classes .*ill.*got 'good'"):
        refine(critic, phrases[0], target="good")
    with pytest.raises(ValueError, match="'classifier' parameter"):
        refine(PianoRollEncoder(), phrases[0])
    with pytest.raises(ValueError, match="outside"):
        refine(critic, np.full((1, N_STEPS), 20))
