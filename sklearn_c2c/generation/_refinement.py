"""Creation by refinement: change a melody until a classifier accepts it."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch, check_array, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._models import melody_encoder
from sklearn_c2c.melody import END

# Rounding of scores between batches, relative to the largest score.
_ROUNDING = 1e-6


@validate_params(
    {
        "classifier": [
            HasMethods(["decision_function"]),
            HasMethods(["predict_proba"]),
        ],
        "X": ["array-like"],
        "threshold": [Real],
        "n_starts": [Interval(Integral, 1, None, closed="left"), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def refine(
    classifier,
    X,
    *,
    target=None,
    threshold=0.0,
    n_starts=None,
    max_iter=20,
    random_state=None,
):
    """Change melodies one step at a time until a classifier accepts them.

    In Lewis' creation by refinement a classifier is trained on good and bad examples,
    and then its input is changed to raise its score. Lewis uses gradient ascent, which
    needs a neural network. Here the score is raised by coordinate ascent, for any
    classifier: the steps are visited in random order, every value is tried at a step,
    and the one with the largest score is kept if it raises the score.

    Parameters
    ----------
    classifier : fitted classifier or Pipeline
        Has `decision_function` or `predict_proba`. A Pipeline that begins with a
        `PianoRollEncoder` is given legal melodies only, of all pitches of its encoder.

    X : array-like of shape (n_melodies, n_steps)
        Melodies to start from; with `n_starts`, rows of the length and the values to
        draw.

    target : label, default=None
        Class to reach; None is the last of ``classifier.classes_``, the positive class
        of two.

    threshold : float, default=0.0
        Score to exceed. Above 0 the classifier predicts the target. ``np.inf`` ends
        the search where no change of a single step raises the score.

    n_starts : int, default=None
        Number of random rows to start from, with values drawn uniformly for each step,
        and, if melodies may end early, their lengths too. None starts from the rows of
        X.

    max_iter : int, default=20
        Maximum number of rounds over all steps.

    random_state : int, RandomState instance or None, default=None
        For random starts and the order of the steps. An int makes the result
        reproducible.

    Returns
    -------
    result : `Bunch`
        - melodies : ndarray of shape (n_starts, n_steps), the refined melodies
        - paths : list of ndarray of shape (n_changes + 1, n_steps), for each start the
          melody before and after every change
        - before, after : ndarray of shape (n_starts,), the classifier's score
        - accepted : ndarray of bool, shape (n_starts,), whether it exceeds `threshold`
        - n_classifier_calls : int, rows scored

    Raises
    ------
    ValueError
        If target is not one of the classifier's classes.

    Notes
    -----
    The score is the margin of the target: its `decision_function`, or else its
    `predict_proba`, minus the largest of the other classes. The values of a step are
    the encoder's ``tokens_``, or without an encoder all values of X. One round computes
    ``n_starts * n_steps * n_values`` scores. The search ends early where the score is
    constant over wide regions, as with trees.

    References
    ----------
    J. P. Lewis, "Creation by refinement: a creativity paradigm for gradient descent
    learning networks", ICNN 1988.
    J.-P. Briot, "Compress to Create", section V.v and footnote 27.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import PianoRollEncoder, generation
    >>> X = [[62, 129, 66, 69], [66, 129, 69, 62], [61, 63, 65, 68], [63, 61, 68, 65]]
    >>> critic = make_pipeline(PianoRollEncoder(), LogisticRegression())
    >>> critic = critic.fit(X, ["bad", "bad", "good", "good"])
    >>> result = generation.refine(critic, X[:2], random_state=0)
    >>> result.accepted, critic.predict(result.melodies)
    (array([ True,  True]), array(['good', 'good'], dtype='<U4'))
    """
    check_is_fitted(classifier)
    rows = check_array(X, dtype=None, copy=True)
    critic = _Critic(classifier, rows, target)
    rng = check_random_state(random_state)
    if n_starts is not None:
        rows = critic.draw(n_starts, rows, rng)
    score = critic.score(rows)
    before = score.copy()
    paths = [[row.copy()] for row in rows]
    for _ in range(max_iter):
        order = rng.permutation(rows.shape[1])
        n_changed = sum(
            _improve(critic, step, rows, score, threshold, paths) for step in order
        )
        if not n_changed:
            break
    return Bunch(
        melodies=rows,
        paths=[np.array(path) for path in paths],
        before=before,
        after=score,
        accepted=score > threshold,
        n_classifier_calls=critic.n_calls,
    )


def _improve(critic, step, rows, score, threshold, paths):
    """Improve one step of the rows below the threshold; return how many changed."""
    short = np.flatnonzero(score <= threshold)
    if not short.size:
        return 0
    best_rows, best_score = critic.best_at(step, rows[short])
    better = best_score > score[short] + critic.rounding
    changed = short[better]
    rows[changed], score[changed] = best_rows[better], best_score[better]
    for i in changed:
        paths[i].append(rows[i].copy())
    return changed.size


class _Critic:
    """Scores rows with a classifier, and makes the rows it can score."""

    def __init__(self, classifier, X, target):
        classes = classifier.classes_
        target = classes[-1] if target is None else target
        if target not in classes:
            raise ValueError(
                f"target must be one of the classes {classes.tolist()}, got {target!r}."
            )
        self._classifier = classifier
        self._column = int(np.flatnonzero(classes == target)[0])
        self._encoder = melody_encoder(classifier)
        self.values = self._encoder.tokens_ if self._encoder else np.unique(X)
        self.n_calls, self.rounding = 0, 0.0

    def draw(self, n_starts, X, rng):
        """Random rows like those of X."""
        shape = n_starts, X.shape[1]
        if self._encoder is None or END not in self.values:
            return self.legal(rng.choice(self.values, shape).astype(X.dtype))
        rows = rng.choice(self.values[self.values != END], shape).astype(X.dtype)
        lengths = rng.randint(1, X.shape[1] + 1, size=(n_starts, 1))
        return self.legal(np.where(np.arange(X.shape[1]) < lengths, rows, END))

    def legal(self, rows):
        """Legal melodies from rows of tokens."""
        if self._encoder is None:
            return rows
        one_hot = (rows[:, :, None] == self.values).astype(np.float32)
        melodies = self._encoder.inverse_transform(one_hot.reshape(len(rows), -1))
        return melodies.astype(rows.dtype)

    def score(self, rows):
        """Margin of the target over the largest score of the other classes."""
        self.n_calls += len(rows)
        if hasattr(self._classifier, "decision_function"):
            scores = self._classifier.decision_function(rows)
        else:
            scores = self._classifier.predict_proba(rows)
        if scores.ndim == 1:
            margin = scores if self._column == 1 else -scores
        else:
            others = np.delete(scores, self._column, axis=1)
            margin = scores[:, self._column] - others.max(axis=1)
        self.rounding = max(self.rounding, _ROUNDING * np.abs(margin).max())
        return margin

    def best_at(self, step, rows):
        """Best change of each row at one step, and its score."""
        n_rows, n_values = len(rows), len(self.values)
        candidates = np.repeat(rows, n_values, axis=0)
        candidates[:, step] = np.tile(self.values, n_rows)
        candidates = self.legal(candidates)
        scores = self.score(candidates).reshape(n_rows, n_values)
        best = scores.argmax(axis=1)
        return candidates[np.arange(n_rows) * n_values + best], scores.max(axis=1)
