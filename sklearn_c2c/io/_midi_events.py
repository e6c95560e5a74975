"""Read the tracks of MIDI files: their notes, metres, keys and tempos.

Real files break the standard in many ways. A damaged event that concerns no note is
skipped; notes and tracks without an end are ended. Each such fault is counted as a
remark. A damaged event of a note is a `TuneError`.
"""

import math
import struct
from bisect import bisect_right
from collections import Counter, defaultdict, deque
from itertools import repeat, zip_longest

from sklearn_c2c.io._tune import TuneError

NAME, TEMPO, METRE, KEY = 0x03, 0x51, 0x58, 0x59
_END_OF_TRACK = 0x2F
_DRUMS = 9  # channel 10, as musicians count
_NOTE_OFF, _NOTE_ON, _CONTROL = 0x80, 0x90, 0xB0
# Controllers: all sound off, all notes off, and the four modes that imply the latter.
_ALL_NOTES_OFF = {120, 123, 124, 125, 126, 127}
_SYSTEM_EXCLUSIVE, _META = (0xF0, 0xF7), 0xFF
_N_SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}
_END = bytes([_META, _END_OF_TRACK, 0])
_MAX_TRACKS = 256
_MOST = {
    "notes": 2**17,
    "metres, keys and tempos": 2**16,
    "damaged events": 2**16,
}  # of all tracks together
_MAX_NAME = 2**12  # bytes

# Remarks: the sentence for one such fault, and for several.
TRACK_LENGTH = (
    "1 track is not as long as it says; it was read up to its end",
    "{} tracks are not as long as they say; they were read up to their ends",
)
NO_TRACK_END = (
    "1 track breaks off; it was read as far as it goes",
    "{} tracks break off; they were read as far as they go",
)
DAMAGED_EVENT = (
    "1 damaged event that concerns no note was passed over",
    "{} damaged events that concern no note were passed over",
)
NO_END = (
    "1 note without an end was ended at the next one",
    "{} notes without an end were ended at the next one",
)
NO_LENGTH = (
    "1 note of no length was left out",
    "{} notes of no length were left out",
)
TWICE = (
    "1 note struck twice at once was read as one",
    "{} notes struck twice at once were read as one",
)


def read_tracks(data, place):
    """Read every track of a file.

    Parameters
    ----------
    data : bytes
    place : int
        Where the first chunk after the header begins.

    Returns
    -------
    list of Track

    Raises
    ------
    TuneError
        If an event that may concern a note cannot be read, or there is too much.
    """
    tracks, counts = [], Counter()
    while (start := _find_track(data, place)) is not None:
        if len(tracks) == _MAX_TRACKS:
            raise TuneError(f"has more than the {_MAX_TRACKS} tracks that are read")
        stated = start + int.from_bytes(data[start - 4 : start], "big")
        stop = _stop(data, start, stated)
        track = Track(data[start:stop], start, len(tracks) + 1, counts)
        tracks.append(track)
        end = start + track.size
        if track.is_whole and end != stated:
            track.remarks[TRACK_LENGTH] += 1
        place = end if _is_track(data, end) else stop
    return tracks


def _find_track(data, place):
    """Where the events of the next track start, or None; other chunks are skipped."""
    while not _is_track(data, place) and _is_chunk(data, place):
        place += 8 + int.from_bytes(data[place + 4 : place + 8], "big")
    found = data.find(b"MTrk", place)
    return found + 8 if 0 <= found <= len(data) - 8 else None


def _stop(data, start, stated):
    """End of a track: the stated one, if its end or another chunk is there."""
    if stated <= len(data) and (
        stated == len(data)
        or data.endswith(_END, start, stated)
        or _is_track(data, stated)
        or _is_chunk(data, stated)
    ):
        return stated
    following = data.find(b"MTrk", start)
    return len(data) if following < 0 else following


def _is_track(data, place):
    return data[place : place + 4] == b"MTrk"


def _is_chunk(data, place):
    """Whether a whole chunk, of any name, lies here."""
    if place + 8 > len(data):
        return False
    name, size = struct.unpack_from(">4sI", data, place)
    return name.isalnum() and place + 8 + size <= len(data)


class Track:
    """The notes and meta events of one track, in ticks.

    Parameters
    ----------
    data : bytes
        Its events.
    offset : int
        Position of its first event in the file, for error messages.
    number : int
        From 1.
    counts : Counter
        Totals over all tracks of the file, which are limited.

    Attributes
    ----------
    meta : list of (int, int, bytes)
        Time, type and content of each tempo, metre and key.
    length : int
        Time of its end.
    size : int
        Bytes that were read.
    is_whole : bool
        Whether its end was found.
    remarks : Counter
        Faults that were skipped or mended.
    """

    def __init__(self, data, offset, number, counts):
        self.data, self.offset = data, offset
        self.number, self.counts = number, counts
        self.name, self.meta = b"", []
        self.length, self.size, self.is_whole = 0, len(data), False
        self.has_drums, self.remarks = False, Counter()
        self._ended = defaultdict(list)  # channel: [(onset, end, pitch)]
        self._unended = defaultdict(list)  # channel: [(onset, latest end, pitch)]
        self._sounding = defaultdict(dict)  # channel: {pitch: (onsets, ends)}
        self._read()
        for channel in self._sounding:
            self._end_all(channel, None)

    def notes(self, quarter):
        """Notes of each channel that has any, drums aside.

        Parameters
        ----------
        quarter : int or Fraction
            Ticks of a quarter note, the length of a last note without an end.

        Returns
        -------
        list of (int, list of (int, int, int))
            Channel, and onset, end and pitch of its notes.
        """
        found = []
        for channel in sorted(self._ended.keys() | self._unended.keys()):
            notes = [*self._ended[channel], *self._without_end(channel, quarter)]
            longest = {}
            for onset, end, pitch in notes:
                longest[onset, pitch] = max(end, longest.get((onset, pitch), end))
            self.remarks[TWICE] += len(notes) - len(longest)
            lasting = [(on, end, pitch) for (on, pitch), end in longest.items()]
            lasting = sorted(note for note in lasting if note[1] > note[0])
            self.remarks[NO_LENGTH] += len(longest) - len(lasting)
            if lasting:
                found.append((channel, lasting))
        return found

    def _read(self):
        for time, place, status, first, second in self._events():
            self.length, kind = time, status & 0xF0
            if kind in (_NOTE_ON, _NOTE_OFF):
                if (first | second) & 0x80:
                    self._fail(place, "a note whose pitch or velocity is beyond 127")
                if kind == _NOTE_ON and second:
                    self._begin(time, status & 0x0F, first)
                else:
                    self._end(time, status & 0x0F, first)
            elif status == _META:
                self._keep_meta(time, first, second)
            elif status in _SYSTEM_EXCLUSIVE:
                continue
            elif kind == 0xF0 or (first | second) & 0x80:
                self._count("damaged events")
                self.remarks[DAMAGED_EVENT] += 1
            elif kind == _CONTROL and first in _ALL_NOTES_OFF:
                self._end_all(status & 0x0F, time)

    def _events(self):
        """Yield time, place, status and two data of each event.

        The data of a meta event are its type and content. Running status is kept after
        meta events and system messages: against the standard, but programs use it.
        """
        data, place, time, status = self.data, 0, 0, None
        try:
            while True:
                begin, delta = place, data[place]
                place += 1
                if delta & 0x80:
                    delta, place = self._number(begin)
                time += delta
                byte = data[place]
                if byte >= 0xF0:
                    first, second, place = self._content(byte, place + 1)
                    yield time, begin, byte, first, second
                    if byte == _META and first == _END_OF_TRACK:
                        self.size, self.is_whole = place, True
                        return
                    continue
                if byte & 0x80:
                    status = byte
                    place += 1
                elif status is None:
                    self._fail(begin, "an event without a status")
                n_data = 1 if status & 0xE0 == 0xC0 else 2
                first, second = data[place], data[place + n_data - 1]
                place += n_data
                yield time, begin, status, first, second
        except IndexError:
            if data.endswith(_END):
                self._fail(begin, "an event that goes on past the end of the track")
            self.remarks[NO_TRACK_END] += 1

    def _content(self, status, place):
        """Type and content of a meta event or system message, and where it ends."""
        kind = self.data[place] if status == _META else None
        place += status == _META
        if kind is None and status not in _SYSTEM_EXCLUSIVE:
            size = _N_SYSTEM_BYTES.get(status, 0)
        elif (size := self.data[place]) < 0x80:
            place += 1
        else:
            size, place = self._number(place)
        if place + size > len(self.data):
            raise IndexError
        return kind, self.data[place : place + size], place + size

    def _number(self, begin):
        """Number of up to four bytes that starts at a place, and where it ends."""
        value = 0
        for place in range(begin, begin + 4):
            byte = self.data[place]
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                return value, place + 1
        self._fail(begin, "a number longer than MIDI allows")

    def _keep_meta(self, time, kind, content):
        if kind == NAME:
            self.name = self.name or content[:_MAX_NAME]
        elif kind in (TEMPO, METRE, KEY):
            self._count("metres, keys and tempos")
            self.meta.append((time, kind, content))

    def _count(self, what):
        self.counts[what] += 1
        if self.counts[what] > _MOST[what]:
            raise TuneError(f"has more than the {_MOST[what]} {what} that are read")

    def _begin(self, time, channel, pitch):
        if channel == _DRUMS:
            self.has_drums = True
            return
        self._count("notes")
        onsets, _ = self._sounding[channel].setdefault(pitch, ([], []))
        onsets.append(time)

    def _end(self, time, channel, pitch):
        sounding = self._sounding[channel]
        if pitch not in sounding:
            return
        onsets, ends = sounding[pitch]
        ends.append(time)
        if len(ends) == len(onsets) == 1:
            self._ended[channel].append((onsets[0], time, pitch))
            del sounding[pitch]
        elif len(ends) == len(onsets):  # what began first ended first
            self._ended[channel].extend(zip(onsets, ends, repeat(pitch), strict=False))
            del sounding[pitch]

    def _end_all(self, channel, time):
        """End all notes that sound in a channel.

        Some may have no end in the file. As many notes as ends are missing get none:
        those in which the next note of their pitch begins.
        """
        for pitch, (begun, ends) in self._sounding[channel].items():
            onsets = list(dict.fromkeys(begun))
            self.remarks[TWICE] += len(begun) - len(onsets)
            n_unended = len(onsets) - len(ends)
            ends = deque(ends)
            for onset, following in zip_longest(onsets, onsets[1:]):
                while ends and ends[0] < onset:
                    ends.popleft()
                is_cut = n_unended > 0 and following is not None
                if not ends or (is_cut and following < ends[0]):
                    self._unended[channel].append((onset, time, pitch))
                    n_unended -= 1
                else:
                    self._ended[channel].append((onset, ends.popleft(), pitch))
        self._sounding[channel].clear()

    def _without_end(self, channel, quarter):
        """Notes without an end: cut at the next onset, or where all notes end."""
        unended = self._unended[channel]
        notes = [*self._ended[channel], *unended] if unended else []
        onsets = sorted({onset for onset, _, _ in notes})
        for onset, latest, pitch in unended:
            place = bisect_right(onsets, onset)
            following = onsets[place] if place < len(onsets) else None
            if latest is not None and (following is None or latest <= following):
                yield onset, latest, pitch
                continue
            self.remarks[NO_END] += 1
            if following is None:
                last = self.length > onset
                following = self.length if last else onset + math.ceil(quarter)
            yield onset, following, pitch

    def _fail(self, place, what):
        raise TuneError(
            f"is damaged: track {self.number} has {what}, at byte "
            f"{self.offset + place} of the file"
        )
