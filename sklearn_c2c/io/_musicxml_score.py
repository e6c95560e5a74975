"""Titles, tempo and parts of a MusicXML score, and the tune made of them."""

import re

from sklearn_c2c._titles import one_line
from sklearn_c2c.io._key import key_by_notes
from sklearn_c2c.io._musicxml_part import QUARTERS, StavedPart
from sklearn_c2c.io._tune import MAX_MEASURES, Tune, TuneError, make_part
from sklearn_c2c.melody import key_of_signature

_MAX_STAVES = 1024
_MAX_NAME = 200  # characters of a title, or of a part's name
_TITLES = ("work-title", "movement-title", "credit")
_PER_MINUTE = re.compile(r"\d{1,4}(?:\.\d{1,9})?")


class Score:
    """Collects titles, names, the tempo and the parts of a score.

    `fields` holds the content of an element, as for `StavedPart`.
    """

    def __init__(self):
        self.titles = {}  # element: text
        self.tempo = None
        self.names = {}  # of parts, by id
        self.parts = {}  # by id

    def part(self, part_id):
        """The part of this id, a new one if there is none."""
        if part_id not in self.parts:
            self.parts[part_id] = StavedPart()
        return self.parts[part_id]

    def title(self, tag, text):
        self.titles.setdefault(tag, _name(text))

    def credit(self, fields):
        if fields.get("credit-type") == "title":
            self.title("credit", fields.get("credit-words"))

    def name_part(self, fields):
        self.names[fields.get("score-part id")] = _name(fields.get("part-name"))

    def sound(self, attributes):
        """Use the tempo to play in, if it is the first that is stated."""
        if self.tempo is None and "tempo" in attributes:
            self.tempo = _per_minute(attributes["tempo"])

    def metronome(self, fields):
        """Use the tempo that is written, if it is the first that is stated."""
        if self.tempo is None:
            quarters = QUARTERS.get(fields.get("beat-unit"), 0)
            n_dots = len(fields.get("beat-unit-dot", ()))
            beats = _per_minute(fields.get("per-minute", ""))
            dotted = quarters * (2 - 0.5 ** min(n_dots, 4))
            self.tempo = (beats and float(beats * dotted)) or None

    def tune(self, warnings):
        """Tune made of everything that was read.

        Parameters
        ----------
        warnings : list of str
            Further warnings; empty ones are dropped.

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
        """Key that a part states first; without a mode the notes decide on the mode.

        Parts with notes come first: a staff of drums has no key.
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
        """A part for each staff that has notes, at least one for each part."""
        n_staves = sum(max(1, len(part.notes)) for part in self.parts.values())
        if n_staves > _MAX_STAVES:
            raise TuneError(
                f"has {n_staves} staves, more than the {_MAX_STAVES} that are read"
            )
        n_measures = sum(
            len(part.measures.rows) * max(1, len(part.notes))
            for part in self.parts.values()
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
                notes, fermatas = (
                    of.get(staff, []) for of in (part.notes, part.fermatas)
                )
                yield make_part(full_name, notes, measures, fermatas=fermatas)


def _name(text):
    """Text as a title or a name: one line of it, without control characters."""
    return one_line(text or "")[:_MAX_NAME]


def _per_minute(text):
    """The first number of a tempo such as ``ca. 108``, or None."""
    match = _PER_MINUTE.search(text[:40])
    return float(match[0]) or None if match else None
