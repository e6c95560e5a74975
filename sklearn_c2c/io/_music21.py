"""Read MusicXML and music21 streams; with `_writer`, all that knows music21."""

from dataclasses import replace


def tunes_from_stream(stream):
    raise NotImplementedError


def read_musicxml(data):
    raise NotImplementedError


def read_mxl(data):
    raise NotImplementedError


def estimate_key(tune):
    """Give a tune the key that its pitches suggest (Krumhansl and Schmuckler).

    Parameters
    ----------
    tune : Tune

    Returns
    -------
    Tune
        As it is, if it has no notes.
    """
    from music21 import note, stream

    lasting = {}
    for part in tune.parts:
        for _, duration, pitch, _ in part.notes.tolist():
            lasting[pitch % 12] = lasting.get(pitch % 12, 0) + duration
    if not lasting:
        return tune
    # Only how long each pitch class sounds matters to the analysis.
    longest = max(lasting.values())
    notes = stream.Stream()
    for pitch_class, duration in sorted(lasting.items()):
        notes.append(note.Note(60 + pitch_class, quarterLength=8 * duration / longest))
    key = notes.analyze("key.krumhanslschmuckler")
    return replace(tune, key=f"{key.tonic.name.replace('-', 'b')} {key.mode}")
