"""The pages read a tune of ABC as `read_melodies` does, and tell what they changed."""

import random
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from sklearn_c2c import datasets
from sklearn_c2c.datasets import corpus_folder
from sklearn_c2c.io import melody_to_abc, read_melodies
from sklearn_c2c.io._abc import split_tunes
from sklearn_c2c.io._abc_text import decode
from sklearn_c2c.melody import END, HOLD, REST
from tests.test_cases import FILES, REFUSED, TITLES
from tests.web.notation import notation

CASES = Path(__file__).parent.parent / "cases"
PROGRAM = """
    import { readAbc } from "./abc_reader.js";
    report(data.map(([text, options]) => {
        try {
            const { melody, ...rest } = readAbc(text, options);
            return { melody: [...melody], ...rest };
        } catch (error) {
            return { error: error.message, name: error.name };
        }
    }));
"""
HEAD = "X:1\nM:4/4\nL:1/8\nK:D\n"


def asked(text, *, n_measures=8, pitch_range=None, reading=None, ends=False, **given):
    """A text, and what the pages are told of the corpus."""
    told = notation(**given)
    n_steps = None
    if n_measures is not None:
        n_steps = (n_measures + told["pickup"]) * told["stepsPerMeasure"]
    options = {"notation": told, "nSteps": n_steps, "pitchRange": pitch_range}
    return text, {**options, "reading": reading or {}, "ends": ends}


def read_one(node, text, **options):
    (found,) = node(PROGRAM, [asked(text, **options)])
    return found


def read_by_python(folder, texts, *, key=None, pickup=False, reading=None, **options):
    """Rows of `read_melodies`, one per text; None where it is rejected."""
    folder.mkdir()
    paths = [folder / f"{i}.abc" for i in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, "utf-8")
    reading = {
        "offGrid": "round",
        "repeats": "written",
        "part": None,
        **(reading or {}),
    }
    try:
        read = read_melodies(
            paths,
            key=key and key.split()[0],
            pickup="keep" if pickup else "drop",
            chords="highest",
            off_grid=reading["offGrid"],
            repeats=reading["repeats"],
            part=reading["part"],
            n_jobs=1,
            **options,
        )
        sources, rejected = read.sources, read.rejected
    except ValueError as error:
        read, sources, rejected = None, [], error.rejected
    rows = [None] * len(texts)
    for i, source in enumerate(sources):
        number = int(Path(source.partition("#")[0]).stem)
        row = read.data[i][read.data[i] != END].tolist()
        rows[number] = row, read.titles[i], read.tempos[i]
    return rows, {Path(r.source.partition("#")[0]).stem: r for r in rejected}


def check_kinder(ours, reason):
    """A page moves by octaves what is out of range, and plays out what is too short."""
    said = " ".join(ours["said"])
    moved = "beyond the range" in reason and "octave" in said
    assert moved or ("fewer than" in reason and "played out" in said), (ours, reason)


def check_alike(node, folder, texts, *, fewest, **options):
    """Every text is read or refused as by Python; at least some are read."""
    found = node(PROGRAM, [asked(text, **options) for text in texts])
    options.setdefault("n_measures", 8)
    expected, reasons = read_by_python(folder, texts, **options)
    n_read = 0
    for i, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
        if theirs is None:
            if "error" in ours:
                assert ours["name"] == "Error", ours
            else:
                check_kinder(ours, reasons[str(i)].reason)
            continue
        assert "error" not in ours, (texts[i], ours)
        row, title, tempo = theirs
        assert ours["melody"] == row, texts[i]
        assert ours["title"] == title
        assert ours["tempo"] == (tempo and pytest.approx(tempo))
        n_read += 1
    assert n_read >= fewest
    return found


def tunes_of(name, most):
    """Texts of tunes of a folder of music21, some of those in one voice."""
    files = sorted(corpus_folder(name).glob("*.abc"))
    texts = [text for path in files for text in split_tunes(decode(path.read_bytes()))]
    texts = [text for text in texts if "V:2" not in text]
    return random.Random(0).sample(texts, min(most, len(texts)))


@pytest.mark.integration
def test_reels_are_read_as_they_were_written(node):
    reels = datasets.load_celtic()
    texts = [melody_to_abc(row, key="D") for row in reels.data]
    texts += [melody_to_abc(row, key="D", repeats="signs") for row in reels.data]
    reading = {"repeats": "played", "offGrid": "reject"}
    given = {"key": "D", "reading": reading}
    found = node(PROGRAM, [asked(text, **given) for text in texts])
    assert [one["melody"] for one in found] == [*reels.data.tolist()] * 2
    assert {*map(str, (one["said"] for one in found))} == {"[]"}


@pytest.mark.integration
@pytest.mark.parametrize("corpus", ["oneills1850", "ryansMammoth", "airdsAirs"])
@pytest.mark.parametrize(
    "options",
    [
        {"key": "D", "time_signature": "4/4"},
        {"key": "G", "time_signature": "6/8", "pickup": True},
        {"key": "D", "time_signature": "4/4", "n_measures": None},
        {"time_signature": "2/4", "reading": {"repeats": "played"}, "pickup": True},
        {
            "key": "Bb minor",
            "time_signature": "6/8",
            "n_measures": None,
            "reading": {"offGrid": "reject", "repeats": "played"},
        },
        {"key": "A", "time_signature": "3/4", "steps_per_quarter": 12, "n_measures": 4},
        {"key": "D", "time_signature": "9/8", "pitch_range": (57, 81), "n_measures": 3},
    ],
)
def test_printed_tunes_are_read_as_by_python(node, tmp_path, corpus, options):
    texts = tunes_of(corpus, 400)
    fewest = 1 if options["time_signature"] == "4/4" else 0
    check_alike(node, tmp_path / "tunes", texts, fewest=fewest, **options)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".abc")])
def test_what_a_file_holds(node, tmp_path, name):
    options = {**FILES[name].options}
    reading = {"part": options.pop("part", None)}
    options.setdefault("n_measures", 2)
    shutil.copy(CASES / name, tmp_path)
    text = decode((tmp_path / name).read_bytes())
    read = read_melodies(tmp_path / name, **options, **reading)
    options["time_signature"] = read.time_signature
    found = read_one(node, text, reading=reading, **options)
    assert found["melody"] == read.data[0].tolist()
    assert found["title"] == TITLES.get(name, read.titles[0])


@pytest.mark.parametrize("name", ["abc_allrest.abc", "abc_leading_Z.abc"])
def test_what_is_refused(node, name):
    n_measures = 4 if name == "abc_leading_Z.abc" else 2
    text = decode((CASES / name).read_bytes())
    found = read_one(node, text, n_measures=n_measures)
    assert REFUSED[name].removeprefix("has ") in found["error"]


LANGUAGE = [
    # Octaves, lengths, accidentals
    "K:C\nC,D,E,F, cde'f'|C2 D/2E/2 F3/2G/ A//B//c/4d/4 z2|",
    "K:C\n^F F =F F|_B B b ^^C C|__B,2=B,2 ^f2F2|f8|",
    "K:C\n^F4-|F4 F4|_E6-E2|E8|",
    "K:D\n%%propagate-accidentals octave\n^G2g2 G2G2|\n"
    "[I:propagate-accidentals not]^G2G2 G4|",
    # Broken rhythm, tuplets, ties
    "K:D\nA>B c<d A>>B c<<d|A>>>B c2 (3ABc d2|A2>B2 (5ABcde f2|(3:2:4A2BcA d2 (2AB|",
    "K:G\nM:6/8\nL:1/8\nGAB c>de|(2GA (4GABc|G3-G3|",
    "K:D\nA4-A4-|A8|A4 -A4|A2-B2 (AB)(c.d)|",
    # Rests and bars
    "K:D\nz4 x4|z8|A2z2 B2x2|Z|d8|",
    "K:D\nA4 B4|]c4 d4||e4 f4|:g4 a4:|:A4 B4:|d8|]",
    "K:D\nA|:d2e2 f2g2|a4 f4|1 e4 d3A:|2 e4 d4|]",
    "K:D\n|:d8|e8|[1,3 f8:|[2 g8:|[4 a8|]b8|",
    "K:D\n|:d8::e8:||:f8|1 g8:|2 a8||b8|",
    "K:D\nd4 .| e4|f8|g4|a4|b8|",
    "K:D\n|:A8|d4 e2fg:|",
    # Chords, grace notes, decorations, chord symbols, inline fields
    "K:D\n[DFA]4 [D2A2]2 [A,D]/2[DF]/2z|{gf}A2 ~B2 .c2 !trill!d2|\n"
    '"Am"A4 "^here"B4|d8|',
    "K:D\n+trill+A4 !D.C.!B4|A4 [K:Dm]f4|[L:1/4]f2 e2|[M:4/4]d4|",
    'K:D\nA4 [V:1]B4|c8\\\n|d8 % comment [\ne8|"50 % off"f8|',
    "K:D\nw: la la\nA8|\nW: more\nB8|s: xx\nc8|d8|",
    # Keys
    *(f"K:{key}\nDEFG ABcd|BcBA GFED|" for key in ("HP", "Hp", "none", "", "Ador")),
    *(f"K:{key}\nDEFG ABcd|BcBA GFED|" for key in ("D mix", "F#m", "Gmaj", "E Phr")),
    *(f"K:{key}\nDEFG ABcd|BcBA GFED|" for key in ("Cb", "C#", "Dlyd", "B loc")),
    *(f"K:{key}\nDEFG ABcd|BcBA GFED|" for key in ("D exp ^c", "D ^g _b", "Am^f")),
    *(f"K:{key}\nDEFG ABcd|BcBA GFED|" for key in ("G clef=bass", "G bass-8", "G t=2")),
    *(f"K:{key}\nDEFG ABcd|" for key in ("H", "D score=2", "Dxyz", "A#", "D octave=x")),
    # Metres, lengths, tempo
    *(f"M:{metre}\nK:D\nA4 B4|c4 d4|" for metre in ("C", "c|", "2+2/4", "none", "")),
    *(f"M:{metre}\nK:D\nA4 B4|c4 d4|" for metre in ("4/5", "x", "0/4", "3/4")),
    *(f"L:{unit}\nK:D\nA4 B4|c4 d4|" for unit in ("1/4", "1/16", "1/0", "x", "1")),
    *(f"Q:{q}\nK:D\nA4 B4|c4 d4|" for q in ("1/4=90", '"Fast" 3/8=60', "120", "x")),
    # What is not understood
    "K:D\nABcd efga|A&B",
    "K:D\n<A4 B4|",
    "K:D\nA<<B>c d4|",
    "K:D\nA4 B4|[1x c8|",
    "K:D\nA0B8|",
    "K:D\nA//2B8|",
    "K:D\n(1AB c6|",
    "K:D\nA8|[123 B8|",
    "K:D\n[] A8|",
    "K:D\n[xx] A8|",
    "K:D\n:A8|",
    "K:D\nm:~n=xx\nA8|",
    "K:D\nc''''''8|",
    "K:D\nA3 B4|c8|d8|",
    "M:none\nK:D\nZ|A8|",
    "K:D\nZ9999|A8|",
    "V:1 name=Lead\nV:2 clef=bass octave=-1\nK:D\n[V:1]A8|B8|\n[V:2]D8|E8|",
    "K:D\nA8|\nV:2\nD8|E8|\nV:1\nB8|c8|",
    "K:D perc\nA8|B8|",
    "T:50 \\% \\'etude &amp; \\u00e9\nK:D\nA8|B8|",
]


@pytest.mark.parametrize("n_measures", [1, 2, None])
def test_the_language_is_understood_as_by_python(node, tmp_path, n_measures):
    texts = [
        f"X:1\n{line}" if line[0] in "MT" else f"X:1\nM:4/4\nL:1/8\n{line}"
        for line in LANGUAGE
    ]
    for key, reading in [
        (None, {}),
        ("G", {"repeats": "played"}),
        ("Eb", {"offGrid": "reject"}),
    ]:
        options = {"n_measures": n_measures, "key": key, "reading": reading}
        with_part = {**options, "reading": {**reading, "part": "1"}}
        voices = [text for text in texts if "V:2" in text]
        single = [text for text in texts if "V:2" not in text]
        folder = tmp_path / f"{key}"
        check_alike(node, folder, single, fewest=10, time_signature="4/4", **options)
        folder = tmp_path / f"{key} voices"
        check_alike(node, folder, voices, fewest=1, time_signature="4/4", **with_part)


def test_what_was_changed_is_said(node):
    text = (
        "X:1\nT:Call\nM:4/4\nL:1/8\nK:G\n[GB]2(3ABc dedB|cABG AGE2:|\n"
        "G8|A8|d2g2 f2D2|\n\nX:2\nK:C\nc8|\n"
    )
    found = read_one(node, text, n_measures=2, key="D")
    assert found["title"] == "Call"
    assert found["said"] == [
        "The first of 2 tunes was read.",
        "3 measures after the first 2 left out.",
        "1 lower note of chords left out.",
        "2 notes moved to the nearest sixteenth.",
        "Transposed by -5, from G major to D major.",
    ]
    found = read_one(node, "DFAd fdAF|D8|z8|", n_measures=None, key="D")
    assert found["said"] == [
        "No key (K:) is stated: taken as it is written.",
        "No metre (M:) is stated: taken to be in 4/4.",
        "1 measure without notes at the end left out.",
    ]
    eighths = [62, 66, 69, 74, 78, 74, 69, 66, 62]
    assert found["melody"][:18] == [token for p in eighths for token in (p, HOLD)]
    assert found["melody"][18:] == [HOLD] * 14
    text = f"{HEAD}V:1\nD8|\nV:2\nA8|\n"
    found = read_one(node, text, n_measures=1)
    assert found["said"] == ["Of 2 voices, voice 1 was read."]


def test_faults_are_named_with_their_place(node):
    cases = {
        "DFAd fdAF|\nA2B2 é2|": 'Line 6: in measure 2 "é2|" is not understood',
        "D8|E8|": "The tune has 2 measures, fewer than the 8 of a melody here.",
        "D8|E9|" + "F8|" * 8: "Measure 2 lasts 9/8, more than 4/4.",
        "D,,4d4|" * 8: "The tune spans D2 to D5, beyond the range G3 to B5 in any",
        "[M:6/8]D6|" + "F6|" * 8: "The tune is in 6/8; expected 4/4, as the",
        "D8|[M:3/4]E6|" + "F8|" * 8: "The metre changes to 3/4 in measure 2.",
        "[K:Qx]D8|": 'Line 5: Found the key "Qx"; expected a tonic and',
        "D8|(3EFG z6|" + "F8|" * 8: "A note in measure 2 begins between two time",
    }
    options = {"pitch_range": (55, 83), "key": "D", "reading": {"offGrid": "reject"}}
    found = node(PROGRAM, [asked(HEAD + text, **options) for text in cases])
    for one, expected in zip(found, cases.values(), strict=True):
        assert one["error"].startswith(expected)


def test_whole_tunes_are_filled_up_with_ends(node):
    options = {"n_measures": 4, "ends": True}
    found = read_one(node, f"{HEAD}D8|E8|F8|", **options)
    measures = np.full((4, 16), HOLD)
    measures[:3, 0] = 62, 64, 66
    measures[3] = END
    assert found["melody"] == measures.ravel().tolist()
    found = read_one(node, f"{HEAD}D8|E8|F8|G8|A8|", **options)
    assert "has 5 measures, more than the 4 of the longest melody" in found["error"]


@pytest.mark.integration
def test_damaged_tunes_are_read_or_refused_as_by_python(node, tmp_path):
    rng = random.Random(1)
    texts = [t for t in tunes_of("oneills1850", 60) if len(t) < 3000] + [
        f"X:1\nM:4/4\nL:1/8\n{line}" for line in LANGUAGE
    ]
    pieces = [*"|:[]{}()\"!+-<>/^_=zxZABGabg,'\\%~&0123456789\n ", "[1", ":|", "(3"]
    damaged = []
    for text in texts * 8:
        letters = list(text)
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(letters) + 1)
            change = rng.randrange(3)
            if change == 0:
                letters.insert(place, rng.choice(pieces))
            elif change == 1:
                del letters[place : place + rng.randint(1, 6)]
            else:
                letters[place : place + 1] = [rng.choice(pieces)]
        text = "".join(letters)
        # The pages read a tune without K:, and the first of several tunes or voices.
        if re.search(r"^[ \t]*K:", text, re.M) and not re.search(r"V:|\n\s*X:", text):
            damaged.append(text if text.startswith("X:") else f"X:1\n{text}")
    for i, n_measures in enumerate([2, None]):
        options = {"n_measures": n_measures, "time_signature": "4/4", "key": "D"}
        check_alike(node, tmp_path / str(i), damaged, fewest=80, **options)


HOSTILE = {
    "long": "A" * 70000,
    "brackets": "[" * 60000,
    "quotes": '"' * 59999,
    "fields": "[K:" * 20000,
    "plus": "+A" * 30000,
    "exclamations": "!a" * 30000,
    "repeats": "|:A8" + ":" * 29 + "|" + "A|" * 25000,
    "endings": "A8|[1-30" * 7000,
    "lengths": "A9999/9999B9998/9997c9996/9995" * 1500,
    "tuplets": "(99:98:97A/97B/89c/83" * 2500,
    "broken": "A>>>B<<<c" * 6000,
    "spaces": " " * 60000 + "A8|",
    "bars": "|" * 60000,
    "zeros": "\0" * 60000 + "A8|",
    "tags": "<p " * 20000,
    "entities": "&#" * 30000,
    "chords": "[" + "CEG" * 15000 + "]8|",
    "rests": "Z999|" * 9000,
    "notes": "A8|" * 20000,
    "short": "A////////" * 6000,
    "title": "\nT:" + "\\'" * 30000,
    "voices": "\n".join(f"V:{i}\nA8|" for i in range(5000)),
    "keys": "\n".join("K:D exp ^c _b" for _ in range(4000)),
    "metres": "[M:999/64]A8|" * 4000,
    "surrogates": "\ud800" * 1000,
}


@pytest.mark.parametrize("n_measures", [2, None])
def test_hostile_text_is_read_in_linear_time(node, n_measures):
    options = {"n_measures": n_measures, "key": "D"}
    texts = [HEAD + text for text in HOSTILE.values()] + [*HOSTILE.values()]
    found = node(PROGRAM, [asked(text, **options) for text in texts])
    for one in found:
        assert one.get("name", "Error") == "Error"
        assert one.get("error", "it was read")


def test_random_text_gives_only_errors_in_words(node):
    rng = np.random.default_rng(0)
    signs = list("ABCabcXKLM:|[](){}<>/\\^_=-,'\"!+~.0123456789zxZ \n%&é")
    signs += ["A8|", "[M:4/4]", "[CE]", "(3ABC", "c4", "\nK:D\n", "|"] * 40
    texts = ["".join(rng.choice(signs, size=rng.integers(1, 40))) for _ in range(2000)]
    found = node(PROGRAM, [asked(text, n_measures=1) for text in texts])
    assert {one.get("name", "Error") for one in found} == {"Error"}
    assert all(len(one.get("error", "it was read")) > 10 for one in found)
    legal = [one["melody"] for one in found if "melody" in one]
    assert len(legal) >= 5
    assert {len(row) for row in legal} == {16}
    assert set().union(*legal) <= {*range(128), REST, HOLD}


@pytest.mark.parametrize("octaves", [-3, -1, 1, 2])
def test_a_tune_out_of_range_moves_by_octaves(node, octaves):
    row = datasets.load_celtic().data[3]
    moved = np.where(row < 128, row + 12 * octaves, row)
    text = melody_to_abc(moved, key="D", time_signature="4/4")
    low, high = row[row < 128].min() - 2, row[row < 128].max() + 2
    read = read_one(node, text, key="D", pitch_range=(int(low), int(high)))
    assert read["melody"] == row.tolist()
    way, count = "up" if octaves < 0 else "down", abs(octaves)
    words = f"Moved {way} by {count} octave{'s' * (count > 1)}, from "
    assert [line.startswith(words) for line in read["said"]] == [True]


def test_repeats_are_played_out_where_the_tune_is_too_short(node):
    measures = "A2FA d2fd|e2ce A4|f2df e2ce|d2fd A4"
    read = read_one(node, f"{HEAD}|:{measures}:|", key="D")
    (said,) = read["said"]
    assert said == "The repeats were played out, as the tune is too short without them."
    assert read["melody"][:64] == read["melody"][64:]
    written = read_one(node, f"{HEAD}{measures}|{measures}|", key="D")
    assert written["melody"] == read["melody"] and written["said"] == []
    # Without a repeat, or played out too short as well, the first error stays.
    for text in (measures, f"|:{measures.split('|')[0]}:|"):
        assert "fewer than the 8" in read_one(node, HEAD + text, key="D")["error"]
