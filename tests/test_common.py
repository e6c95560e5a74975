"""scikit-learn's conformance suite, and its private checks."""

import doctest

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils import estimator_checks as checks
from sklearn.utils.estimator_checks import estimator_checks_generator

import sklearn_c2c
from sklearn_c2c import (
    AttributeVariationalAutoencoder,
    Autoencoder,
    DualBranchAutoencoder,
    MarkovMelodies,
    PianoRollEncoder,
    PitchRhythmAutoencoder,
    RecurrentAutoencoder,
    SoftmaxRBM,
    VariationalAutoencoder,
    VariationalRecurrentAutoencoder,
)


class Harmonizer(sklearn_c2c.Harmonizer):
    """Takes X as the voice to add where the suite gives any numbers as y."""

    def fit(self, X, y):
        return super().fit(X, None if y is None else X)

    def partial_fit(self, X, y):
        return super().partial_fit(X, None if y is None else X)

    def score(self, X, y):
        return super().score(X, X)


ESTIMATORS = [
    PianoRollEncoder(),
    PianoRollEncoder(dtype=np.float64, sparse_output=True),
    Autoencoder(h=3, max_iter=5),
    Autoencoder(h=3, max_iter=5, output="softmax", activation="tanh"),
    Autoencoder(h=3, max_iter=5, init="glorot", output_bias_init="zeros"),
    Autoencoder(h=3, max_iter=5, output="softmax", group_size=1, init="glorot"),
    Autoencoder(h=2, max_iter=5, hidden_layer_sizes=(4,), tied=True),
    VariationalAutoencoder(h=3, max_iter=5),
    VariationalAutoencoder(h=2, max_iter=5, output="sigmoid", hidden_layer_sizes=(4,)),
    AttributeVariationalAutoencoder(h=3, hidden_layer_sizes=(4,), max_iter=5),
    AttributeVariationalAutoencoder(
        h=3,
        regularization="geodesic",
        hidden_layer_sizes=(),
        output="sigmoid",
        max_iter=5,
    ),
    PitchRhythmAutoencoder(h_pitch=2, h_rhythm=1, max_iter=5),
    PitchRhythmAutoencoder(
        h_pitch=2,
        h_rhythm=2,
        hidden_layer_sizes=(4,),
        steps_per_measure=None,
        max_iter=5,
    ),
    VariationalAutoencoder(h=2, max_iter=5, prior="mixture", aggregate_weight=1.0),
    DualBranchAutoencoder(h_a=3, h_b=2, max_iter=5),
    DualBranchAutoencoder(2, 1, max_iter=5, output="sigmoid", adversary="trained"),
    RecurrentAutoencoder(h=3, n_units=5, max_iter=3),
    RecurrentAutoencoder(h=2, n_units=3, cell="lstm", max_iter=3),
    VariationalRecurrentAutoencoder(2, n_units=4, group_size=1, max_iter=3),
    SoftmaxRBM(n_components=3, n_chains=5, max_iter=5),
    SoftmaxRBM(2, group_size=1, window_size=1, stride=1, n_chains=4, max_iter=3),
    Harmonizer((5,), window=1, max_iter=2),
    Harmonizer((4, 3), window=None, chain=False, noise=0, max_iter=2),
    Harmonizer((4,), cell="gru", n_units=3, window=0, batch_size=2, max_iter=2),
    MarkovMelodies(),
    MarkovMelodies(order=2, smoothing=0, steps_per_measure=2),
]

# Checks of scikit-learn's own estimators beyond its public suite.
EXTRA_CHECKS = [
    checks.check_param_validation,
    checks.check_dataframe_column_names_consistency,
    checks.check_inplace_ensure_writeable,
]
TRANSFORMER_CHECKS = [
    checks.check_transformer_get_feature_names_out,
    checks.check_transformer_get_feature_names_out_pandas,
    checks.check_get_feature_names_out_error,
    checks.check_set_output_transform,
    checks.check_set_output_transform_pandas,
    checks.check_global_output_transform_pandas,
    checks.check_set_output_transform_polars,
    checks.check_global_set_output_transform_polars,
]

# The text of an estimator, for the ids, takes longer than to list its checks.
NAMED = [(str(estimator), estimator) for estimator in ESTIMATORS]

SUITE = [
    pytest.param(estimator, check, id=f"{name}-{name_of}")
    for name, estimator in NAMED
    for check in [
        check for _, check in estimator_checks_generator(estimator, mark=None)
    ]
    for name_of in [getattr(check, "func", check).__name__]
]

EXTRA_SUITE = [
    pytest.param(estimator, check, id=f"{name}-{check.__name__}")
    for name, estimator in NAMED
    for check in EXTRA_CHECKS
    + (TRANSFORMER_CHECKS if hasattr(estimator, "transform") else [])
]


def test_every_estimator_is_put_to_the_suite():
    assert {type(e).__name__ for e in ESTIMATORS} == {*sklearn_c2c._ESTIMATORS}


@pytest.mark.parametrize("name", sklearn_c2c._ESTIMATORS)
def test_examples_of_an_estimator(name):
    # pytest looks for a class in its __module__, which loads classes when asked for.
    estimator = getattr(sklearn_c2c, name)
    assert estimator.__module__ == "sklearn_c2c"
    names = {name: estimator}
    found = doctest.DocTestFinder().find(estimator, name, module=False, globs=names)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    results = [runner.run(examples) for examples in found if examples.examples]
    assert results and not any(result.failed for result in results)


@pytest.mark.filterwarnings("ignore:X has values:UserWarning")
@pytest.mark.filterwarnings("ignore:X is not one-hot:UserWarning")
@pytest.mark.filterwarnings("ignore:The posterior has collapsed:UserWarning")
@pytest.mark.parametrize(("estimator", "check"), SUITE)
def test_public_suite(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore:X has values:UserWarning")
@pytest.mark.filterwarnings("ignore:X is not one-hot:UserWarning")
@pytest.mark.filterwarnings("ignore:The posterior has collapsed:UserWarning")
@pytest.mark.parametrize(("estimator", "check"), EXTRA_SUITE)
def test_extra_checks(estimator, check):
    if getattr(estimator, "sparse_output", False):
        # As with OneHotEncoder: frames hold no sparse matrices; it raises an error.
        estimator = clone(estimator).set_params(sparse_output=False)
    check(type(estimator).__name__, estimator)


def test_sparse_output_refuses_frames():
    encoder = PianoRollEncoder(sparse_output=True).set_output(transform="pandas")
    with pytest.raises(ValueError, match="sparse"):
        encoder.fit_transform([[60, 62]])
