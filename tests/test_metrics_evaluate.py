"""The table of all judges: each cell is that of the function it names."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from sklearn_c2c import MarkovMelodies, metrics
from sklearn_c2c.datasets import recombine_measures
from sklearn_c2c.melody import END, HOLD, REST
from sklearn_c2c.metrics import _evaluate, _two_sample, evaluate
from tests.strategies import melodies

pytestmark = pytest.mark.filterwarnings("error")

IN_TONIC = {"tonic_ending_share", "in_scale_share"}
SHARES = {
    "two_sample_auc", "coverage", "originality", "nearest_distance", "copy_share",
    "repeat_share", "equal_measure_share", "beat_ending_share", "hold_share", *IN_TONIC,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def few_trees():
    """Classify with a tenth of the trees, which is most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_two_sample, "_N_TREES", 10)
        yield


@pytest.fixture(scope="module")
def sets(reels):
    dice = recombine_measures(reels, 25, max_transposition=0, random_state=7)
    return dice.astype(int), reels[:40], reels[40:70]


@pytest.fixture(scope="module")
def table(sets):
    X, corpus, others = sets
    return evaluate(X, corpus, others=others, tonic="D", random_state=0)


def test_cells_are_those_of_the_functions(sets, table):
    X, corpus, others = sets
    assert list(table) == ["generated", "real", "others", "dice", "markov"]
    for name, rows in {"generated": X, "others": others}.items():
        column = table[name]
        assert column.frechet_distance == metrics.frechet_distance(rows, corpus)
        density_coverage = metrics.density_coverage(rows, corpus)
        assert (column.density, column.coverage) == density_coverage
        assert column.originality == metrics.originality(rows, corpus).mean()
        _, distance = metrics.nearest_melody(rows, corpus)
        assert column.nearest_distance == np.median(distance)
        _, run = metrics.longest_copied_run(rows, corpus)
        assert column.longest_copied_run == np.median(run)
        assert column.copy_share == metrics.copy_share(rows, corpus)
        assert column.note_surprise == metrics.note_surprise(rows, corpus).mean()
        assert column.step_surprise == metrics.step_surprise(rows, corpus).mean()
        assert column.repeat_share == metrics.repeat_share(rows)
        pairs = metrics.equal_measure_share(rows)
        assert column.equal_measure_share == pairs.mean()
        by_lag = metrics.similarity_by_lag(rows).mean(axis=0)
        for lag in (1, 2, 4):
            assert column[f"similarity_lag_{lag}"] == pytest.approx(by_lag[lag - 1])
        ending = metrics.endings(rows)
        assert column.beat_ending_share == ending.ends_on_beat.mean()
        assert column.last_note_length == ending.last_length.mean()
        ends = metrics.tonic_ending(rows, "D")
        assert column.tonic_ending_share == ends.mean()
        statistics = metrics.melody_statistics(rows, tonic="D")
        for statistic in ("mean_absolute_interval", "hold_share", "in_scale_share"):
            assert column[statistic] == statistics[statistic].mean()
    # The corpus itself leaves each tune out.
    assert table.real.originality == metrics.originality(corpus).mean()
    assert table.real.nearest_distance == np.median(metrics.nearest_melody(corpus)[1])
    assert table.real.copy_share == 0
    assert table.real.note_surprise == metrics.note_surprise(corpus).mean()
    assert table.real.step_surprise == metrics.step_surprise(corpus).mean()


def test_markov_draws_know_the_metre(sets, table):
    X, corpus, _ = sets
    seed = np.random.RandomState(0).randint(2**31 - 1)
    markov = MarkovMelodies(steps_per_measure=16).fit(corpus)
    draws = markov.sample(len(X), random_state=seed)
    assert table.markov.hold_share == metrics.hold_share(draws).mean()
    _, run = metrics.longest_copied_run(draws, corpus)
    assert table.markov.longest_copied_run == np.median(run)
    assert table.markov.note_surprise == metrics.note_surprise(draws, corpus).mean()
    # Made of long runs of the corpus, but without form.
    assert table.markov.longest_copied_run > table.dice.longest_copied_run
    assert table.markov.repeat_share < 0.5 < 0.8 < table.real.repeat_share
    in_two = evaluate(X, corpus, steps_per_measure=32, random_state=0).markov
    assert in_two.hold_share != table.markov.hold_share


def test_surprise_by_tunes_that_are_not_in_the_corpus(reels, sets, table):
    X, corpus, others = sets
    reference = reels[70:, :112]  # of any length
    measured = evaluate(
        X, corpus, others=others, reference=reference, tonic="D", random_state=0
    )
    for name, rows in {"generated": X, "real": corpus, "others": others}.items():
        surprise = metrics.note_surprise(rows, reference)
        assert measured[name].note_surprise == surprise.mean()
        surprise = metrics.step_surprise(rows, reference)
        assert measured[name].step_surprise == surprise.mean()
    # Their notes are copied from the tunes, so their surprise is lower.
    assert table.dice.note_surprise < table.real.note_surprise
    assert measured.dice.note_surprise > measured.real.note_surprise
    for name, column in measured.items():
        for row in column.keys() - {"note_surprise", "step_surprise"}:
            assert column[row] == table[name][row]


def test_real_and_baselines_are_told_apart(table):
    assert table.others.two_sample_auc < 0.7 and table.real.two_sample_auc < 0.7
    for column in (table.generated, table.dice, table.markov):
        assert column.two_sample_auc > 0.8
        assert column.repeat_share < 0.5 < 0.8 < table.real.repeat_share
    assert table.real.coverage > 0.9 and table.others.coverage > 0.9


def test_a_table_for_pandas_and_for_the_eye(table):
    frame = pd.DataFrame(table)
    assert list(frame.columns) == list(table)
    assert list(frame.index) == list(table.real) and len(frame) == 21
    assert frame.notna().all(axis=None)
    header, *lines = repr(table).splitlines()
    assert str(table) == repr(table)
    assert header.split() == list(table) and len(lines) == len(frame)
    assert len({len(line) for line in [header, *lines]}) == 1
    for line, name in zip(lines, frame.index, strict=True):
        first, *cells = line.split()
        assert first == name
        assert cells == [f"{value:.3f}" for value in frame.loc[name]]
    assert repr(metrics.Evaluation()) == ""


@pytest.mark.integration
def test_seeds_and_what_is_left_out(sets, table):
    X, corpus, others = sets
    assert evaluate(X, corpus, others=others, tonic="D", random_state=0) == table
    bare = evaluate(X, corpus, random_state=0)
    # Leaving a column or the tonic out changes no other cell.
    assert list(bare) == ["generated", "real", "dice", "markov"]
    for name, column in bare.items():
        expected = {k: v for k, v in table[name].items() if k not in IN_TONIC}
        assert column == expected
    other = evaluate(X, corpus, random_state=1)
    assert other.real.two_sample_auc != bare.real.two_sample_auc
    assert other.dice != bare.dice and other.markov != bare.markov
    assert other.real.density != bare.real.density


def test_metre_and_mode_are_passed_on():
    rng = np.random.default_rng(0)
    X = rng.integers(60, 72, size=(8, 48))
    metre = {"steps_per_measure": 12, "steps_per_beat": 6}
    table = evaluate(
        X[:4], X[4:], tonic="D", mode="dorian", random_state=0, **metre
    ).generated
    assert (
        table.beat_ending_share == metrics.endings(X[:4], **metre).ends_on_beat.mean()
    )
    assert (
        table.in_scale_share == metrics.in_scale_share(X[:4], "D", mode="dorian").mean()
    )
    by_lag = metrics.similarity_by_lag(X[:4], steps_per_measure=12)
    assert table.similarity_lag_1 == by_lag[:, 0].mean()
    assert "similarity_lag_4" not in table  # four measures have no lag of four


@settings(max_examples=5)
@given(melodies(), melodies().filter(lambda X: len(X) > 1))
def test_every_cell_is_defined(X, corpus):
    n_steps = min(X.shape[1], corpus.shape[1])
    X, corpus = X[:, :n_steps], corpus[:, :n_steps]
    metre = {"steps_per_measure": n_steps, "steps_per_beat": 1}
    table = evaluate(X, corpus, tonic="D", random_state=0, **metre)
    for column in table.values():
        for name, value in column.items():
            assert isinstance(value, float)
            if name in SHARES:
                assert np.isnan(value) or 0 <= value <= 1
            assert np.isnan(value) or 0 <= value < np.inf


@pytest.mark.integration
def test_odd_sets(reels):
    corpus = reels[:12]
    empty = evaluate(reels[:0], corpus, tonic="D", random_state=0)
    assert all(np.isnan(value) for value in empty.generated.values())
    for baseline in (empty.dice, empty.markov):
        assert not any(np.isnan(value) for value in baseline.values())
    silent = evaluate([[REST] * 128] * 3, corpus, random_state=0).generated
    assert silent.two_sample_auc == 1 and np.isnan(silent.originality)
    assert np.isnan(silent.note_surprise) and silent.step_surprise > 0
    copies = evaluate(corpus, corpus, random_state=0).generated
    assert copies.copy_share == 1 and copies.originality == 0
    assert copies.longest_copied_run == 128 and copies.two_sample_auc < 0.3
    alike = evaluate([[62] + [HOLD] * 127] * 3, reels[[0] * 3], random_state=0)
    assert np.isnan(alike.generated.frechet_distance)


def test_what_does_not_fit_is_named(reels):
    with pytest.raises(ValueError, match=r"two melodies in corpus, got shape \(1,"):
        evaluate(reels, reels[:1])
    with pytest.raises(ValueError, match=r"one melody in corpus, got shape \(0, 128"):
        evaluate(reels, reels[:0])
    with pytest.raises(ValueError, match=r"128 steps in corpus, got shape \(75, 64"):
        evaluate(reels, reels[:, :64])
    with pytest.raises(ValueError, match=r"others of 128 steps, got shape \(75, 64"):
        evaluate(reels, reels, others=reels[:, :64])
    with pytest.raises(ValueError, match="steps_per_measure=12"):
        evaluate(reels[:2], reels[:2], steps_per_measure=12)


def test_a_reference_has_no_tune_that_is_judged(reels):
    corpus, others, unseen = reels[:30], reels[30:50], reels[50:]
    with pytest.raises(ValueError, match=r"one melody in reference, got .*\(0, 128"):
        evaluate(corpus, corpus, reference=unseen[:0])
    for known in (corpus[7], others[3]):
        reference = np.vstack([unseen[:4], [known, known]])
        with pytest.raises(ValueError, match=r"got 2 of them.* in row 4\. Leave"):
            evaluate(corpus, corpus, others=others, reference=reference)
    # Nor has it one in longer rows.
    longer = np.pad(unseen[:4], ((0, 0), (0, 16)), constant_values=END)
    evaluate(corpus, corpus, reference=longer, classify=False)
    longer[2, :128] = corpus[7]
    with pytest.raises(ValueError, match=r"got 1 of them.* in row 2\. Leave"):
        evaluate(corpus, corpus, reference=longer)


def test_without_classifiers_their_row_is_left_out_and_no_other_changes(reels):
    given = {"tonic": "D", "random_state": 0}
    whole = evaluate(reels[:20], reels[20:], **given)
    quick = evaluate(reels[:20], reels[20:], classify=False, **given)
    for name, column in whole.items():
        assert list(quick[name]) == [row for row in column if row != "two_sample_auc"]
        assert all(quick[name][row] == column[row] for row in quick[name])


@pytest.mark.integration
def test_of_a_large_corpus_some_tunes_are_looked_up_in_the_others(sets, monkeypatch):
    X, corpus, _ = sets
    monkeypatch.setattr(_evaluate, "_N_LOOKED_UP", 15)
    known = np.vstack([corpus, corpus[:1]])  # one tune twice
    tables = [evaluate(X, known, classify=False, random_state=s) for s in range(4)]
    whole = metrics.originality(known).mean()
    found = [table.real.originality for table in tables]
    assert len({*found}) > 1 and np.mean(found) == pytest.approx(whole, abs=0.05)
    for table in tables:
        # 15 of 41 tunes: a copy is one of the 15, or none is.
        assert table.real.copy_share in (0, 1 / 15)
        assert table.generated.originality == metrics.originality(X, known).mean()
    monkeypatch.setattr(_evaluate, "_N_LOOKED_UP", 21)
    table = evaluate(X, known, classify=False, random_state=0)
    assert table.real.originality == whole
    assert table.real.copy_share == 2 / 41
