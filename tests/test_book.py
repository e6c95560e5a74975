"""Tune books: many scores to print, from the library and from the command."""

import re

import numpy as np
import pytest

from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.page import write_tune_book
from tests.command import fails, run

pdfium = pytest.importorskip("pypdfium2")

MARKUP = "<b>#strong[it]</b> & *x* $a$ “q” \\ #panic() <script>"
TUNES = """\
X:1
T:Reel <b>& #one
M:4/4
L:1/8
K:D
A2|:d2fd edBd|A2FA DAFA|d2fd edBd|(3efe (3dcB A2FA|
d2fd edBd|A2FA DAFA|d2fd edBd|AFEF D4:|

X:2
T:Jig
M:6/8
L:1/8
K:Ador
|:ABc def|gfe dcB|ABc def|g3 e3:|

X:3
T:With chords
M:4/4
L:1/4
K:G
[GB]BdB|GBdB|

X:4
M:5/64
L:1/64
K:C
CDEFG|CDEFG|

X:5
T:Whole
M:4/4
L:1/4
K:Bb
BcdB|B4|
"""


@pytest.fixture
def tunes(tmp_path):
    folder = tmp_path / "tunes"
    folder.mkdir()
    (folder / "a.abc").write_text(TUNES, encoding="utf-8")
    (folder / "notes.pdf").write_text("no music")
    return folder


def texts(path):
    """Text of each page of a PDF file."""
    with pdfium.PdfDocument(path) as document:
        return [page.get_textpage().get_text_bounded() for page in document]


def test_a_pdf_has_titles_contents_and_page_numbers(reels, tmp_path):
    path = tmp_path / "book.pdf"
    titles = [f"{MARKUP} {i}." for i in range(12)]
    write_tune_book(path, reels[:12], title=MARKUP, titles=titles, key="D")
    first, *others = texts(path)
    assert " ".join(first.split()).count(MARKUP) == 1 + 12
    assert len(others) >= 2
    for number, text in enumerate(others, 2):
        assert text.split()[-1] == str(number)
    with pdfium.PdfDocument(path) as document:
        marks = [
            (mark.get_title(), mark.get_dest().get_index())
            for mark in document.get_toc()
        ]
        assert document.get_metadata_dict()["Title"] == MARKUP
    assert [title for title, _ in marks] == titles
    for title, page in marks:
        assert title in " ".join(texts(path)[page].split())


def test_few_tunes_have_no_contents(reels, tmp_path):
    path = tmp_path / "book.pdf"
    write_tune_book(path, reels[:3], title="Three")
    (text,) = texts(path)
    assert [text.count(f"Melody {i}") for i in (1, 2, 3)] == [1, 1, 1]
    write_tune_book(tmp_path / "book.html", reels[:3], title="Three")
    assert "<nav" not in (tmp_path / "book.html").read_text("utf-8")


def test_no_score_is_torn(reels, tmp_path):
    path = tmp_path / "book.pdf"
    melodies = [*reels[:5], np.concatenate(reels[:9]), *reels[9:11]]
    write_tune_book(path, melodies, title="Book", key="D")
    with pdfium.PdfDocument(path) as document:
        pages = [np.asarray(p.render(scale=2).to_pil().convert("L")) for p in document]
    n_lines = 0
    for page in pages[1:]:  # after the contents
        dark = (page[:, 86:130] < 160).mean(axis=1) > 0.8  # lines of staves
        starts = np.flatnonzero(np.diff(dark.astype(int), prepend=0) == 1)
        assert len(starts) % 5 == 0
        n_lines += len(starts) // 5
    assert n_lines == 7 * 2 + 9 * 2


def test_html_needs_no_network_and_reads_titles_as_text(reels, tmp_path):
    path = tmp_path / "book.html"
    titles = [f"{MARKUP} {i}" for i in range(9)]
    write_tune_book(
        path, reels[:9], title=MARKUP, titles=titles, key="D", paper="us-letter"
    )
    text = path.read_text("utf-8")
    assert "<script" not in text and "<b>" not in text
    assert not re.search(r'(?:src|href)="(?!#)', text)
    assert "size: letter" in text
    assert re.findall(r'href="(#tune-\d)"', text) == [
        f"#tune-{i}" for i in range(1, 10)
    ]
    names = re.findall(r'\bid="([^"]*)"', text)
    assert len(names) == len({*names})
    assert text.count("<svg viewBox") == 18


def test_each_melody_may_have_its_own_notation(tmp_path):
    path = tmp_path / "book.html"
    melodies = [[60, 129, 62, 129] * 4, [60, 129, 62] * 4]
    write_tune_book(
        path,
        melodies,
        title="Two",
        time_signature=["4/4", "6/8"],
        steps_per_quarter=(4, 2),
        key=["D", None],
    )
    sections = path.read_text("utf-8").split("<section")[1:]
    assert [part.count('class="keySig"') for part in sections] == [1, 1]
    assert [part.count('class="meterSig"') for part in sections] == [1, 1]
    assert sections[0].count('class="keyAccid"') == 2


def test_composers_stand_below_the_titles(reels, tmp_path):
    composers = ["Anon. & <b>", ""]
    for suffix in ("pdf", "html"):
        path = tmp_path / f"book.{suffix}"
        write_tune_book(path, reels[:2], title="Book", composers=composers)
    assert texts(tmp_path / "book.pdf")[0].count("Anon. & <b>") == 1
    html = (tmp_path / "book.html").read_text("utf-8")
    assert re.findall(r'"composer">(.*)<', html) == ["Anon. &amp; &lt;b&gt;"]
    with pytest.raises(ValueError, match="Got 1 values in composers for 2 melodies"):
        write_tune_book(path, reels[:2], title="Book", composers=["Anon."])


def test_notation_of_each_melody_may_be_an_array(tmp_path):
    melodies = [[60, 129, 62, 129] * 4, [60, 129, 62] * 4]
    lists = {
        "titles": ["One", "Two"],
        "time_signature": ["4/4", "6/8"],
        "steps_per_quarter": [4, 2],
        "key": ["D", "G"],
        "pickup": [False, True],
    }
    arrays = {name: np.array(values) for name, values in lists.items()}
    books = []
    for notation in (lists, arrays):
        write_tune_book(tmp_path / "book.html", melodies, title="Book", **notation)
        books.append((tmp_path / "book.html").read_bytes())
    assert books[0] == books[1]
    with pytest.raises(ValueError, match="Got 3 values in key for 2 melodies"):
        key = np.array(["D", "G", "A"])
        write_tune_book(tmp_path / "book.html", melodies, title="Book", key=key)


@pytest.mark.parametrize("suffix", [".pdf", ".html"])
def test_equal_arguments_give_equal_bytes(reels, tmp_path, suffix):
    paths = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for path in paths:
        write_tune_book(path, reels[:8], title="Book")
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_the_callback_counts(reels, tmp_path):
    counted = []
    options = {"title": "Book", "callback": counted.append}
    write_tune_book(tmp_path / "book.html", reels[:3], **options)
    assert counted == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.epub", {}, r"the suffix '.epub' in .*; expected one of .pdf, .html, .htm"),
        ("a.pdf", {"paper": "a0"}, "paper='a0'; expected 'a4' or"),
        ("a.pdf", {"titles": ["one"]}, "Got 1 values in titles for 2 melodies"),
        ("a.pdf", {"key": ["D"]}, "Got 1 values in key for 2 melodies"),
        ("a.html", {"key": ["D", "H"]}, "Melody 1, 'Melody 2': .*'H'"),
    ],
)
def test_what_is_wrong_writes_no_file(tmp_path, name, options, message):
    with pytest.raises(ValueError, match=message):
        write_tune_book(tmp_path / name, [[60], [62]], title="Book", **options)
    with pytest.raises(ValueError, match="Found no melody"):
        write_tune_book(tmp_path / "a.pdf", [], title="Book")
    assert not [*tmp_path.iterdir()]


def test_a_missing_folder_is_named_before_any_work(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"create it first: '.*missing'"):
        write_tune_book(tmp_path / "missing" / "a.pdf", [[999]], title="Book")


def test_the_command_reads_all_metres_and_keys(tunes, tmp_path, capsys):
    assert run("book", tunes, "--out", tmp_path / "book.html") == 0
    said = capsys.readouterr().out
    assert "tunes: 4 of 5 tunes read" in said
    assert re.search(r"1 +with chords +--chords highest", said)
    assert "skipped, not music: notes.pdf" in said
    text = (tmp_path / "book.html").read_text("utf-8")
    titles = re.findall(r"<h2>(.*)</h2>", text)
    assert titles == ["Reel &lt;b&gt;&amp; #one", "Jig", "a#4", "Whole"]
    reel, jig, odd, whole = text.split("<section")[1:]
    assert [s.count('class="keyAccid"') for s in (reel, jig, odd, whole)] == [
        4,
        1,
        0,
        2,
    ]
    assert 'class="tuplet"' in reel and 'class="tuplet"' not in jig + odd + whole
    assert [s.count('class="note"') for s in (jig, odd, whole)] == [20, 10, 5]


FOLK = """\
X:1
T:Pick-up
C:Trad. <i>
M:4/4
L:1/8
K:D
D|:"D"D2FA "A7/E"d2AF|G2BG A2GE|D2FA d2AF|G2EC D3:|
|:A|d2fd c2ec|B2dB A2FA|1 G2BG E2AG|F2D2 D3:|2 G2BG E2CE|D4 D3||
"""


def test_the_command_shows_tunes_as_they_are_written(tmp_path, capsys):
    (tmp_path / "folk.abc").write_text(FOLK)
    assert run("book", tmp_path / "folk.abc", "--out", tmp_path / "book.html") == 0
    said = capsys.readouterr().out
    assert "1 of 1 tune read" in said and "left out" not in said
    text = (tmp_path / "book.html").read_text("utf-8")
    assert text.count('class="note"') == 53
    assert '<p class="composer">Trad. &lt;i&gt;</p>' in text
    lines = text.split('<div class="line">')[1:]
    assert [line.count('class="measure"') for line in lines] == [5, 7]
    assert text.count('class="ending') == 2 and text.count('class="tie"') == 0
    for name in ("D", "A7/E"):
        assert re.search(rf"<tspan[^>]*>\s*{re.escape(name)}\s*<", text)
    options = "--key", "G", "--out", tmp_path / "book.pdf"
    assert run("book", tmp_path / "folk.abc", *options) == 0
    (page,) = texts(tmp_path / "book.pdf")
    assert "Trad. <i>" in page and "D7/A" in page


@pytest.mark.parametrize(
    ("music", "lines"),
    [
        (9 * "D2FA d2AF|", [4, 5]),
        ("A|" + 8 * "D2FA d2AF|", [5, 4]),
        ("|:" + 4 * "D2FA d2AF|" + "1 D8:|2 D8||" + 4 * "d8|", [6, 4]),
        (4 * "D2FA d2AF|" + "D6:|d2|" + 4 * "d8|", [5, 5]),
        (8 * "DEFG ABcd efga fgab c'baa g'fed|", [2, 2, 2, 2]),
    ],
)
def test_sections_begin_lines_and_no_measure_stands_alone(tmp_path, music, lines):
    (tmp_path / "a.abc").write_text(f"X:1\nT:A\nM:4/4\nL:1/8\nK:D\n{music}\n")
    assert run("book", tmp_path / "a.abc", "--out", tmp_path / "book.html") == 0
    text = (tmp_path / "book.html").read_text("utf-8").split('<div class="line">')[1:]
    assert [line.count('class="measure"') for line in text] == lines


def test_options_that_read_rows_say_what_they_leave_out(tmp_path, capsys):
    (tmp_path / "folk.abc").write_text(FOLK.replace("C D3:|", "C D4:|"))
    options = "--measures", "2", "--out", tmp_path / "book.html"
    assert run("book", tmp_path / "folk.abc", *options) == 0
    assert "chord symbols left out in 1 tune" in capsys.readouterr().out
    text = (tmp_path / "book.html").read_text("utf-8")
    assert "Trad. &lt;i&gt;" in text and "A7" not in text


def test_options_of_the_command_change_how_tunes_are_read(tunes, tmp_path, capsys):
    out = tmp_path / "book.pdf"
    options = "--key", "D", "--chords", "highest", "--title", "In D", "--paper", "a5"
    assert run("book", tunes, "--out", out, *options) == 0
    assert "5 of 5 tunes read" in capsys.readouterr().out
    (text,) = {*texts(out)[:1]}
    assert text.startswith("In D") and "With chords" in " ".join(texts(out))
    assert run("book", tunes, "--out", out, "--force", "--time-signature", "6/8") == 0
    assert "1 of 5 tunes read" in capsys.readouterr().out


def test_the_command_says_what_to_do(tunes, tmp_path, capsys):
    out = tmp_path / "book.pdf"
    assert "ends in .pdf or .html" in fails(capsys, "book", tunes, "--out", "a.doc")
    assert "Found no folder" in fails(
        capsys, "book", tunes, "--out", tmp_path / "x/a.pdf"
    )
    assert "Found no file or folder" in fails(capsys, "book", "nix", "--out", out)
    out.write_bytes(b"old")
    assert "pass --force" in fails(capsys, "book", tunes, "--out", out)
    assert run("book", tunes, "--mode", "lydian", "--out", out, "--force") == 2
    assert out.read_bytes() == b"old"


def test_composing_also_writes_sound_and_scores(tmp_path, capsys):
    out = tmp_path / "out"
    sizes = "--h", "2", "--max-iter", "1", "--n", "2"
    assert run("compose", *sizes, "--also", "wav,PDF,png,svg", "--out", out) == 0
    names = {path.name for path in out.iterdir()}
    for suffix in ("mid", "abc", "musicxml", "wav", "pdf", "png", "svg"):
        assert {f"melody-01.{suffix}", f"melody-02.{suffix}"} <= names
    text = (out / "index.html").read_text("utf-8")
    for name in names - {"index.html", "model.c2c"}:
        assert f'href="{name}"' in text
    assert "as WAV" in text and "as PDF" in text
    assert "Melody 1" in texts(out / "melody-01.pdf")[0]


def test_unknown_formats_are_named(tmp_path, capsys):
    with pytest.raises(SystemExit):
        run("compose", "--also", "wav,ogg", "--out", tmp_path / "out")
    assert "expected wav, pdf, png, svg, with commas" in capsys.readouterr().err


@pytest.mark.integration
def test_two_thousand_melodies_make_a_book(tmp_path):
    tunes = load_celtic()
    melodies = [row[:16] for row in np.resize(tunes.data, (2000, 128))]
    write_tune_book(tmp_path / "book.pdf", melodies, title="Many")
    found = texts(tmp_path / "book.pdf")
    assert "Melody 2000" in found[-1] and len(found) > 150
