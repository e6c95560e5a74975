"""Disentanglement: latents with known answers, and the definitions written out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma
from scipy.stats import spearmanr
from sklearn.linear_model import LinearRegression

from sklearn_c2c.metrics import (
    attribute_values,
    disentanglement,
    interpretability,
    modularity,
    mutual_information_gap,
    separated_attribute_predictability,
    spearman_correlation,
)

pytestmark = pytest.mark.filterwarnings("error")

BY_ATTRIBUTE = [
    interpretability,
    mutual_information_gap,
    separated_attribute_predictability,
    spearman_correlation,
]
TURN = np.array([[1, 1], [-1, 1]]) / np.sqrt(2)  # by 45 degrees


def kraskov(x, y, n_neighbors=3):
    """Mutual information by nearest neighbors, algorithm 1 of Kraskov et al."""
    x, y = x / x.std(), y / y.std()
    n, total = len(x), 0
    for i in range(n):
        dx, dy = np.abs(x - x[i]), np.abs(y - y[i])
        radius = np.sort(np.maximum(dx, dy))[n_neighbors]  # the first is i itself
        total += digamma((dx < radius).sum()) + digamma((dy < radius).sum())
    return max(0, digamma(n) + digamma(n_neighbors) - total / n)


def of_bins(x, y, n_bins=20):
    """Mutual information of values in bins of equal width, term by term."""
    joint = np.histogram2d(x, y, bins=n_bins)[0] / len(x)
    px, py = joint.sum(axis=1), joint.sum(axis=0)
    return sum(
        p * np.log(p / (px[i] * py[j])) for (i, j), p in np.ndenumerate(joint) if p
    )


@pytest.fixture
def codes(rng):
    """Latent vectors, and attributes that are mixtures of them with noise."""
    Z = rng.normal(size=(120, 4)) @ rng.normal(size=(4, 4))
    y = Z @ rng.normal(size=(4, 3)) + 0.3 * rng.normal(size=(120, 3))
    return Z, np.exp(y / y.std(axis=0))


def informations(Z, y, estimate):
    return np.array([[estimate(z, a) for a in y.T] for z in Z.T])


@pytest.mark.parametrize(
    ("variant", "estimate"), [("neighbors", kraskov), ("binned", of_bins)]
)
def test_gap_against_the_definition(codes, variant, estimate):
    Z, y = codes
    ordered = np.sort(informations(Z, y, estimate), axis=0)
    found = mutual_information_gap(Z, y, variant=variant, random_state=0)
    if variant == "binned":
        entropy = [estimate(a, a) for a in y.T]
        np.testing.assert_allclose(found, (ordered[-1] - ordered[-2]) / entropy)
    else:
        # I(a, a) is that of two copies with independent noise: there is no formula.
        gap = ordered[-1] - ordered[-2]
        entropy = gap / found
        assert ((entropy > np.log(20)) & (entropy < np.log(1200))).all()
        both = mutual_information_gap(np.column_stack([y, Z]), y, random_state=0)
        np.testing.assert_allclose(both, 1 - ordered[-1] / entropy, atol=0.02)


def test_interpretability_is_that_of_the_most_informative_latent(codes):
    Z, y = codes
    best = informations(Z, y, kraskov).argmax(axis=0)
    expected = [
        LinearRegression().fit(Z[:, [d]], a).score(Z[:, [d]], a)
        for d, a in zip(best, y.T, strict=True)
    ]
    np.testing.assert_allclose(interpretability(Z, y, random_state=0), expected)
    # Most informative is not most correlated: a square is not seen by correlation.
    x = np.linspace(-1, 1, 300)
    other = np.random.default_rng(0).normal(size=300) + x**2
    Z, y = np.column_stack([x, other]), (x**2)[:, np.newaxis]
    assert interpretability(Z, y, random_state=0) < 1e-6


def test_modularity_against_the_definition(codes):
    Z, y = codes
    expected = []
    for row in informations(Z, y, kraskov).tolist():
        best = row.index(max(row))
        others = sum(i**2 for j, i in enumerate(row) if j != best)
        expected.append(1 - others / (2 * row[best] ** 2))
    np.testing.assert_allclose(modularity(Z, y, random_state=0), expected, atol=1e-6)
    assert np.isnan(modularity(Z, y[:, :1])).all()


def test_correlations_against_scipy(codes):
    Z, y = codes
    Z, y = Z.round(1), y.round(1)  # with ties
    rho = np.array([[abs(spearmanr(z, a).statistic) for a in y.T] for z in Z.T])
    np.testing.assert_allclose(spearman_correlation(Z, y), rho.max(axis=0))
    r2 = np.sort([[np.corrcoef(z, a)[0, 1] ** 2 for a in y.T] for z in Z.T], axis=0)
    np.testing.assert_allclose(
        separated_attribute_predictability(Z, y), r2[-1] - r2[-2], atol=1e-12
    )


def test_latents_that_are_the_attributes(rng):
    Z = rng.normal(size=(2000, 4))
    table = disentanglement(Z, 5 - 2 * Z[:, [2, 0]], names=["a", "b"], random_state=0)
    assert table.latent.a == 2 and table.latent.b == 0
    for name in ("interpretability", "spearman"):
        assert table[name]["mean"] == pytest.approx(1)
    for name in ("mig_neighbors", "mig_binned", "sap"):
        assert 0.95 < table[name]["mean"] < 1.001
    assert table.modularity.a > 0.99 and table.modularity.b > 0.99
    # Latents 1 and 3 hold no information.
    assert table.modularity["mean"] < 0.99


def test_independent_latents_know_nothing(rng):
    Z, y = rng.normal(size=(2000, 4)), rng.normal(size=(2000, 2))
    table = disentanglement(Z, y, random_state=0)
    assert list(table.sap) == ["attribute_0", "attribute_1", "mean"]
    for name in ("interpretability", "sap", "mig_neighbors", "mig_binned"):
        assert abs(table[name]["mean"]) < 0.02
    assert table.spearman["mean"] < 0.1


def test_turned_codes_are_entangled(rng):
    y = rng.normal(size=(2000, 2))
    table = disentanglement(y @ TURN, y, random_state=0)
    # Half of the variance of each latent is that of either attribute.
    assert table.interpretability["mean"] == pytest.approx(0.5, abs=0.05)
    assert table.sap["mean"] < 0.05 and table.modularity["mean"] < 0.3
    assert table.mig_binned["mean"] < 0.05 and table.mig_neighbors["mean"] < 0.05


def test_a_curved_latent_orders_but_is_not_linear(rng):
    z = rng.normal(size=(500, 1))
    Z = np.column_stack([np.exp(3 * z), rng.normal(size=500)])
    assert spearman_correlation(Z, z) == pytest.approx(1)
    assert interpretability(Z, z, random_state=0) < 0.5


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.permutations(range(3)))
def test_order_and_unit_of_latents_do_not_matter(seed, order):
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(60, 3))
    y = Z[:, :2] + 0.3 * rng.normal(size=(60, 2))
    scaled = Z[:, order] * [2, -3, 0.5] + [7, 0, -4]
    measures = [separated_attribute_predictability, spearman_correlation]
    for measure in measures:
        np.testing.assert_allclose(measure(scaled, y), measure(Z, y))
    np.testing.assert_allclose(
        interpretability(scaled, y, random_state=0),
        interpretability(Z, y, random_state=0),
    )


def test_constants(rng):
    Z, y = rng.normal(size=(50, 3)), rng.normal(size=(50, 2))
    Z[:, 1], y[:, 0] = 3.3, 0.1
    for measure in BY_ATTRIBUTE:
        found = measure(Z, y)
        assert np.isnan(found[0]) and np.isfinite(found[1])
    binned = mutual_information_gap(Z, y, variant="binned")
    assert np.isnan(binned[0]) and np.isfinite(binned[1])
    assert modularity(Z, y).tolist()[1] == 0
    table = disentanglement(Z, y, random_state=0)
    assert np.isnan(table.sap.attribute_0) and np.isnan(table.latent.attribute_0)
    assert table.sap["mean"] == table.sap.attribute_1
    # One latent, and none that varies.
    assert separated_attribute_predictability(y[:, [1]], y[:, [1]]) == pytest.approx(1)
    assert mutual_information_gap(np.ones((50, 2)), y)[1] == 0


def test_the_table_is_that_of_the_functions(reels):
    names = ["note_density", "mean_pitch", "stepwise_share"]
    y = attribute_values(reels, names)
    Z = np.column_stack([y[:, [1, 0]], reels[:, :3] % 7])
    table = disentanglement(Z, y, names=names, random_state=0)
    frame = pd.DataFrame(table)
    assert frame.index.tolist() == [*names, "mean"]
    columns = {
        "interpretability": interpretability(Z, y, random_state=0),
        "mig_neighbors": mutual_information_gap(Z, y, random_state=0),
        "mig_binned": mutual_information_gap(Z, y, variant="binned"),
        "sap": separated_attribute_predictability(Z, y),
        "spearman": spearman_correlation(Z, y),
    }
    assert frame.columns.tolist() == ["latent", *columns, "modularity"]
    for name, values in columns.items():
        np.testing.assert_allclose(frame[name], [*values, values.mean()])
    by_latent = modularity(Z, y, random_state=0)
    assert frame.modularity["mean"] == by_latent.mean()
    assert frame.latent.tolist()[:2] == [1, 0]
    assert "mig_binned" in str(table).split("\n")[0]
    alone = disentanglement(Z, y[:, 0], names=["note_density"])
    assert alone.sap.note_density == pytest.approx(table.sap.note_density)


def test_what_is_wrong_is_named(rng):
    Z, y = rng.normal(size=(9, 2)), rng.normal(size=(9, 3))
    for measure in [*BY_ATTRIBUTE, modularity, disentanglement]:
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            measure(Z, y[:5])
        with pytest.raises(ValueError, match="contains NaN"):
            measure(Z, np.where(y == y.max(), np.nan, y))
        with pytest.raises(ValueError, match="minimum of 4 is required"):
            measure(Z[:3], y[:3])
    with pytest.raises(ValueError, match="'exact'; expected 'neighbors' or 'binned'"):
        mutual_information_gap(Z, y, variant="exact")
    with pytest.raises(ValueError, match=r"Expected 3 names, .* got 2"):
        disentanglement(Z, y, names=["a", "b"])
