"""Read melodies from files, and write them: ABC, MIDI and MusicXML."""

from sklearn_c2c.io._abc_writer import melody_to_abc
from sklearn_c2c.io._reader import read_melodies
from sklearn_c2c.io._writer import melody_to_midi, write_melody

__all__ = ["melody_to_abc", "melody_to_midi", "read_melodies", "write_melody"]
