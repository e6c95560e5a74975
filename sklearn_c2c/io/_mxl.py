"""The score in an archive of compressed MusicXML, ``.mxl``."""

import io
import posixpath
import zipfile
from urllib.parse import unquote
from xml.etree.ElementTree import ParseError

from defusedxml.ElementTree import fromstring

from sklearn_c2c.io._tune import TuneError

# More than any real archive needs; the members not read may be of any size.
_MAX_MEMBERS = 64
_CONTAINER = "meta-inf/container.xml"
_MAX_CONTAINER_BYTES = 2**16
_MAX_TAGS = 8 * _MAX_MEMBERS  # of a container
_MAX_NAME = 200  # characters of a path that a reason quotes
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def is_archive(data):
    """Whether bytes are a ZIP archive, whatever their file is called."""
    return data[:4] == b"PK\3\4"


def score_in_archive(data, max_bytes):
    """Unpack the score of an archive: the one its container names, or else the first.

    Parameters
    ----------
    data : bytes
    max_bytes : int
        How long the score may be.

        Largest size of the score.
    -------
    score : bytes
    warning : str
        Why it may not be the intended score; empty if there is no doubt.

    Raises
    ------
    TuneError
        If the archive is damaged, holds no score, or unpacks to too much.
    """
    # Members are counted by their signature in the table of contents, before zipfile
    # makes an object of each.
    n_members = data.count(b"PK\1\2")
    if n_members > _MAX_MEMBERS:
        raise TuneError(
            f"holds {n_members} files, more than the {_MAX_MEMBERS} of any score"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            member, warning = _score_of(archive)
            return _unpack(archive, member, max_bytes), warning
    except TuneError:
        raise
    except Exception as error:  # each kind of damage raises another error
        raise TuneError(f"is no compressed MusicXML: {error}") from error


def _score_of(archive):
    """The member that is the score, and a warning; names count in any case."""
    members = {_normal(member.filename): member for member in archive.infolist()}
    scores = [name for name in members if _is_score(name)]
    fault = ""
    if _CONTAINER in members:
        container = _unpack(archive, members[_CONTAINER], _MAX_CONTAINER_BYTES)
        named = [_member_name(path, members) for path in _paths(container)]
        # A container may name other renditions too, such as a PDF.
        named = [name for name in named if _is_score(name)] or named[:1]
        present = [name for name in named if name in members]
        if present:
            return members[present[0]], ""
        score = f"the score {named[0][:_MAX_NAME]!r}" if named else "no score"
        fault = f"its container names {score}" + ", which is not in it" * bool(named)
    if not scores:
        raise TuneError(f"holds no score, only {', '.join(members) or 'nothing'}")
    if fault and len(scores) > 1:
        others = ", ".join(scores)[:_MAX_NAME]
        raise TuneError(f"does not say which score is meant: {fault}, but {others}")
    return members[scores[0]], fault and f"{fault}; the only score in it was read"


def _normal(name):
    """Path within an archive: slashes, no ``./`` or ``../``, lower case."""
    return posixpath.normpath("/" + name.replace("\\", "/")).lstrip("/").lower()


def _member_name(path, members):
    """Name of the member that a container means, whose paths may be percent-encoded."""
    name = _normal(path)
    return name if name in members else _normal(unquote(path))


def _paths(container):
    """Paths that a container names, the best first; none if it is damaged."""
    if container.count(b"<") > _MAX_TAGS:
        return []
    try:
        root = fromstring(container, forbid_dtd=True)
    except (ParseError, ValueError, LookupError):  # of defusedxml, of encodings
        return []
    paths = [e.get("full-path") for e in root.iter() if _tag(e) == "rootfile"]
    return [path for path in paths if path]


def _tag(element):
    return element.tag.rpartition("}")[2]


def _is_score(name):
    folder, _, file = name.rpartition("/")
    hidden = folder.startswith(("meta-inf", "__macosx")) or file.startswith(".")
    return file.endswith((".xml", ".musicxml")) and not hidden


def _unpack(archive, member, max_bytes):
    if member.compress_type not in _METHODS:
        raise TuneError("is no compressed MusicXML: its score is not deflated")
    with archive.open(member) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise TuneError(
            f"unpacks to {member.file_size} bytes, more than the {max_bytes} that are "
            f"read"
        )
    return content
