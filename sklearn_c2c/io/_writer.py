"""`write_melody`: MIDI, ABC, MusicXML or sound, written whole or not at all."""

from fractions import Fraction
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path

from sklearn_c2c._files import write_atomically
from sklearn_c2c.io._abc_writer import melody_to_abc
from sklearn_c2c.io._sheet import check_repeats, make_sheets
from sklearn_c2c.io._spelling import spell_measures
from sklearn_c2c.io._wav import check_timbre, melody_to_wav
from sklearn_c2c.melody import notes_from_melody

_VELOCITY = 90
_CHANNELS = [*range(1, 10), *range(11, 17)]  # all but that of percussion
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
    voices=None,
):
    """Write a melody, or several voices, to a MIDI, ABC, MusicXML or WAV file.

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
        states none. A pitch outside the scale is spelled by the pitches beside it (C
        sharp before D, D flat before C), or else as in the harmonic chromatic scale of
        the tonic.
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
    voices : int or list of str, default=None
        Number or names of the voices of a row of several, each of which is a track in
        MIDI, a part in MusicXML and a ``V:`` in ABC; `read_melodies` takes the same.
        None writes one melody.

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
        voices=voices,
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
    voices=None,
):
    """Write a melody, or several voices, as the bytes of a MIDI file.

    Parameters
    ----------
    melody : array-like of int, shape (n_steps,)
        A legal melody, written up to its end. The last measure is filled up with rest.
    time_signature, steps_per_quarter, key, title, tempo, pickup, voices
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

    notation = time_signature, steps_per_quarter, key, title, tempo, pickup
    sheets = make_sheets(melody, *notation, voices=voices)
    ticks_per_step = max(1, _TICKS_PER_QUARTER // sheets[0].steps_per_quarter)
    file = midi.MidiFile()
    file.ticksPerQuarterNote = ticks_per_step * sheets[0].steps_per_quarter
    file.tracks = list(_tracks(sheets, ticks_per_step))
    file.format = int(len(sheets) > 1)
    return file.writestr()


def _tracks(sheets, ticks_per_step):
    """One track; of several voices one without notes, then one for each."""
    from music21 import midi

    length = len(sheets[0].melody) * ticks_per_step
    track = midi.MidiTrack(0)
    events = list(_meta_events(sheets[0], track))
    if len(sheets) == 1:
        events += _note_events(sheets[0], track, voice=0)
    yield _filled(track, events, ticks_per_step, length)
    for voice, sheet in enumerate(sheets if len(sheets) > 1 else ()):
        track = midi.MidiTrack(voice + 1)
        name = _meta_event(track, "SEQUENCE_TRACK_NAME", sheet.name.encode())
        events = [name, *_note_events(sheet, track, voice)]
        yield _filled(track, events, ticks_per_step, length)


def _filled(track, events, ticks_per_step, length):
    """Put events, with their steps, into a track of so many ticks."""
    from music21 import midi

    time = 0
    for step, event in sorted(events, key=itemgetter(0)):
        track.events += [midi.DeltaTime(track, time=step * ticks_per_step - time)]
        track.events += [event]
        time = step * ticks_per_step
    # The end of the track states the length, also where the last measures are silent.
    _, end = _meta_event(track, "END_OF_TRACK", b"")
    track.events += [midi.DeltaTime(track, time=length - time), end]
    return track


def _meta_events(sheet, track):
    """Steps and events of title, tempo, metre and key."""
    microseconds = round(6e7 / sheet.tempo)
    contents = [
        (0, "SEQUENCE_TRACK_NAME", sheet.title.encode()),
        (0, "SET_TEMPO", microseconds.to_bytes(3, "big")),
    ]
    if sheet.pickup:  # a bar with a metre of its own, as notation programs write it
        length = Fraction(sheet.pickup, 4 * sheet.steps_per_quarter)
        contents.append((0, "TIME_SIGNATURE", _metre(*length.as_integer_ratio())))
    contents.append((sheet.pickup, "TIME_SIGNATURE", _metre(*sheet.metre)))
    if sheet.key is not None:
        minor = sheet.key.mode in ("minor", "aeolian", "dorian", "phrygian")
        signature = bytes([sheet.key.signature % 256, minor])
        contents.append((0, "KEY_SIGNATURE", signature))
    for step, kind, content in contents:
        yield _meta_event(track, kind, content, step)


def _meta_event(track, kind, content, step=0):
    """The step of an event and the event."""
    from music21 import midi

    event = midi.MidiEvent(track, type=midi.MetaEvents[kind])
    event.data = content
    return step, event


def _metre(beats, beat_type):
    if beats > 255:
        raise ValueError(
            f"Found a measure of {beats} beats, {beats}/{beat_type}; MIDI has a byte "
            f"for their number: expected at most 255. ABC and MusicXML can have more."
        )
    return bytes([beats, beat_type.bit_length() - 1, 24, 8])


def _note_events(sheet, track, voice):
    from music21 import midi

    kinds = midi.ChannelVoiceMessages
    channel = _CHANNELS[voice % len(_CHANNELS)]
    for onset, duration, pitch in notes_from_melody(sheet.melody).tolist():
        for step, kind, velocity in [
            (onset, kinds.NOTE_ON, _VELOCITY),
            (onset + duration, kinds.NOTE_OFF, 0),
        ]:
            event = midi.MidiEvent(track, type=kind, channel=channel)
            event.pitch, event.velocity = pitch, velocity
            yield step, event


def _melody_to_musicxml(melody, **notation):
    """Write a melody as the bytes of a MusicXML file."""
    return sheets_to_musicxml(make_sheets(melody, **notation))


def sheets_to_musicxml(sheets):
    """Write what is laid out as the bytes of a MusicXML file.

    Parameters
    ----------
    sheets : list of Sheet
        One for each voice.

    Returns
    -------
    bytes
    """
    from music21.musicxml.m21ToXml import ScoreExporter

    exporter = ScoreExporter(_score(sheets), makeNotation=False)
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
    for kind in ("score-part", "part"):
        for number, element in enumerate(root.iter(kind), start=1):
            element.set("id", f"P{number}")


def _score(sheets):
    from music21 import layout, metadata, stream

    parts = [_part(sheet) for sheet in sheets]
    score = stream.Score([metadata.Metadata(title=sheets[0].title), *parts])
    if len(parts) > 1:
        score.insert(0, layout.StaffGroup(parts, symbol="bracket", barTogether=True))
    return score


def _part(sheet):
    from music21 import bar, stream

    part = stream.Part(id=sheet.name or "Melody")
    part.partName = sheet.name or "Melody"
    played = list(sheet.measures())
    spelled = spell_measures(played, sheet.key)
    written = sheet.written()
    for number, one in enumerate(written, start=sheet.missing(0) == 0):
        signs = _signs(sheet, played[one.played], spelled[one.played])
        before = sheet.missing(one.played)
        measure = _measure(sheet, signs, number, before, is_first=not part)
        _add_symbols(measure, sheet, one.played, before)
        part.append(measure)
    measures = list(part.getElementsByClass(stream.Measure))
    measures[-1].rightBarline = bar.Barline("final")
    _add_repeats(part, measures, written)
    _tie(part)
    part.makeAccidentals(inPlace=True)
    part.makeBeams(inPlace=True)
    return part


def _measure(sheet, signs, number, before, *, is_first):
    """A measure of this number, which lacks `before` steps; a pick-up has number 0."""
    from music21 import stream
    from music21.stream.makeNotation import makeTupletBrackets

    measure = stream.Measure(number=number)
    if before:
        measure.paddingLeft = before / sheet.steps_per_quarter
    if number == 0:
        measure.showNumber = stream.enums.ShowNumber.NEVER
    if is_first:
        measure.append(_first_signs(sheet))
    for start, sign in signs:
        measure.insert((start - before) / sheet.steps_per_quarter, sign)
    # Without it music21 beams a short measure as it does a pick-up.
    missing = 4 * sheet.metre.beats / sheet.metre.beat_type - measure.highestTime
    measure.paddingRight = 0 if before else max(0, missing)
    makeTupletBrackets(measure, inPlace=True)
    return measure


def _add_symbols(measure, sheet, number, before):
    """Add chord symbols, as they are spelled."""
    from music21 import expressions

    for _, step, text in (chord for chord in sheet.chords if chord[0] == number):
        symbol = expressions.TextExpression(text)
        symbol.placement = "above"
        symbol.style.fontStyle = "normal"
        measure.insert((step - before) / sheet.steps_per_quarter, symbol)


def _first_signs(sheet):
    """Clef, key, metre and tempo."""
    from music21 import clef, duration, key, meter, tempo

    signs = [clef.BassClef() if sheet.clef == "bass" else clef.TrebleClef()]
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
            times = one.closes if one.closes > 2 else None
            measure.rightBarline = bar.Repeat(direction="end", times=times)
    for number, pairs in groupby(by_ending, key=lambda pair: pair[1].ending):
        if number:
            inside, signs = zip(*pairs, strict=True)
            part.insert(0, spanner.RepeatBracket(inside, number=number))
            goes_on = inside[-1] is not measures[-1] and not signs[-1].closes
            if number != 1 and goes_on:
                inside[-1].rightBarline = bar.Barline("double")


def _signs(sheet, events, spelled):
    """Start (steps) of each note or rest of a measure, and its music21 object."""
    from music21 import note, pitch, tie

    for (start, length, _, tied), name in zip(events, spelled, strict=True):
        quarters = Fraction(length, sheet.steps_per_quarter)
        if name is None:
            yield start, note.Rest(quarterLength=quarters)
            continue
        letter, alteration, octave = name
        written = pitch.Pitch(step=letter, octave=octave)
        if alteration:
            written.accidental = alteration
        sign = note.Note(written, quarterLength=quarters)
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
