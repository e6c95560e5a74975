"""Read MIDI files: exact ticks, and a warning for everything that is skipped.

music21's reader silently skips damaged events and takes minutes for large files.
`_midi_events` reads the tracks; here they become a tune.
"""

import re
import struct
from collections import Counter
from fractions import Fraction
from itertools import pairwise

import numpy as np

from sklearn_c2c._titles import one_line
from sklearn_c2c.io._key import key_by_notes, lacks_signature
from sklearn_c2c.io._midi_events import KEY, METRE, TEMPO, read_tracks
from sklearn_c2c.io._tune import (
    BEATS,
    DURATION,
    LENGTH,
    MAX_MEASURES,
    MAX_TICKS,
    ONSET,
    PITCH,
    TICKS_PER_QUARTER,
    TICKS_PER_WHOLE,
    Part,
    Tune,
    TuneError,
)
from sklearn_c2c.melody import key_of_signature

MAX_BYTES = 4 * 2**20
_MAX_TITLE = 256  # characters
# Film frames per second, by MIDI's name: 29 stands for the 29.97 of television.
_FRAMES = {24: 24, 25: 25, 29: Fraction(30000, 1001), 30: 30}

# Remarks: the sentence for one such fault, and for several.
_BEFORE_HEADER = (
    "1 byte before the MIDI header was passed over",
    "{} bytes before the MIDI header were passed over",
)
_SENSELESS = (
    "1 metre, key or tempo that makes no sense was passed over",
    "{} metres, keys or tempos that make no sense were passed over",
)
_LATE_END = ("the silence after the last note is too long; it was left out",) * 2


def read_midi(data):
    """Read a MIDI file: a tune, with a part per track and channel.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    list of Tune
        One; of a file of type 2 one per track.

    Raises
    ------
    TuneError
        If a note is damaged, there is no note, or the file does not count in beats.
    """
    if len(data) > MAX_BYTES:
        raise TuneError(
            f"is larger than the {MAX_BYTES >> 20} MiB that are read", "file"
        )
    remarks = Counter()
    start = data.find(b"MThd")
    if start < 0 or len(data) < start + 14:
        raise TuneError("is no MIDI file: it has no MIDI header")
    if data[:4] != b"RIFF":  # which has a header of its own before
        remarks[_BEFORE_HEADER] = start
    size, kind, n_tracks, division = struct.unpack_from(">IHHH", data, start + 4)
    if kind > 2:
        raise TuneError(f"is MIDI of type {kind}; types 0, 1 and 2 are read")
    end = start + 8 + size
    tracks = read_tracks(data, end if 6 <= size and end <= len(data) else start + 14)
    if len(tracks) != n_tracks:
        remarks[(f"the file says it has {n_tracks} tracks, and has {len(tracks)}",)] = 1
    if kind < 2 or len(tracks) < 2:
        return [_tune("", tracks, division, remarks, MAX_MEASURES)]
    room = MAX_MEASURES // len(tracks)
    return [
        _tune_or_fault(str(track.number), [track], division, remarks.copy(), room)
        for track in tracks
    ]


def _tune_or_fault(number, *contents):
    try:
        return _tune(number, *contents)
    except TuneError as error:
        return Tune(number, fault=str(error), fault_kind=error.kind)


def _tune(number, tracks, division, remarks, max_measures):
    """Make a tune of tracks that sound together."""
    meta = _sensible([event for track in tracks for event in track.meta], remarks)
    quarter = _quarter(division, meta)
    voices = [voice for track in tracks for voice in _voices(track, quarter)]
    if not voices and any(track.has_drums for track in tracks):
        raise TuneError("has only drums (channel 10), which are not read", "empty")
    length = _in_our_ticks(_length(tracks, voices, quarter, remarks), quarter)
    # A file without notes is a silent tune of the length that the file states.
    voices = [(name, _table(notes, quarter)) for name, notes in voices or [("", [])]]
    ends = [int(table[-1, ONSET] + 1) for _, table in voices if len(table)]
    max_measures //= len(voices)
    measures = _measures(meta, max([length, *ends]), quarter, max_measures)
    if not len(measures):
        raise TuneError("has no notes", "empty")
    parts = [Part(name, table, measures) for name, table in voices]
    title = next((_text(track.name) for track in tracks if _text(track.name)), "")
    for track in tracks:
        remarks.update(track.remarks)
    warnings = tuple(
        sentences[0] if n == 1 else sentences[1].format(n)
        for sentences, n in remarks.items()
        if n
    )
    return Tune(
        *(number, title, _key(meta, parts), _tempo(meta), tuple(parts)),
        warnings=warnings,
    )


def _sensible(meta, remarks):
    """Valid metres, keys and tempos, by time."""
    found = []
    for event in sorted(meta, key=lambda event: event[0]):
        _, kind, content = event
        if (
            (kind == METRE and len(content) >= 2 and content[0] and content[1] <= 6)
            or (kind == KEY and content and abs(_signature(content)) <= 7)
            or (kind == TEMPO and len(content) >= 3 and _microseconds(content))
        ):
            found.append(event)
        else:
            remarks[_SENSELESS] += 1
    return found


def _signature(content):
    """Sharps that a key states, negative for flats."""
    return content[0] - 256 * (content[0] > 127)


def _microseconds(content):
    """Duration of a quarter note that a tempo states."""
    return int.from_bytes(content[:3], "big")


def _quarter(division, meta):
    """Ticks of a quarter note."""
    if not division & 0x8000:
        if not division:
            raise TuneError("says that a quarter note lasts 0 ticks, not in beats")
        return division
    frames, ticks_per_frame = 256 - (division >> 8), division & 0xFF
    tempos = {_microseconds(content) for _, kind, content in meta if kind == TEMPO}
    if frames not in _FRAMES or not ticks_per_frame or len(tempos) != 1:
        raise TuneError(
            "counts time in film frames, not in beats, and states no single tempo "
            "that would tell how long a beat is"
        )
    return Fraction(_FRAMES[frames] * ticks_per_frame * tempos.pop(), 10**6)


def _voices(track, quarter):
    """Name and notes of each channel of a track."""
    found = track.notes(quarter)
    name = _text(track.name) or f"track {track.number}"
    several = len(found) > 1
    return [
        (f"{name} channel {channel + 1}" if several else name, notes)
        for channel, notes in found
    ]


def _length(tracks, voices, quarter, remarks):
    """Ticks to the end of the last track, or of the last note if that is too far."""
    sounds = max((end for _, notes in voices for _, end, _ in notes), default=0)
    length = max([sounds, *(track.length for track in tracks)])
    most = MAX_TICKS // TICKS_PER_QUARTER
    if sounds and length > most * quarter:
        remarks[_LATE_END] += 1
        length = sounds
    if length > most * quarter:
        raise TuneError(
            f"lasts {length // quarter} quarter notes, more than the {most} that are "
            f"read"
        )
    return length


def _in_our_ticks(times, quarter):
    """Round to ticks of a `Part`, the nearest, the later of two equally near."""
    return (2 * times * TICKS_PER_QUARTER // quarter + 1) // 2


def _table(notes, quarter):
    """Notes as an array of `Part.notes`."""
    rows = np.zeros((len(notes), 4), dtype=np.int64)
    if notes:
        onsets, ends, rows[:, PITCH] = np.array(notes).T
        rows[:, ONSET] = _in_our_ticks(onsets, quarter)
        rows[:, DURATION] = _in_our_ticks(ends, quarter) - rows[:, ONSET]
        rows[:, DURATION] = np.maximum(1, rows[:, DURATION])
    return rows


def _measures(meta, length, quarter, most):
    """Measures by the metre changes up to a length, the last one filled up.

    If every metre is a single beat, such as 1/4, the program counted beats and not
    measures: no metre is stated.
    """
    metres = {0: (4, 4)}  # the standard's default
    for time, kind, content in meta:
        if kind == METRE:
            metres[_in_our_ticks(time, quarter)] = content[0], 2 ** content[1]
    counts_beats = all(beats == 1 for beats, _ in metres.values())
    measures = []
    for (start, metre), (end, following) in pairwise([*metres.items(), (length, None)]):
        full, metre = _full(*metre), (0, 0) if counts_beats else metre
        while start < min(end, length):
            size = full if following is None else min(full, end - start)
            measures.append((start, size, *metre, 0, 0, 0))
            start += size
            if len(measures) > most:
                raise TuneError(
                    f"has more measures, in all parts together, than the "
                    f"{MAX_MEASURES} that are read"
                )
    measures = measures if counts_beats else _complete(measures)
    return np.array(measures, dtype=np.int64).reshape(-1, 7)


def _full(beats, beat_type):
    """Ticks of a full measure."""
    return beats * TICKS_PER_WHOLE // beat_type


def _complete(measures):
    """Give short measures with a metre of their own the metre of their neighbors.

    Notation programs write such a metre, which is no change of metre, for a pick-up, a
    last measure shortened by it, and two parts of a measure with a repeat sign within.
    """
    measures = [list(measure) for measure in measures]
    pick_up = 0
    if len(measures) > 1 and measures[0][LENGTH] < measures[1][LENGTH]:
        pick_up = measures[0][LENGTH]
        _take_metre(measures[0], measures[1])
    for i, (before, measure) in enumerate(pairwise(measures), start=1):
        missing = _full(*_metre(before)) - measure[LENGTH]
        if _metre(measure) == _metre(before) or missing <= 0:
            continue
        rest, after = measures[i + 1 : i + 2], measures[i + 2 : i + 3]
        is_last = not rest and missing == pick_up
        is_first_half = (
            rest
            and rest[0][LENGTH] == missing
            and all(_metre(measure) == _metre(before) for measure in after)
        )
        if is_last or is_first_half:
            for part in [measure, *rest]:
                _take_metre(part, before)
    return measures


def _metre(measure):
    return measure[BEATS : BEATS + 2]


def _take_metre(measure, other):
    measure[BEATS : BEATS + 2] = _metre(other)


def _key(meta, parts):
    """Key that the file states first, its mode judged by the pitches.

    Most programs leave the flag of the mode at major, and sequencers the signature at
    C major. Of several keys at one time the last counts, as of metres.
    """
    stated = {time: content for time, kind, content in meta if kind == KEY}
    if not stated:
        return ""
    content = stated[min(stated)]
    if content[1:2] > b"\0":
        return str(key_of_signature(_signature(content), "minor"))
    if _signature(content) == 0 and lacks_signature(parts):
        return ""
    return str(key_by_notes(_signature(content), parts))


def _tempo(meta):
    """Quarter notes a minute that the file states first, or None."""
    tempos = (6e7 / _microseconds(c) for _, kind, c in meta if kind == TEMPO)
    return next(tempos, None)


def _text(content):
    """Decode a name: nothing in a file says how it is encoded."""
    text = content.decode(_encoding(content), "replace")
    return one_line(text)[:_MAX_TITLE]


# Two characters of Shift-JIS in a row.
_SHIFT_JIS = re.compile(rb"(?:[\x81-\x9f\xe0-\xef][\x40-\x7e\x80-\xfc]){2}")


def _encoding(content):
    """Encoding of a name: Unicode, else Japanese if it looks so, else Western."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    shown = content.rstrip(b"\0")  # some names are filled up with zeros
    n_high, n_low = shown[::2].count(0), shown[1::2].count(0)
    if max(n_high, n_low) * 4 > len(shown) > 1:
        return "utf-16-be" if n_high > n_low else "utf-16-le"
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8-sig" or _looks_japanese(content, text):
            return encoding
    return "cp1252"


def _looks_japanese(content, text):
    """Whether a name that can be decoded as Shift-JIS is Japanese.

    In Western encodings the first bytes of its usual characters are quotation marks and
    the like, which stand alone among letters.
    """
    letters = sum(c.isascii() and c.isalpha() for c in text)
    wide = sum(ord(c) > 0x2E80 for c in text)
    usual = any(0x81 <= byte <= 0x9F for byte in content)
    return usual and (wide > letters or bool(_SHIFT_JIS.search(content)))
