"""Several voices in scores, piano rolls and pages."""

import json
import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder
from sklearn_c2c.datasets import load_bach_chorales
from sklearn_c2c.display import Melodies, PianoRollDisplay, score_svg, write_score
from sklearn_c2c.melody import HOLD, notes_from_melody, split_voices
from sklearn_c2c.page import write_page, write_tune_book
from sklearn_c2c.page._model import describe_model

pytest.importorskip("verovio")
NAMES = ["Soprano", "Alto", "Tenor", "Bass"]
_ = HOLD


@pytest.fixture(scope="module")
def chorales():
    return load_bach_chorales(n_melodies=4).data


def signs_of(svg):
    """Voice and step of each written note that is marked, and of each note."""
    found = []
    for tag in re.findall(r'<g data-step="[^>]*class="note[^>]*>', svg):
        steps = re.search(r'data-step="([\d ]+)" data-voice="(\d)"', tag)
        found += [
            (int(steps[2]), int(step), "marked" in tag) for step in steps[1].split()
        ]
    return sorted(found)


def test_each_voice_has_a_staff_with_its_notes(chorales):
    for row in chorales:
        svg = score_svg(row, voices=NAMES, key="D")
        notes = [
            (voice, int(onset), False)
            for voice, melody in enumerate(split_voices(row, 4))
            for onset in notes_from_melody(melody)[:, 0]
        ]
        assert signs_of(svg) == notes
        assert svg.count('class="staff"') == 4 * svg.count('class="measure"')
        assert all(f">{name}<" in svg for name in NAMES)
    assert ">Voice 1<" not in score_svg(chorales[0], voices=4)
    assert "data-voice" not in score_svg(chorales[0][:128])


def test_the_bracket_of_the_staves_is_inside_the_picture(chorales):
    svg = score_svg(chorales[0], voices=4)
    margin = int(re.search(r'class="page-margin" transform="translate\((\d+)', svg)[1])
    brackets = re.findall(r'class="grpSym">.*?<rect x="(-?\d+)"', svg, re.S)
    assert len(brackets) > 1
    assert min(map(int, brackets)) + margin >= 0


def test_marks_are_those_of_their_voice(chorales):
    row = chorales[0]
    mask = np.zeros((4, 128), dtype=bool)
    mask[1, 16:32] = True
    svg = score_svg(row, voices=4, marks={"color": mask.ravel()})
    expected = [
        (voice, step, bool(mask[voice, step])) for voice, step, *_ in signs_of(svg)
    ]
    assert signs_of(svg) == expected
    for style in ("band", "line"):
        svg = score_svg(row, voices=4, marks={style: mask.ravel()})
        n_notes = sum(marked for *_, marked in expected)
        assert svg.count(f'class="mark-{style}"') == n_notes
    with pytest.raises(ValueError, match=r"mask of shape \(512,\)"):
        score_svg(row, voices=4, marks={"color": mask})


def test_repeat_signs_and_pick_ups_are_those_of_all_voices():
    part = np.tile([72, _, _, _, 74, _, _, _, 76, _, _, _, 77, _, _, _], 4)
    row = np.concatenate([part, part, part - 12, part - 12])
    row[row > 120] = HOLD
    row[row == HOLD - 12] = HOLD
    svg = score_svg(row, voices=2, repeats="signs")
    assert svg.count('class="measure"') == 4
    steps = re.findall(r'data-step="(\d+) (\d+)" data-voice="1"', svg)
    assert len(steps) == 16 and all(int(b) - int(a) == 64 for a, b in steps)
    upper = [128] * 12 + [72, _, _, _] + [74] + [_] * 15
    lower = [128] * 8 + [48, _, _, _] + [50, _, _, _] + [52] + [_] * 15
    svg = score_svg([*upper, *lower], voices=2, pickup=True)
    assert signs_of(svg) == [
        (0, 12, False),
        (0, 16, False),
        *((1, step, False) for step in (8, 12, 16)),
    ]


def test_a_page_knows_the_notes_of_all_voices(tmp_path, chorales):
    corpus = {"data": chorales[2:], "titles": ["A", "B"]}
    path = tmp_path / "page.html"
    options = {"voices": NAMES, "corpus": corpus, "key": "D"}
    write_page(path, chorales[:2], title="Chorales", **options)
    text = path.read_text()
    sections = re.findall(r'data-notes="([^"]*)"', text)
    for found, row in zip(sections, chorales, strict=False):
        expected = [
            [*note, voice]
            for voice, melody in enumerate(split_voices(row, 4))
            for note in notes_from_melody(melody).tolist()
        ]
        assert json.loads(found) == expected
    assert re.findall(r'data-steps="(\d+)"', text) == ["128", "128"]
    nearest = json.loads(
        re.search(r'data-nearest="([^"]*)"', text)[1].replace("&quot;", '"')
    )
    assert nearest["steps"] == 128
    assert {note[3] for note in nearest["notes"]} == {0, 1, 2, 3}
    with pytest.raises(ValueError, match="multiple of n_voices"):
        Melodies(chorales, voices=5)
    assert repr(Melodies(chorales, voices=4)) == "Melodies(4 of 4 voices, 128 steps)"


def test_a_piano_roll_has_a_colour_for_each_voice(chorales):
    shown = PianoRollDisplay.from_melodies(chorales[:2], n_voices=4)
    colors = [bar.get_facecolor() for bar in shown.bars_]
    voices = np.concatenate(shown.voices)
    assert len(colors) == len(voices)
    assert len({*colors}) == 4
    for voice in range(4):
        assert len({c for c, v in zip(colors, voices, strict=True) if v == voice}) == 1
    notes = [notes_from_melody(voice) for voice in split_voices(chorales[0], 4)]
    assert_array_equal(shown.notes[0], np.vstack(notes))
    assert shown.ax_.get_xlim()[1] == 128
    one = PianoRollDisplay.from_melodies(chorales[:1, :128])
    assert one.voices is None and len({bar.get_facecolor() for bar in one.bars_}) == 1
    shown.figure_.clear()
    one.figure_.clear()


def test_a_score_and_a_book_have_all_staves(tmp_path, chorales):
    write_score(chorales[0], tmp_path / "score.svg", voices=NAMES, key="D")
    assert signs_of((tmp_path / "score.svg").read_text()) == signs_of(
        score_svg(chorales[0], voices=NAMES, key="D")
    )
    path = tmp_path / "book.html"
    keys = ["D", "D minor"]
    write_tune_book(path, chorales[:2], title="Two", voices=NAMES, key=keys)
    text = path.read_text()
    n_notes = sum(len(notes_from_melody(row)) for row in chorales[:2])
    assert len(set(signs_of(text))) <= len(signs_of(text)) == n_notes
    assert text.count('class="staff"') == 2 * 8 * 4


def test_a_page_that_decodes_has_one_voice(chorales):
    autoencoder = Autoencoder(h=2, max_iter=1, random_state=0)
    model = make_pipeline(PianoRollEncoder(n_voices=4), autoencoder).fit(chorales)
    with pytest.raises(ValueError, match=r"melodies of one voice; got .*n_voices=4"):
        describe_model(model)
