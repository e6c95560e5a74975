"""Write a melody as sound: a WAV file, synthesised note by note."""

import struct

import numpy as np

from sklearn_c2c.io._sheet import make_sheets
from sklearn_c2c.io._timbres import SAMPLE_RATE, TIMBRES, render_note
from sklearn_c2c.melody import notes_from_melody

_LONGEST = 3600  # seconds
_SILENCE = 0.25  # seconds after the last measure
_FULL_SCALE = 32767
# Samples without compression, one channel; bytes a second and a sample; bits.
_FORMAT = struct.pack("<HHIIHH", 1, 1, SAMPLE_RATE, 2 * SAMPLE_RATE, 2, 16)


def melody_to_wav(
    melody,
    *,
    time_signature="4/4",
    steps_per_quarter=4,
    key=None,
    title="",
    tempo=120,
    pickup=False,
    timbre="plucked",
    voices=None,
):
    """Write a melody, or several voices, as the bytes of a WAV file.

    It is sound of 16 bits and 44.1 kHz, mono. The same arguments give the same bytes.

    Parameters
    ----------
    melody : array-like of int, shape (n_steps,)
        A legal melody, played up to its end. The last measure is filled up with rest.
    time_signature, steps_per_quarter, key, title, tempo, pickup, voices
        As in `write_melody`. The key does not change the sound.
    timbre : {"plucked", "reed", "flute"}, default="plucked"
        Sound of the notes: a string by the algorithm of Karplus and Strong, or a sum of
        partials like that of a reed or of a flute.

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        If the melody is not legal, a parameter is out of range, or the sound would last
        more than an hour.

    Examples
    --------
    To hear it in a notebook: ``IPython.display.Audio(data=melody_to_wav(melody))``.

    >>> sound = melody_to_wav([60, 129, 62, 129] * 4, tempo=240, timbre="flute")
    >>> sound[:4], len(sound) // (2 * 44100)  # seconds
    (b'RIFF', 1)
    """
    check_timbre(timbre)
    notation = time_signature, steps_per_quarter, key, title, tempo, pickup
    sheets = make_sheets(melody, *notation, voices=voices)
    chunks = _chunk(b"fmt ", _FORMAT) + _title_chunk(sheets[0].title)
    return _chunk(b"RIFF", b"WAVE" + chunks + _chunk(b"data", _samples(sheets, timbre)))


def check_timbre(timbre):
    """Check the name of a timbre (see `write_melody`)."""
    if timbre not in TIMBRES:
        options = " or ".join(map(repr, TIMBRES))
        raise ValueError(f"Found timbre={timbre!r}; expected {options}.")


def _samples(sheets, timbre):
    """Bytes of the samples: each note is added where it begins.

    Where several voices together would be too loud, all is softer.
    """
    sheet = sheets[0]
    step = 60 * SAMPLE_RATE / (sheet.tempo * sheet.steps_per_quarter)
    _check_duration(sheet, step)
    n_samples = round(len(sheet.melody) * step + _SILENCE * SAMPLE_RATE)
    sound = np.zeros(n_samples, np.float32)
    notes = np.vstack([notes_from_melody(one.melody) for one in sheets])
    for onset, duration, pitch in notes.tolist():
        start, stop = round(onset * step), round((onset + duration) * step)
        note = render_note(timbre, pitch, stop - start)
        sound[start : start + len(note)] += note
    sound *= _FULL_SCALE / max(1, np.abs(sound).max(initial=0))
    return np.rint(sound, out=sound).astype("<i2").tobytes()


def _check_duration(sheet, step):
    seconds = len(sheet.melody) * step / SAMPLE_RATE
    if seconds > _LONGEST:
        raise ValueError(
            f"The melody would sound for {seconds / 60:.0f} minutes; expected at most "
            f"{_LONGEST // 60}, by a faster tempo or a part of it."
        )


def _title_chunk(title):
    """The title, as a list of descriptions that has this one."""
    if not title:
        return b""
    return _chunk(b"LIST", b"INFO" + _chunk(b"INAM", title.encode() + b"\0"))


def _chunk(name, content):
    """A named part of a RIFF file, filled up to an even number of bytes."""
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
