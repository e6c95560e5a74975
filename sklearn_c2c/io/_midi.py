"""Read MIDI files: exact ticks, and nothing guessed.

Our own reader of events, as music21's skips damaged ones without a word and takes
minutes for large files; here a file that is not whole is a `TuneError`.
"""

import struct
from collections import deque
from itertools import pairwise

from sklearn_c2c.io._key import key_of_signature
from sklearn_c2c.io._tune import (
    MAX_MEASURES,
    MAX_TICKS,
    TICKS_PER_QUARTER,
    TICKS_PER_WHOLE,
    Tune,
    TuneError,
    exact,
    make_part,
)

MAX_BYTES = 4 * 2**20
_DRUMS = 9  # channel 10, as musicians count
_NOTE_OFF, _NOTE_ON = 0x80, 0x90
_N_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
_SYSTEM_EXCLUSIVE, _META = (0xF0, 0xF7), 0xFF
_NAME, _END, _TEMPO, _METRE, _KEY = 0x03, 0x2F, 0x51, 0x58, 0x59
_N_META_BYTES = {_TEMPO: 3, _METRE: 4, _KEY: 2}


def read_midi(data):
    """Read a MIDI file: one tune, with a part per track and channel.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    list of Tune

    Raises
    ------
    TuneError
        If the file is damaged, or in a format without beats.
    """
    if len(data) > MAX_BYTES:
        raise TuneError(f"is larger than the {MAX_BYTES >> 20} MiB that are read")
    division, chunks = _split(data)
    tracks = [_Track(chunk, i) for i, chunk in enumerate(chunks)]
    length = max((track.length for track in tracks), default=0)
    if length * TICKS_PER_QUARTER > MAX_TICKS * division:
        raise TuneError(
            f"lasts {length // division} quarter notes, more than the "
            f"{MAX_TICKS // TICKS_PER_QUARTER} that are read"
        )
    meta = [event for track in tracks for event in track.meta]
    voices = [voice for track in tracks for voice in track.parts()]
    measures = _measures(meta, length, division, len(voices))
    parts = [
        make_part(name, _notes(notes, division), measures) for name, notes in voices
    ]
    if not parts and measures:
        parts = [make_part("", [], measures)]  # silence, as long as the file says
    if not parts:
        raise TuneError("has no notes")
    title = next((track.name for track in tracks if track.name), "")
    return [Tune("", title, _key(meta), _tempo(meta), tuple(parts))]


def _split(data):
    """Ticks per quarter note, and the bytes of each track."""
    if data[:4] != b"MThd" or len(data) < 14:
        raise TuneError("is no MIDI file: it does not start with a MIDI header")
    size, kind, n_tracks, division = struct.unpack(">IHHH", data[4:14])
    if size < 6 or kind not in (0, 1):
        raise TuneError(f"is MIDI of type {kind}; types 0 and 1 are read")
    if division == 0 or division & 0x8000:
        raise TuneError("counts time in film frames or not at all, not in beats")
    tracks, place = [], 8 + size
    while len(tracks) < n_tracks:
        if place + 8 > len(data):
            raise TuneError(
                f"is truncated: {len(tracks)} of its {n_tracks} tracks are there"
            )
        name, size = struct.unpack(">4sI", data[place : place + 8])
        if place + 8 + size > len(data):
            raise TuneError(
                f"is truncated: track {len(tracks) + 1} should have {size} bytes "
                f"and has {len(data) - place - 8}"
            )
        if name == b"MTrk":
            tracks.append(data[place + 8 : place + 8 + size])
        place += 8 + size
    return division, tracks


class _Track:
    """The notes and meta events of one track, in ticks."""

    def __init__(self, data, index):
        self.data, self.index, self.place = data, index, 0
        self.time, self.name = 0, ""
        self.notes = {}  # channel: [(onset, duration, pitch)]
        self.sounding = {}  # (channel, pitch): onsets
        self.meta = []  # (time, type, bytes)
        self._read()
        if any(self.sounding.values()):
            raise TuneError(f"has a note in track {index + 1} that never ends")
        self.length = self.time

    def parts(self):
        """Name and notes of each channel that has any, drums aside."""
        name = self.name or f"track {self.index + 1}"
        several = len(self.notes) > 1
        for channel, notes in sorted(self.notes.items()):
            yield f"{name} channel {channel + 1}" if several else name, notes

    def _read(self):
        status = None
        while True:
            self.time += self._number()
            if self._peek() & 0x80:
                status = self._take(1)[0]
            if status is None:
                self._fail("an event without a status")
            if status == _META:
                kind = self._take(1)[0]
                content = self._take(self._number())
                if kind == _END:
                    return
                self._keep_meta(kind, content)
                status = None
            elif status in _SYSTEM_EXCLUSIVE:
                self._take(self._number())
                status = None
            elif status & 0xF0 in _N_DATA_BYTES:
                content = self._take(_N_DATA_BYTES[status & 0xF0])
                if max(content) & 0x80:
                    self._fail("an event with damaged data")
                self._keep_note(status & 0xF0, status & 0x0F, *content[:2])
            else:
                self._fail(f"the unknown event {status:#x}")

    def _keep_meta(self, kind, content):
        if kind == _NAME:
            self.name = self.name or content.decode("utf-8", "replace").strip()
        elif kind in _N_META_BYTES:
            if len(content) < _N_META_BYTES[kind]:
                self._fail("a metre, key or tempo too short to read")
            self.meta.append((self.time, kind, content))

    def _keep_note(self, kind, channel, pitch, velocity=0):
        if channel == _DRUMS or kind not in (_NOTE_ON, _NOTE_OFF):
            return
        onsets = self.sounding.setdefault((channel, pitch), deque())
        if kind == _NOTE_ON and velocity:
            onsets.append(self.time)
        elif onsets:
            onset = onsets.popleft()
            if self.time > onset:
                notes = self.notes.setdefault(channel, [])
                notes.append((onset, self.time - onset, pitch))

    def _number(self):
        value = 0
        for _ in range(4):
            byte = self._take(1)[0]
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                return value
        self._fail("a number longer than MIDI allows")

    def _peek(self):
        return self.data[self.place] if self.place < len(self.data) else 0

    def _take(self, size):
        if self.place + size > len(self.data):
            self._fail("no end: it stops within an event")
        self.place += size
        return self.data[self.place - size : self.place]

    def _fail(self, what):
        raise TuneError(f"is damaged: track {self.index + 1} has {what}")


def _notes(notes, division):
    for onset, duration, pitch in notes:
        yield (
            _in_our_ticks(onset, division),
            _in_our_ticks(duration, division),
            pitch,
            0,
        )


def _in_our_ticks(time, division):
    return exact(time * TICKS_PER_QUARTER, division)


def _measures(meta, length, division, n_parts):
    """Lay measures out from the metre changes, the last one filled up.

    A first bar with a shorter metre of its own is the pick-up of what follows, as
    notation programs write it.
    """
    metres = {0: (4, 4)}  # what the standard says where a file says nothing
    for time, kind, content in sorted(meta, key=lambda event: event[0]):
        if kind == _METRE:
            if not content[0] or content[1] > 6:
                raise TuneError(f"states the metre {content[0]}/2^{content[1]}")
            metres[time] = content[0], 2 ** content[1]
    changes = [(_in_our_ticks(time, division), metre) for time, metre in metres.items()]
    length = _in_our_ticks(length, division)
    measures = []
    for (start, metre), (end, following) in pairwise([*changes, (length, None)]):
        full = exact(metre[0] * TICKS_PER_WHOLE, metre[1])
        while start < min(end, length):
            size = full if following is None else min(full, end - start)
            measures.append((start, size, *metre, 0, 0, 0))
            start += size
            if len(measures) * n_parts > MAX_MEASURES:
                raise TuneError(
                    f"has more measures, in all parts together, than the "
                    f"{MAX_MEASURES} that are read"
                )
    if len(measures) > 1 and measures[0][1] < measures[1][1]:
        start, size, *_ = measures[0]
        measures[0] = (start, size, *measures[1][2:])
    return measures


def _key(meta):
    for _, kind, content in meta:
        if kind == _KEY:
            signature = content[0] - 256 * (content[0] > 127)
            key = key_of_signature(signature, "minor" if content[1] else "major")
            return str(key) if key else ""
    return ""


def _tempo(meta):
    for _, kind, content in meta:
        if kind == _TEMPO:
            microseconds = int.from_bytes(content[:3], "big")
            return 6e7 / microseconds if microseconds else None
    return None
