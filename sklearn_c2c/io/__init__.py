"""Read melodies from files, and write them: ABC, MIDI, MusicXML, and sound (WAV)."""

# Private entry points for the other modules of this package. The readers turn a source
# into tunes; `melodies_from` turns tunes into the rows that a `Choice`, the parameters
# of `read_melodies`, asks for.
from sklearn_c2c.io._abc import header_field as header_field
from sklearn_c2c.io._abc_writer import melody_to_abc
from sklearn_c2c.io._books import abc_texts as abc_texts
from sklearn_c2c.io._books import read_abc_texts as read_abc_texts
from sklearn_c2c.io._choice import PER_MELODY as PER_MELODY
from sklearn_c2c.io._choice import NothingReadError as NothingReadError
from sklearn_c2c.io._choice import melodies_from as melodies_from
from sklearn_c2c.io._parameters import Choice as Choice
from sklearn_c2c.io._reader import find_files as find_files
from sklearn_c2c.io._reader import read_files as read_files
from sklearn_c2c.io._reader import read_melodies
from sklearn_c2c.io._reader import read_tunes as read_tunes
from sklearn_c2c.io._sheet import make_sheet as make_sheet
from sklearn_c2c.io._sheet import voice_names as voice_names
from sklearn_c2c.io._wav import melody_to_wav
from sklearn_c2c.io._writer import melody_to_midi, write_melody
from sklearn_c2c.io._writer import sheets_to_musicxml as sheets_to_musicxml
from sklearn_c2c.io._written import written_tunes as written_tunes

__all__ = [
    "melody_to_abc",
    "melody_to_midi",
    "melody_to_wav",
    "read_melodies",
    "write_melody",
]
