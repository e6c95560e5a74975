"""Read MusicXML: the events of a melody, as the parser meets them.

Our own reader, as music21's guesses pitches, takes seconds for a page and hangs on
files of 2 KB. Here what is not understood is a `TuneError` that names the measure. The
parser is the standard library's, as defusedxml sets it up: no entities, no document
type declared within the file, no tree in memory.
"""

import codecs
import contextlib
import re
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException, DTDForbidden
from defusedxml.ElementTree import DefusedXMLParser

from sklearn_c2c.io._key import key_by_notes
from sklearn_c2c.io._musicxml_part import QUARTERS, StavedPart
from sklearn_c2c.io._mxl import is_archive, score_in_archive
from sklearn_c2c.io._tune import MAX_MEASURES, Tune, TuneError, make_part
from sklearn_c2c.melody import key_of_signature

MAX_BYTES = 16 * 2**20
# Tags and attributes take the time and the memory; a usual score of 7 MiB has as many.
MAX_MARKS = 2**19
_MAX_STAVES = 1024
_MAX_NAME = 200  # characters of a title, or of a part's name
_TITLES = ("work-title", "movement-title", "credit")
_DECLARATION = re.compile(
    rb"""\s{0,99}<\?xml\s[^>]{0,99}?encoding\s{0,9}=\s{0,9}["']([\w.:-]{1,40})["']"""
)
# Not Python's other codecs: some take time that grows as the square of the text.
_ENCODINGS = re.compile(
    r"(?:(?:windows|cp|ibm)-?\d+|x?-?mac\w*|iso-?8859-\d+|latin-?\d+|koi8-\w|tis-?620|"
    r"big5\w*|gbk?\w*|shift_?jis|sjis|windows-31j|euc-\w+)",
    re.I,
)
_PER_MINUTE = re.compile(r"\d{1,4}(?:\.\d{1,9})?")

# Elements that are read when they end, by what is in them ...
_RECORDS = frozenset(
    "note backup forward key time transpose barline metronome credit score-part".split()
)
# ... and what is in them: a text, of which the first counts.
_VALUES = frozenset(
    "actual-notes alter beat-unit chord chromatic credit-type credit-words cue "
    "duration fifths grace mode normal-notes notehead octave octave-change part-name "
    "per-minute pitch rest senza-misura staff step type unpitched".split()
)


def read_musicxml(data):
    """Read a MusicXML file, plain or compressed, partwise or timewise.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    list of Tune
        One, with a part for each staff that has notes.

    Raises
    ------
    TuneError
        If the file is too large, declares a document type, or cannot be read.
    """
    warning = ""
    if is_archive(data):
        data, warning = score_in_archive(data, MAX_BYTES)
    if len(data) > MAX_BYTES:
        raise TuneError(f"is larger than the {MAX_BYTES >> 20} MiB that are read")
    score = _Score()
    _parse(_decode(data), score)
    return [score.tune([warning])]


def _decode(data):
    """Text of a file: UTF-16 if it says so, UTF-8, the declared encoding, or cp1252."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", _declared_encoding(data)):
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(encoding)
    return data.decode("cp1252", "replace")


def _declared_encoding(data):
    """Encoding that the XML declaration names, if it is one of ASCII and more."""
    match = _DECLARATION.match(data)
    name = match[1].decode() if match else ""
    if not _ENCODINGS.fullmatch(name):
        return "cp1252"
    with contextlib.suppress(LookupError):
        codec = codecs.lookup(name).name
        # What programs call Latin-1 has the quotation marks of Windows.
        return "cp1252" if codec == "iso8859-1" else codec
    return "cp1252"


def _parse(text, score):
    n_marks = text.count("<") + text.count("=")
    if n_marks > MAX_MARKS:
        raise TuneError(
            f"holds {n_marks} tags and attributes, more than the {MAX_MARKS} that are "
            f"read"
        )
    try:
        parser = _Parser(score)
        parser.feed(text.lstrip())
        parser.close()
    except DefusedXmlException as error:
        raise TuneError(
            "declares a document type within the file, which is not read"
        ) from error
    except TuneError as error:
        place = f"measure {score.number[:20]} " if score.part else ""
        raise TuneError(f"{place}{error}") from error
    except ParseError as error:
        what = "is damaged" if score.root else "is no MusicXML score"
        raise TuneError(f"{what}: {error}") from error


class _Parser(DefusedXMLParser):
    """Expat as defusedxml sets it up, that calls the methods of a `_Score` directly.

    A document type may be named, as it usually is, but not declared within the file.
    """

    def __init__(self, score):
        super().__init__(target=score, forbid_dtd=True)
        self.score = score
        self.parser.ordered_attributes = False
        self.parser.StartElementHandler = self.read_root

    def defused_start_doctype_decl(self, name, sysid, pubid, has_internal_subset):
        if has_internal_subset:
            raise DTDForbidden(name, sysid, pubid)

    def read_root(self, tag, _):
        begin, end = self.score.begin, self.score.end
        namespace, _, name = tag.rpartition("}")
        if namespace:
            self.parser.StartElementHandler = lambda tag, attributes: begin(
                tag.rpartition("}")[2], attributes
            )
            self.parser.EndElementHandler = lambda tag: end(tag.rpartition("}")[2])
        else:
            self.parser.StartElementHandler = begin
            self.parser.EndElementHandler = end
        self.score.begin_root(name)


class _Score:
    """Brings what the parser meets to the part that it belongs to.

    `begin` and `end` are called for every element, which is half of the time that
    reading takes: they look up its name, and no more.
    """

    def __init__(self):
        self.root, self.innermost = "", ""
        self.titles = {}  # element: text
        self.tempo = None
        self.names = {}  # of parts, by id
        self.parts = {}  # by id
        self.part_id, self.number = "", ""
        self.part = None  # whose measure is being read
        self.fields = {}  # of the record that is being read
        self.texts = []
        self.data = self.texts.append
        self.beginnings = {
            "part": self.begin_part,
            "measure": self.begin_measure,
            "interchangeable": self.begin_interchangeable,
            "sound": self.sound,
            "tie": self.tie,
            "tied": self.tie,
        } | dict.fromkeys([*_RECORDS, "repeat", "ending"], self.keep_attributes)
        self.ends = {
            "part": self.end_measure,
            "measure": self.end_measure,
            "divisions": self.divisions,
            "work-title": self.title,
            "movement-title": self.title,
            "credit": self.credit,
            "score-part": self.name_part,
            "metronome": self.metronome,
        } | dict.fromkeys(
            ("bar-style", "beats", "beat-type", "dot", "beat-unit-dot"), self.repeated
        )
        self.part_ends = {
            "note": StavedPart.note,
            "backup": StavedPart.backup,
            "forward": StavedPart.forward,
            "key": StavedPart.key,
            "time": StavedPart.time,
            "transpose": StavedPart.transpose,
            "barline": StavedPart.barline,
        }

    def begin_root(self, name):
        if name not in ("score-partwise", "score-timewise"):
            raise TuneError(f"is no MusicXML score, but <{name[:20]}>")
        self.root = name
        self.innermost = "measure" if name == "score-partwise" else "part"

    def begin(self, tag, attributes):
        self.texts.clear()
        if tag in self.beginnings:
            if tag in _RECORDS:
                self.fields = {}
            self.beginnings[tag](tag, attributes)

    def end(self, tag):
        if tag in _VALUES:
            if tag not in self.fields:
                self.fields[tag] = "".join(self.texts).strip()
        elif tag in self.part_ends:
            self.part_ends[tag](self.open_part(tag), self.fields)
        elif tag in self.ends:
            self.ends[tag](tag)

    def close(self):
        """Leave everything as it is: the parser is at the end."""

    def text(self):
        return "".join(self.texts).strip()

    def keep_attributes(self, tag, attributes):
        for name, value in attributes.items():
            self.fields.setdefault(f"{tag} {name}", value)

    def repeated(self, tag):
        if "alternative" not in self.fields:
            self.fields.setdefault(tag, []).append(self.text())

    def begin_part(self, tag, attributes):
        self.part_id = attributes.get("id", "")
        if tag == self.innermost:
            self.open_measure()
        elif self.part_id in self.parts:
            raise TuneError(f"has two parts {self.part_id[:20]!r}")

    def begin_measure(self, tag, attributes):
        self.number = attributes.get("number", "without a number")
        if tag == self.innermost:
            self.open_measure()

    def open_measure(self):
        if self.part:
            raise TuneError("has a measure within it")
        self.part = self.parts.setdefault(self.part_id, StavedPart())
        self.part.open_measure()

    def open_part(self, tag):
        if not self.part:
            raise TuneError(f"has a <{tag}> that is in no measure")
        return self.part

    def end_measure(self, tag):
        if tag == self.innermost:
            self.open_part(tag).close_measure()
            self.part = None

    def divisions(self, tag):
        self.open_part(tag).set_divisions(self.text())

    def begin_interchangeable(self, _, __):
        """Keep the first of two metres that are stated for the same music."""
        self.fields["alternative"] = True

    def tie(self, _, attributes):
        if attributes.get("type") in ("start", "continue"):
            self.fields["tied"] = True

    def sound(self, _, attributes):
        if self.tempo is None and "tempo" in attributes:
            self.tempo = _per_minute(attributes["tempo"])

    def metronome(self, _):
        if self.tempo is None:
            quarters = QUARTERS.get(self.fields.get("beat-unit"), 0)
            n_dots = len(self.fields.get("beat-unit-dot", ()))
            beats = _per_minute(self.fields.get("per-minute", ""))
            dotted = quarters * (2 - 0.5 ** min(n_dots, 4))
            self.tempo = (beats and float(beats * dotted)) or None

    def title(self, tag):
        self.titles.setdefault(tag, _name(self.text()))

    def credit(self, _):
        if self.fields.get("credit-type") == "title":
            self.titles.setdefault("credit", _name(self.fields.get("credit-words")))

    def name_part(self, _):
        part_id = self.fields.get("score-part id")
        self.names[part_id] = _name(self.fields.get("part-name"))

    def tune(self, warnings):
        """All that was read, once it was read.

        Parameters
        ----------
        warnings : list of str
            What to warn of besides; nothing if it is empty.

        Returns
        -------
        Tune
        """
        titles = [self.titles.get(tag) for tag in _TITLES]
        warnings = [*warnings, self._leave_slashes_out()]
        parts = tuple(self._parts())
        if not parts:
            raise TuneError("has no measures")
        return Tune(
            title=next(filter(None, titles), ""),
            key=self._key(parts),
            tempo=self.tempo,
            parts=parts,
            warnings=tuple(filter(None, warnings)),
        )

    def _key(self, parts):
        """Key that a part states first; without a mode its signature is judged.

        Of the parts those count first that have notes: a staff of drums has no key.
        """
        read = sorted(self.parts.values(), key=lambda part: not part.notes)
        stated = [part.sounding_signature for part in read if part.sounding_signature]
        keys = (key_of_signature(*signature) for signature in stated)
        key = next(filter(None, keys), None)
        sharps = next((sharps for sharps, _ in stated if abs(sharps) <= 7), None)
        if key is None and sharps is not None:
            key = key_by_notes(sharps, parts)
        return str(key or "")

    def _leave_slashes_out(self):
        """Leave out notes that state a rhythm and no pitch; warn of them."""
        n = sum(part.leave_slashes_out() for part in self.parts.values())
        note = "1 note" if n == 1 else f"{n} notes"
        return f"{note} with slashes for heads, all at one pitch, left out" * (n > 0)

    def _parts(self):
        """A part for each staff that has notes, one at least for each part."""
        n_staves = sum(max(1, len(part.notes)) for part in self.parts.values())
        if n_staves > _MAX_STAVES:
            raise TuneError(
                f"has {n_staves} staves, more than the {_MAX_STAVES} that are read"
            )
        n_measures = sum(
            len(part.measures) * max(1, len(part.notes)) for part in self.parts.values()
        )
        if n_measures > MAX_MEASURES:
            raise TuneError(
                f"has {n_measures} measures, in all staves together, more than the "
                f"{MAX_MEASURES} that are read"
            )
        for i, (part_id, part) in enumerate(self.parts.items()):
            name = self.names.get(part_id) or _name(part_id) or str(i)
            measures = part.bounded_measures()
            staves = sorted(part.notes) or [""]
            for staff in staves if measures else ():
                full_name = f"{name} staff {staff}" if len(staves) > 1 else name
                yield make_part(full_name, part.notes.get(staff, []), measures)


def _name(text):
    """Text as a title or a name: one line of it, without control characters."""
    text = "".join(c if c.isprintable() else " " for c in text or "")
    return " ".join(text.split())[:_MAX_NAME]


def _per_minute(text):
    """The first number of a tempo such as ``ca. 108``, or None."""
    match = _PER_MINUTE.search(text[:40])
    return float(match[0]) or None if match else None
