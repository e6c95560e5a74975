"""Timbres: the sound of one note, by the equation of a string or a sum of partials."""

from functools import lru_cache

import numpy as np

SAMPLE_RATE = 44100  # Hz
TIMBRES = ("plucked", "reed", "flute")

_PEAK = 0.45  # of a note: of two that overlap the sum is below 1
# Amplitudes of the partials, and the rise and fall of a note in seconds.
_PARTIALS = {
    "reed": (1, 0.75, 0.85, 0.5, 0.6, 0.35, 0.3, 0.22, 0.16, 0.12, 0.09, 0.07),
    "flute": (1, 0.3, 0.12, 0.04, 0.02),
}
_RISES = {"plucked": 0.001, "reed": 0.008, "flute": 0.012}
_FALLS = {"plucked": 0.012, "reed": 0.025, "flute": 0.025}
_DECAY = 3.0  # seconds in which a string loses 60 dB, if it loses no more by its filter
_RINGS = 1 << 18  # samples after which a string is silent, twice as long
_N_PLUCKED = 60  # partials of the shape that a string is plucked in
_PLUCKED_AT = 0.19  # of its length


def render_note(timbre, pitch, n_samples):
    """Sound of a note, which ends in silence.

    Parameters
    ----------
    timbre : {"plucked", "reed", "flute"}
    pitch : int
        MIDI pitch; equal temperament, A4 is 440 Hz.
    n_samples : int
        Duration of the note. A plucked string is damped at its end and is silent 12 ms
        later, the others within it.

    Returns
    -------
    ndarray of float32, shape (n_samples,) or longer
        Values from -0.45 to 0.45.
    """
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    if timbre == "plucked":
        n_samples += int(_FALLS["plucked"] * SAMPLE_RATE)
        string = _string(frequency, min(_at_least(n_samples), _RINGS))
        sound = np.zeros(n_samples, np.float32)
        sound[: len(string)] = string[:n_samples]
    else:
        sound = _partials(_PARTIALS[timbre], frequency, n_samples)
    return sound * _envelope(n_samples, _RISES[timbre], _FALLS[timbre])


def _at_least(n_samples):
    """The next power of two: notes of some durations are cut from one string."""
    return 1 << (n_samples - 1).bit_length()


def _envelope(n_samples, rise, fall):
    """Rise and fall by half a cosine, each in at most a quarter of the note."""
    envelope = np.ones(n_samples, np.float32)
    for seconds, part in ((rise, envelope), (fall, envelope[::-1])):
        n = min(int(seconds * SAMPLE_RATE), n_samples // 4)
        part[:n] = 0.5 - 0.5 * np.cos(np.pi * np.arange(n) / max(n, 1))
    return envelope


def _partials(amplitudes, frequency, n_samples):
    """Sum of the partials below half the sample rate."""
    amplitudes = amplitudes[: max(1, int(0.5 * SAMPLE_RATE / frequency))]
    phase = 2 * np.pi * frequency / SAMPLE_RATE * np.arange(n_samples)
    sound = sum(a * np.sin(k * phase) for k, a in enumerate(amplitudes, start=1))
    return (_PEAK / sum(amplitudes) * sound).astype(np.float32)


@lru_cache(maxsize=64)
def _string(frequency, n_samples):
    """A plucked string, by the algorithm of Karplus and Strong.

    A period of a plucked shape goes round a loop of a delay and a filter `h`,
    ``y[n] = x[n] + sum_k h[k] y[n - delay - k]``. The filter is a mean of two
    neighbors, which takes high partials away, and Lagrange's interpolation of the
    delay's fraction: round the loop the fundamental takes exactly one period.
    """
    from scipy.signal import lfilter

    period = SAMPLE_RATE / frequency
    delay, loop = _loop(period)
    denominator = np.zeros(delay + len(loop))
    denominator[0] = 1
    denominator[delay:] -= loop
    plucked = np.zeros(n_samples)
    shape = _plucked(frequency, max(2, round(period)))[:n_samples]
    plucked[: len(shape)] = shape
    sound = lfilter([1.0], denominator, plucked)
    return (_PEAK / np.abs(sound).max() * sound).astype(np.float32)


def _loop(period):
    """Whole delay (samples) and filter of the loop for a period.

    References
    ----------
    D. Jaffe and J. Smith, "Extensions of the Karplus-Strong Plucked-String Algorithm",
    Computer Music Journal 7(2), 1983.
    """
    omega = 2 * np.pi / period
    gain = 10 ** (-3 * period / (_DECAY * SAMPLE_RATE))  # of the fundamental
    # Half of the loss is that of the mean (1 - s, s), at most that of s = 1 / 2.
    share = (1 - gain) / (1 - np.cos(omega))
    s = 0.5 - 0.5 * np.sqrt(max(0.0, 1 - 2 * share))
    mean = np.array([1 - s, s])
    left = period - _delay_of(mean, omega)  # for the delay and its fraction
    delay = max(1, int(left) - 1)
    loop = np.convolve(mean, _interpolation(left - delay, omega))
    size = abs(np.polyval(loop[::-1], np.exp(-1j * omega)))
    return delay, loop * min(gain / size, 0.9999)


def _delay_of(taps, omega):
    """Phase delay of a filter at an angular frequency, in samples."""
    return -np.angle(np.polyval(taps[::-1], np.exp(-1j * omega))) / omega


def _interpolation(delay, omega):
    """Lagrange's filter of four taps whose phase delay is that asked for.

    Its own error is undone by asking for as much more or less.
    """
    asked = delay
    for _ in range(8):
        taps = _lagrange(asked)
        asked += delay - _delay_of(taps, omega)
    return taps


def _lagrange(delay):
    places = np.arange(4)
    return np.array(
        [np.prod([(delay - j) / (k - j) for j in places if j != k]) for k in places]
    )


def _plucked(frequency, n_samples):
    """One period of a string's shape as it is plucked, below half the sample rate."""
    k = np.arange(1, min(_N_PLUCKED, int(0.5 * SAMPLE_RATE / frequency)) + 1)
    amplitudes = np.sin(np.pi * _PLUCKED_AT * k) / k
    phase = 2 * np.pi * frequency / SAMPLE_RATE * np.arange(n_samples)
    return amplitudes @ np.sin(np.outer(k, phase))
