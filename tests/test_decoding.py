"""Decoding step by step: beam search against all sequences, draws by frequency."""

from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    Autoencoder,
    PianoRollEncoder,
    RecurrentAutoencoder,
    VariationalRecurrentAutoencoder,
    generation,
)
from sklearn_c2c.melody import (
    END,
    HOLD,
    REST,
    check_melodies,
    melody_lengths,
    mend_orphan_holds,
    pad_melodies,
)

N_STEPS = 5
TUNES = pad_melodies(
    [[60, HOLD, 61, 60, 60], [61, 60, REST], [60, 60, 61, 61], [61], [REST, 61, HOLD]]
)


def small(**settings):
    estimator = RecurrentAutoencoder(
        3, n_units=6, max_iter=60, random_state=0, **settings
    )
    encoder = PianoRollEncoder(transition_weight=0, steps_per_measure=1)
    return make_pipeline(encoder, estimator).fit(TUNES)


KINDS = {
    "flat": dict(),
    "measures": dict(steps_per_measure=2),
    "LSTM": dict(cell="lstm"),
}


@pytest.fixture(scope="module", params=KINDS)
def model(request):
    return small(**KINDS[request.param])


@pytest.fixture(scope="module")
def Z(model):
    rng = np.random.default_rng(0)
    return np.vstack([model.transform(TUNES), rng.uniform(-1, 1, (6, 3))])


def all_sequences(model):
    """Columns of all sequences up to their ends; later steps are -1."""
    end, found = len(model[0].tokens_) - 1, []
    for n in range(1, N_STEPS + 1):
        for columns in product(range(end), repeat=n):
            rest = [] if n == N_STEPS else [end]
            found.append([*columns, *rest, *[-1] * (N_STEPS - n - len(rest))])
    return np.array(found)


def mean_log_probabilities(model, z):
    """Of all sequences that do not end at step 0, from the tokens before each step.

    Means over the tokens, of which the end is one.
    """
    sequences, end = all_sequences(model), len(model[0].tokens_) - 1
    roll = (sequences[..., np.newaxis] == np.arange(end + 1)).astype(z.dtype)
    with model[-1]._fitted_stack() as stack:
        many = np.repeat(z[np.newaxis], len(roll), axis=0)
        logits, _ = stack.reconstruct(many, roll.reshape(len(roll), -1))
    logits = logits.reshape(roll.shape).astype(float)
    log_p = logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
    n_tokens = (sequences >= 0).sum(axis=1)
    return sequences, (log_p * roll).sum(axis=(1, 2)) / n_tokens


def tokens(model, sequences):
    return np.append(model[0].tokens_, END)[sequences]


def test_a_beam_of_one_is_what_inverse_transform_decodes(model, Z):
    first = model[-1].inverse_transform(Z).reshape(len(Z), N_STEPS, -1)[:, 0]
    # At step 0 the end is fed back by `inverse_transform`, and not allowed here.
    Z = Z[first.argmax(axis=1) != len(model[0].tokens_) - 1]
    assert len(Z) > 8
    assert_array_equal(generation.decode(model, Z), model.inverse_transform(Z))


def test_a_wide_beam_finds_the_best_of_all_sequences(model, Z):
    found = generation.decode(model, Z.astype(np.float32), beam_width=2000)
    for z, melody in zip(Z.astype(np.float32), found, strict=True):
        sequences, log_p = mean_log_probabilities(model, z)
        best = tokens(model, sequences[log_p.argmax()])
        assert_array_equal(melody, mend_orphan_holds(best.astype(np.int16)))


def test_a_wider_beam_is_no_worse_and_always_the_same(model, Z):
    scores = []
    for width in (1, 3, 2000):
        found = generation.decode(model, Z, beam_width=width, random_state=width)
        again = generation.decode(model, Z, beam_width=width)
        assert_array_equal(found, again)
        scores.append([score(model, *pair) for pair in zip(Z, found, strict=True)])
    assert (np.array(scores[2]) >= np.array(scores[0]) - 1e-5).all()
    assert np.mean(scores[2]) >= np.mean(scores[1]) - 1e-5


def score(model, z, melody):
    """Best mean log-probability of a sequence that is mended to the melody."""
    sequences, log_p = mean_log_probabilities(model, z.astype(np.float32))
    mended = mend_orphan_holds(tokens(model, sequences).astype(np.int16))
    return log_p[(mended == melody).all(axis=1)].max()


def test_each_melody_is_decoded_as_if_alone(model, Z):
    for width in (1, 4):
        together = generation.decode(model, Z, beam_width=width)
        alone = [generation.decode(model, z[None], beam_width=width)[0] for z in Z]
        assert_array_equal(together, alone)


@pytest.mark.parametrize("temperature", [0.5, 1, 2])
def test_draws_are_as_frequent_as_they_are_probable(model, Z, temperature):
    z, n = Z[-1].astype(np.float32), 20_000
    many = np.repeat(z[np.newaxis], n, axis=0)
    drawn = generation.decode(model, many, temperature=temperature, random_state=0)
    first = drawn[:, 0]
    second = drawn[first == 60][:, 1]
    roll = np.zeros((1, N_STEPS, len(model[0].tokens_)), np.float32)
    roll[0, 0, 0] = 1  # pitch 60
    roll[0, 1:, 1] = 1
    with model[-1]._fitted_stack() as stack:
        logits, _ = stack.reconstruct(z[np.newaxis], roll.reshape(1, -1))
    steps = logits.reshape(N_STEPS, -1).astype(float) / temperature
    steps[0, -1] = -np.inf  # no end at the first step
    p = np.exp(steps) / np.exp(steps).sum(axis=1, keepdims=True)
    for found, share in ((first, p[0]), (second, p[1])):
        for token, expected in zip(model[0].tokens_, share, strict=True):
            if found is first and token in (HOLD, REST):
                continue  # a hold at the first step is mended to a rest
            error = 5 * np.sqrt(expected / len(found)) + 1e-3
            assert abs((found == token).mean() - expected) < error


def test_draws_follow_the_seed_and_the_temperature(model, Z):
    def decode(temperature, seed):
        found = generation.decode(model, Z, temperature=temperature, random_state=seed)
        return check_melodies(found)

    assert_array_equal(decode(1, 0), decode(1, 0))
    assert (decode(1, 0) != decode(1, 1)).any()
    assert_array_equal(decode(1e-6, 0), generation.decode(model, Z))


def test_a_variational_model_of_full_rows_is_decoded_to_its_last_step():
    X = TUNES[[0, 0, 0]].copy()
    X[1:, 0] = 61, REST
    X[2, 1] = 60
    estimator = VariationalRecurrentAutoencoder(
        2, n_units=5, beta=0.01, max_iter=20, random_state=0
    )
    model = make_pipeline(PianoRollEncoder(transition_weight=0), estimator).fit(X)
    Z = model.transform(X)
    assert_array_equal(generation.decode(model, Z), model.inverse_transform(Z))
    for settings in (dict(beam_width=7), dict(temperature=1, random_state=0)):
        found = generation.decode(model, Z, **settings)
        assert (melody_lengths(check_melodies(found)) == N_STEPS).all()


def test_sequences_may_be_left_out_and_repeated(model, Z):
    """A search of one's own: the function sees the sequences that it chose."""
    asked = []

    def choose(log_p):
        assert log_p.dtype == np.float64
        assert_allclose(np.exp(log_p).sum(axis=1), 1)
        asked.append(log_p)
        if len(asked) == 3:
            return None
        going = np.array([0, 0, 2]) if len(asked) == 1 else np.array([2, 1])
        return going, np.arange(len(going)) % 2

    model[-1].decode_by_steps(Z[:3], choose)
    assert [len(log_p) for log_p in asked] == [3, 3, 2]
    # The two of the same latent vector differ after another token; the third is that
    # of its own latent vector.
    assert (asked[1][0] != asked[1][1]).any()
    alone = []

    def follow(log_p):
        alone.append(log_p)
        return np.array([0]), np.array([[0], [0], [0], [0], [0]][len(alone) - 1])

    model[-1].decode_by_steps(Z[2:3], follow)
    assert_allclose(asked[1][2], alone[1][0], atol=1e-5)
    assert_allclose(asked[2][0], alone[2][0], atol=1e-5)


@pytest.mark.parametrize(
    "settings, message",
    [
        (dict(temperature=1, beam_width=2), "give one of them"),
        (dict(temperature=0), "temperature"),
        (dict(beam_width=0), "beam_width"),
    ],
)
def test_settings_that_contradict_are_refused(model, Z, settings, message):
    with pytest.raises(ValueError, match=message):
        generation.decode(model, Z, **settings)


def test_models_that_do_not_decode_by_steps_are_refused(model, Z):
    dense = make_pipeline(PianoRollEncoder(), Autoencoder(h=3, max_iter=1)).fit(TUNES)
    with pytest.raises(ValueError, match=r"decodes step by step.*got Pipeline"):
        generation.decode(dense, Z)
    with pytest.raises(ValueError, match="begins with a PianoRollEncoder"):
        generation.decode(model[-1], Z)
    with pytest.raises(ValueError, match="2 columns"):
        generation.decode(model, Z[:, :2])


def test_masked_latent_vectors_are_refused(model, Z):
    with pytest.raises(ValueError, match="masked"):
        generation.decode(model, np.ma.masked_greater(Z, 0))


def test_steps_of_other_sizes_are_refused():
    estimator = RecurrentAutoencoder(2, n_units=4, group_size=25, max_iter=1)
    model = make_pipeline(PianoRollEncoder(), estimator).fit(TUNES)
    with pytest.raises(ValueError, match=r"group_size_=25 .* n_tokens_=5; fit .*=5"):
        generation.decode(model, model.transform(TUNES))


@pytest.mark.parametrize("settings", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("temperature", [None, 0.8])
def test_places_that_are_alike_are_written_once(settings, temperature, rng):
    X = np.where(rng.random((12, 16)) < 0.4, HOLD, rng.integers(60, 65, (12, 16)))
    X[:, 0] = 60
    X[::3, 12:] = END
    estimator = RecurrentAutoencoder(
        4, n_units=8, max_iter=150, random_state=0, **settings
    )
    model = make_pipeline(PianoRollEncoder(steps_per_measure=4), estimator).fit(X)
    Z = np.repeat(model.transform(X), 5, axis=0)
    how = dict(temperature=temperature, random_state=0)
    drawn = generation.decode(model, Z, form="ABAC", **how)
    assert_array_equal(check_melodies(drawn), drawn)
    places = drawn.reshape(-1, 4, 4)
    whole = melody_lengths(drawn) >= 12
    assert whole.sum() > 10
    assert_array_equal(places[whole, 0], places[whole, 2])
    # The first place is drawn as without a form, unless that begins with a hold.
    free = generation.decode(model, Z, **how)
    begins = free[:, 0] != REST
    assert begins.sum() > 10
    assert_array_equal(drawn[begins, :4], free[begins, :4])
    assert (drawn != free).any()
    near = generation.decode(model, Z, form="corpus", X=X, **how)
    assert_array_equal(check_melodies(near), near)


@pytest.mark.parametrize("temperature", [None, 0.8])
def test_a_melody_ends_where_the_tune_of_its_form_ends(model, temperature):
    Z = np.repeat(model.transform(TUNES), 4, axis=0)
    tunes = TUNES[np.arange(20) * 3 % len(TUNES)]
    how = dict(temperature=temperature, random_state=0)
    found = generation.decode(model, Z, form=tunes, **how)
    assert_array_equal(melody_lengths(check_melodies(found)), melody_lengths(tunes))
    one = generation.decode(model, Z, form=TUNES[1], **how)
    assert (melody_lengths(one) == 3).all()
    # Letters do not tell where.
    free = generation.decode(model, Z, form="A", **how)
    assert_array_equal(free, generation.decode(model, Z, **how))


def test_a_model_without_ends_takes_forms_of_tunes_that_end():
    X = np.where(TUNES == END, 60, TUNES)
    estimator = RecurrentAutoencoder(3, n_units=6, max_iter=5, random_state=0)
    full = make_pipeline(PianoRollEncoder(steps_per_measure=1), estimator).fit(X)
    found = generation.decode(full, full.transform(X), form=TUNES[1])
    assert (melody_lengths(check_melodies(found)) == N_STEPS).all()


def test_a_beam_keeps_no_form(model, Z):
    with pytest.raises(ValueError, match="neither draws nor keeps a form"):
        generation.decode(model, Z, beam_width=2, form="A")
