"""Read ABC text: tune books, and the notes and measures of each tune.

music21's reader silently drops inline key changes and measures of rest, forgets
accidentals within a bar, and reads unknown text as a C. This one raises a `TuneError`
that quotes any text it does not understand.
"""

import re

from sklearn_c2c.io import _abc_fields as fields
from sklearn_c2c.io._abc_text import (
    PLAIN_SIGNS,
    check_no_text_block,
    decode,
    music_of,
    plain_text,
    without_comment,
)
from sklearn_c2c.io._abc_voice import Settings, Voice, tokens_of
from sklearn_c2c.io._tune import Tune, TuneError, make_part

MAX_TUNE_CHARACTERS = 65536
_MAX_COMPOSER = 200  # characters
MAX_MEASURES_OF_REST = 1024  # of a tune: "Z999" is four bytes

# A note before a repeat sign begins no field: "e:|".
_FIELD_LINE = re.compile(r"(?![A-Ga-gxz]:[|:])([A-Za-z+]):(.*)")
_DIRECTIVE = r"(?:propagate-accidentals|MIDI[ \t=]{1,9}r?transpose)\b"
_DIRECTIVE_LINE = re.compile(rf"(?:%%|I:)[ \t]{{0,9}}({_DIRECTIVE}.*)", re.I)
# Fields before the first tune that hold for all of them. They are repeated in each
# tune, so values longer than any that can be read are cut.
_FIELD_OF_BOOK = re.compile(
    rf"^([LMRm]:|(?i:(?:%%|I:)[ \t]{{0,9}}{_DIRECTIVE}))([^%\n]{{0,64}})", re.M
)
_BEGIN_OF_TUNE = re.compile(r"^(?=X:|[ \t]+X: *\d)", re.M)
_BLANK_LINES = re.compile(r"\n[ \t]*(?=\n)")


def read_abc(data):
    """Read every tune of a file.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    list of Tune
        Those that cannot be read have a ``fault`` and no parts.

    Raises
    ------
    TuneError
        If the text holds no ABC tune at all.
    """
    tunes = [_read_tune(block) for block in split_tunes(decode(data))]
    if not tunes:
        raise TuneError("has no ABC tune: no line starts with X: (number) or K: (key)")
    return tunes


def split_tunes(text):
    """Split a tune book into the text of each tune, ``X:`` up to the next ``X:``.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str
        Text before the first ``X:`` counts as a tune if it has a ``K:`` line, as does
        each part of it after a blank line that has ``T:`` and ``K:``.
    """
    head, *blocks = _BEGIN_OF_TUNE.split(music_of(text))
    book, unnumbered = _split_head(head)
    shared = dict(_FIELD_OF_BOOK.findall(book))
    lines = "".join(f"\n{field}{value}" for field, value in shared.items()) + "\n"
    return [
        *unnumbered[:1],  # it has the fields of the book before it
        *(lines.lstrip() + tune for tune in unnumbered[1:]),
        *(re.sub(r"\n|$", lambda _: lines, block, count=1) for block in blocks),
    ]


def _split_head(head):
    """Split the text before the first ``X:`` into the header of the book and tunes."""
    if header_field(head, "K") is None:
        return head, []
    tunes, pending, has_title = [], [], True  # the first tune needs none
    for paragraph in _BLANK_LINES.split(head):
        pending.append(paragraph)
        has_title |= header_field(paragraph, "T") is not None
        if has_title and header_field(paragraph, "K") is not None:
            tunes.append("".join(pending).lstrip("\n") + "\n\n")
            pending, has_title = [], False
    # A header of the book has a blank line after it, and neither T: nor K:.
    before = re.split(r"^[ \t]*[TK]:", head, maxsplit=1, flags=re.M)[0]
    *header, _ = _BLANK_LINES.split(before)
    return "".join(header), tunes


def header_field(tune, letter):
    """Value of the first line ``letter:`` in a tune's text, or None.

    Parameters
    ----------
    tune : str
    letter : str

    Returns
    -------
    str or None
    """
    match = re.search(rf"^[ \t]*{letter}:((?:\\%|[^%\n])*)", tune, flags=re.M)
    return match[1].replace("\\%", "%").strip() if match else None


def _read_tune(text):
    """Read one tune; an error becomes its fault."""
    number = header_field(text, "X") or ""
    title = plain_text(header_field(text, "T") or "")
    reader = _TuneReader()
    try:
        if len(text) > MAX_TUNE_CHARACTERS:
            raise TuneError(
                f"is {len(text)} characters long, more than the "
                f"{MAX_TUNE_CHARACTERS} that are read"
            )
        reader.read(text)
        parts = tuple(
            make_part(
                reader.names.get(id, id),
                read.notes,
                read.rows,
                id,
                chords=reader.voices[id].chords,
                fermatas=read.fermatas,
            )
            for id, read in reader.measures.items()
            if read.rows
        )
        if not parts:
            raise TuneError("has no notes after its K: field", "empty")
    except ValueError as error:
        kind = getattr(error, "kind", "damaged")
        return Tune(number, title, fault=str(error), fault_kind=kind)
    key, tempo = reader.sounding_key(), reader.tempo
    return Tune(number, title, key, tempo, parts, composer=_composer(text))


def _composer(text):
    """Names in the lines ``C:`` before the key."""
    header = re.split(r"^[ \t]*K:", text, maxsplit=1, flags=re.M)[0]
    found = re.findall(r"^[ \t]*C:([^%\n]*)", header, flags=re.M)
    names = ", ".join(filter(None, map(plain_text, found)))
    return names[:_MAX_COMPOSER]


class _TuneReader:
    """Reads the lines of one tune into voices.

    Fields before ``K:``, and those after it up to the first note or voice, hold for all
    voices, others for the voice that they are in.
    """

    def __init__(self):
        self.settings = Settings()
        self.key_name = ""
        self.tempo = None
        self.changes = {}  # settings in V: fields before K:, by voice
        self.names = {}  # by voice, for voices with a name
        self.voices = {}
        self.voice = None
        self.n_measures_of_rest = 0

    def read(self, text):
        for raw in text.split("\n"):
            check_no_text_block(raw)
            line = raw.translate(PLAIN_SIGNS).strip()
            directive = _DIRECTIVE_LINE.fullmatch(line)
            field = _FIELD_LINE.fullmatch(line)
            music = without_comment(line) if self.voice and not field else ""
            if directive:
                self._directive(directive[1].split("%")[0])
            elif field:
                self._field(field[1], re.sub(r"(?<!\\)%.*", "", field[2]))
            elif music:
                self._music(music)
            elif self.voice and not raw.strip():
                break  # a blank line ends a tune
        if self.voice is None:
            raise TuneError("has no K: field (the key, which ends an ABC header)")
        for voice in self.voices.values():
            voice.measures.close()

    @property
    def measures(self):
        """Measures of each voice, by its id."""
        return {id: voice.measures for id, voice in self.voices.items()}

    def sounding_key(self):
        """Name of the sounding key, ``""`` if voices sound in several."""
        transposed = {
            sum(voice.settings.shifts.get(name, 0) for name in fields.TRANSPOSING)
            for voice in self.voices.values()
            if voice.measures.notes
        }
        if len(transposed) > 1:
            return ""
        return fields.transposed_key(self.key_name, sum(transposed))

    def _field(self, letter, value):
        value = " ".join(value.split())
        if letter == "K":
            self._read_key(value)
        elif letter == "M":
            self._set(metre=fields.read_metre(value))
        elif letter == "L":
            self._set(unit=fields.read_unit(value))
        elif letter == "V":
            self._read_voice(value)
        elif letter == "Q" and self.tempo is None:
            self.tempo = fields.read_tempo(value, self.settings.unit)
        elif letter == "I" and re.match(_DIRECTIVE, value, re.I):
            self._directive(value)
        elif letter == "m":
            raise TuneError(f"uses a macro (m:{value}), which is not read")

    def _directive(self, text):
        changes = fields.read_directive(text)
        # In a header a transposition is that of the voice named last.
        if "shifts" in changes and not self.voice and self.changes:
            self.changes[next(reversed(self.changes))].append(changes)
        else:
            self._set(**changes)

    def _set(self, **changes):
        if self._holds_for_all():
            self.settings = self.settings.changed(**changes)
        if self.voice:
            self.voice.settings = self.voice.settings.changed(**changes)

    def _holds_for_all(self):
        return not self.voice or (list(self.voices) == [""] and self.voice.is_empty())

    def _read_key(self, value):
        key, name = fields.read_key(value)
        changes = fields.read_pitch_options("K", value)
        if key is not None:
            self.key_name = name if self._holds_for_all() else self.key_name
            self._set(key=key)
        self._set(**changes)
        if not self.voice:
            self._switch_voice("")

    def _read_voice(self, value):
        voice = value.split()[0] if value else ""
        options = value[len(voice) :]
        changes = fields.read_pitch_options("V", options)
        name = fields.read_name(options)
        if name:
            self.names.setdefault(voice, name)
        if self.voice:
            if voice == "1" and self._has_begun_without_name():
                self.voices = {"1": self.voice}
            self._switch_voice(voice)
            self.voice.settings = self.voice.settings.changed(**changes)
        else:
            # A directive after this field applies to the last voice in `changes`.
            self.changes[voice] = self.changes.pop(voice, [])
            self.changes[voice].append(changes)

    def _has_begun_without_name(self):
        """Whether there is music before the first ``V:``, which is that of voice 1."""
        is_first = len(self.voices) == 1 and "" in self.voices
        return is_first and not self.voice.is_empty() and "1" not in self.changes

    def _switch_voice(self, voice):
        if voice not in self.voices:
            settings = self.settings
            for changes in self.changes.get(voice, []):
                settings = settings.changed(**changes)
            if settings.unit is None:
                settings = settings.changed(unit=fields.default_unit(settings.metre))
            self.voices[voice] = Voice(settings)
        self.voice = self.voices[voice]

    def _music(self, line):
        for kind, text, groups in tokens_of(line):
            if kind == "field":
                self._field(*groups)
                continue
            if kind == "measures_of_rest":
                self._count_measures_of_rest(int(groups[0] or 1))
            self.voice.read(kind, text, groups)
        self.voice.end_line()

    def _count_measures_of_rest(self, count):
        self.n_measures_of_rest += count
        if self.n_measures_of_rest > MAX_MEASURES_OF_REST:
            raise TuneError(
                f"rests for more than the {MAX_MEASURES_OF_REST} measures that are read"
            )
