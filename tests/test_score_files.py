"""Scores as files: PDF, PNG and SVG, looked at as pixels."""

import re
import sys

import numpy as np
import pytest
from PIL import Image

from sklearn_c2c.display import score_svg, write_score
from sklearn_c2c.display._score import score_lines

pdfium = pytest.importorskip("pypdfium2")

MARKUP = "Ünder <b>#strong[it]</b> & *x* $a$ “q” \\ #panic()"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "score.pdf"


def pages(path, scale=2):
    """The pages of a PDF file in grey, with `scale` times 72 pixels an inch."""
    with pdfium.PdfDocument(path) as document:
        return [
            np.asarray(page.render(scale=scale).to_pil().convert("L"))
            for page in document
        ]


def text_of(path):
    with pdfium.PdfDocument(path) as document:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def inked(picture):
    """The part of a picture that has ink."""
    dark = picture < 128
    (rows,), (columns,) = dark.any(1).nonzero(), dark.any(0).nonzero()
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def resized(picture, size):
    return np.asarray(
        Image.fromarray(picture).resize(size, Image.Resampling.BOX), float
    )


def test_pdf_and_png_have_the_same_ink(reels, path):
    for melody in (reels[0], reels[20]):
        # One line of music: on paper there is other space between lines.
        write_score(melody[:64], path, key="D")
        write_score(melody[:64], path.with_suffix(".png"), key="D", resolution=600)
        (page,) = pages(path, scale=6)
        png = np.asarray(Image.open(path.with_suffix(".png")).convert("L"))
        size = 900, 50
        printed, shown = resized(inked(page), size), resized(inked(png), size)
        assert shown.std() > 40
        assert np.corrcoef(printed.ravel(), shown.ravel())[0, 1] > 0.95
        # Another tune is no match.
        write_score(reels[40][:64], path.with_suffix(".png"), key="D", resolution=600)
        other = np.asarray(Image.open(path.with_suffix(".png")).convert("L"))
        other = resized(inked(other), size)
        assert np.corrcoef(printed.ravel(), other.ravel())[0, 1] < 0.9


def test_resolution_and_width_give_the_pixels_of_a_png(reels, path):
    png = path.with_suffix(".png")
    for width, resolution in ((960, 96), (960, 192), (480, 192)):
        write_score(reels[0], png, width=width, resolution=resolution)
        with Image.open(png) as picture:
            assert picture.width == (width + 32) * resolution / 96
            assert picture.convert("L").getextrema() == (0, 255)


def test_marks_have_their_colours(reels, path):
    png = path.with_suffix(".png")
    for style, colour in (("color", (43, 131, 198)), ("line", (43, 131, 198))):
        for mask in (np.zeros(128, bool), np.arange(128) < 64):
            write_score(reels[0], png, marks={style: mask})
            with Image.open(png) as picture:
                pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
            assert (np.abs(pixels - colour).max(axis=1) < 9).any() == mask.any()


def test_svg_is_that_of_score_svg(reels, path):
    svg = path.with_suffix(".svg")
    write_score(reels[0], svg, key="D", title=MARKUP)
    text = svg.read_text("utf-8")
    assert text.partition("\n")[2] == score_svg(reels[0], key="D", title=MARKUP)
    assert text.startswith("<?xml")


def test_a_title_is_text_and_no_markup(reels, path):
    write_score(reels[0], path, title=MARKUP)
    assert MARKUP in " ".join(text_of(path).split())
    write_score(reels[0], path.with_suffix(".png"), title=MARKUP)


def test_a_long_melody_takes_pages_broken_between_lines(reels, path):
    melody = np.concatenate(reels[:12])
    write_score(melody, path, key="D")
    n_lines = len(score_lines(melody, key="D"))
    found = []
    for page in pages(path):
        # A line of music has ink from its clef on in the first tenth of the page.
        dark = (page[:, : page.shape[1] // 10] < 128).any(axis=1).astype(int)
        starts = np.flatnonzero(np.diff(dark, prepend=0) == 1)
        found.append(len(starts))
        margin = round(17 / 25.4 * 144) - 2
        assert (page[:margin] > 250).all() and (page[-margin:] > 250).all()
    assert len(found) > 1 and sum(found) == n_lines


@pytest.mark.parametrize(
    ("paper", "size"),
    [("a4", (595, 842)), ("us-letter", (612, 792)), ("a5", (420, 595))],
)
def test_paper_has_its_size(reels, path, paper, size):
    write_score(reels[0], path, paper=paper)
    with pdfium.PdfDocument(path) as document:
        assert tuple(map(round, document.get_page_size(0))) == size


def test_lines_are_the_score_cut_into_pieces(reels):
    part = reels[3]
    melody = np.concatenate([part, part, reels[4]])
    whole = score_svg(melody, key="D", repeats="signs")
    lines = score_lines(melody, key="D", repeats="signs")
    assert len(lines) == whole.count('class="system"') > 2
    steps = re.findall(r'data-step="[\d ]*"', whole)
    assert steps == [
        s for line in lines for s in re.findall(r'data-step="[\d ]*"', line)
    ]
    names = [name for line in lines for name in re.findall(r'\bid="([^"]*)"', line)]
    assert len(names) == len({*names})
    for line in lines:
        own = {*re.findall(r'\bid="([^"]*)"', line)}
        assert {*re.findall(r'href="#([^"]*)"', line)} <= own
        assert {*re.findall(r"#([\w-]+) path", line)} <= own  # of the style sheet


@pytest.mark.parametrize("suffix", [".pdf", ".png", ".svg"])
def test_equal_arguments_give_equal_bytes(reels, tmp_path, suffix):
    paths = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for path in paths:
        write_score(reels[0], path, title="Reel", key="D")
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.doc", {}, r"the suffix '.doc' in .*; expected one of .pdf, .png, .svg"),
        ("a", {}, r"the suffix ''"),
        ("a.pdf", {"paper": "a0"}, "paper='a0'; expected 'a4' or"),
        ("a.png", {"resolution": 5}, "resolution=5; expected pixels in an inch, 24 to"),
        ("a.png", {"marks": {"dots": [True]}}, "Expected marks among"),
        ("a.svg", {"time_signature": "x"}, "the metre 'x'"),
    ],
)
def test_what_is_wrong_writes_no_file(tmp_path, name, options, message):
    with pytest.raises(ValueError, match=message):
        write_score([60], tmp_path / name, **options)
    assert not [*tmp_path.iterdir()]


def test_a_missing_folder_is_named(tmp_path):
    for name in ("a.pdf", "a.svg"):
        with pytest.raises(FileNotFoundError, match=r"create it first: '.*missing'"):
            write_score([60], tmp_path / "missing" / name)


@pytest.mark.parametrize("library", ["typst", "verovio"])
def test_a_missing_library_is_named(tmp_path, monkeypatch, library):
    from sklearn_c2c.display import _print

    _print._fonts.cache_clear()
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf"{library}, which .*sklearn_c2c\[studio\]"):
        write_score([60], tmp_path / "a.pdf")
    assert not [*tmp_path.iterdir()]
    _print._fonts.cache_clear()


def test_a_file_stays_if_writing_fails(path, monkeypatch):
    path.write_bytes(b"old")
    monkeypatch.setattr("sklearn_c2c.display._print._typeset", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_score([60], path)
    assert path.read_bytes() == b"old"
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize("suffix", [".pdf", ".png", ".svg"])
def test_a_title_from_a_file_name_that_is_not_unicode(tmp_path, suffix):
    path = tmp_path / f"score{suffix}"
    title = b"r\xe9el".decode(errors="surrogateescape")
    write_score([62, 129, 64, 66] * 4, path, title=title)
    assert path.stat().st_size > 1000
