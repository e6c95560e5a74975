"""Files that grow: one construct of a format many times, nested, or of huge counts.

Reading times that are not linear in the size are found by growth, not by damage.
"""

import struct
import zlib

_MOST_TIMES = 2**16
_MOST_BYTES = 2**20

# Constructs of ABC music, each legal or nearly so. %d is replaced by a number.
_ABC_MUSIC = """A ^^C, z x Z X Z%d A%d A/%d A// A///////// >> <<< A>B A>>>B A- (AB)
(3ABc (%d (%d:%d:%d (((( [AC] [ [A%d {ab} {/g} | ||
|: :| :: |1 |2 |%d [%d [1,2 |[1-%d .|
|] [| "A" "^x" !f! +trill+ !D.C.! !D.S.! !fine! !coda! !segno! . ~ H T [M:%d/%d] [M:C|]
[L:1/%d] [K:D] [K:C clef=bass] [Q:%d] [V:%d] [I:x] [r:x] & \\ y y%d * $ `
s: w:""".split()
_ABC_LINES = r"""X:%d T:%s M:%d/%d M:%d+%d/%d M:none L:1/%d L:%d Q:%d Q:1/4=%d K:D
K:D%sexp^f K:none K:Hp V:%d V:%d|clef=bass|octave=%d P:A P:(AB)%d P:((A%d)%d) w:a-b W:%s
%%%%begintext %%%%endtext %%%%score|(1|2) I:linebreak|$ m:~n2=(3n%%o r:x U:T=!f! +:%s
s:%s""".split()

_XML_NOTE = (
    "<note><pitch><step>C</step><octave>4</octave></pitch>"
    "<duration>%d</duration></note>"
)
# Elements within a measure.
_XML_MUSIC = [
    _XML_NOTE,
    "<note><rest/><duration>%d</duration></note>",
    "<note><chord/><pitch><step>E</step><octave>%d</octave></pitch>"
    "<duration>4</duration></note>",
    "<note><pitch><step>C</step><alter>%d</alter><octave>4</octave></pitch>"
    "<duration>4</duration><voice>%d</voice><tie type='start'/></note>",
    "<note><grace/><pitch><step>C</step><octave>4</octave></pitch></note>",
    "<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration>"
    "<time-modification><actual-notes>%d</actual-notes><normal-notes>%d</normal-notes>"
    "</time-modification><type>eighth</type><dot/></note>",
    "<backup><duration>%d</duration></backup>",
    "<forward><duration>%d</duration></forward>",
    "<attributes><divisions>%d</divisions></attributes>",
    "<attributes><time><beats>%d</beats><beat-type>%d</beat-type></time></attributes>",
    "<attributes><time><beats>1+1+%d</beats><beat-type>4</beat-type></time></attributes>",
    "<attributes><key><fifths>%d</fifths></key></attributes>",
    "<attributes><transpose><chromatic>%d</chromatic><octave-change>%d</octave-change>"
    "</transpose></attributes>",
    "<barline><repeat direction='forward'/></barline>",
    "<barline><repeat direction='backward' times='%d'/></barline>",
    "<barline><ending number='1-%d' type='start'/></barline>",
    "<barline><ending number='%d,%d' type='stop'/></barline>",
    "<sound tempo='%d'/>",
    "<sound dacapo='yes'/><sound fine='yes'/><sound segno='s'/><sound coda='c'/>",
    "<direction><direction-type><words>%s</words></direction-type></direction>",
    "</measure><measure number='%d'>",
    "</part><part id='P%d'><measure number='1'>",
    "<!-- %s -->",
    "<?x %s?>",
    "<lyric><text>%s</text></lyric>",
]


def grown_abc(rng):
    """Write an ABC tune that repeats one construct many times."""
    lines = [_filled(rng.choice(_ABC_LINES), rng) for _ in range(rng.randint(0, 4))]
    music = [_filled(rng.choice(_ABC_MUSIC), rng) for _ in range(rng.randint(1, 30))]
    grown = _filled(rng.choice(_ABC_MUSIC + _ABC_LINES), rng)
    joint = rng.choice(["", " ", "\n", "|", "A"])
    body = " ".join(music) + joint + joint.join([grown] * _times(rng, grown + joint))
    head = ["X:1", "T:t", "M:4/4", "L:1/8", *lines, "K:C"]
    return ("\n".join(head) + "\n" + body + "|CDEF GABc|]\n").encode()[:_MOST_BYTES]


def grown_midi(rng):
    """Write a MIDI file that repeats one event, track or field many times."""
    events = [_event(rng) for _ in range(rng.randint(1, 20))]
    grown = _event(rng)
    events.insert(rng.randrange(len(events)), grown * _times(rng, grown))
    track = b"".join(events)[:_MOST_BYTES] + b"\x00\xff\x2f\x00"
    length = len(track) if rng.random() < 0.9 else rng.choice([0, 1, 2**31, 2**32 - 1])
    chunk = b"MTrk" + struct.pack(">I", length) + track
    n_tracks = _times(rng, chunk) if rng.random() < 0.1 else 1
    division = rng.choice([1, 96, 480, 32767, 0, 0xE728])
    header = struct.pack(
        ">4sIHHH", b"MThd", 6, rng.randint(0, 2), rng.choice([1, 2, 65535]), division
    )
    return header + chunk * n_tracks


def grown_musicxml(rng):
    """Write a MusicXML score that repeats or nests one element many times."""
    music = [_filled(rng.choice(_XML_MUSIC), rng) for _ in range(rng.randint(1, 20))]
    grown = _filled(rng.choice(_XML_MUSIC), rng)
    n_times = _times(rng, grown)
    if rng.random() < 0.15:
        name = rng.choice(["note", "measure", "part", "attributes", "x"])
        block = f"<{name}>" * n_times + f"</{name}>" * n_times
    else:
        block = grown * n_times
    first = _XML_NOTE % 4
    text = (
        "<score-partwise><part-list><score-part id='P1'><part-name>p</part-name>"
        "</score-part></part-list><part id='P1'><measure number='1'><attributes>"
        "<divisions>4</divisions><time><beats>4</beats><beat-type>4</beat-type></time>"
        f"</attributes>{first * 4}{''.join(music)}{block}</measure></part>"
        "</score-partwise>"
    )
    return text.encode()[:_MOST_BYTES]


def grown_mxl(rng):
    """Write a MusicXML archive with many members, or one with wrong sizes."""
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:

        def write(name, data):  # with a fixed date: the same seed gives the same bytes
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)

        root = rng.choice(["score.xml", "a/b.musicxml", "../x.xml", "score.pdf"])
        container = f"<container><rootfiles><rootfile full-path='{root}'/></rootfiles>"
        write("META-INF/container.xml", container + "</container>")
        write(root, grown_musicxml(rng))
        for number in range(_times(rng, "x" * 500) if rng.random() < 0.3 else 0):
            write(f"m{number}", b"")
    data = bytearray(out.getvalue())
    if rng.random() < 0.3:
        place = rng.randrange(len(data) - 4)
        data[place : place + 4] = struct.pack("<I", zlib.crc32(bytes([place % 256])))
    return bytes(data)


def _event(rng):
    """A MIDI event, mostly a well-formed one, after its delta time."""
    delta = _quantity(rng.choice([0, 1, 48, 96, 2**14, 2**28 - 1]))
    status = rng.choice([0x80, 0x90, 0x90, 0x90, 0x99, 0xB0, 0xC0, 0xD0, 0xE0])
    kind = rng.random()
    if kind < 0.6:
        n_data = 1 if status in (0xC0, 0xD0) else 2
        data = bytes(rng.randrange(128) for _ in range(n_data))
        return delta + bytes([status]) + data
    if kind < 0.9:
        meta = rng.choice([0x01, 0x03, 0x2F, 0x51, 0x54, 0x58, 0x59, 0x7F, 0x20])
        data = bytes(rng.randrange(256) for _ in range(rng.choice([0, 2, 3, 4, 5, 40])))
        return delta + bytes([0xFF, meta]) + _quantity(len(data)) + data
    data = bytes(rng.randrange(128) for _ in range(rng.randrange(6)))
    return delta + bytes([rng.choice([0xF0, 0xF7, 0xF8, 0xFE, 0xF3])]) + data


def _quantity(value):
    """A number as MIDI writes it, seven bits a byte."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def _filled(construct, rng):
    """Put numbers and words in the places that a construct has for them."""
    construct = construct.replace("|", " ") if construct[1:2] == ":" else construct
    while "%d" in construct:
        number = rng.choice([0, 1, 2, 3, 4, 7, 8, 16, 63, 999, 10**9, 10**30, -1])
        construct = construct.replace("%d", str(number), 1)
    word = "x" * int(2 ** rng.uniform(0, 12))
    return construct.replace("%s", word).replace("%%", "%")


def _times(rng, construct):
    """Number of repetitions: 1 to 65,536, mostly few, and at most a MiB in all."""
    times = int(2 ** rng.triangular(0, 16, 0))
    return max(1, min(times, _MOST_TIMES, _MOST_BYTES // max(1, len(construct))))
