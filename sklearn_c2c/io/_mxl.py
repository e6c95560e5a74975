"""The score in an archive of compressed MusicXML, ``.mxl``."""

import io
import re
import zipfile

from sklearn_c2c.io._tune import TuneError

# More than any real archive needs; the members not read may be of any size.
_MAX_MEMBERS = 64
_CONTAINER = "meta-inf/container.xml"
_MAX_CONTAINER_BYTES = 2**16
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

    Returns
    -------
    bytes

    Raises
    ------
    TuneError
        If the archive is damaged, holds no score, or unpacks to too much.
    """
    # Each member has this signature in the table of contents: counted before zipfile
    # makes an object of each.
    n_members = data.count(b"PK\1\2")
    if n_members > _MAX_MEMBERS:
        raise TuneError(
            f"holds {n_members} files, more than the {_MAX_MEMBERS} of any score"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _unpack(archive, _score_of(archive), max_bytes)
    except TuneError:
        raise
    except Exception as error:  # each kind of damage has errors of its own
        raise TuneError(f"is no compressed MusicXML: {error}") from error


def _score_of(archive):
    """The member that is the score; names count in any case."""
    members = {
        member.filename.replace("\\", "/").lower(): member
        for member in archive.infolist()
    }
    scores = [name for name in members if _is_score(name)]
    if _CONTAINER in members:
        container = _unpack(archive, members[_CONTAINER], _MAX_CONTAINER_BYTES)
        text = container.decode("utf-8", "replace")
        named = re.findall(r'full-path\s*=\s*["\']([^"\']+)', text)
        # A container may name other renditions too, such as a PDF.
        scores = [name.lower() for name in named if name.lower() in scores] + scores
    if not scores:
        raise TuneError(f"holds no score, only {', '.join(members) or 'nothing'}")
    return members[scores[0]]


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
