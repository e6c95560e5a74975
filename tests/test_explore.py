"""Pages of the explorer as Python makes them, and the command `c2c explore`."""

import json
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import pearsonr
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sklearn_c2c import PianoRollEncoder, persistence
from sklearn_c2c.metrics import attribute_names, attribute_values, note_density
from sklearn_c2c.page import Explorer, explore
from sklearn_c2c.page._attribute_words import IN_WORDS
from sklearn_c2c.page._coordinates import directions, place
from sklearn_c2c.page._explore import explorer_data, notation_of
from tests.command import fails, run
from tests.web.exploring import train, write

pytest.importorskip("verovio")


@pytest.fixture(scope="module")
def model():
    from sklearn_c2c.datasets import load_celtic

    return train(load_celtic().data, h=8, max_iter=1)


@pytest.fixture(scope="module")
def titles():
    return [f"Tune {i}" for i in range(75)]


def data_of(model, corpus, layout="pca", attributes=None, **notation):
    options = {"time_signature": "4/4", "steps_per_quarter": 4, "key": "D"} | notation
    return explorer_data(
        model,
        corpus,
        title="Tunes",
        notation=notation_of(tempo=120, pickup=False, **options),
        layout=layout,
        attributes=attributes,
        random_state=0,
    )


def test_the_same_arguments_give_the_same_bytes(model, reels, titles, tmp_path):
    pages = [
        write(tmp_path / f"{i}.html", model, reels, titles).read_bytes() for i in "ab"
    ]
    assert pages[0] == pages[1]


def test_a_page_asks_for_nothing_and_runs_one_script(model, reels, titles, tmp_path):
    text = write(tmp_path / "p.html", model, reels, titles).read_text()
    assert re.search(r"content=\"default-src 'none'; style-src 'unsafe-inline'; ", text)
    assert not re.search(r"(src|href)=|url\(|@import|\bfetch\(", text)
    assert len(re.findall(r"<script>", text)) == 1
    data = re.search(r'id="explorer-data">(.*?)</script>', text)[1]
    assert json.loads(data)["titles"] == titles


def test_principal_directions_are_named_by_what_they_go_with(model, reels, titles):
    data, _, _ = data_of(model, {"data": reels, "titles": titles})
    Z = model.transform(reels)
    positions = PCA(svd_solver="full").fit_transform(Z)
    assert 1 < len({slider["name"] for slider in data["sliders"]}) <= 6
    for slider in data["sliders"]:
        number, r = re.fullmatch(
            r"Principal component (\d+) of the .* attribute is (.*)", slider["about"]
        ).groups()
        assert slider["said"] == f"goes with it by {r.removeprefix('0')}"
        assert float(r) >= 0.3
        name = slider["name"].lower().replace(" ", "_")
        values = attribute_values(reels, name, tonic="D", allow_nan=True)[:, 0]
        expected = pearsonr(positions[:, int(number) - 1], values).statistic
        assert_allclose(float(r), abs(expected), atol=0.006)
        assert slider["low"] < -1 < 1 < slider["high"]


def test_directions_that_hardly_go_with_an_attribute_are_left_out(rng):
    Z = rng.normal(size=(200, 4)) * [4, 3, 2, 1]
    noise = rng.normal(size=200)
    (only,) = directions(Z, {"mean_pitch": Z[:, 1], "contour": noise})
    assert (only.name, only.number) == ("mean_pitch", 2)
    assert directions(Z, {"contour": noise}) == []
    assert [move.name for move in directions(Z, {})] == [""] * 4


def test_every_attribute_has_a_unit_and_a_description(model, reels, titles):
    assert list(IN_WORDS) == attribute_names()
    data, _, _ = data_of(model, {"data": reels, "titles": titles})
    for attribute in data["attributes"]:
        assert attribute["unit"] and attribute["about"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "75 tunes · "),
        ({"rejected": []}, "75 tunes · "),
        ({"rejected": [None] * 3}, "75 tunes (3 more left out) · "),
        ({"n_left_out": 388}, "75 tunes (388 more left out) · "),
    ],
)
def test_the_page_says_how_many_tunes_were_left_out(
    model, reels, titles, tmp_path, more, words
):
    path = write(tmp_path / "p.html", model, reels, titles, corpus=more, layout="pca")
    about = re.search(r'<p class="about">(.*?)</p>', path.read_text())[1]
    assert about.startswith(words)


def test_moving_along_a_direction_moves_its_attribute(reels):
    density = note_density(reels)
    rng = np.random.default_rng(0)
    Z = np.column_stack([-9 * density, rng.normal(size=(75, 2)) * 0.1])
    (first, *_) = directions(Z, {"note_density": density})
    assert first.name == "note_density" and first.correlation > 0.99
    # More density lies where the first latent variable is less.
    assert first.vector[0] < 0 and first.high > 0 > first.low


@pytest.mark.parametrize("n_tunes", [1, 2, 3, 5, 75])
@pytest.mark.parametrize("layout", ["auto", "pca"])
def test_points_fill_a_square_around_the_middle(model, reels, n_tunes, layout):
    points, _ = place(model.transform(reels[:n_tunes]), layout, 0)
    assert points.shape == (n_tunes, 2)
    assert abs(points).max() == pytest.approx(1 if n_tunes > 1 else 0)
    assert_allclose(points.max(axis=0) + points.min(axis=0), 0, atol=1e-5)


@pytest.mark.parametrize("layout", ["auto", "tsne", "pca"])
def test_tunes_of_one_latent_vector_lie_in_one_point(layout):
    Z = np.full((6, 3), 0.1)  # as of a collapsed posterior, or of one tune six times
    assert_array_equal(place(Z, layout, 0)[0], np.zeros((6, 2)))
    assert directions(Z, {"note_density": np.arange(6.0)}) == []


def test_many_tunes_are_placed_by_principal_components(rng):
    assert place(rng.normal(size=(3001, 3)), "auto", 0)[1] == "principal components"
    assert place(rng.normal(size=(60, 3)), "auto", 0)[1] == "t-SNE"


def test_attributes_that_cannot_be_measured_are_left_out(model, reels, titles):
    corpus = {"data": reels, "titles": titles}
    names = {a["name"] for a in data_of(model, corpus, key=None)[0]["attributes"]}
    assert "Note density" in names and "In scale share" not in names
    with pytest.raises(ValueError, match="needs a tonic"):
        data_of(model, corpus, attributes=["in_scale_share"], key=None)
    data, _, _ = data_of(model, corpus, attributes=["mean-pitch"])
    (attribute,) = data["attributes"]
    assert attribute["name"] == "Mean pitch"
    pitches = attribute_values(reels, "mean_pitch")
    assert_allclose(
        attribute["quartiles"], np.percentile(pitches, [0, 25, 50, 75, 100]), atol=1e-4
    )


NAMED = dict.fromkeys(range(75), 1)  # indices of names, by tune


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"titles": ["one"]}, "Got 1 titles for 75 tunes"),
        ({"target": [1, 2]}, "Got 2 rows of target for 75 tunes"),
        ({"target": NAMED | {3: 2}}, r"Found 2 in target\[3\]; .*names, 0 to 1"),
        ({"target": NAMED | {0: -1}}, r"Found -1 in target\[0\]; expected an index"),
        ({"target": NAMED | {74: 0.5}}, r"Found 0.5 in target\[74\]"),
        ({"target": NAMED | {5: "b"}}, r"Found 'b' in target\[5\]"),
        ({"data": np.zeros((0, 128), dtype=int), "titles": []}, "no tune to show"),
        ({"layout": "umap"}, "layout='umap'; expected one of 'auto'"),
        ({"attributes": ["swing"]}, "attribute 'swing'"),
        ({"key": "H"}, "H"),
        ({"tempo": 0}, "tempo=0; expected quarter notes per minute, 10 to 1000"),
        ({"tempo": float("nan")}, "tempo=nan; expected quarter notes"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    model, reels, titles, tmp_path, change, message
):
    corpus = {"data": reels, "titles": titles}
    corpus |= {
        k: change.pop(k) for k in list(change) if k in ("data", "titles", "target")
    }
    if isinstance(corpus.get("target"), dict):
        target = [*corpus["target"].values()]
        corpus |= {"target": target, "target_names": ["a", "b"]}
    path = tmp_path / "page.html"
    with pytest.raises(ValueError, match=message):
        explore(path, model, corpus, title="Tunes", **change)
    assert not path.exists()


def test_a_corpus_without_titles_is_refused(model, reels, tmp_path):
    with pytest.raises(ValueError, match="no 'titles' in the corpus; expected melodi"):
        explore(tmp_path / "page.html", model, {"data": reels}, title="Tunes")


def test_a_title_from_a_file_name_that_is_not_unicode(model, reels, titles, tmp_path):
    name = b"r\xe9el".decode(errors="surrogateescape")
    path = write(tmp_path / "p.html", model, reels, [name, *titles[1:]])
    data = re.search(r'id="explorer-data">(.*?)</script>', path.read_text("utf-8"))[1]
    assert json.loads(data)["titles"][0] == "r?el"


def test_a_model_that_pages_cannot_decode_is_refused(reels, titles, tmp_path):
    from sklearn.decomposition import FastICA

    model = make_pipeline(PianoRollEncoder(), FastICA(2, max_iter=1000, tol=1)).fit(
        reels
    )
    with pytest.raises(ValueError, match="cannot decode FastICA"):
        write(tmp_path / "page.html", model, reels, titles)


def test_a_model_that_is_not_fitted_is_refused(reels, titles, tmp_path):
    corpus = {"data": reels, "titles": titles}
    model = make_pipeline(PianoRollEncoder(), PCA(2))
    path = tmp_path / "page.html"
    for name in ("PianoRollEncoder", "PCA"):
        with pytest.raises(NotFittedError, match=f"This {name} instance is not fitted"):
            explore(path, model, corpus, title="Tunes")
        with pytest.raises(NotFittedError, match=f"This {name} instance is not fitted"):
            Explorer(model, corpus)
        model[0].fit(reels)
    assert not path.exists()


def test_tsne_of_few_tunes_says_what_to_do(model, reels):
    with pytest.raises(ValueError, match=r"Found 4 tunes.*Pass layout='pca'"):
        place(model.transform(reels[:4]), "tsne", 0)


# ------------------------------------------------------------------------ the command

TUNES = "\n".join(
    f"X:{i}\nT:Tune {i}\nM:4/4\nL:1/8\nK:D\n{text}\n"
    for i, text in enumerate(
        ["D2FA d2AF|G2BG A4|", "A2FA B2AF|E2GE D4|", "f2df e2ce|d2fd A4|"], 1
    )
)
TRAIN = ["--measures", "2", "--h", "4", "--max-iter", "3"]


@pytest.fixture
def tunes(tmp_path):
    path = tmp_path / "tunes.abc"
    path.write_text(TUNES)
    return path


@pytest.mark.integration
def test_a_corpus_becomes_a_page(tunes, tmp_path, capsys):
    out = tmp_path / "page.html"
    assert run("explore", tunes, *TRAIN, "--out", out, "--tempo", 150) == 0
    said = capsys.readouterr().out
    assert "Training on 3 melodies" in said and said.endswith(f"Open {out}\n")
    text = out.read_text()
    assert '"tempo":150.0' in text and '"Tune 2"' in text
    assert "<h1>The tunes of tunes.abc</h1>" in text
    assert "exists already; pass --force" in fails(
        capsys, "explore", tunes, *TRAIN, "--out", out
    )
    assert out.read_text() == text
    assert run("explore", tunes, *TRAIN, "--out", out, "--tempo", 150, "--force") == 0
    assert out.read_text() == text


@pytest.mark.integration
def test_a_saved_model_becomes_the_same_page(tunes, tmp_path, capsys):
    out, saved, again = (tmp_path / name for name in ("a.html", "m.c2c", "b.html"))
    assert run("explore", tunes, *TRAIN, "--seed", 3, "--out", out) == 0
    assert run("train", tunes, *TRAIN, "--seed", 3, "--out", saved) == 0
    assert run("explore", "--model", saved, "--seed", 3, "--out", again) == 0
    assert again.read_bytes() == out.read_bytes()
    assert persistence.load(saved) is not None
    for option in (
        ["--h", 4],
        ["--key", "D"],
        [tunes],
        ["--paper"],
        ["--transpose", 1],
    ):
        said = fails(
            capsys, "explore", "--model", saved, *option, "--out", again, "--force"
        )
        assert "--model has learned already" in said


def test_a_model_in_place_of_a_corpus_and_a_name_without_html(tmp_path, capsys):
    saved, out = tmp_path / "m.c2c", tmp_path / "page.html"
    said = fails(capsys, "explore", saved, "--out", out)
    assert f"m.c2c is a model, and CORPUS is for tunes; pass --model {saved}." in said
    said = fails(capsys, "explore", "--out", tmp_path / "page")
    assert "expected a name that ends in .html, such as " in said
    assert list(tmp_path.iterdir()) == []
