"""Real tunes as the bytes of files: the material to mutate and grow."""

from functools import cache

import numpy as np

from sklearn_c2c.datasets import load_bach_sopranos, load_celtic
from sklearn_c2c.io._abc_writer import melody_to_abc
from sklearn_c2c.io._writer import _melody_to_musicxml, melody_to_midi

_N_TUNES = 12

# Features of files that the reels and chorales written by this package lack.
_ABC = rb"""X:1
T:The "Kesh" & others\'e
M:6/8
L:1/8
Q:3/8=110
K:G dor ^c clef=treble
V:1 name="Flute"
V:2 clef=bass
[V:1] A2|:"G"G3 GAB|(3ABA {g}A2 [GB]d|1 B/2B/4>c d-d [M:3/4]z2:|2 !trill!G4 x2||
[V:2] Z|G,6|[K:D]F,3/2^F,,,=f''_b|
%%begintext
A B C
%%endtext
P:B
[L:1/16]Z2|"^slow".A(B c)d e2>f2 ~g2 Hg4 y|]
W:words
"""
_MIDI = b"".join(
    tag + len(data).to_bytes(4) + data
    for tag, data in (
        (b"MThd", bytes.fromhex("0001 0002 0060")),
        # Title, 6/8, E flat minor, tempo, system exclusive.
        (
            b"MTrk",
            bytes.fromhex(
                "00ff030454756e65 00ff580406033008 00ff5902fa01 00ff510307a120"
                "00f0037e7ff7 00ff2f00"
            ),
        ),
        # Program, controller, running status, pitch bend, drums, a retriggered note.
        (
            b"MTrk",
            bytes.fromhex(
                "00c049 00b07b00 00903c50 303c00 00904050 1880 4000 00e00040"
                "00993150 30893100 00904350 30904350 30804300 00ff0503617265"
                "00904550 8120804500 00ff2f00"
            ),
        ),
    )
)
_MUSICXML = b"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"
 "http://www.musicxml.org/dtds/partwise.dtd">
<score-partwise version="4.0"><work><work-title>Tune</work-title></work>
<part-list><score-part id="P1"><part-name>Clarinet</part-name></score-part>
<score-part id="P2"><part-name/></score-part></part-list>
<part id="P1"><measure number="0" implicit="yes"><attributes><divisions>6</divisions>
<key><fifths>2</fifths><mode>major</mode></key><time symbol="common"><beats>2</beats>
<beat-type>4</beat-type></time><transpose><diatonic>-1</diatonic><chromatic>-2</chromatic>
</transpose></attributes><sound tempo="90"/><note><pitch><step>F</step><alter>1</alter>
<octave>4</octave></pitch><duration>6</duration><tie type="start"/><voice>1</voice>
<type>quarter</type><notations><tied type="start"/></notations></note></measure>
<measure number="1"><barline location="left"><repeat direction="forward"/>
<ending number="1, 2" type="start"/></barline><note><pitch><step>F</step>
<alter>1</alter>
<octave>4</octave></pitch><duration>2</duration><tie type="stop"/><voice>1</voice>
<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes>
</time-modification></note><note><chord/><pitch><step>A</step><octave>4</octave></pitch>
<duration>2</duration></note><note><grace/><pitch><step>B</step><octave>4</octave></pitch>
</note><note><cue/><rest/><duration>2</duration></note><backup><duration>2</duration>
</backup><forward><duration>2</duration></forward><note><rest measure="yes"/>
<duration>10</duration></note><barline location="right"><ending number="1, 2"
 type="stop"/><repeat direction="backward" times="2"/></barline></measure></part>
<part id="P2"><measure number="0"><note><unpitched/><duration>6</duration></note>
</measure></part></score-partwise>
"""


# Of each format a file with rarer features, and what writes a melody in it, or None.
_FILES = {
    ".abc": (_ABC, melody_to_abc),
    ".mid": (_MIDI, melody_to_midi),
    ".musicxml": (_MUSICXML, _melody_to_musicxml),
}


@cache
def real_tunes(suffix):
    """Tunes of one format, as bytes: one with rarer features, and some of the corpora.

    Parameters
    ----------
    suffix : str

    Returns
    -------
    list of bytes
        None of the corpora if the package does not write the format; empty if there are
        no files of it here.
    """
    if suffix not in _FILES:
        return []
    rarer, convert = _FILES[suffix]
    if convert is None:
        return [rarer]
    rows = np.vstack([load_celtic().data[:8], load_bach_sopranos().data[:4]])[:_N_TUNES]
    notation = {"time_signature": "4/4", "steps_per_quarter": 4, "key": "D"}
    notation |= {"title": "Tune", "tempo": 120, "pickup": False}
    written = [convert(row[:32], **notation) for row in rows]
    return [rarer] + [
        text.encode() if isinstance(text, str) else text for text in written
    ]
