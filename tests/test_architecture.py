"""The page of the architecture shows the rooms and arrows that the code has."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from tests import architecture
from tests.test_layering import ROOMS

AGAIN = "run python -m tests.architecture"


def boxes(svg):
    return {*re.findall(r"<text.*?>(\w+)</text>", svg)}


def arrows(svg):
    return {*re.findall(r"(\w+) imports (\w+)</title>", svg)}


def test_the_table_is_that_of_the_code():
    assert architecture.table() in architecture.PAGE.read_text(), AGAIN


def test_the_picture_is_that_of_the_code():
    kept, drawn = architecture.PICTURE.read_text(), architecture.picture()
    assert (boxes(kept), arrows(kept)) == (boxes(drawn), arrows(drawn)), AGAIN


def test_every_room_is_drawn_and_every_arrow_once():
    svg = architecture.picture()
    ElementTree.fromstring(svg)
    assert boxes(svg) == {*ROOMS}
    expected = [
        (room, name) for room, names in architecture.arrows().items() for name in names
    ]
    assert sorted(expected) == sorted(arrows(svg))
    assert ("autoencoder", "melody") not in expected


def test_an_arrow_that_follows_from_others_is_left_out(monkeypatch):
    imports = {"a": "bc", "b": "cd", "c": "d", "d": ""}
    monkeypatch.setattr(architecture, "ROOMS", imports)
    monkeypatch.setattr(architecture, "FILES", list(imports))
    monkeypatch.setattr(architecture, "room_of", str)
    monkeypatch.setattr(architecture, "imports_of_ours", imports.get)
    assert architecture.arrows() == {"a": ["b"], "b": ["c"], "c": ["d"], "d": []}


def test_arrows_lead_down_and_boxes_of_a_row_stand_apart():
    svg = architecture.picture()
    place = {
        name: (float(x), float(x) + float(width), float(y))
        for x, y, width, name in re.findall(
            r'<rect x="(\S+)" y="(\S+)" width="(\S+)".*?>(\w+)</text>', svg
        )
    }
    assert all(place[low][2] > place[high][2] for high, low in arrows(svg))
    for (_, right, y), (left, _, y_next) in pairwise(
        sorted(place.values(), key=lambda box: (box[2], box[0]))
    ):
        assert y != y_next or right < left


@pytest.mark.parametrize("room", ["melody", "cli"])
def test_what_lives_in_a_room_is_one_line_of_the_table(room):
    (line,) = [
        x for x in architecture.table().splitlines() if x.startswith(f"| `{room}`")
    ]
    assert line.count(" | ") == 2 and "``" not in line
