"""Parts of a melody that return at once, and the measures that write them once."""

from typing import NamedTuple

import numpy as np

from sklearn_c2c.melody import HOLD, REST

_SHORTEST_PART = 4  # measures
_MOST_ENDINGS = 2  # measures of an ending, at most a quarter of the part


class Written(NamedTuple):
    """A written measure: the first one played that it stands for, and its signs.

    `closes` is how often the part that it closes is played, True for twice. `ending` is
    the number of the ending that it belongs to, or a text of several, 0 for none.
    """

    played: int
    opens: bool = False
    closes: int = False
    ending: int | str = 0


class Part(NamedTuple):
    """A part that is played twice at once.

    Of its `length` measures the last `n_ending` differ the second time.
    """

    start: int
    length: int
    n_ending: int

    @property
    def end(self):
        """The measure after it."""
        return self.start + 2 * self.length

    @property
    def n_written(self):
        """Measures that are written."""
        return self.length + self.n_ending

    def written(self):
        """Yield the measures that write it."""
        start, length, n_ending = self
        last = length - 1
        for i in range(length):
            ending = int(i >= length - n_ending)
            yield Written(start + i, i == 0, i == last, ending)
        for i in range(length - n_ending, length):
            yield Written(start + length + i, ending=2)


def written_measures(measures, *, n_upbeat):
    """Write parts that return at once between repeat signs, as few measures as can be.

    A part has at least 4 measures. Its last measure, or of a part of 8 or more its last
    two, may differ the second time, in a second ending. No note is held over a place
    where the music goes back or goes on elsewhere.

    Parameters
    ----------
    measures : ndarray of int, shape (n_measures, n_voices, steps_per_measure)
        The steps of a melody, or of several voices, as they are played.
    n_upbeat : int
        Steps at the end that `read_melodies` takes for an upbeat to a repeat, if a
        repeat sign follows. Unless they only hold a note or go on resting, the last
        measure has a second ending in place of a sign.

    Returns
    -------
    list of Written
    """
    may_close = all(
        _goes_on(voice.ravel()[-1 - n_upbeat :]) for voice in measures.swapaxes(0, 1)
    )
    parts = _fewest_measures(_parts_by_start(measures, may_close))
    found, place = [], 0
    for part in parts:
        found += [Written(i) for i in range(place, part.start)]
        found += part.written()
        place = part.end
    return found + [Written(i) for i in range(place, len(measures))]


def _goes_on(steps):
    """Whether all steps but the first only hold its note, or go on resting."""
    last, *upbeat = steps.tolist()
    return set(upbeat) <= {REST if last == REST else HOLD}


def _parts_by_start(measures, may_close):
    """Parts that begin at each measure, the longest first.

    Parameters
    ----------
    may_close : bool
        Whether the last measure of the melody may have a repeat sign.
    """
    n_measures = len(measures)
    kind = np.unique(measures, axis=0, return_inverse=True)[1].ravel()
    no_hold = (measures[:, :, 0] != HOLD).all(axis=1)  # no note is held into a measure
    is_cut = np.append(no_hold, True)
    by_start = [[] for _ in range(n_measures + 1)]
    for length in range(n_measures // 2, _SHORTEST_PART - 1, -1):
        run = _run_lengths(kind[:-length] == kind[length:])
        for start in np.flatnonzero(run[: n_measures - 2 * length + 1] > 0).tolist():
            is_last = start + 2 * length == n_measures
            fewest = 1 if is_last and not may_close else 0
            n_ending = max(length - int(run[start]), fewest)
            part = Part(start, length, n_ending)
            if _may_be_written(part, is_cut):
                by_start[start].append(part)
    return by_start


def _run_lengths(is_equal):
    """How many in a row are true, from each place on."""
    places = np.arange(len(is_equal))
    ends = np.where(is_equal, len(is_equal), places)
    return np.minimum.accumulate(ends[::-1])[::-1] - places


def _may_be_written(part, is_cut):
    """Whether the endings are short, and no note is held over a seam."""
    start, length, n_ending = part
    if n_ending > min(_MOST_ENDINGS, length // 4):
        return False
    seams = [start, start + length, start + 2 * length]
    if n_ending:
        seams += [start + length - n_ending, start + 2 * length - n_ending]
    return is_cut[seams].all()


def _fewest_measures(parts_by_start):
    """Parts, one after the other, that leave the fewest measures and signs to write.

    Of several such choices it is the one whose parts begin first, and are longest.
    """
    n_measures = len(parts_by_start) - 1
    best = {n_measures: (0, 0)}  # measures and parts to write from a measure on
    choice = {}
    for start in range(n_measures - 1, -1, -1):
        n_written, n_parts = best[start + 1]
        best[start] = n_written + 1, n_parts
        costs = {part: _cost(part, best) for part in parts_by_start[start]}
        part = min(costs, key=costs.get, default=None)
        if part and costs[part] <= best[start]:
            best[start], choice[start] = costs[part], part
    parts, place = [], 0
    while place < n_measures:
        part = choice.get(place)
        if part:
            parts.append(part)
        place = part.end if part else place + 1
    return parts


def _cost(part, best):
    n_written, n_parts = best[part.end]
    return n_written + part.n_written, n_parts + 1
