"""Invalid input is refused before a kernel reads it."""

import copy
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sklearn_c2c import (
    Autoencoder,
    MarkovMelodies,
    PianoRollEncoder,
    VariationalAutoencoder,
    _validation,
)
from sklearn_c2c._validation import check_input, check_memory
from tests import forging

FORMATS = ["csr", "csc", "bsr", "coo", "lil", "dok", "dia"]


@pytest.fixture(scope="module")
def model():
    X = np.random.default_rng(0).random((6, 12))
    return Autoencoder(12, max_iter=1, random_state=0).fit(X)


@pytest.mark.parametrize("container", ["array", "matrix"])
@pytest.mark.parametrize("kind", FORMATS)
def test_sparse_arrays_of_every_format_are_what_they_say(rng, model, kind, container):
    dense = rng.random((5, 12)) * (rng.random((5, 12)) < 0.3)
    X = getattr(sparse, f"{kind}_{container}")(dense)
    checked = check_input(X)
    assert checked.format == "csr" and checked.has_canonical_format
    assert_array_equal(checked.toarray(), dense)
    assert_allclose(model.transform(X), model.transform(dense))


def test_what_is_unsorted_and_twice_there_is_put_right_in_a_copy(model):
    X = sparse.csr_matrix(([1, 2, 3.0], [5, 0, 5], [0, 3]), shape=(1, 12))
    X.has_canonical_format = X.has_sorted_indices = True  # which is not so
    assert_allclose(model.transform(X), model.transform(X.toarray()))
    assert X.indices.tolist() == [5, 0, 5]


DAMAGE = {
    "index beyond the columns": {"indices": [0, 12, 3]},
    "index below 0": {"indices": [0, -1, 3]},
    "index of 64 bits": {"indices": np.array([0, 2**40, 3])},
    "indices that are no integers": {"indices": [0.0, 1.5, 3.0]},
    "fewer indices than values": {"indices": [0, 1]},
    "indptr that falls": {"indptr": [0, 3, 1, 3]},
    "indptr that begins late": {"indptr": [1, 1, 2, 3]},
    "indptr that ends beyond": {"indptr": [0, 1, 2, 9]},
    "indptr too short": {"indptr": [0, 1, 3]},
    "indptr too long": {"indptr": [0, 1, 2, 3, 3]},
    "values of another kind": {"data": ["a", "b", "c"]},
    "values in two dimensions": {"data": np.ones((3, 1))},
    "another shape": {"_shape": (3, 2)},
}


@pytest.mark.parametrize("method", ["transform", "fit", "partial_fit", "score"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_sparse_array_is_refused(damage, method):
    X = sparse.csr_array(([1.0, 1.0, 1.0], [0, 4, 3], [0, 1, 2, 3]), shape=(3, 12))
    model = Autoencoder(2, max_iter=1, random_state=0).fit(X)
    for name, value in DAMAGE[damage].items():
        setattr(X, name, value if name == "_shape" else np.array(value))
    with pytest.raises(ValueError, match="sparse X is damaged"):
        getattr(model, method)(X)


@pytest.mark.parametrize("coords", [([0, 5], [1, 2]), ([0, 1], [1, 99]), ([0], [1])])
def test_damaged_coordinates_are_refused_by_the_encoder(coords):
    encoder = PianoRollEncoder((60, 61)).fit([[60, 61]])
    X = sparse.coo_array((np.ones(2), ([0, 1], [1, 2])), shape=(2, 8))
    X.coords = tuple(map(np.array, coords))
    with pytest.raises(ValueError, match="sparse X is damaged"):
        encoder.inverse_transform(X)


def test_sums_of_duplicates_that_overflow_are_not_finite(model):
    X = sparse.csr_array(([1.5e308, 1.5e308], [3, 3], [0, 2]), shape=(1, 12))
    with pytest.raises(ValueError, match="infinity"):
        model.transform(X)


@pytest.mark.parametrize("value", [1e308, -1e308, 1e13])
def test_values_that_overflow_are_refused_as_such(model, value):
    for call in (model.transform, model.fit, model.inverse_transform):
        with pytest.raises(ValueError, match=r"values as large as 1e\+(308|13); expec"):
            call(np.full((3, 12), value))


@pytest.mark.parametrize("n_masked", [0, 1])
def test_masked_values_are_refused_wherever_melodies_or_rolls_go(model, n_masked):
    roll = np.ma.array(np.zeros((2, 12)), mask=np.arange(24).reshape(2, 12) < n_masked)
    melodies = np.ma.array([[60, 61], [61, 60]], mask=[[n_masked, 0], [0, 0]])
    encoder, chain = (
        PianoRollEncoder().fit([[60, 61]]),
        MarkovMelodies().fit([[60, 61]]),
    )
    calls = [
        (model.transform, roll),
        (model.inverse_transform, roll),
        (PianoRollEncoder().fit, melodies),
        (encoder.transform, melodies),
        (MarkovMelodies().fit, melodies),
        (chain.score_samples, melodies),
        (lambda fixed: chain.sample(2, fixed=fixed), melodies),
    ]
    for call, X in calls:
        if n_masked:
            with pytest.raises(ValueError, match="1 masked values"):
                call(X)
        else:
            call(X)


def test_a_gradient_of_another_shape_or_without_numbers_is_refused(model):
    probabilities, vjp = model.decode_with_vjp(np.zeros((2, 12)))
    assert vjp(np.ones_like(probabilities)).shape == (2, 12)
    for cotangent in (np.ones((1, 12)), np.ones((2, 1)), np.full((2, 12), np.nan)):
        with pytest.raises(ValueError, match=r"gradient of shape \(2, 12\)|NaN"):
            vjp(cotangent)
    steep = copy.deepcopy(model)
    steep.coefs_[1] *= 1000
    _, vjp = steep.decode_with_vjp(np.zeros((2, 12)))
    with pytest.raises(ValueError, match=r"as large as 1e\+308 overflows"):
        vjp(np.full((2, 12), 1e308))


MALFORMED = arrays.arrays(
    st.sampled_from(
        [np.float64, np.float32, np.int8, np.int64, np.bool_, np.complex64]
    ),
    arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=13),
)


@given(MALFORMED | MALFORMED.map(lambda X: X.astype(object)))
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
def test_any_dense_array_is_refused_or_encoded(model, X):
    for call in (model.transform, model.inverse_transform, model.score):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result = call(X)
        except (TypeError, ValueError):
            continue
        assert X.ndim == 2 and X.shape[1] == 12 and np.isfinite(result).all()


INTEGERS = st.integers(-3, 20) | st.sampled_from([2**31 - 1, 2**40, -(2**63)])
DTYPES = st.sampled_from([np.int64, np.int32, np.uint64, np.uint8])
LISTS = st.tuples(st.lists(INTEGERS, max_size=8), DTYPES).map(
    lambda drawn: np.array(drawn[0], np.int64).astype(drawn[1])
)
# Differences of neighbors of these are not negative, as they wrap around.
WRAPPING = np.array([0, 0, 2**31 - 1, -(2**63)]), np.array([0, 6, 2, 6], np.uint64)


@given(LISTS, LISTS, st.lists(st.floats(), max_size=8).map(np.array))
@example(np.zeros(6, int), WRAPPING[0], np.zeros(6))
@example(np.arange(6), WRAPPING[1], np.ones(6))
@settings(max_examples=200, suppress_health_check=list(HealthCheck))
def test_any_parts_of_a_sparse_array_are_refused_or_encoded(
    model, indices, indptr, data
):
    X = sparse.csr_array((3, 12))
    X.indices, X.indptr, X.data = indices, indptr, data
    try:
        Z = model.transform(X)
    except ValueError:
        return
    assert_allclose(Z, model.transform(X.toarray()), atol=1e-12)


@given(LISTS, st.integers(0, 14))
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@example(np.array([254], np.uint8), 12)
@example(np.array([2**63 - 1]), 12)
def test_any_offsets_of_diagonals_are_refused_or_encoded(model, offsets, n_columns):
    X = sparse.dia_array((300, 12))  # more rows than a uint8 can count
    X.offsets, X.data = offsets, np.ones((len(offsets), n_columns))
    try:
        Z = model.transform(X)
    except ValueError:
        return
    X.offsets = offsets.astype(np.int64)  # SciPy cannot add 300 to a uint8 either
    assert_allclose(Z, model.transform(X.toarray()), atol=1e-12)


@pytest.mark.slow
def test_malformed_arrays_with_bounds_checked():
    """All kernels are compiled again for it, which takes a minute."""
    folder = Path(__file__).parent.parent / ".pytest_cache" / "numba_boundscheck"
    environment = os.environ | {
        "NUMBA_BOUNDSCHECK": "1",
        "NUMBA_CACHE_DIR": str(folder),  # the files do not record how they were made
    }
    outcomes, faults = forging.campaign("arrays", 80, environment=environment)
    assert not faults
    assert min(outcomes["refused"], outcomes["right"]) > 10


# ------------------------------------------------------------------------ sizes


@pytest.mark.parametrize(
    "model",
    [
        Autoencoder(10**12),
        Autoencoder(2, hidden_layer_sizes=(10**12,)),
        VariationalAutoencoder(10**12),
        MarkovMelodies(10**12),
    ],
)
def test_what_cannot_fit_is_refused_with_its_size(model):
    X = np.full((4, 8), 60) if isinstance(model, MarkovMelodies) else np.eye(4, 8)
    with pytest.raises(ValueError, match=r"needs [\d,]{9,} MiB of memory, and this"):
        model.fit(X)


def test_what_fits_is_told_by_the_bytes(monkeypatch):
    monkeypatch.setattr(_validation, "memory", lambda: 3 * 2**20)
    check_memory(3 * 2**20, "this")
    with pytest.raises(ValueError, match=r"this needs 4 MiB .* has 3 MiB"):
        check_memory(4 * 2**20, "this")


def test_a_machine_that_does_not_tell(monkeypatch):
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert _validation.memory() == 2**44


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("kind", [Autoencoder, VariationalAutoencoder])
def test_data_that_do_not_vary_give_no_numerical_warning(kind, value):
    X = np.full((5, 12), value)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.filterwarnings("ignore", category=UserWarning)
        model = kind(3, init="pca", output="sigmoid", max_iter=2).fit(X)
    assert_allclose(model.inverse_transform(model.transform(X)), X, atol=0.1)
