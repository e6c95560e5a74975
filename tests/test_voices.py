"""Rows of several voices: encoded, decoded, saved, and composed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    Autoencoder,
    PianoRollEncoder,
    RecurrentAutoencoder,
    generation,
    persistence,
)
from sklearn_c2c._transitions import count_transitions
from sklearn_c2c.datasets import load_bach_chorales
from sklearn_c2c.generation._form import decode_steps, probabilities
from sklearn_c2c.melody import (
    END,
    HOLD,
    N_PITCHES,
    REST,
    check_melodies,
    check_voices,
    split_voices,
)
from tests.strategies import rows_of_voices

_ = HOLD
# Two voices of a measure each: the lower one has none of the pitches of the upper one.
X = np.array(
    [
        [74, _, 76, 78, 79, _, 78, _, 62, _, _, _, 57, _, 62, _],
        [78, _, _, 76, 74, _, REST, _, 50, _, 57, _, 62, _, _, _],
        [74, 76, 74, 76, 78, _, _, _, 62, _, 61, _, 59, _, 57, _],
    ],
    dtype=np.int16,
)
X[1, 7] = REST


def own_pitches_only(rows, encoder):
    """Whether no pitch is outside the range of its voice."""
    voices = split_voices(rows, encoder.n_voices).astype(int)
    low, high = encoder.voice_ranges_.T[..., np.newaxis]
    return bool(((voices >= N_PITCHES) | ((low <= voices) & (voices <= high))).all())


# ------------------------------------------------------------------------- rows


def test_a_row_is_divided_into_its_voices_and_joined_again():
    voices = split_voices(X, 2)
    assert voices.shape == (3, 2, 8)
    assert_array_equal(voices[:, 1], X[:, 8:])
    assert_array_equal(voices.reshape(3, -1), X)
    assert np.shares_memory(voices, X)
    assert split_voices(X[0], 2).shape == (2, 8)
    for wrong in (0, 3):
        with pytest.raises(ValueError, match="must be a multiple of n_voices"):
            split_voices(X, wrong)


def test_voices_are_checked_one_by_one():
    assert_array_equal(check_voices(X, 2), X)
    row = [62, HOLD, HOLD, 64]
    assert check_melodies(row).tolist() == row  # one melody
    with pytest.raises(ValueError, match="Found 129 at step 2: a HOLD at the first"):
        check_voices(row, 2)
    with pytest.raises(ValueError, match="Found 130 at melody 0, step 1: an END in a"):
        check_voices([[62, END, 64, 66]], 2)
    with pytest.raises(ValueError, match="multiple of n_voices"):
        check_voices(X, 5)
    with pytest.raises(ValueError, match="Found 131"):
        check_voices([[62, 131, 64, 66]], 2)
    assert check_voices([[62, END]], 1).tolist() == [[62, END]]


# ---------------------------------------------------------------------- encoder


@given(rows_of_voices(low=40, high=80), st.booleans(), st.booleans())
def test_decoding_undoes_encoding(found, sparse_output, is_auto):
    n_voices, rows = found
    encoder = PianoRollEncoder(
        "auto" if is_auto else (40, 80), sparse_output=sparse_output, n_voices=n_voices
    )
    decoded = encoder.inverse_transform(encoder.fit_transform(rows))
    assert decoded.dtype == np.int16
    assert_array_equal(decoded, rows)
    assert encoder.n_features_in_ == rows.shape[1]
    assert (encoder.decoded_lengths(encoder.transform(rows)) == rows.shape[1]).all()


def test_all_chorales_are_decoded_as_they_are_encoded():
    chorales = load_bach_chorales().data
    encoder = PianoRollEncoder(n_voices=4, sparse_output=True).fit(chorales)
    roll = encoder.transform(chorales)
    assert_array_equal(encoder.inverse_transform(roll), chorales)
    assert encoder.voice_ranges_.tolist() == [[55, 84], [50, 79], [44, 74], [31, 69]]


@pytest.mark.integration
def test_eighty_chorales_are_learned_by_heart():
    """The second line of what several voices must show, with 32 latent variables."""
    chorales = load_bach_chorales(n_melodies=80).data
    autoencoder = Autoencoder(h=32, output="softmax", max_iter=150, random_state=0)
    model = make_pipeline(PianoRollEncoder(n_voices=4), autoencoder)
    Z = model.fit_transform(chorales)
    assert_array_equal(model.inverse_transform(Z), chorales)


@settings(max_examples=50)
@given(
    hnp.arrays(np.float32, (3, 16 * 32), elements=st.floats(-99, 99, width=32)),
    st.sampled_from([0, 0.9]),
)
def test_whatever_a_decoder_emits_are_legal_voices_in_their_ranges(values, weight):
    encoder = PianoRollEncoder(n_voices=2, transition_weight=weight).fit(X)
    for roll in (values, np.abs(values)):
        rows = check_voices(encoder.inverse_transform(roll), 2)
        assert own_pitches_only(rows, encoder)
        assert_array_equal(encoder.inverse_transform(encoder.transform(rows)), rows)


def test_each_voice_has_its_range_and_all_have_the_same_columns():
    encoder = PianoRollEncoder(n_voices=2).fit(X)
    assert encoder.voice_ranges_.tolist() == [[74, 79], [50, 62]]
    assert encoder.pitch_range_ == (50, 79)
    assert encoder.tokens_.tolist() == [*range(50, 80), HOLD, REST]
    assert encoder.transform(X).shape == (3, 16 * 32)
    names = encoder.get_feature_names_out()
    assert names[0] == "v0_t000_D3"
    assert names[8 * 32 + 1] == "v1_t000_D#3"
    given = PianoRollEncoder([(70, 80), (45, 65)], n_voices=2).fit(X)
    assert given.voice_ranges_.tolist() == [[70, 80], [45, 65]]
    one = PianoRollEncoder((40, 80), n_voices=2).fit(X)
    assert one.voice_ranges_.tolist() == [[40, 80], [40, 80]]


def test_a_pitch_outside_the_range_of_its_voice_is_refused():
    encoder = PianoRollEncoder(n_voices=2).fit(X)
    row = X[0].copy()
    row[8] = 74  # a pitch of the upper voice
    with pytest.raises(ValueError, match=r"Found 74 at melody 0, step 8: .*of voice 1"):
        encoder.transform([row])
    with pytest.raises(ValueError, match=r"Found 62 at melody 0, step 8: .*of voice 1"):
        PianoRollEncoder([(70, 80), (45, 60)], n_voices=2).fit(X)
    with pytest.raises(ValueError, match="or 2 such pairs, one for each voice"):
        PianoRollEncoder([(70, 80)] * 3, n_voices=2).fit(X)
    with pytest.raises(ValueError, match="found no pitch in voice 1 of X"):
        PianoRollEncoder(n_voices=2).fit([[60, 62, REST, REST]])


def test_rows_that_are_no_voices_are_refused():
    with pytest.raises(ValueError, match="must be a multiple of n_voices"):
        PianoRollEncoder(n_voices=3).fit(X)
    with pytest.raises(ValueError, match="an END in a row of several voices"):
        PianoRollEncoder(n_voices=2).fit([[60, 62, 48, END]])
    with pytest.raises(ValueError, match="ends=True with n_voices=2"):
        PianoRollEncoder(n_voices=2, ends=True).fit(X)
    with pytest.raises(ValueError, match="'n_voices' parameter"):
        PianoRollEncoder(n_voices=0).fit(X)
    encoder = PianoRollEncoder(n_voices=2).fit(X)
    row = X[0].copy()
    row[7:9] = 74, HOLD  # a note held over from one voice to the next
    with pytest.raises(ValueError, match="a HOLD at the first step of one of 2 voices"):
        encoder.transform([row])


def test_transitions_are_those_of_each_voice_alone(rng):
    encoder = PianoRollEncoder(n_voices=2, steps_per_measure=8).fit(X)
    values = rng.random((4, 16, encoder.n_tokens_)).astype(np.float32)
    decoded = encoder.inverse_transform(values.reshape(4, -1))
    for voice, own in enumerate((slice(0, 8), slice(8, 16))):
        counted = count_transitions(X[:, own], 8)._asdict()
        for name, expected in counted.items():
            assert_array_equal(encoder.transitions_[voice][name], expected)
        # A voice is decoded as by an encoder of this voice alone.
        alone = PianoRollEncoder(steps_per_measure=8).fit(X[:, own])
        columns = np.isin(encoder.tokens_, alone.tokens_)
        roll = values[:, own, columns].reshape(4, -1)
        assert_array_equal(decoded[:, own], alone.inverse_transform(roll))


# ------------------------------------------------------------------ persistence


def test_a_saved_encoder_is_the_same(tmp_path, rng):
    model = make_pipeline(
        PianoRollEncoder(n_voices=2), Autoencoder(h=3, max_iter=2, random_state=0)
    ).fit(X)
    persistence.save(model, tmp_path / "model.c2c")
    loaded = persistence.load(tmp_path / "model.c2c")
    Z = rng.normal(size=(5, 3))
    assert_array_equal(loaded.inverse_transform(Z), model.inverse_transform(Z))
    assert_array_equal(loaded.transform(X), model.transform(X))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("n_voices", 3, "n_voices is .* expected a divisor of 16"),
        ("n_voices", 4, "voice_ranges_ is an array of shape"),
        ("voice_ranges_", np.array([[79, 74], [50, 62]], np.int16), "the lower first"),
        ("voice_ranges_", np.array([[74, 90], [50, 62]], np.int16), "from 50 to 79"),
        ("voice_ranges_", np.array([[74, 79], [50, 52]], np.int16), "pitches"),
        ("voice_ranges_", None, "voice_ranges_ is of type NoneType"),
        ("transitions_", {}, "expected a list of 2"),
        ("transitions_", [], "expected a list of 2"),
    ],
)
def test_a_forged_encoder_is_refused(tmp_path, name, value, message):
    encoder = PianoRollEncoder(n_voices=2).fit(X)
    setattr(encoder, name, value)
    with pytest.raises(ValueError, match=message):
        persistence.save(encoder, tmp_path / "model.c2c")


def test_encoders_from_before_there_were_voices_have_one():
    encoder = PianoRollEncoder().fit(X)
    state = {k: v for k, v in vars(encoder).items() if "voice" not in k}
    old = PianoRollEncoder.__new__(PianoRollEncoder)
    old.__setstate__(state)
    assert old.n_voices == 1
    assert_array_equal(old.voice_ranges_, encoder.voice_ranges_)
    assert_array_equal(old.inverse_transform(old.transform(X)), X)


# ------------------------------------------------------------------- generation


@pytest.fixture(scope="module")
def model():
    autoencoder = Autoencoder(h=4, output="softmax", max_iter=60, random_state=0)
    return make_pipeline(
        PianoRollEncoder(n_voices=2, steps_per_measure=8), autoencoder
    ).fit(X)


def test_letters_are_places_of_each_voice(model):
    rows = generation.sample(model, 30, form="AA", random_state=0)
    places = split_voices(check_voices(rows, 2), 4)
    assert_array_equal(places[:, 0], places[:, 1])
    assert_array_equal(places[:, 2], places[:, 3])
    assert own_pitches_only(rows, model[0])
    assert (places[:, 0] != places[:, 2]).any(axis=1).all()
    with pytest.raises(ValueError, match="divide the 8 steps equally"):
        generation.sample(model, form="A" * 16, random_state=0)


def test_half_measures_are_alike_within_their_voice_only(model):
    both = [76, _, 74, 76] * 2  # the same in both voices, if it could be
    template = [*both, *[60, _, 62, _] * 2]
    rows = generation.sample(model, 30, form=template, random_state=0)
    places = split_voices(rows, 4)
    assert_array_equal(places[:, 0], places[:, 1])
    assert_array_equal(places[:, 2], places[:, 3])
    # Places that have the same tokens in two voices are not averaged over them.
    rests = np.full(16, REST, np.int16)
    rows = generation.sample(model, 30, form=rests, random_state=0)
    assert own_pitches_only(rows, model[0])
    upper, lower = split_voices(rows, 2).swapaxes(0, 1)
    assert ((upper < N_PITCHES).any(axis=1) & (lower < N_PITCHES).any(axis=1)).all()
    corpus = generation.sample(model, 10, X=X, form="corpus", random_state=0)
    check_voices(corpus, 2)


@pytest.mark.parametrize("aspect", ["notes", "rhythm", "pitches"])
def test_a_voice_is_completed_with_others(model, aspect):
    keep = np.arange(16) < 8
    result = generation.complete(
        model, X[0], keep, n_samples=5, aspect=aspect, max_iter=5, random_state=0
    )
    rows = check_voices(result.melodies, 2)
    assert own_pitches_only(rows, model[0]) or result.semitones
    given, expected = rows[:, keep], X[0, keep]
    if aspect == "notes":
        assert (given == expected).all()
    elif aspect == "rhythm":
        assert ((given == HOLD) == (expected == HOLD)).all()
    else:
        pitches = expected[expected < N_PITCHES]
        assert all((row[row < N_PITCHES] == pitches).all() for row in given)


def test_a_measure_that_is_kept_is_kept_in_all_voices():
    two = np.hstack([X[:, :8], X[:, :8], X[:, 8:], X[:, 8:]])
    autoencoder = Autoencoder(h=4, output="softmax", max_iter=20, random_state=0)
    encoder = PianoRollEncoder(n_voices=2, steps_per_measure=8)
    model = make_pipeline(encoder, autoencoder).fit(two)
    result = generation.complete(model, two[0], [2], n_samples=3, max_iter=3)
    assert result.kept.reshape(2, 2, 8).all(axis=2).tolist() == [[False, True]] * 2
    assert (result.melodies[:, result.kept] == two[0, result.kept]).all()
    with pytest.raises(ValueError, match="measures from 1 to 2"):
        generation.complete(model, two[0], [3])


def test_given_notes_stay_in_the_range_of_their_voice(model):
    start = X[0].copy()
    start[8] = 76  # too high for the lower voice, in any key that the upper one fits
    keep = np.isin(np.arange(16), [0, 8])
    with pytest.raises(ValueError, match="do not fit into the range of the model"):
        generation.complete(model, start, keep)
    with pytest.raises(ValueError, match="a HOLD at the first step of one of 2"):
        start[8] = HOLD
        generation.complete(model, start, keep)


@pytest.mark.parametrize("options", [{}, {"temperature": 3.0}, {"beam_width": 3}])
def test_recurrent_decoders_write_legal_voices_in_their_ranges(options):
    recurrent = RecurrentAutoencoder(2, n_units=8, max_iter=1, random_state=0)
    model = make_pipeline(PianoRollEncoder(n_voices=2), recurrent).fit(X)
    Z = np.random.default_rng(0).normal(size=(20, 2))
    rows = generation.decode(model, Z, random_state=0, **options)
    assert own_pitches_only(check_voices(rows, 2), model[0])


class Decoder:
    """A latent model whose outputs are given."""

    def __init__(self, encoder, P):
        self.encoder, self._P = encoder, P

    def probabilities(self, Z):
        return self._P


@settings(max_examples=100)
@given(
    st.lists(st.integers(0, 2), min_size=4, max_size=4),
    st.integers(0, 2**31),
    st.sampled_from([0, 0.7, 3.0]),
)
def test_any_probabilities_are_decoded_in_any_form(letters, seed, weight):
    rng = np.random.default_rng(seed)
    encoder = PianoRollEncoder(
        n_voices=2, transition_weight=weight, steps_per_measure=4
    ).fit(X)
    concentration = np.full(encoder.n_tokens_, 0.1)
    concentration[-2] = 3  # holds, also where a place or a voice begins
    P = rng.dirichlet(concentration, (3, 16)) + 1e-12
    letters = np.tile([*letters, *[5 + letter for letter in letters]], (3, 1))
    P = probabilities(Decoder(encoder, P), None, letters)
    rows = check_voices(decode_steps(encoder, P, letters), 2)
    assert own_pitches_only(rows, encoder)
    places = rows.reshape(3, 8, 2)
    for one in range(8):
        for other in range(8):
            if letters[0, one] == letters[0, other]:
                assert_array_equal(places[:, one], places[:, other])


@settings(max_examples=30)
@given(
    st.integers(0, 2),
    hnp.arrays(bool, 16),
    st.sampled_from(["notes", "rhythm", "pitches"]),
    st.sampled_from(["auto", 0]),
    st.sampled_from([None, "corpus", "AABB"]),
)
def test_whatever_is_given_is_kept(model, row, keep, aspect, transposition, form):
    result = generation.complete(
        model,
        X[row],
        keep,
        n_samples=2,
        aspect=aspect,
        transposition=transposition,
        form=form,
        X=X,
        max_iter=2,
        random_state=0,
    )
    rows = check_voices(result.melodies, 2)
    back = np.where(rows < N_PITCHES, rows + result.semitones, rows)
    assert own_pitches_only(back, model[0])
    given, expected = rows[:, keep], X[row, keep]
    if aspect == "notes":
        assert (given == expected).all()
    elif aspect == "rhythm":
        kinds = [np.where(x < N_PITCHES, 0, x) for x in (given, expected)]
        assert (kinds[0] == kinds[1]).all()


@settings(max_examples=30)
@given(rows_of_voices(low=55, high=75), st.integers(0, 2**31), st.booleans())
def test_no_voice_leaves_its_range_for_any_corpus(found, seed, is_real):
    n_voices, rows = found
    encoder = PianoRollEncoder(n_voices=n_voices).fit(rows)
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(4, rows.shape[1] * encoder.n_tokens_))
    values = values if is_real else np.abs(values) * rng.integers(0, 2, values.shape)
    decoded = check_voices(encoder.inverse_transform(values), n_voices)
    assert own_pitches_only(decoded, encoder)
    assert_array_equal(encoder.inverse_transform(encoder.transform(decoded)), decoded)
