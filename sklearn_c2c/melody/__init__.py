"""A melody as one row of integers: its tokens, its notes, its checks, its notation.

``X`` is ``(n_melodies, n_steps)``. A value is a MIDI pitch 0-127, `REST` or `HOLD`: a
note is its pitch at the step of its onset, then `HOLD` for as long as it lasts, so a
repeated note and a long note differ. Rows of melodies of different lengths are filled
up with `END`. Metre and key are parsed here, for all modules.
"""

from sklearn_c2c.melody import _rows

# Needed by other modules of the package, besides the public names.
from sklearn_c2c.melody._key import LETTERS as LETTERS
from sklearn_c2c.melody._key import NATURALS as NATURALS
from sklearn_c2c.melody._key import Key, parse_key, scale_pitch_classes
from sklearn_c2c.melody._key import key_of_signature as key_of_signature
from sklearn_c2c.melody._key import parse_mode as parse_mode
from sklearn_c2c.melody._key import spelled_key as spelled_key
from sklearn_c2c.melody._key import stated_mode as stated_mode
from sklearn_c2c.melody._metre import Metre, parse_metre
from sklearn_c2c.melody._metre import check_tempo as check_tempo
from sklearn_c2c.melody._phrases import longest_notes
from sklearn_c2c.melody._rows import (
    check_melodies,
    measure_mask,
    melody_from_notes,
    melody_lengths,
    mend_orphan_holds,
    notes_from_melody,
    pad_melodies,
    pitch_name,
    raise_where,
    sounding_pitches,
    transpose,
)
from sklearn_c2c.melody._voices import check_voices, split_voices

# Assigned here because the reference takes the texts of constants from assignments.
#: Token of a step at which nothing sounds.
REST = _rows.REST
#: Token of a step at which the note before goes on.
HOLD = _rows.HOLD
#: Token of a step after the end of a melody that is shorter than its row.
END = _rows.END
#: MIDI pitches are 0 to 127.
N_PITCHES = _rows.N_PITCHES

__all__ = [
    "END",
    "HOLD",
    "N_PITCHES",
    "REST",
    "Key",
    "Metre",
    "check_melodies",
    "check_voices",
    "longest_notes",
    "measure_mask",
    "melody_from_notes",
    "melody_lengths",
    "mend_orphan_holds",
    "notes_from_melody",
    "pad_melodies",
    "parse_key",
    "parse_metre",
    "pitch_name",
    "raise_where",
    "scale_pitch_classes",
    "sounding_pitches",
    "split_voices",
    "transpose",
]
