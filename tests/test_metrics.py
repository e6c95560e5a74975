import numpy as np
import pytest

from sklearn_c2c.metrics import melody_accuracy, nearest_melody, step_accuracy


def test_accuracies_count_steps_and_whole_melodies(reels):
    other = reels.copy()
    other[0, :3] = [60, 60, 60]
    other[5, 127] = 60
    changed = (other != reels).sum()
    assert changed >= 3
    assert step_accuracy(reels, other) == 1 - changed / reels.size
    assert melody_accuracy(reels, other) == 73 / 75
    assert step_accuracy(reels, reels) == melody_accuracy(reels, reels) == 1


def test_the_nearest_tune_of_a_tune_is_itself(reels):
    index, distance = nearest_melody(reels, reels)
    assert index.tolist() == list(range(75)) and not distance.any()
    others = [
        nearest_melody(row, np.delete(reels, i, 0)) for i, row in enumerate(reels)
    ]
    distances = np.concatenate([distance for _, distance in others])
    assert 0 < distances.min() < np.median(distances) < 0.6


def test_mismatches_are_named():
    with pytest.raises(ValueError, match=r"\(1, 2\) and \(1, 3\)"):
        step_accuracy([[60, 62]], [[60, 62, 64]])
    with pytest.raises(ValueError, match="3 steps in corpus, got shape"):
        nearest_melody([[60, 62, 64]], [[60, 62]])
