"""The measures of one voice of an ABC tune, as its notes and bar lines come."""

from sklearn_c2c.io._tune import (
    CLOSES,
    LENGTH,
    MAX_TICKS,
    TICKS_PER_QUARTER,
    TICKS_PER_WHOLE,
    TuneError,
    exact,
)

# Real note lengths, tuplets included, have far smaller denominators in ticks. Without a
# limit the denominators, and the time that arithmetic takes, could grow without end.
_MAX_DENOMINATOR = 2**20


class Measures:
    """Collects events, which are notes, chords and rests, into measures.

    Times are ticks, or parts of ticks. The columns of `rows` and `notes` are those of a
    `Part`; the events of the open measure are added to them, and to the `fermatas`,
    when it is closed.
    """

    def __init__(self, metre):
        self.notes, self.rows, self.fermatas = [], [], []
        # Of the open measure: [pitches, duration, tied, whether it has a fermata].
        self.events = []
        self.start = self.end = 0  # of the open measure; of its last event
        self.metre = metre  # of the open measure
        self.opens, self.endings = 0, 0
        self.ends_on_sign = False  # the last event is an invisible rest with a sign

    @property
    def number(self):
        """Number of the open measure, from 1."""
        return len(self.rows) + 1

    def is_empty(self):
        """Whether nothing has been added."""
        return not (self.events or self.rows)

    def is_full(self, end=None):
        """Whether the open measure is full, or would be if it ended at `end`."""
        beats, beat_type = self.metre
        lasts = (self.end if end is None else end) - self.start
        return beats > 0 and lasts == exact(beats * TICKS_PER_WHOLE, beat_type or 1)

    def add(self, pitches, duration, metre, has_fermata):
        """Add an event; the first one of a measure sets the measure's metre."""
        if not self.events:
            self.metre = metre
        self._move_end(duration)
        self.events.append([pitches, duration, 0, has_fermata])
        self.ends_on_sign = False

    def scale_last(self, ratio):
        """Change the duration of the last event."""
        event = self.events[-1]
        written = event[1]
        event[1] = scaled(written, ratio)
        self._move_end(event[1] - written)

    def _move_end(self, duration):
        self.end += duration
        if self.end > MAX_TICKS:
            raise TuneError(
                f"lasts more than the {MAX_TICKS // TICKS_PER_QUARTER} quarter notes "
                f"that are read"
            )
        if self.end.denominator > _MAX_DENOMINATOR:
            raise TuneError(
                f"in measure {self.number} the note lengths have no common part of a "
                f"size that is read"
            )

    def tie_last(self):
        """Tie the last event, also where a bar line or a line end has come after it.

        Returns
        -------
        bool
            Whether there were notes to tie.
        """
        if self.events:
            self.events[-1][2] = 1
            return bool(self.events[-1][0])
        place = len(self.notes)
        while place and sum(self.notes[place - 1][:2]) == self.start:
            place -= 1
            self.notes[place] = (*self.notes[place][:3], 1)
        return place < len(self.notes)

    def drop_place_of_sign(self):
        """Remove a final invisible rest if the measure is complete without it.

        In ``Hx|`` such a rest carries a fermata over the bar line. The measure is
        complete if it is full when the pick-up is added. A rest that does not fill the
        measure is removed too.
        """
        if not self.ends_on_sign:
            return
        end = self.end - self.events[-1][1]
        pick_up = self.rows[0][LENGTH] if self.rows else 0
        if self.is_full(end + pick_up) or not self.is_full():
            self.events.pop()
            self.end = end
        self.ends_on_sign = False

    def close(self, closes=0):
        """End the measure; a repeat sign in an empty one belongs to the one before."""
        if self.events:
            self._add_row(closes)
        elif closes and self.rows:
            self.rows[-1][CLOSES] = closes

    def _add_row(self, closes):
        onset = self.start
        for pitches, duration, tied, has_fermata in self.events:
            self.notes += [(onset, duration, pitch, tied) for pitch in pitches]
            if has_fermata and pitches:
                self.fermatas.append(onset)
            onset += duration
        length = self.end - self.start
        self.rows.append(
            [self.start, length, *self.metre, self.opens, closes, self.endings]
        )
        self.start, self.opens, self.events = self.end, 0, []
        self.ends_on_sign = False


def scaled(duration, ratio):
    """Multiply a duration by a ratio of two integers."""
    return exact(duration * ratio[0], ratio[1])
