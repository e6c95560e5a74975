"""Read music21 streams. Only this module and `_writer` use music21."""

from dataclasses import replace

from sklearn_c2c.io._tune import (
    MAX_PASSES,
    TICKS_PER_QUARTER,
    Tune,
    TuneError,
    make_part,
)
from sklearn_c2c.melody import key_of_signature


def tunes_from_stream(stream):
    """Read a music21 stream: a tune, or several from an Opus.

    Parameters
    ----------
    stream : music21.stream.Stream

    Returns
    -------
    list of Tune
        One that cannot be read has a ``fault``.

    Raises
    ------
    TypeError
        If it is some other object of music21.
    """
    if not getattr(stream, "isStream", False):
        raise TypeError(
            f"Expected a music21 stream, such as a Score, got {type(stream).__name__}."
        )
    try:
        return [tune if tune.key else estimate_key(tune) for tune in _tunes(stream)]
    except TuneError as error:
        return [Tune(fault=str(error))]


def _tunes(stream):
    """Tunes of a stream; any failure becomes a `TuneError`."""
    from music21 import stream as streams

    try:
        scores = list(stream.scores) if isinstance(stream, streams.Opus) else [stream]
        return [_tune(score) for score in scores]
    except TuneError:
        raise
    except Exception as error:  # music21 raises errors of any type
        what = f"{type(error).__name__}: {error}".split("\n")[0]
        raise TuneError(f"is not understood by music21 ({what})") from error


def _tune(score):
    from music21 import key, tempo

    found = list(score.parts) if score.hasPartLikeStreams() else [score]
    parts = tuple(_part(part, i) for i, part in enumerate(found))
    title = (score.metadata.bestTitle if score.metadata else None) or ""
    stated = score.recurse().getElementsByClass(key.Key).first()
    stated = stated and key_of_signature(stated.sharps, stated.mode)
    mark = score.recurse().getElementsByClass(tempo.MetronomeMark).first()
    beats = mark.getQuarterBPM() if mark else None
    return Tune(
        title=title,
        key=str(stated) if stated else "",
        tempo=float(beats) if beats else None,
        parts=tuple(part for part in parts if len(part.measures)),
    )


def _part(part, index):
    """Notes and measures of a part, at sounding pitch."""
    from music21 import instrument, stream

    name = str(part.partName or part.id if isinstance(part.id, str) else index)
    instruments = part.recurse().getElementsByClass(instrument.Instrument)
    if any(played.transposition is not None for played in instruments):
        part = part.toSoundingPitch(inPlace=False)
    if not part.hasMeasures():
        part = part.makeMeasures()
    found = list(part.getElementsByClass(stream.Measure))
    notes = [note for measure in found for note in _notes(measure, part)]
    fermatas = [onset for measure in found for onset in _fermatas(measure, part)]
    return make_part(name, notes, list(_measures(found, part)), fermatas=fermatas)


def _notes(measure, part):
    """Onset, duration, pitch and tie of each note; no grace notes, chord symbols."""
    from music21 import harmony

    start = measure.getOffsetBySite(part)
    for sign in measure.recurse().notes:
        if sign.duration.isGrace or isinstance(sign, harmony.Harmony):
            continue
        onset = start + sign.getOffsetInHierarchy(measure)
        for note in sign.notes if sign.isChord else [sign]:
            tie = note.tie or sign.tie
            tied = tie is not None and tie.type in ("start", "continue")
            if note.isNote and note.quarterLength > 0:
                yield *_ticks(onset, sign.quarterLength), note.pitch.midi, tied


def _fermatas(measure, part):
    """Onset of each note that has a fermata."""
    from music21 import expressions

    start = measure.getOffsetBySite(part)
    for sign in measure.recurse().notes:
        if any(isinstance(mark, expressions.Fermata) for mark in sign.expressions):
            yield from _ticks(start + sign.getOffsetInHierarchy(measure))


def _measures(found, part):
    from music21 import bar

    endings = _endings(part)
    starts = [measure.getOffsetBySite(part) for measure in found]
    metre = (0, 0)
    for i, measure in enumerate(found):
        if measure.timeSignature is not None:
            signature = measure.timeSignature
            metre = signature.numerator, signature.denominator
        end = starts[i + 1] if i + 1 < len(found) else starts[i] + _length(measure)
        left, right = measure.leftBarline, measure.rightBarline
        opens = isinstance(left, bar.Repeat) and left.direction == "start"
        closes = 0
        if isinstance(right, bar.Repeat) and right.direction == "end":
            closes = min(right.times or 2, MAX_PASSES)
        if end > starts[i]:
            passes = endings.get(id(measure), 0)
            yield *_ticks(starts[i], end - starts[i]), *metre, opens, closes, passes


def _ticks(*quarters):
    return (TICKS_PER_QUARTER * time for time in quarters)


def _length(measure):
    return measure.highestTime or measure.barDuration.quarterLength


def _endings(part):
    """Bits of the passes in which a measure plays, by the measure's identity."""
    from music21 import spanner

    endings = {}
    for bracket in part.recurse().getElementsByClass(spanner.RepeatBracket):
        passes = [n for n in bracket.numberRange if 1 <= n <= MAX_PASSES]
        for measure in bracket.getSpannedElements():
            endings[id(measure)] = sum(1 << (n - 1) for n in passes)
    return endings


def estimate_key(tune):
    """Give a tune the key that its pitches suggest (Krumhansl and Schmuckler).

    Parameters
    ----------
    tune : Tune

    Returns
    -------
    Tune
        The same tune, if it has no notes.
    """
    from music21 import note, stream
    from music21.analysis.discrete import KrumhanslSchmuckler

    lasting = {}
    for part in tune.parts:
        for _, duration, pitch, _ in part.notes.tolist():
            lasting[pitch % 12] = lasting.get(pitch % 12, 0) + duration
    if not lasting:
        return tune
    # The analysis depends only on the duration of each pitch class.
    longest = max(lasting.values())
    notes = stream.Stream()
    for pitch_class, duration in sorted(lasting.items()):
        notes.append(note.Note(60 + pitch_class, quarterLength=8 * duration / longest))
    # Stream.analyze also builds the 23 rejected keys, ten times slower.
    (tonic, mode, _), _ = KrumhanslSchmuckler().process(notes)
    return replace(tune, key=f"{tonic.name.replace('-', 'b')} {mode}")
