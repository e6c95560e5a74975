"""WAV files: what is heard, found again by an analysis of the samples alone."""

import io
import wave

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.fft import next_fast_len
from scipy.io import wavfile
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from sklearn_c2c.io import melody_to_wav, write_melody
from sklearn_c2c.melody import HOLD, REST, notes_from_melody

RATE = 44100
TIMBRES = ("plucked", "reed", "flute")


def samples(melody, **options):
    rate, sound = wavfile.read(io.BytesIO(melody_to_wav(melody, **options)))
    assert (rate, sound.dtype, sound.ndim) == (RATE, np.int16, 1)
    return sound / 32768


def onsets(sound):
    """Times (seconds) at which the sound gets louder or brighter at once.

    That is where the energy of its second differences, in windows of 10 ms, has the
    steepest rise within 10 ms.
    """
    ms, before, lag = RATE // 1000, 50, 10
    sound = np.concatenate([np.zeros(before * ms), sound])
    energy = uniform_filter1d(np.diff(sound, n=2) ** 2, lag * ms)[::ms]
    level = np.log(energy + 1e-7 * energy.max())
    rise = np.zeros_like(level)
    rise[lag:] = level[lag:] - level[:-lag]
    is_peak = (rise == maximum_filter1d(rise, 41)) & (rise > 1)
    return (np.flatnonzero(is_peak) - lag / 2 - before) * ms / RATE


def ends_of_silence(sound):
    """Times (seconds) at which a sound begins after 30 ms without any."""
    loud = np.flatnonzero(np.abs(sound) > 0.003)
    after = np.diff(loud, prepend=-RATE) > 0.03 * RATE
    return loud[after] / RATE


def pitch(sound):
    """MIDI pitch of the lowest strong partial, between the lines of the spectrum."""
    n = next_fast_len(16 * len(sound), real=True)
    size = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), n))
    inner = size[1:-1]
    peaks = 1 + np.flatnonzero(
        (inner > size[:-2]) & (inner >= size[2:]) & (inner > 0.25 * size.max())
    )
    k = peaks[0]
    left, middle, right = np.log(size[k - 1 : k + 2])
    place = k + 0.5 * (left - right) / (left - 2 * middle + right)
    return 69 + 12 * np.log2(place * RATE / n / 440)


def check_heard(melody, *, find=onsets, tempo=120, steps_per_quarter=4, **options):
    """Check that all notes are heard, within 10 ms and 10 cents of what is written."""
    options |= {"tempo": tempo, "steps_per_quarter": steps_per_quarter}
    sound = samples(melody, **options)
    onset, duration, written = notes_from_melody(melody).T
    step = 60 / tempo / steps_per_quarter
    found = find(sound)
    assert len(found) == len(onset)
    assert_allclose(found, onset * step, atol=0.010)
    places = zip(onset * step, (onset + duration) * step, strict=True)
    heard = [pitch(sound[round(a * RATE) : round(b * RATE)]) for a, b in places]
    assert_allclose(heard, written, atol=0.10)


def each(pitches, *rest):
    return np.array([step for pitch in pitches for step in (pitch, *rest)])


@pytest.mark.parametrize("timbre", TIMBRES)
@pytest.mark.parametrize("tempo", [120, 200, 280])
def test_reels_are_heard_as_they_are_written(reels, timbre, tempo):
    for melody in reels[tempo % 7 :: 15]:
        check_heard(melody, tempo=tempo, timbre=timbre)


@pytest.mark.parametrize("timbre", TIMBRES)
def test_repeated_notes_are_heard_one_by_one(timbre):
    check_heard([69] * 32, tempo=280, timbre=timbre)
    check_heard(each([62] * 8, HOLD, HOLD, HOLD), timbre=timbre)


@pytest.mark.parametrize("timbre", TIMBRES)
def test_sixteenths_at_280_are_heard(timbre):
    check_heard(np.arange(60, 101), tempo=280, timbre=timbre)
    check_heard(each([60, 79, 67] * 8), tempo=280, timbre=timbre)


@pytest.mark.parametrize("timbre", TIMBRES)
def test_high_and_low_pitches_are_in_tune(timbre):
    check_heard(each(range(60, 101), HOLD, HOLD, HOLD), timbre=timbre)
    low = each(range(30, 61), HOLD, HOLD, REST)
    check_heard(low, find=ends_of_silence, timbre=timbre)


@pytest.mark.parametrize("timbre", TIMBRES)
def test_rests_are_silent(timbre):
    melody = [REST, REST, 62, HOLD, REST, REST, 74, REST, 74, REST, 86, HOLD, 50, REST]
    melody = np.array([*melody, REST, REST])
    sound = samples(melody, tempo=90, timbre=timbre)
    step = 60 / 90 / 4 * RATE
    is_rest = np.repeat(
        melody == REST, np.diff(np.rint(np.arange(17) * step).astype(int))
    )
    fall = int(0.012 * RATE)  # of a string
    quiet = is_rest & np.concatenate([np.ones(fall, bool), is_rest[:-fall]])
    assert not sound[: len(quiet)][quiet].any()
    assert not sound[len(quiet) :].any()


def test_notes_begin_and_end_without_a_click(reels):
    for timbre in ("reed", "flute"):
        sound = samples(reels[0], tempo=200, timbre=timbre)
        onset, duration, _ = notes_from_melody(reels[0]).T
        edges = np.concatenate([onset, onset + duration]) * 60 / 200 / 4 * RATE
        near = np.zeros(len(sound) - 1, bool)
        for edge in np.rint(edges).astype(int):
            near[max(0, edge - 40) : edge + 40] = True
        jumps = np.abs(np.diff(sound))
        assert jumps[near].max() < 0.1 * jumps.max()
    string = samples([62, HOLD, REST, REST], tempo=60)
    end = round(0.5 * RATE)
    assert (
        np.abs(np.diff(string[end:])).max()
        < np.abs(np.diff(string[end - 999 : end])).max()
    )


@pytest.mark.parametrize("timbre", TIMBRES)
def test_the_loudest_is_below_full_scale_and_not_faint(reels, timbre):
    for melody in (reels[3], each([127, 0] * 8), [60] * 64):
        assert 0.05 < np.abs(samples(melody, tempo=300, timbre=timbre)).max() < 0.95


def test_equal_arguments_give_equal_bytes(reels):
    first = melody_to_wav(reels[5], tempo=170)
    melody_to_wav(reels[6], tempo=80)  # the strings of other durations are kept
    assert melody_to_wav(reels[5], tempo=170) == first


def test_a_file_is_16_bits_at_44100_hz_and_knows_its_title(tmp_path, reels):
    path = tmp_path / "Ünder.wav"
    write_melody(reels[0], path, tempo=240)
    with wave.open(str(path)) as file:
        assert file.getparams()[:3] == (1, 2, RATE)
        assert file.getnframes() / RATE == pytest.approx(8 + 0.25)
    assert "Ünder".encode() + b"\0" in path.read_bytes()
    write_melody(reels[0], path, title="<b>&\n\0 ☘", timbre="flute")
    assert "<b>& ☘".encode() + b"\0" in path.read_bytes()
    assert len(wavfile.read(path)[1])


def test_a_pickup_is_played_without_the_rest_before_it():
    melody = np.array([*[REST] * 12, 62, HOLD, 64, HOLD, *each([66] * 4, *[HOLD] * 3)])
    whole, cut = samples(melody), samples(melody, pickup=True)
    assert len(whole) - len(cut) == round(12 / 8 * RATE)
    assert (whole[-len(cut) :] == cut).all()


def test_repeats_are_played_and_the_metre_fills_up(tmp_path):
    part = each([62, 64, 66, 67] * 4, HOLD, HOLD, HOLD)
    path = tmp_path / "a.wav"
    write_melody([*part, *part], path, repeats="signs")
    assert path.read_bytes() == melody_to_wav([*part, *part], title="a")
    jig = samples(
        [62, HOLD, HOLD], time_signature="6/8", steps_per_quarter=2, tempo=180
    )
    assert len(jig) == round((1 + 0.25) * RATE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timbre": "tuba"}, "timbre='tuba'; expected 'plucked' or 'reed' or 'flute'"),
        ({"tempo": 5}, "tempo=5"),
        ({"repeats": "no"}, "repeats='no'"),
        ({"time_signature": "four"}, "the metre 'four'"),
    ],
)
def test_wrong_parameters_write_no_file(tmp_path, options, message):
    for suffix in (".wav", ".mid", ".abc"):
        path = tmp_path / f"a{suffix}"
        with pytest.raises(ValueError, match=message):
            write_melody([60], path, **options)
        assert not [*tmp_path.iterdir()]


def test_a_sound_of_hours_is_refused():
    with pytest.raises(ValueError, match=r"sound for 111 minutes; expected at most 60"):
        melody_to_wav(np.full(4448, REST), tempo=10)
