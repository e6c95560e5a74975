"""Attributes: counted by hand, step by step, under change; looked up by name."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_c2c import metrics
from sklearn_c2c.melody import (
    HOLD,
    N_PITCHES,
    REST,
    mend_orphan_holds,
    notes_from_melody,
    transpose,
)
from sklearn_c2c.metrics import (
    attribute_names,
    attribute_values,
    attributes,
    contour,
    mean_pitch,
    repeated_measure_share,
    repeated_note_share,
    rhythmic_complexity,
    stepwise_share,
    syncopation,
)
from tests.strategies import melodies

pytestmark = pytest.mark.filterwarnings("error")

JIG = {"steps_per_measure": 12, "steps_per_beat": 6}
# D - F# F# | rest A G D(above) - - -
TUNE = [62, HOLD, 66, 66, REST, 69, 67, 74, HOLD, HOLD, HOLD, HOLD]
SILENCE, DRONE = [REST] * 12, [62] + [HOLD] * 11


def one_onset_each(n_steps):
    """Row t has its only onset at step t."""
    return np.where(np.eye(n_steps, dtype=bool), 62, REST)


def weights(n_steps, **metre):
    """Weights of the places, in units of the strongest."""
    found = rhythmic_complexity(one_onset_each(n_steps), **metre)
    assert found.sum() == pytest.approx(1)
    return found / found.min()


def test_weights_of_common_time_are_those_of_toussaint():
    levels = [5, 1, 2, 1, 3, 1, 2, 1, 4, 1, 2, 1, 3, 1, 2, 1]
    np.testing.assert_allclose(weights(16), 5 / np.array(levels))
    # AR-VAE's, without the two ticks of a triplet in each beat, and its own for beats
    # two and four.
    ar_vae = [0.2, 1, 0.5, 1, 0.67, 1, 0.5, 1, 0.25, 1, 0.5, 1, 0.67, 1, 0.5, 1]
    others = [t for t in range(16) if t not in (4, 12)]
    np.testing.assert_allclose(weights(16)[others], np.array(ar_vae)[others] / 0.2)


@pytest.mark.parametrize(
    ("steps_per_beat", "levels"),
    [
        (6, [4, 1, 2, 1, 2, 1, 3, 1, 2, 1, 2, 1]),  # 6/8
        (4, [4, 1, 2, 1, 3, 1, 2, 1, 3, 1, 2, 1]),  # 3/4
        (1, [4, 1, 1, 2, 1, 1, 3, 1, 1, 2, 1, 1]),  # 12/4: 2 times 2 times 3
        (12, [4, 1, 2, 1, 3, 1, 2, 1, 3, 1, 2, 1]),  # one beat of three parts
    ],
)
def test_weights_of_twelve_steps_depend_on_the_beat(steps_per_beat, levels):
    found = weights(12, steps_per_measure=12, steps_per_beat=steps_per_beat)
    np.testing.assert_allclose(found, 4 / np.array(levels))


def test_complexity_is_the_mean_over_measures(reels):
    by_measure = rhythmic_complexity(reels.reshape(-1, 16)).reshape(len(reels), 8)
    np.testing.assert_allclose(rhythmic_complexity(reels), by_measure.mean(axis=1))
    full = np.full((1, 16), 62)
    assert rhythmic_complexity(full) == pytest.approx(1)
    assert rhythmic_complexity([SILENCE], **JIG) == 0


def syncopated_by_hand(row, level, stronger):
    notes = [t for t, code in enumerate(row) if code < N_PITCHES]
    hits = 0
    for t in notes:
        if t % level == 0 and t % stronger:
            place = next(s for s in range(t, t + stronger + 1) if s % stronger == 0)
            ahead = range(t + 1, place + 1)
            hits += place < len(row) and not any(s in notes for s in ahead)
    return hits / len(notes) if notes else np.nan


@given(st.data())
def test_syncopation_against_a_plain_loop(data):
    metre, pulses = data.draw(
        st.sampled_from(
            [
                ({"steps_per_measure": 8}, [8, 4, 2, 1]),
                ({"steps_per_measure": 12, "steps_per_beat": 6}, [12, 6, 2, 1]),
                ({"steps_per_measure": 12, "steps_per_beat": 4}, [12, 4, 2, 1]),
            ]
        )
    )
    codes = st.sampled_from([60, 64, HOLD, HOLD, REST])
    n_steps = 2 * metre["steps_per_measure"]
    row = data.draw(st.lists(codes, min_size=n_steps, max_size=n_steps))
    row = mend_orphan_holds(np.array(row))
    for stronger, level in pairwise(pulses):
        found = syncopation(row, level=level, **metre)
        np.testing.assert_allclose(
            found, [syncopated_by_hand(row.tolist(), level, stronger)]
        )


def test_what_is_and_is_not_syncopated():
    straight = [60, HOLD] * 4
    tied = [60, HOLD, 62, HOLD, HOLD, HOLD, 64, HOLD]  # held over the third quarter
    silent = [60, HOLD, 62, HOLD, REST, REST, 64, HOLD]
    dotted = [60, HOLD, HOLD, 62, 64, HOLD, HOLD, 65]  # anticipates nothing
    off = [REST, 60, REST, 60, REST, 60, REST, 60]
    X = [straight, tied, silent, dotted, off]
    eighths = syncopation(X, level=2, steps_per_measure=8)
    assert eighths.tolist() == [0, 1 / 3, 1 / 3, 0, 0]
    # The last onset of `off` is followed by no further place.
    sixteenths = syncopation(X, level=1, steps_per_measure=8)
    assert sixteenths.tolist() == [0, 0, 0, 0, 3 / 4]
    # An onset between the eighth and the beat: the later note is the syncopated one.
    X = [[60, HOLD, 62, 64, HOLD, HOLD, HOLD, HOLD]]
    assert syncopation(X, level=2, steps_per_measure=8) == 0
    assert syncopation(X, level=1, steps_per_measure=8) == 1 / 3


@pytest.mark.parametrize("level", [0, 3, 8, 16])
def test_levels_that_the_metre_has_not(level):
    with pytest.raises(ValueError, match=f"level={level}; expected one of 4, 2, 1: "):
        syncopation([[60] * 8], level=level, steps_per_measure=8)


def test_pitches_of_a_hand_counted_tune():
    X = [TUNE, SILENCE, DRONE]
    nan = np.nan
    expected = {
        mean_pitch: [(62 + 66 + 66 + 69 + 67 + 74) / 6, nan, 62],
        contour: [12, nan, 0],
        # +4 0 +3 -2 +7: one step, three leaps.
        stepwise_share: [1 / 4, nan, nan],
        repeated_note_share: [1 / 5, nan, nan],
    }
    for attribute, values in expected.items():
        np.testing.assert_allclose(attribute(X), values, err_msg=attribute.__name__)
    assert stepwise_share([[62, 61, 63, 60, 60]]) == 2 / 3  # minor third is a leap
    assert np.isnan(stepwise_share([[60, 60, 60]]))
    assert repeated_note_share([[60, 60, REST, 60]]) == 1


def test_measures_that_return():
    a, b, c = [60, HOLD], [62, 64], [60, 64]
    X = [a + b + a + b, a + a + a + b, a + b + c + c, a + a + a + a]
    found = repeated_measure_share(X, steps_per_measure=2)
    assert found.tolist() == [2 / 3, 2 / 3, 1 / 3, 1]
    assert np.isnan(repeated_measure_share(X, steps_per_measure=8)).all()


@given(melodies(low=20, high=100), st.integers(-20, 20))
def test_transposition_moves_the_mean_pitch_only(X, semitones):
    moved = transpose(X, semitones)
    np.testing.assert_allclose(mean_pitch(moved), mean_pitch(X) + semitones)
    metre = {"steps_per_measure": X.shape[1], "steps_per_beat": 1}
    for attribute in (contour, stepwise_share, repeated_note_share):
        np.testing.assert_allclose(attribute(moved), attribute(X))
    np.testing.assert_allclose(
        rhythmic_complexity(moved, **metre), rhythmic_complexity(X, **metre)
    )


@given(melodies())
def test_every_melody_is_measured_by_itself(X):
    for attribute in (mean_pitch, contour, stepwise_share, repeated_note_share):
        alone = [attribute(row)[0] for row in X]
        np.testing.assert_array_equal(attribute(X), alone)
    for row, direction, mean in zip(X, contour(X), mean_pitch(X), strict=True):
        pitches = notes_from_melody(row)[:, 2]
        assert np.isnan(direction) == np.isnan(mean) == (not len(pitches))
        if len(pitches):
            assert direction == np.diff(pitches).sum() and mean == pitches.mean()


def test_every_attribute_has_a_name_and_a_value(reels):
    names = attribute_names()
    values = attribute_values(reels, names, tonic="D")
    assert values.shape == (75, len(names)) and np.isfinite(values).all()
    functions = attributes(names, tonic="D")
    assert list(functions) == names
    for name, column in zip(names, values.T, strict=True):
        np.testing.assert_array_equal(functions[name](reels), column)
        np.testing.assert_array_equal(
            pickle.loads(pickle.dumps(functions[name]))(reels), column
        )
        public = name.replace("sixteenth_", "").replace("eighth_", "")
        assert public in metrics.__all__
        assert f"``{name}``" in attributes.__doc__
    spelled = attribute_values(reels, [n.replace("_", "-") for n in names], tonic="D")
    np.testing.assert_array_equal(spelled, values)
    alone = attribute_values(reels, "mean-pitch")
    np.testing.assert_array_equal(alone, mean_pitch(reels)[:, np.newaxis])


def test_names_are_told_the_metre_and_the_key(reels):
    jigs = reels[:, :96]  # as if they were
    found = attribute_values(
        jigs,
        ["eighth_syncopation", "sixteenth_syncopation", "in-scale-share"],
        tonic="D",
        mode="mixolydian",
        **JIG,
    )
    expected = [
        syncopation(jigs, level=2, **JIG),
        syncopation(jigs, level=1, **JIG),
        metrics.in_scale_share(jigs, "D", mode="mixolydian"),
    ]
    np.testing.assert_array_equal(found.T, expected)
    quick = attributes("eighth_syncopation", steps_per_measure=32, steps_per_beat=8)
    assert quick["eighth_syncopation"].keywords["level"] == 4


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match=r"'density'; expected one of note_density, "):
        attributes(["density"])
    with pytest.raises(ValueError, match="in_scale_share needs a tonic"):
        attributes("in-scale-share")
    with pytest.raises(
        ValueError, match=r"needs steps of a sixteenth or less, got .*2"
    ):
        attributes("sixteenth-syncopation", steps_per_measure=8, steps_per_beat=2)
    with pytest.raises(ValueError, match="16 steps per measure at steps_per_beat=3"):
        rhythmic_complexity([[60] * 16], steps_per_beat=3)
    for attribute in (rhythmic_complexity, syncopation, repeated_measure_share):
        with pytest.raises(ValueError, match="whole measures, got 12 steps"):
            attribute([TUNE])


def test_undefined_values_are_an_error_or_nan():
    X = [SILENCE, TUNE, DRONE, SILENCE]
    with pytest.raises(
        ValueError, match=r"3 of 4 .* no stepwise_share, in row 0, 2, 3"
    ):
        attribute_values(X, ["hold_share", "stepwise_share"])
    with pytest.raises(ValueError, match=r"9 of 9 .* in row 0, 1, 2, 3, 4, \.\.\.:"):
        attribute_values([SILENCE] * 9, "contour")
    found = attribute_values(X, ["hold_share", "contour"], allow_nan=True)
    np.testing.assert_array_equal(
        found, [[0, np.nan], [5 / 12, 12], [11 / 12, 0], [0, np.nan]]
    )
