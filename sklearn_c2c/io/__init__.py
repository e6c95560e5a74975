"""Read melodies from files, and write them: ABC, MIDI and MusicXML."""

from sklearn_c2c.io._abc_writer import melody_to_abc

# What other rooms need besides the public functions.
from sklearn_c2c.io._choice import Choice as Choice
from sklearn_c2c.io._choice import NothingReadError as NothingReadError
from sklearn_c2c.io._choice import melodies_from as melodies_from
from sklearn_c2c.io._reader import find_files as find_files
from sklearn_c2c.io._reader import read_files as read_files
from sklearn_c2c.io._reader import read_melodies
from sklearn_c2c.io._reader import read_tunes as read_tunes
from sklearn_c2c.io._tune import quarters_in_beat as quarters_in_beat
from sklearn_c2c.io._writer import melody_to_midi, write_melody

__all__ = ["melody_to_abc", "melody_to_midi", "read_melodies", "write_melody"]
