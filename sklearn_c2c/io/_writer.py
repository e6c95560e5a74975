"""`write_melody`: MIDI, ABC, MusicXML or sound, written whole or not at all."""

from fractions import Fraction
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path

from sklearn_c2c._files import write_atomically
from sklearn_c2c.io._abc_writer import melody_to_abc
from sklearn_c2c.io._key import spell
from sklearn_c2c.io._sheet import check_repeats, make_sheet
from sklearn_c2c.io._wav import check_timbre, melody_to_wav
from sklearn_c2c.melody import REST, notes_from_melody, parse_key

_VELOCITY = 90
_TICKS_PER_QUARTER = 480  # at most, if the steps do not divide them


def write_melody(
    melody,
    path,
    *,
    time_signature="4/4",
    steps_per_quarter=4,
    key=None,
    title=None,
    tempo=120,
    pickup=False,
    repeats="played",
    timbre="plucked",
):
    """Write a melody to a MIDI, ABC, MusicXML or WAV file.

    Read back by `read_melodies` with the same metre and steps, it is unchanged; with
    repeat signs, if repeats are read as they are played. WAV is sound, and not read.

    Parameters
    ----------
    melody : array-like of int, shape (n_steps,)
        A legal melody, written up to its end. The last measure is filled up with rest.
    path : path-like
        Its suffix decides: ``.mid`` or ``.midi``, ``.abc``, ``.musicxml`` or ``.xml``,
        ``.wav``.
        A file that is there is replaced, at once when the new one is complete.
    time_signature : str, default="4/4"
        Metre.
    steps_per_quarter : int, default=4
        Time steps in a quarter note.
    key : str, default=None
        Key, such as ``"D"`` or ``"A dorian"``, for signature and spelling; None
        states none.
    title : str, default=None
        Title; None takes the name of the file.
    tempo : float, default=120
        Quarter notes per minute, 10 to 1000. ABC and MusicXML state it in beats of the
        metre: 180 is that of 120 dotted quarters in 6/8.
    pickup : bool, default=False
        Whether the first measure is that of the pick-up, as `read_melodies` gives it
        with ``pickup="keep"``: the rest before its first note is not written.
    repeats : {"played", "signs"}, default="played"
        "played": every measure is written as often as it is played. "signs": a part of
        at least 4 measures that is played twice at once is written once, between repeat
        signs. Its last measure, or of 8 measures or more its last two, may differ the
        second time, and is then written as first and second ending. MIDI has no such
        signs: there everything is played.

    Raises
    ------
    ValueError
        If the suffix is not known, the melody is not legal, or a parameter is out of
        range. No file is written then.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "call.abc")
    >>> write_melody([62, 129, 129, 129, 69, 129, 129, 128] * 2, path, key="D")
    >>> print(path.read_text(encoding="utf-8").splitlines()[-1])
    D2 A3/2z/ D2 A3/2z/ |]
    >>> folder.cleanup()
    """
    path = Path(path)
    convert, own = _CONVERTERS.get(path.suffix.lower(), (None, None))
    if convert is None:
        raise ValueError(
            f"Found the suffix {path.suffix!r} in {str(path)!r}; expected one of "
            f"{', '.join(_CONVERTERS)}."
        )
    check_repeats(repeats)
    check_timbre(timbre)
    options = {"repeats": repeats, "timbre": timbre}
    content = convert(
        melody,
        time_signature=time_signature,
        steps_per_quarter=steps_per_quarter,
        key=key,
        title=path.stem if title is None else title,
        tempo=tempo,
        pickup=pickup,
        **{name: value for name, value in options.items() if name in own},
    )
    write_atomically(path, content.encode() if isinstance(content, str) else content)


def melody_to_midi(
    melody,
    *,
    time_signature="4/4",
    steps_per_quarter=4,
    key=None,
    title="",
    tempo=120,
    pickup=False,
):
    """Write a melody as the bytes of a MIDI file.

    Parameters
    ----------
    melody : array-like of int, shape (n_steps,)
        A legal melody, written up to its end. The last measure is filled up with rest.
    time_signature, steps_per_quarter, key, title, tempo, pickup
        As in `write_melody`.

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        If the melody is not legal, or a parameter is out of range.

    Examples
    --------
    >>> melody_to_midi([60, 129, 62, 129] * 4)[:4]
    b'MThd'
    """
    from music21 import midi

    sheet = make_sheet(
        melody, time_signature, steps_per_quarter, key, title, tempo, pickup
    )
    ticks_per_step = max(1, _TICKS_PER_QUARTER // sheet.steps_per_quarter)
    file = midi.MidiFile()
    file.ticksPerQuarterNote = ticks_per_step * sheet.steps_per_quarter
    track = midi.MidiTrack(0)
    time = 0
    events = [*_meta_events(sheet, track), *_note_events(sheet, track)]
    for step, event in sorted(events, key=itemgetter(0)):
        track.events += [midi.DeltaTime(track, time=step * ticks_per_step - time)]
        track.events += [event]
        time = step * ticks_per_step
    # The end of the track states the length, also where the last measures are silent.
    rest = len(sheet.melody) * ticks_per_step - time
    end = midi.MidiEvent(track, type=midi.MetaEvents.END_OF_TRACK)
    end.data = b""
    track.events += [midi.DeltaTime(track, time=rest), end]
    file.tracks = [track]
    return file.writestr()


def _meta_events(sheet, track):
    from music21 import midi

    microseconds = round(6e7 / sheet.tempo)
    kinds = midi.MetaEvents
    contents = [
        (0, kinds.SEQUENCE_TRACK_NAME, sheet.title.encode()),
        (0, kinds.SET_TEMPO, microseconds.to_bytes(3, "big")),
    ]
    if sheet.pickup:  # a bar with a metre of its own, as notation programs write it
        length = Fraction(sheet.pickup, 4 * sheet.steps_per_quarter)
        contents.append((0, kinds.TIME_SIGNATURE, _metre(*length.as_integer_ratio())))
    metre = _metre(*sheet.metre)
    contents.append((sheet.pickup, kinds.TIME_SIGNATURE, metre))
    if sheet.key is not None:
        minor = sheet.key.mode in ("minor", "aeolian", "dorian", "phrygian")
        signature = bytes([sheet.key.signature % 256, minor])
        contents.append((0, kinds.KEY_SIGNATURE, signature))
    for step, kind, content in contents:
        event = midi.MidiEvent(track, type=kind)
        event.data = content
        yield step, event


def _metre(beats, beat_type):
    if beats > 255:
        raise ValueError(
            f"Found a measure of {beats} beats, {beats}/{beat_type}; MIDI has a byte "
            f"for their number: expected at most 255. ABC and MusicXML can have more."
        )
    return bytes([beats, beat_type.bit_length() - 1, 24, 8])


def _note_events(sheet, track):
    from music21 import midi

    kinds = midi.ChannelVoiceMessages
    for onset, duration, pitch in notes_from_melody(sheet.melody).tolist():
        for step, kind, velocity in [
            (onset, kinds.NOTE_ON, _VELOCITY),
            (onset + duration, kinds.NOTE_OFF, 0),
        ]:
            event = midi.MidiEvent(track, type=kind, channel=1)
            event.pitch, event.velocity = pitch, velocity
            yield step, event


def _melody_to_musicxml(melody, **notation):
    """Write a melody as the bytes of a MusicXML file."""
    from music21.musicxml.m21ToXml import ScoreExporter

    sheet = make_sheet(melody, **notation)
    exporter = ScoreExporter(_score(sheet), makeNotation=False)
    exporter.parse()
    _strip_chance(exporter.xmlRoot)
    return exporter.asBytes()


def _strip_chance(root):
    """Drop what music21 makes up, so that equal melodies give equal bytes."""
    for path, made_up in (
        ("identification", "creator"),
        ("identification/encoding", "encoding-date"),
    ):
        parent = root.find(path)
        for element in parent.findall(made_up):
            parent.remove(element)
    for element in [*root.iter("score-part"), *root.iter("part")]:
        element.set("id", "P1")


def _score(sheet):
    from music21 import bar, metadata, stream

    part = stream.Part(id="Melody")
    part.partName = "Melody"
    played = list(sheet.measures())
    written = sheet.written()
    for number, one in enumerate(written, start=sheet.pickup == 0):
        part.append(_measure(sheet, played[one.played], number, is_first=not part))
    measures = list(part.getElementsByClass(stream.Measure))
    measures[-1].rightBarline = bar.Barline("final")
    _add_repeats(part, measures, written)
    _tie(part)
    part.makeAccidentals(inPlace=True)
    part.makeBeams(inPlace=True)
    return stream.Score([metadata.Metadata(title=sheet.title), part])


def _measure(sheet, events, number, *, is_first):
    """A measure of this number; that of a pick-up has the number 0."""
    from music21 import stream
    from music21.stream.makeNotation import makeTupletBrackets

    measure = stream.Measure(number=number)
    before = 0  # steps
    if number == 0:
        before = sheet.steps_per_measure - sheet.pickup
        measure.paddingLeft = before / sheet.steps_per_quarter
        measure.showNumber = stream.enums.ShowNumber.NEVER
    if is_first:
        measure.append(_first_signs(sheet))
    for start, sign in _signs(sheet, events):
        measure.insert((start - before) / sheet.steps_per_quarter, sign)
    makeTupletBrackets(measure, inPlace=True)
    return measure


def _first_signs(sheet):
    """Clef, key, metre and tempo."""
    from music21 import clef, duration, key, meter, tempo

    signs = [clef.TrebleClef()]
    if sheet.key is not None:
        tonic = sheet.key.tonic.replace("b", "-")
        signs.append(key.Key(tonic, sheet.key.mode))
    signs.append(meter.TimeSignature(str(sheet.metre)))
    beat = duration.Duration(float(4 * sheet.beat))
    signs.append(tempo.MetronomeMark(number=sheet.beats_per_minute, referent=beat))
    return signs


def _add_repeats(part, measures, written):
    """Add repeat signs, and brackets over first and second endings."""
    from music21 import bar, spanner

    by_ending = zip(measures, written, strict=True)
    for measure, one in zip(measures, written, strict=True):
        if one.opens:
            measure.leftBarline = bar.Repeat(direction="start")
        if one.closes:
            measure.rightBarline = bar.Repeat(direction="end")
    for number, pairs in groupby(by_ending, key=lambda pair: pair[1].ending):
        if number:
            inside = [measure for measure, _ in pairs]
            part.insert(0, spanner.RepeatBracket(inside, number=number))
            if number == 2 and inside[-1] is not measures[-1]:
                inside[-1].rightBarline = bar.Barline("double")


def _signs(sheet, events):
    """Start (steps) of each note or rest of a measure, and its music21 object."""
    from music21 import note, pitch, tie

    key_of_spelling = sheet.key or parse_key("C")
    for start, length, midi_pitch, tied in events:
        quarters = Fraction(length, sheet.steps_per_quarter)
        if midi_pitch == REST:
            yield start, note.Rest(quarterLength=quarters)
            continue
        letter, alteration, octave = spell(midi_pitch, key_of_spelling)
        name = pitch.Pitch(step=letter, octave=octave)
        if alteration:
            name.accidental = alteration
        sign = note.Note(name, quarterLength=quarters)
        sign.tie = tie.Tie("start") if tied else None
        yield start, sign


def _tie(part):
    """Complete each tie where it arrives: MusicXML marks both of its ends."""
    from music21 import tie

    for left, right in pairwise(part.recurse().notesAndRests):
        if left.tie is not None and left.tie.type != "stop":
            right.tie = tie.Tie("stop" if right.tie is None else "continue")


# For each suffix, the function and the parameters that not all of them have.
_CONVERTERS = {
    ".mid": (melody_to_midi, ()),
    ".midi": (melody_to_midi, ()),
    ".abc": (melody_to_abc, ("repeats",)),
    ".musicxml": (_melody_to_musicxml, ("repeats",)),
    ".xml": (_melody_to_musicxml, ("repeats",)),
    ".wav": (melody_to_wav, ("timbre",)),
}
