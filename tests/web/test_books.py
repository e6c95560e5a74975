"""A book of tunes is printed by a browser."""

import numpy as np
import pytest

from sklearn_c2c.page import write_tune_book

pdfium = pytest.importorskip("pypdfium2")


@pytest.mark.integration
def test_a_browser_prints_the_html_as_pages(reels, open_page, tmp_path):
    path = tmp_path / "book.html"
    melodies = [*reels[:8], np.concatenate(reels[:9])]
    write_tune_book(path, melodies, title="Book", key="D")
    page = open_page(path)
    page.pdf(path=tmp_path / "printed.pdf", prefer_css_page_size=True)
    with pdfium.PdfDocument(tmp_path / "printed.pdf") as document:
        texts = [page.get_textpage().get_text_bounded() for page in document]
    first, *others = texts
    assert first.count("Melody") == 9
    for number, text in enumerate(others, 2):
        # Browsers differ in whether they write the margins before or after the page.
        assert str(number) in (text.split()[0], text.split()[-1])
    page = open_page(path, width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
