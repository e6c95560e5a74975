"""A book of tunes is printed by a browser."""

import numpy as np
import pytest

from sklearn_c2c.page import write_tune_book
from tests.web.exploring import Explorer, train, write

pdfium = pytest.importorskip("pypdfium2")


def texts(path):
    """Text of each page of a PDF file."""
    with pdfium.PdfDocument(path) as document:
        return [page.get_textpage().get_text_bounded() for page in document]


def check_numbers(pages, first):
    for number, text in enumerate(pages, first):
        # Browsers differ in whether they write the margins before or after the page.
        assert str(number) in (text.split()[0], text.split()[-1])


@pytest.mark.integration
def test_a_browser_prints_the_html_as_pages(reels, open_page, tmp_path):
    path = tmp_path / "book.html"
    melodies = [*reels[:8], np.concatenate(reels[:9])]
    write_tune_book(path, melodies, title="Book", key="D")
    page = open_page(path)
    page.pdf(path=tmp_path / "printed.pdf", prefer_css_page_size=True)
    first, *others = texts(tmp_path / "printed.pdf")
    assert first.count("Melody") == 9
    check_numbers(others, 2)
    page = open_page(path, width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.integration
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_favourites_of_an_explorer_are_printed_as_pages(
    reels, open_page, tmp_path, scheme
):
    titles = [f"Tune {i} <b>" for i in range(75)]
    file = write(tmp_path / "page.html", train(reels, h=4, max_iter=1), reels, titles)
    explorer = Explorer(open_page(file, color_scheme=scheme))
    for index in range(12):
        explorer.run("(explorer.showTune(data), explorer.keep())", index)
    explorer.page.pdf(path=tmp_path / "printed.pdf", prefer_css_page_size=True)
    pages = texts(tmp_path / "printed.pdf")
    assert len(pages) == 4  # of letter paper
    check_numbers(pages, 1)
    words = " ".join(" ".join(pages).split())
    assert [words.count(title) for title in titles[:13]] == [1] * 12 + [0]
    assert "Favourites" not in words and words.count("Tunes") == 1
    with pdfium.PdfDocument(tmp_path / "printed.pdf") as document:
        page = np.asarray(document[0].render(scale=1).to_pil().convert("L"))
    assert (page > 250).mean() > 0.9  # ink on white, in dark mode, too
