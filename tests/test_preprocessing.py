import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse
from sklearn.exceptions import NotFittedError

from sklearn_c2c import PianoRollEncoder
from sklearn_c2c.melody import END, HOLD, REST, check_melodies, mend_orphan_holds
from tests.strategies import melodies_of_any_length


@given(
    melodies_of_any_length(low=50, high=80),
    st.booleans(),
    st.sampled_from([np.float32, np.float64]),
)
def test_decoding_undoes_encoding(X, sparse_output, dtype):
    encoder = PianoRollEncoder((50, 80), dtype=dtype, sparse_output=sparse_output)
    roll = encoder.fit_transform(X)
    assert sparse.issparse(roll) == sparse_output
    assert roll.dtype == dtype
    has_end = (X == END).any()
    assert roll.shape == (len(X), X.shape[1] * (33 + has_end))
    decoded = encoder.inverse_transform(roll)
    assert decoded.dtype == np.int16
    assert np.array_equal(decoded, X)


@given(
    hnp.arrays(
        np.float32, (3, 6 * 7), elements=st.floats(-(2.0**99), 2.0**99, width=32)
    )
)
def test_whatever_a_decoder_emits_is_a_melody(values):
    encoder = PianoRollEncoder((60, 63)).fit([[60] * 6, [60] * 5 + [END]])
    melodies = check_melodies(encoder.inverse_transform(values))
    roll = encoder.transform(melodies)
    assert np.array_equal(encoder.inverse_transform(roll), melodies)


def test_columns_are_pitches_then_hold_then_rest():
    encoder = PianoRollEncoder().fit([[62, HOLD, REST, 60]])
    assert encoder.pitch_range_ == (60, 62)
    assert encoder.n_tokens_ == 5
    roll = encoder.transform([[62, HOLD, REST, 60]]).reshape(4, 5)
    assert roll.argmax(axis=1).tolist() == [2, 3, 4, 0]
    names = encoder.get_feature_names_out().reshape(4, 5)
    assert names[0].tolist() == [
        "t000_C4",
        "t000_C#4",
        "t000_D4",
        "t000_hold",
        "t000_rest",
    ]
    assert names[3, 0] == "t003_C4"


def test_a_melody_ends_with_a_one_in_the_last_column_and_zeros_after_it():
    X = [[62, HOLD, 60, REST], [61, END, END, END]]
    encoder = PianoRollEncoder().fit(X)
    assert encoder.tokens_.tolist() == [60, 61, 62, HOLD, REST, END]
    first, second = encoder.transform(X).reshape(2, 4, 6)
    assert first.argmax(axis=1).tolist() == [2, 3, 0, 4]
    assert second.argmax(axis=1).tolist() == [1, 5, 0, 0]
    assert second.sum(axis=1).tolist() == [1, 1, 0, 0]
    assert encoder.get_feature_names_out()[5] == "t000_end"
    second[2:] = 1  # no matter what follows the end
    assert encoder.inverse_transform([second.ravel()]).tolist() == X[1:]
    second[0, 5] = 9  # no melody is empty
    assert encoder.inverse_transform([second.ravel()])[0, 0] != END


def test_an_end_that_fit_did_not_see_is_named():
    encoder = PianoRollEncoder().fit([[60, 62]])
    with pytest.raises(ValueError, match="Found 130 at melody 0, step 1: the melody"):
        encoder.transform([[60, END]])
    encoder = PianoRollEncoder(ends=True).fit([[60, 62]])
    assert encoder.inverse_transform(encoder.transform([[60, END]])).tolist() == [
        [60, END]
    ]
    with pytest.raises(ValueError, match="ends=True"):
        PianoRollEncoder(ends=False).fit([[60, END]])


def test_the_paper_s_width(reels):
    roll = PianoRollEncoder(pitch_range=(55, 83)).fit_transform(reels)
    assert roll.shape == (75, 3968)
    assert (roll.sum(axis=1) == 128).all()
    assert set(np.unique(roll)) == {0, 1}


def test_sparse_and_dense_say_the_same(reels):
    dense = PianoRollEncoder().fit_transform(reels)
    csr = PianoRollEncoder(sparse_output=True).fit_transform(reels)
    assert csr.format == "csr"
    assert np.array_equal(csr.toarray(), dense)
    assert np.array_equal(PianoRollEncoder().fit(reels).inverse_transform(csr), reels)


def test_bytes_on_disk_are_encoded_without_a_copy_of_the_corpus(tmp_path, reels):
    X = np.tile(reels, (40, 1))
    path = tmp_path / "melodies.npy"
    np.save(path, X.astype(np.uint8))
    on_disk = np.load(path, mmap_mode="r")
    encoder = PianoRollEncoder(sparse_output=True).fit(on_disk)
    tracemalloc.start()
    roll = encoder.transform(on_disk)
    _, peak = tracemalloc.get_traced_memory()
    melodies = encoder.inverse_transform(roll)
    _, peak_of_decoding = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.array_equal(melodies, X)
    assert roll.indices.dtype == roll.indptr.dtype == np.int32
    assert roll.has_canonical_format
    dense = roll.shape[0] * roll.shape[1] * roll.dtype.itemsize
    assert peak < 1.5 * (roll.data.nbytes + roll.indices.nbytes) < dense / 8
    assert peak_of_decoding < dense / 2


def test_a_pitch_outside_the_range_is_named():
    encoder = PianoRollEncoder().fit([[60, 64, 67]])
    with pytest.raises(ValueError, match=r"Found 72 at melody 1, step 2: .*60-67"):
        encoder.transform([[60, 60, 60], [60, 60, 72]])
    with pytest.raises(ValueError, match="Found 50 at melody 0, step 0"):
        PianoRollEncoder((60, 72)).fit([[50]])


@pytest.mark.parametrize(
    "pitch_range", [(72, 60), (-1, 60), (60, 128), (60,), ("a", "b")]
)
def test_a_range_that_is_none_is_refused(pitch_range):
    with pytest.raises(ValueError, match="pitch_range must be"):
        PianoRollEncoder(pitch_range).fit([[60]])


def test_all_rest_needs_a_given_range():
    with pytest.raises(ValueError, match="found no pitch"):
        PianoRollEncoder().fit([[REST, REST]])
    roll = PianoRollEncoder((60, 60)).fit_transform([[REST, REST]])
    assert roll.tolist() == [[0, 0, 1, 0, 0, 1]]


def test_without_transitions_the_largest_value_of_each_step_counts(rng):
    encoder = PianoRollEncoder((60, 62), transition_weight=0).fit([[60] * 4])
    values = rng.random((5, 4, 5))
    codes = np.array([60, 61, 62, HOLD, REST])[values.argmax(axis=2)]
    decoded = encoder.inverse_transform(values.reshape(5, 20))
    assert np.array_equal(decoded, mend_orphan_holds(codes))


def test_a_measure_has_sixteen_steps_unless_it_is_said(reels):
    default, said, other = (
        PianoRollEncoder(**parameters).fit(reels[:20]).transitions_
        for parameters in ({}, {"steps_per_measure": 16}, {"steps_per_measure": 12})
    )
    for name in default:
        assert np.array_equal(default[name], said[name])
    assert default["rhythm"].shape != other["rhythm"].shape


class Tasks:
    """A callback that records which fits begin and end."""

    def __init__(self):
        self.seen = []

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context):
        self.seen.append("begin")

    def on_fit_task_end(self, estimator, context):
        self.seen.append("end")


def test_callbacks_see_the_fit_begin_and_end():
    tasks = Tasks()
    PianoRollEncoder().set_callbacks(tasks).fit([[60, 62]])
    assert tasks.seen == ["begin", "end"]


@pytest.mark.parametrize(
    "method", ["transform", "inverse_transform", "get_feature_names_out"]
)
def test_an_encoder_that_is_not_fitted_says_so(method):
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        getattr(PianoRollEncoder(), method)([[60, 62]])


def test_bad_input_is_named():
    encoder = PianoRollEncoder().fit([[60, 62]])
    with pytest.raises(ValueError, match="129 at melody 0, step 0"):
        encoder.transform([[HOLD, 60]])
    with pytest.raises(ValueError, match="7 columns, but PianoRollEncoder decodes 10"):
        encoder.inverse_transform(np.zeros((1, 7)))
    with pytest.raises(ValueError, match="NaN"):
        encoder.inverse_transform(np.full((1, 10), np.nan))


def test_frames_carry_the_names():
    encoder = PianoRollEncoder().fit([[60, 62]]).set_output(transform="pandas")
    assert encoder.transform([[60, 62]]).columns[0] == "t000_C4"
