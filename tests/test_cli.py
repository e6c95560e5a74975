import re
import shlex
import subprocess
import sys
from functools import wraps
from inspect import signature

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import sklearn_c2c
from sklearn_c2c import (
    Autoencoder,
    PitchRhythmAutoencoder,
    VariationalAutoencoder,
    cli,
    generation,
    metrics,
    objectives,
    page,
    persistence,
)
from sklearn_c2c.cli._kinds import KINDS, USUAL
from sklearn_c2c.cli._parser import parse
from sklearn_c2c.io import read_melodies
from sklearn_c2c.melody import transpose
from tests.command import fails, run

pytest.importorskip("verovio")
pytest.importorskip("matplotlib")

pytestmark = pytest.mark.integration

TUNES = """\
%abc-2.1
X:1
T:The First
M:4/4
L:1/8
K:D
D2FA d2AF | G2BG A4 |

X:2
T:The Second
M:4/4
L:1/8
K:D
A2FA B2AF | E2GE D4 |

X:3
T:The <b>Third</b>
M:4/4
L:1/8
K:D
f2df e2ce | d2fd A4 |

X:4
T:A Jig
M:6/8
L:1/8
K:D
DFA dAF | GBG A3 |
"""
TRAIN_APART = ["--max-iter", 5, "--measures", 2]
TRAIN = ["--measures", "2", "--h", "8", "--max-iter", "5", "--batch-size", "2"]


@pytest.fixture(scope="module")
def tunes(tmp_path_factory):
    path = tmp_path_factory.mktemp("tunes") / "tunes.abc"
    path.write_text(TUNES)
    return path


@pytest.fixture(scope="module")
def composed(tunes, tmp_path_factory):
    out = tmp_path_factory.mktemp("composed") / "out"
    assert run("compose", tunes, "--out", out, "--n", 2, *TRAIN) == 0
    return out


@pytest.fixture(scope="module")
def models(composed, tunes, tmp_path_factory):
    """A model of each kind."""
    path = tmp_path_factory.mktemp("models") / "variational.c2c"
    options = ["--variational", "--hidden", "6,4", "--beta", 0.5, *TRAIN]
    assert run("train", tunes, "--out", path, *options) == 0
    return {"plain": composed / "model.c2c", "variational": path}


def test_compose_leaves_melodies_model_and_page(composed):
    names = [
        f"melody-{i:02d}{s}" for i in (1, 2) for s in (".abc", ".mid", ".musicxml")
    ]
    assert sorted(p.name for p in composed.iterdir()) == [
        "index.html",
        *names,
        "model.c2c",
    ]
    rows = [read_melodies(composed / n, n_measures=2).data[0] for n in names[:3]]
    assert (rows[0] == rows[1]).all() and (rows[0] == rows[2]).all()
    text = (composed / "index.html").read_text("utf-8")
    assert all(f'href="{name}"' in text for name in names)
    assert "3 melodies" in text and "h=8" in text


def test_compose_leaves_nothing_beside(composed):
    assert [p.name for p in composed.parent.iterdir()] == ["out"]


def test_model_keeps_what_generation_needs(composed):
    model, about = persistence.load(composed / "model.c2c", return_metadata=True)
    assert about["titles"] == ["The First", "The Second", "The <b>Third</b>"]
    assert about["key"] == "D major"
    assert about["tempo"] == 120
    assert about["reading"] == {
        "n_measures": 2,
        "steps_per_quarter": 4,
        "time_signature": "4/4",
        "key": None,
        "pickup": "drop",
    }
    assert model.inverse_transform(model.transform(about["data"])).shape == (3, 32)


def test_same_seed_gives_the_same_files(tunes, composed, tmp_path):
    assert run("compose", tunes, "--out", tmp_path / "b", "--n", 2, *TRAIN) == 0
    for file in composed.iterdir():
        if file.suffix in (".mid", ".abc", ".html"):
            assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_train_then_generate_is_compose(tunes, composed, tmp_path):
    model = tmp_path / "model.c2c"
    assert run("train", tunes, "--out", model, *TRAIN) == 0
    assert run("generate", "--model", model, "--out", tmp_path / "g", "--n", 2) == 0
    for name in ("melody-01.abc", "melody-02.mid", "index.html"):
        made, composed_ = (d / name for d in (tmp_path / "g", composed))
        assert made.read_bytes() == composed_.read_bytes()


def test_interpolate_between_a_file_and_a_tune_of_the_corpus(composed, tmp_path):
    one = tmp_path / "one.abc"
    one.write_text("X:1\nT:One\nM:4/4\nL:1/8\nK:D\nA2FA d2AF | E2GE A4 |\n")
    out, model = tmp_path / "out", composed / "model.c2c"
    arguments = ["--model", model, one, "third", "--steps", 3, "--out", out]
    assert run("interpolate", *arguments) == 0
    assert len(list(out.glob("*.mid"))) == 4
    text = (out / "index.html").read_text("utf-8")
    third = "The &lt;b&gt;Third&lt;/b&gt;"
    for title in ("One", f"From One to {third}, 1 of 3", third):
        assert f'<h2 class="melody-title">{title}</h2>' in text


def test_interpolate_finds_tunes_by_number_and_title(composed, tmp_path):
    model = composed / "model.c2c"
    for i, names in enumerate([("1", "2"), ("THE FIRST", "second")]):
        options = ["--steps", 2, "--out", tmp_path / f"{i}"]
        assert run("interpolate", "--model", model, *names, *options) == 0
    melodies = [(tmp_path / f"{i}" / "melody-02.abc").read_text() for i in (0, 1)]
    assert melodies[0] == melodies[1]


@pytest.mark.parametrize(
    "name, message",
    [
        ("0", "a number from 1 to 3"),
        ("4", "a number from 1 to 3"),
        ("none", "Found no tune 'none'"),
        ("the", "Several tunes are called 'the'; take one of 1 (The First), 2"),
    ],
)
def test_interpolate_unknown_tune(composed, tmp_path, capsys, name, message):
    arguments = [
        "--model",
        composed / "model.c2c",
        "1",
        name,
        "--out",
        tmp_path / "out",
    ]
    assert message in fails(capsys, "interpolate", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_interpolate_wants_one_tune_in_a_file(composed, tunes, tmp_path, capsys):
    arguments = [
        "--model",
        composed / "model.c2c",
        tunes,
        "1",
        "--out",
        tmp_path / "out",
    ]
    message = fails(capsys, "interpolate", *arguments)
    assert "holds 4 tunes, expected one" in message
    assert f"such as '{tunes}#1'" in message


def explore(models, out, command, *arguments, kind="plain"):
    """Run a command with a saved model; return the titles of its page, and the page."""
    assert run(command, "--model", models[kind], *arguments, "--out", out) == 0
    text = (out / "index.html").read_text("utf-8")
    titles = re.findall(r'<h2 class="melody-title">(.*?)</h2>', text)
    assert len(list(out.glob("melody-*.mid"))) == len(titles)
    return titles, text


def cell(page, name):
    """The entry in a page's table under a name, which may be a pattern."""
    return re.search(rf'<th scope="row">{name}</th><td>(.*?)</td>', page)[1]


def melody_of(out, i):
    return read_melodies(out / f"melody-{i:02d}.mid", n_measures=2).data[0]


EXPLORATIONS = {
    "sweep": ["--latent", 1, "--steps", 2],
    "attribute": [1, "pitch-range", "--scales", -1, 2.5],
    "recurse": ["--seed", 3],
    "optimize": ["most-holds", "--starts", 2, "--max-iter", 3, "--seed", 3],
    "vary": [1, "--n", 2, "--strength", 1, "--seed", 3],
    "complete": [1, "--n", 2, "--keep", 1, "--seed", 3],
    "continue": [1, "--n", 2, "--seed", 3],
}


@pytest.mark.parametrize(
    "command, kind",
    [*((command, "plain") for command in EXPLORATIONS), ("vary", "variational")],
)
def test_explorations_give_the_same_files_again(models, tmp_path, command, kind):
    for name in ("a", "b"):
        explore(models, tmp_path / name, command, *EXPLORATIONS[command], kind=kind)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


@pytest.mark.parametrize("command", ["recurse", "optimize", "vary"])
def test_another_seed_gives_other_melodies(models, tmp_path, command):
    arguments = EXPLORATIONS[command]
    explore(models, tmp_path / "a", command, *arguments)
    explore(models, tmp_path / "b", command, *arguments[:-1], 4)
    a, b = (
        [file.read_bytes() for file in sorted((tmp_path / name).glob("*.abc"))]
        for name in ("a", "b")
    )
    assert a != b


def test_sweep_shows_the_steps_in_order(models, tmp_path):
    titles, text = explore(models, tmp_path / "o", "sweep", *EXPLORATIONS["sweep"])
    model = persistence.load(models["plain"])
    low, high = model[-1].latent_min_[1], model[-1].latent_max_[1]
    assert titles == [
        f"Step 0 of 2: {low:.3g}, the minimum",
        f"Step 1 of 2: {(low + high) / 2:.3g}",
        f"Step 2 of 2: {high:.3g}, the maximum",
    ]
    path = generation.sweep(model, 1, n_points=3)
    for i, melody in enumerate(path, 1):
        assert (melody_of(tmp_path / "o", i) == melody).all()
    assert text.count("Nearest tune:") == 3
    assert "different melodies of 3" in text


def test_attribute_shows_what_it_does_to_the_tune(models, tmp_path):
    arguments = EXPLORATIONS["attribute"]
    titles, text = explore(models, tmp_path / "o", "attribute", *arguments)
    model, about = persistence.load(models["plain"], return_metadata=True)
    X = about["data"]
    vector = generation.attribute_vector(model, X, by=metrics.pitch_range)
    changed = generation.add_attribute(
        model, X[:1], vector, scale=[-1, 2.5], encoding="search"
    )
    spans = metrics.pitch_range(np.vstack([X[:1], changed]))
    assert titles == [
        "The First",
        "The First, less pitch range (-1)",
        "The First, more pitch range (+2.5)",
    ]
    assert cell(text, "Pitch range") == (
        f"{spans[0]:.3g} in The First; {spans[1]:.3g} at -1, {spans[2]:.3g} at 2.5"
    )
    assert (melody_of(tmp_path / "o", 1) == X[0]).all()
    assert (melody_of(tmp_path / "o", 3) == changed[1]).all()


def test_attribute_that_does_not_part_the_corpus(models, tmp_path, capsys):
    arguments = [1, "note-density", "--out", tmp_path / "out"]
    arguments = ["attribute", "--model", models["plain"], *arguments]
    assert "top quarter" in fails(capsys, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_set_asks_for_values(models, tmp_path, capsys):
    asked = ["--set", "pitch-range=-1", "--set", "mean-pitch=80", "--seed", 3]
    titles, text = explore(models, tmp_path / "o", "attribute", 1, *asked)
    X = persistence.load(models["plain"], return_metadata=True)[1]["data"]
    melody = melody_of(tmp_path / "o", 2)[np.newaxis]
    (first, span), (own, pitch) = (
        measure(np.vstack([X[:1], melody]))
        for measure in (metrics.pitch_range, metrics.mean_pitch)
    )
    wanted = first - metrics.pitch_range(X).std()
    low, high = metrics.mean_pitch(X).min(), metrics.mean_pitch(X).max()
    assert high < 80
    line = (
        f"pitch range {first:.3g}, asked {wanted:.3g}, found {span:.3g}; "
        f"mean pitch {own:.3g}, asked 80, found {pitch:.3g} "
        f"(the corpus has {low:.3g} to {high:.3g}); "
        f"{(melody == X[0]).mean():.0%} of the steps kept"
    )
    assert titles == ["The First", f"The First, {line}"]
    assert line in capsys.readouterr().out
    assert cell(text, "Asked for") == "pitch-range=-1 mean-pitch=80"


def test_set_in_gradations(models, tmp_path):
    """Values asked for are at equal distances, each found from the tune itself."""
    asked = ["--set", "mean-pitch=-2", "--steps", 3]
    titles, _ = explore(models, tmp_path / "o", "attribute", 1, *asked)
    model, about = persistence.load(models["plain"], return_metadata=True)
    X = about["data"]
    own, deviation = metrics.mean_pitch(X)[0], metrics.mean_pitch(X).std()
    values = own - 2 * deviation * np.array([1, 2, 3]) / 3
    result = generation.set_attribute(
        model, X[:1], metrics.mean_pitch, values, corpus=X, random_state=0
    )
    assert len(titles) == 4 and titles[0] == "The First"
    for i, value in enumerate(values):
        assert f"mean pitch {own:.3g}, asked {value:.3g}, found " in titles[i + 1]
        assert (melody_of(tmp_path / "o", i + 2) == result.melodies[i]).all()


ONE_NOTE = "X:1\nT:Long\nM:4/4\nL:1/8\nK:D\nA8- | A8 |\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "contour=2", "--set", "contour=3"], "--set has contour twice"),
        (["--set", "hold-share=0", "--set", "hold_share=+1"], "has hold-share twice"),
        (["--set", "contour=2", "--scales", 1], "--scales is for ATTRIBUTE"),
        (["hold-share", "--steps", 2], "--steps is for --set"),
    ],
)
def test_what_set_refuses(models, tmp_path, capsys, arguments, message):
    """Before a model is loaded."""
    arguments = [1, *arguments, "--out", tmp_path / "out"]
    assert message in fails(capsys, "attribute", "--model", "nowhere", *arguments)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("stepwise-share=+1", "Long has no stepwise share"),
        ("rest-share=.5", "rest-share, over the corpus, has a lower quartile of 0"),
        ("rest-share=+1", "rest-share, over the corpus, has a lower quartile of 0"),
    ],
)
def test_set_of_what_a_tune_or_the_corpus_has_not(
    models, write, tmp_path, capsys, setting, message
):
    arguments = [write("long.abc", ONE_NOTE), "--set", setting]
    arguments = ["--model", models["plain"], *arguments, "--out", tmp_path / "out"]
    error = fails(capsys, "attribute", *arguments)
    name, _, value = setting.partition("=")
    assert f"--set {name}={value.replace('.5', '0.5')}: {message}" in error
    assert "_" not in error.replace(str(tmp_path), "") and "row 0" not in error


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("in-scale-share=.5", "--set in-scale-share=0.5: the corpus has no one key"),
        (
            "sixteenth-syncopation=+1",
            "sixteenth-syncopation needs steps of a sixteenth or less, got steps a "
            "beat 2",
        ),
    ],
)
def test_set_in_a_corpus_that_has_no_such_attribute(
    tunes, tmp_path, capsys, setting, message
):
    model, out = tmp_path / "m.c2c", tmp_path / "out"
    options = ["--key", "none", "--steps-per-quarter", 2, "--out", model]
    tunes.with_name("keys.abc").write_text(TUNES.replace("K:D", "K:G", 1))
    assert run("train", tunes.with_name("keys.abc"), *options, *TRAIN) == 0
    capsys.readouterr()
    asked = ["attribute", "--model", model, 1, "--set", setting, "--out", out]
    assert message in capture_failure(capsys, *asked)


def capture_failure(capsys, *arguments):
    """As `fails`, where the command warns before."""
    assert run(*arguments) == 1
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "one of the arguments ATTRIBUTE --set is required"),
        (["hold-share", "--set", "contour=2"], "--set: not allowed with"),
        (["--set", "notes=+1"], "--set: no attribute 'notes'; expected one of note-de"),
        (["--set", "contour"], "--set: expected NAME=+X or NAME=-X, in standard"),
        (["--set", "contour=1e9999999"], "--set: expected a finite number"),
        (["--set", "contour=+nan"], "--set: expected NAME=+X"),
        (["--set", "contour=1", "--steps", 0], "--steps: expected 1 or more"),
    ],
)
def test_a_setting_that_is_none(models, tmp_path, capsys, arguments, message):
    arguments = ["attribute", "--model", models["plain"], 1, *arguments]
    with pytest.raises(SystemExit, match="2"):
        run(*arguments, "--out", tmp_path / "out")
    assert message in " ".join(capsys.readouterr().err.split())


def test_help_lists_attributes_to_set(capsys):
    with pytest.raises(SystemExit, match="0"):
        run("attribute", "--help")
    listed = capsys.readouterr().out.partition("attributes to set:")[2]
    listed = listed.partition("With --set")[0].replace(",", " ").split()
    assert listed == [name.replace("_", "-") for name in metrics.attribute_names()]


@pytest.fixture(scope="module")
def apart(tunes, tmp_path_factory):
    """A model that keeps pitch and rhythm apart."""
    path = tmp_path_factory.mktemp("apart") / "apart.c2c"
    assert run("train", tunes, "--out", path, "--pitch-rhythm", *TRAIN_APART) == 0
    return path


def test_swap(models, apart, tmp_path, capsys):
    model = apart
    titles, _ = explore({"plain": model}, tmp_path / "o", "swap", 1, 2)
    assert titles[2] == f"The pitches of {titles[0]} in the rhythm of {titles[1]}"
    X = persistence.load(model, return_metadata=True)[1]["data"]
    swapped = generation.swap(persistence.load(model), X[:1], X[1:2], encoding="search")
    assert (melody_of(tmp_path / "o", 3) == swapped[0]).all()
    arguments = ["swap", "--model", models["plain"], 1, 2, "--out", tmp_path / "x"]
    assert "`c2c train --pitch-rhythm`" in fails(capsys, *arguments)


@pytest.mark.parametrize("jig_first", [True, False])
def test_swap_of_a_tune_in_another_metre(apart, tunes, tmp_path, capsys, jig_first):
    pair = [f"{tunes}#4", 1] if jig_first else [1, f"{tunes}#4"]
    arguments = ["swap", "--model", apart, *pair, "--out", tmp_path / "o"]
    assert "#4: is in 6/8, not in 4/4." in fails(capsys, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_swap_of_an_empty_file(apart, write, tmp_path, capsys):
    arguments = ["swap", "--model", apart, write("empty.abc", ""), 1]
    error = fails(capsys, *arguments, "--out", tmp_path / "out")
    assert "empty.abc: has no ABC tune" in error
    assert not (tmp_path / "out").exists()


def test_swap_of_a_tune_with_itself_is_the_tune_as_the_model_knows_it(
    apart, write, tmp_path
):
    file = write("own.abc", TRIPLETS)
    explore({"plain": apart}, tmp_path / "o", "swap", file, file)
    model = persistence.load(apart)
    own = transpose(read_melodies(file, n_measures=2).data, -5)  # the model is in D
    known = model.inverse_transform(generation.encode(model, own, method="search"))
    assert (melody_of(tmp_path / "o", 3) == transpose(known, 5)[0]).all()


def test_recursion_from_noise_ends_at_a_fixed_point(models, tmp_path):
    titles, text = explore(models, tmp_path / "o", "recurse", "--seed", 3)
    n_iter = len(titles) - 1
    assert titles[0] == "Start: noise of seed 3"
    assert titles[1:-1] == [f"Iteration {i}" for i in range(1, n_iter)]
    assert titles[-1] == f"Iteration {n_iter}, a fixed point"
    assert f"a fixed point after {n_iter} iteration{'s' * (n_iter != 1)}<" in text


def test_recursion_from_a_tune_that_does_not_end(models, tmp_path):
    titles, text = explore(models, tmp_path / "o", "recurse", "--max-iter", 1)
    assert titles == ["Start: noise of seed 0", "Iteration 1, no cycle yet"]
    assert "no cycle within 1 iteration<" in text


def test_recursion_into_a_cycle(models, tmp_path, monkeypatch):
    X = persistence.load(models["plain"], return_metadata=True)[1]["data"]
    result = {"paths": [X], "n_iter": np.array([1]), "cycle_lengths": np.array([2])}

    @wraps(generation.recurse)
    def recurse(*args, **kwargs):
        return result

    monkeypatch.setattr(generation, "recurse", recurse)
    titles, _ = explore(models, tmp_path / "o", "recurse", "first")
    assert titles == [
        "Start: The First",
        "Iteration 1, 1 of 2 in a cycle",
        "Iteration 2, 2 of 2 in a cycle",
    ]


def test_optimize_shows_before_and_after(models, tmp_path):
    arguments = ["most-holds", "first-note=A4@2", "--starts", 2, "--max-iter", 3]
    titles, text = explore(models, tmp_path / "o", "optimize", *arguments)
    model = persistence.load(models["plain"])
    objective = objectives.HoldCount() + 2 * objectives.FirstNote(69)
    result = generation.optimize(
        model, objective, n_starts=2, max_iter=3, random_state=0
    )
    assert titles == [f"Melody {i}{end}" for i in (1, 2) for end in (", as drawn", "")]
    best = result.best
    holds, first = (
        [f"{measure(melodies[[best]])[0]:g}" for melodies in ends]
        for measure in (objectives.HoldCount(), objectives.FirstNote(69))
        for ends in [(result.start_melodies, result.melodies)]
    )
    assert cell(text, "Holds").startswith(f"melody 1: {holds[0]} → {holds[1]};")
    changes = f"melody 1: {first[0]} → {first[1]};"
    assert cell(text, "First note is A4").startswith(changes)
    assert (melody_of(tmp_path / "o", 2) == result.melodies[best]).all()
    assert f"{result.n_decoder_calls} latent vectors decoded" in text
    assert "<h1>Steered to most holds and first note A4</h1>" in text


def test_optimize_for_every_objective(models, tmp_path):
    names = "most-holds fewest-holds most-notes fewest-notes widest-range "
    names += "narrowest-range in-scale in-scale=G contour=0,1,0 style first-note=D4@.5 "
    names += "consonance=2 form=AB form=2"
    options = ["--starts", 2, "--max-iter", 1]
    _, text = explore(models, tmp_path / "o", "optimize", *names.split(), *options)
    for what in (
        "Share of notes in D major",
        "Share of notes in G major",
        "Consonance with The Second",
        "Fit to the form AB",
        "Fit to the form of The Second",
    ):
        assert cell(text, what).count(" → ") == 2


def test_a_form_is_of_letters_or_of_the_measures_of_a_tune(models, tmp_path):
    _, about = persistence.load(models["plain"], return_metadata=True)
    template = about["data"][1]
    for value, form in [
        ("ABAC", objectives.SelfSimilarity("ABAC")),
        ("2", objectives.SelfSimilarity(template, steps_per_measure=16)),
    ]:
        out = tmp_path / value
        _, text = explore(models, out, "optimize", f"form={value}", "--max-iter", 3)
        best = cell(text, "Fit to the form .*?").split(";")[0]
        assert best.endswith(f" → {form([melody_of(out, 2)])[0]:.3g}")


def test_least_and_most_are_opposites(models, tmp_path):
    values = {}
    for name in ("narrowest-range", "widest-range"):
        _, text = explore(models, tmp_path / name, "optimize", name)
        best = cell(text, "Range in semitones").split(";")[0]
        values[name] = int(best.rpartition(" ")[2])
    assert values["narrowest-range"] < values["widest-range"]


@pytest.mark.parametrize(
    "objective, message",
    [
        ("joy", "no objective 'joy'; expected one of first-note, most-holds"),
        ("most-holds=3", "most-holds takes no value"),
        ("first-note", "such as first-note=C4"),
        ("first-note=H4", "got 'H4'"),
        ("first-note=C9", "C9"),
        ("contour", "such as contour=0,1,0"),
        ("contour=up", "got 'up'"),
        ("consonance", "such as consonance=1"),
        ("consonance=9", "Found no tune '9'"),
        ("form", "such as form=AABA or form=1"),
        ("form=A", "at least two parts"),
        ("form=ABC", "3 parts, into which the 32 steps"),
        ("form=9", "Found no tune '9'"),
        ("in-scale=H", "'H'"),
        ("in-scale=A minor scale", "'A minor scale'"),
        ("style@much", "above 0 after @"),
        ("style@0", "above 0 after @"),
    ],
)
def test_objective_that_makes_no_sense(models, tmp_path, capsys, objective, message):
    arguments = ["--model", models["plain"], objective, "--out", tmp_path / "out"]
    assert message in fails(capsys, "optimize", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_evolution_needs_more_starts(models, tmp_path, capsys):
    options = ["--method", "evolution", "--starts", 2, "--out", tmp_path / "out"]
    arguments = ["--model", models["plain"], "most-holds", *options]
    assert "needs --starts of at least" in fails(capsys, "optimize", *arguments)


def test_variations_at_strength_0_are_the_tune_itself(models, tmp_path):
    arguments = ["vary", "the first", "--strength", 0, "--n", 2]
    titles, _ = explore(models, tmp_path / "o", *arguments)
    assert titles == ["The First", *(f"The First, variation {i}" for i in (1, 2))]
    model, about = persistence.load(models["plain"], return_metadata=True)
    first = about["data"][0]
    found = generation.vary(
        model, first, n_samples=2, strength=0, encoding="search", form=first
    )
    for i in (2, 3):
        assert (melody_of(tmp_path / "o", i) == found[0]).all()


@pytest.mark.parametrize(
    "command", [["attribute", "9", "hold-share"], ["recurse", "9"], ["vary", "9"]]
)
def test_explorations_of_an_unknown_tune(models, tmp_path, capsys, command):
    arguments = ["--model", models["plain"], "--out", tmp_path / "out"]
    assert "Found no tune '9'" in fails(capsys, *command, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_sweep_of_no_such_latent(models, tmp_path, capsys):
    arguments = ["--model", models["plain"], "--latent", 8, "--out", tmp_path / "out"]
    message = fails(capsys, "sweep", *arguments)
    assert "--latent 8 does not exist: there are 8 latent variables, 0 to 7" in message
    assert list(tmp_path.iterdir()) == []


def test_variational_model_samples_its_prior(models, tmp_path):
    model = persistence.load(models["variational"])
    vae = model[-1]
    assert (vae.h, vae.beta, vae.hidden_layer_sizes) == (8, 0.5, (6, 4))
    options = ["--n", 2, "--sampling", "prior", "--form", "none"]
    _, text = explore(models, tmp_path / "o", "generate", *options, kind="variational")
    assert "VariationalAutoencoder, h = 8" in text
    assert "Drawn from the prior" in text
    drawn = generation.sample(model, n_samples=2, method="prior", random_state=0)
    assert (melody_of(tmp_path / "o", 1) == drawn[0]).all()


def test_defaults_of_the_variational_model(monkeypatch, tunes, tmp_path):
    seen = {}

    def save(model, path, *, metadata):
        seen.update(model[-1].get_params())

    monkeypatch.setattr(persistence, "save", save)
    options = ["--variational", "--measures", 2, "--max-iter", 1]
    assert run("train", tunes, "--out", tmp_path / "m", *options) == 0
    defaults = VariationalAutoencoder(max_iter=1, random_state=0).get_params()
    assert seen == defaults and seen["h"] == 32


@pytest.mark.parametrize(
    ("command", "function", "names"),
    [
        ("generate", generation.sample, ["n_samples"]),
        ("vary m", generation.vary, ["n_samples", "strength"]),
        ("complete m", generation.complete, ["n_samples"]),
        ("complete m", generation.complete, ["aspect"]),
        ("recurse", generation.recurse, ["max_iter"]),
        ("optimize m", generation.optimize, ["max_iter"]),
        ("optimize m", generation.optimize, ["method"]),
    ],
)
def test_defaults_are_those_of_the_library(command, function, names):
    args = parse([*command.split(), "--out", "o"])
    for name in names:
        default = signature(function).parameters[name].default
        assert getattr(args, name) == default


@pytest.mark.parametrize("command", ["interpolate a b", "sweep"])
def test_a_path_has_a_step_less_than_points(command):
    name = command.split()[0]
    n_points = signature(getattr(generation, name)).parameters["n_points"].default
    assert parse([*command.split(), "--out", "o"]).n_steps == n_points - 1
    assert parse([*command.split(), "--out", "o", "--steps", "2"]).n_steps == 2


def test_help_tells_the_defaults_of_the_library(capsys):
    with pytest.raises(SystemExit, match="0"):
        run("compose", "--help")
    output = " ".join(capsys.readouterr().out.split())
    plain, variational = Autoencoder(), VariationalAutoencoder()
    for name in ("max_iter", "learning_rate_init", "output", "h"):
        assert f"paper {getattr(plain, name)})" in output
    assert f"variational {variational.max_iter}" in output
    assert f"({variational.learning_rate_init}; " in output
    assert f"({plain.batch_size})" in output
    assert f"variational {variational.beta:g})" in output
    assert f"variational {variational.h}; " in output
    reading = signature(read_melodies).parameters
    for name in ("n_measures", "steps_per_quarter", "pickup"):
        assert f"({reading[name].default})" in output
    assert not re.search(
        r"[{}]", output.replace("{gaussian,diagonal,kde,prior,range}", "")
    )


def test_kinds_of_model_are_estimators_of_the_package():
    kinds = {**KINDS, None: USUAL}
    assert {kind.estimator for kind in kinds.values()} <= set(sklearn_c2c._ESTIMATORS)
    for name, kind in kinds.items():
        model = kind.make(16, {"max_iter": 3})
        assert type(model[-1]).__name__ == kind.estimator and model[-1].max_iter == 3
        assert (model[0].transition_weight == 0) == (name == "paper")
        assert kind.defaults() == type(model[-1])().get_params()


def test_options_of_another_model_are_named(tunes, tmp_path, capsys):
    compose = ["compose", tunes, "--out", tmp_path / "out", *TRAIN, "--paper"]
    message = fails(capsys, *compose, "--beta", 2)
    assert "--beta is not a parameter of Autoencoder, the model of --paper" in message
    assert "pass one of them" in fails(capsys, *compose, "--variational")
    assert list(tmp_path.iterdir()) == []


def test_inspect_shows_what_is_read_and_what_not(tunes, capsys):
    assert run("inspect", tunes, "--measures", 2) == 0
    output = capsys.readouterr().out
    assert "1  The First" in output
    assert "A Jig" in output and "6/8" in output
    assert "tunes.abc: 3 of 4 tunes read, the first 2 measures of each, in" in output
    assert re.search(r"^ +1  in 6/8 +--time-signature 6/8$", output, re.M)


@pytest.mark.parametrize("command", ["inspect", "compose", "train"])
def test_nothing_readable_ends_with_the_table(tunes, tmp_path, capsys, command):
    out = [] if command == "inspect" else ["--out", tmp_path / "out"]
    assert run(command, tunes, "--measures", 4, *out) == 2
    said = capsys.readouterr()
    assert "tunes.abc: 0 of 4 tunes read" in said.out
    assert re.search(r"^ +3  shorter than 4 measures +--measures 2$", said.out, re.M)
    assert re.search(r"^ +1  in 6/8 +--time-signature 6/8$", said.out, re.M)
    assert ("has 2 measures, fewer than --measures 4" in said.out) == (not out)
    assert said.err.startswith("c2c: error: no tune can be read")
    assert list(tmp_path.iterdir()) == []


def test_inspect_hides_control_characters(tmp_path, capsys):
    (tmp_path / "a.abc").write_text(TUNES.replace("The First", "\x1b[2JThe First"))
    assert run("inspect", tmp_path, "--measures", 2) == 0
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("command", ["compose", "train", "inspect"])
def test_unknown_corpus(tmp_path, capsys, command):
    out = [] if command == "inspect" else ["--out", tmp_path / "out"]
    message = fails(capsys, command, "nowhere", *out)
    assert "'nowhere'" in message and "celtic and bach" in message
    assert list(tmp_path.iterdir()) == []


def test_empty_folder(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    message = fails(capsys, "compose", tmp_path / "empty", "--out", tmp_path / "out")
    assert "empty" in message
    assert [p.name for p in tmp_path.iterdir()] == ["empty"]


def test_reading_options_are_for_own_files(tmp_path, capsys):
    arguments = ["celtic", "--measures", 4, "--out", tmp_path / "out"]
    assert "files of your own: --measures." in fails(capsys, "compose", *arguments)


def test_folder_with_content_is_refused_before_any_work(
    tunes, tmp_path, capsys, monkeypatch
):
    (tmp_path / "mine.txt").write_text("mine")
    monkeypatch.setattr(cli._learning, "_trained", None)
    message = fails(capsys, "compose", tunes, "--out", tmp_path, *TRAIN)
    assert "--force" in message


def test_a_file_is_no_folder_to_fill(composed, tmp_path, capsys):
    (tmp_path / "mine").write_text("mine")
    arguments = ["--model", composed / "model.c2c", "--out", tmp_path / "mine"]
    for options in ([], ["--force"]):
        assert "mine is a file" in fails(capsys, "generate", *arguments, *options)
    assert (tmp_path / "mine").read_text() == "mine"


def test_force_replaces_only_its_own_files(composed, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "index.html").write_text("old")
    arguments = ["--model", composed / "model.c2c", "--out", tmp_path, "--force"]
    assert run("generate", *arguments) == 0
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert "<html" in (tmp_path / "index.html").read_text("utf-8")


def test_train_refuses_to_replace_a_model(tunes, composed, capsys):
    model = composed / "model.c2c"
    assert "--force" in fails(capsys, "train", tunes, "--out", model, *TRAIN)


def test_train_knows_early_that_it_cannot_save(tunes, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cli._learning, "_trained", None)
    assert "no folder" in fails(capsys, "train", tunes, "--out", tmp_path / "a" / "b")
    assert "is a folder" in fails(capsys, "train", tunes, "--out", tmp_path)


def test_reader_that_goes_away_is_no_failure_to_explain(tunes):
    command = f"{sys.executable} -m sklearn_c2c.cli inspect {tunes} --measures 2 | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.stderr == ""


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_failure_halfway_leaves_nothing(composed, tmp_path, capsys, monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(page, "write_page", fail)
    out = tmp_path / "out"
    code = run("generate", "--model", composed / "model.c2c", "--out", out)
    assert code == (130 if isinstance(error, KeyboardInterrupt) else 1)
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err in (
        "c2c: error: disk full\n",
        "c2c: interrupted\n",
    )


def test_no_such_model(tmp_path, capsys):
    arguments = "--model", tmp_path / "none", "--out", tmp_path / "out"
    assert "none: No such file or directory" in fails(capsys, "generate", *arguments)


def test_damaged_model(composed, tmp_path, capsys):
    data = bytearray((composed / "model.c2c").read_bytes())
    data[len(data) // 2] ^= 1
    damaged = tmp_path / "damaged.c2c"
    damaged.write_bytes(data)
    arguments = ["--model", damaged, "--out", tmp_path / "out"]
    assert "is damaged" in fails(capsys, "generate", *arguments)
    assert not (tmp_path / "out").exists()


def test_model_without_metadata(composed, tmp_path, capsys):
    model = persistence.load(composed / "model.c2c")
    persistence.save(model, tmp_path / "bare.c2c")
    arguments = ["--model", tmp_path / "bare.c2c", "--out", tmp_path / "out"]
    assert "made by c2c" in fails(capsys, "generate", *arguments)


@pytest.mark.parametrize("option", ["--output", "--learning-rate"])
def test_bad_training_option(tunes, tmp_path, capsys, option):
    out = tmp_path / "out"
    fails(capsys, "compose", tunes, "--out", out, *TRAIN, option, "-1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "dance",
        "compose",
        "compose --out x --n 0",
        "compose --out x --h 0",
        "compose --out x --tempo 5",
        "compose --out x --hidden 3,0",
        "compose --out x --hidden a",
        "generate --model m --out x --h 3",
        "sweep --model m --out x --latent -1",
        "attribute --model m --out x 1 joy",
        "optimize --model m --out x",
        "optimize --model m --out x style --method luck",
        "vary --model m --out x 1 --strength 1.5",
        "vary --model m --out x 1 --seed -1",
        "vary --model m --out x 1 --seed 4294967296",
        "complete --model m --out x 1 --keep 0-2",
        "complete --model m --out x 1 --keep 4-2",
        "complete --model m --out x 1 --keep 2,8-5",
        "complete --model m --out x 1 --keep 1-20000000000",
        "continue --model m --out x 1 --aspect mood",
        "generate --model m --out x --scale -1",
        "generate --model m --out x --sampling luck",
        "train --out x --transpose 99",
    ],
)
def test_usage_errors(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        run(*arguments.split())
    assert stop.value.code == 2
    assert "usage: c2c" in capsys.readouterr().err


@pytest.fixture
def asked(monkeypatch):
    """Arguments of compose's call of `sample`."""
    seen = {}

    @wraps(generation.sample)
    def sample(model, n_samples, **how):
        seen.update(how, n=n_samples, model=model)
        raise ValueError("enough")

    monkeypatch.setattr(generation, "sample", sample)
    return seen


def test_defaults_are_what_measured_best(asked, tunes, tmp_path):
    options = ["--measures", 2, "--max-iter", 8, "--learning-rate", 0.05, "--seed", 7]
    assert run("compose", tunes, "--out", tmp_path / "out", *options) == 1
    assert (asked["n"], asked["random_state"]) == (8, 7)
    how = asked["method"], asked["scale"], asked["form"]
    assert how == ("gaussian", 1.3, "corpus")
    assert asked["X"].shape == (3, 32)
    encoder, vae = asked["model"]
    assert encoder.transition_weight > 0 and encoder.steps_per_measure == 16
    assert isinstance(vae, VariationalAutoencoder)
    assert (vae.h, vae.beta, vae.random_state) == (32, 10, 7)
    assert (vae.max_iter, vae.kl_warmup, vae.kl_cooldown) == (8, 4, 2)
    assert vae.learning_rate_init == 0.05


def test_the_paper_s_are_those_of_the_library(asked, tunes, tmp_path):
    options = ["--measures", 2, "--max-iter", 1, "--learning-rate", 0.5, "--paper"]
    assert run("compose", tunes, "--out", tmp_path / "out", *options) == 1
    encoder, autoencoder = asked["model"]
    assert encoder.transition_weight == 0
    expected = Autoencoder(max_iter=1, learning_rate_init=0.5, random_state=0)
    assert autoencoder.get_params() == expected.get_params()
    assert (asked["method"], asked["form"]) == ("range", None)
    assert "scale" not in asked


def test_sampling_and_form_are_those_asked_for(asked, composed, tmp_path):
    generate = ["generate", "--model", composed / "model.c2c", "--out", tmp_path / "o"]
    for method in ("diagonal", "kde", "prior", "range"):
        assert run(*generate, "--sampling", method) == 1
        assert asked["method"] == method and "scale" not in asked
    assert run(*generate, "--scale", 0.5, "--form", "ABAB") == 1
    assert (asked["scale"], asked["form"]) == (0.5, "ABAB")
    assert run(*generate, "--form", "second") == 1
    X = persistence.load(composed / "model.c2c", return_metadata=True)[1]["data"]
    assert (asked["form"] == X[1]).all()


def test_draws_from_neighborhoods_have_no_scale(models, tmp_path, capsys):
    given = ["--model", models["plain"], "--out", tmp_path / "o", "--scale", 2]
    message = fails(capsys, "generate", *given, "--sampling", "kde")
    assert "--sampling kde takes no --scale" in message


def test_a_form_of_letters_is_heard(models, tmp_path):
    options = ["--n", 3, "--form", "AA"]
    _, text = explore(models, tmp_path / "o", "generate", *options)
    assert "AA: equal letters are equal parts" in text
    for i in (1, 2, 3):
        melody = melody_of(tmp_path / "o", i)
        assert (melody[:16] == melody[16:]).all()


def test_completion_keeps_measures_and_marks_them(models, tmp_path):
    titles, text = explore(models, tmp_path / "o", "complete", 1, "--keep", 2, "--n", 3)
    assert titles == ["The First", *(f"The First, completion {i}" for i in (1, 2, 3))]
    X = persistence.load(models["plain"], return_metadata=True)[1]["data"]
    for i in (2, 3, 4):
        assert (melody_of(tmp_path / "o", i)[16:] == X[0, 16:]).all()
    assert "Notes of measures 2 of The First kept" in text
    assert text.count("Kept:") == 4


def test_a_beginning_is_continued_in_its_own_key(models, tmp_path):
    file = tmp_path / "one.abc"
    file.write_text("X:1\nT:One\nM:4/4\nL:1/8\nK:G\nG2Bd g2dB |\n")
    titles, text = explore(models, tmp_path / "o", "continue", file, "--n", 2)
    assert titles == ["One, continuation 1", "One, continuation 2"]
    one = read_melodies(file, n_measures=1).data[0]
    for i in (1, 2):
        assert (melody_of(tmp_path / "o", i)[:16] == one).all()
        assert "K:G" in (tmp_path / "o" / f"melody-{i:02d}.abc").read_text()
    assert "5 semitones for the model, and back at the end" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X:1\nM:4/4\nL:1/8\nK:G\nG2Bd g2dB | G4 |\n", "must end at a bar line"),
        ("X:1\nM:4/4\nL:1/8\nK:G\nz8 |\n", "has no note"),
        ("X:1\nM:4/4\nL:1/8\nK:G\nG8 |\n\n" + TUNES, "holds 5 tunes, expected one"),
        ("X:1\nM:4/4\nL:1/8\nK:G\nG2Bd g2dB | G6 z4 | G8 |\n", "measure 2"),
    ],
)
def test_beginnings_that_are_none_are_named(models, tmp_path, capsys, text, message):
    file = tmp_path / "one.abc"
    file.write_text(text)
    given = ["--model", models["plain"], "--out", tmp_path / "out"]
    assert message in fails(capsys, "continue", file, *given)


def test_what_cannot_be_completed_is_said(models, tmp_path, capsys):
    given = ["--model", models["plain"], "--out", tmp_path / "out"]
    assert "--keep 1-4" in fails(capsys, "complete", 1, *given)
    message = fails(capsys, "complete", 1, "--keep", "2-3", *given)
    assert "The First has 2 measures" in message
    assert list(tmp_path.iterdir()) == []


def test_how_much_the_model_knows_is_said(models, tmp_path, capsys):
    _, text = explore(models, tmp_path / "o", "vary", 1, "--n", 1)
    said = re.search(r"The model reconstructs \d+% of the steps of The First", text)
    assert said and said[0] in capsys.readouterr().out


def test_a_corpus_with_pickups_is_composed_with_them(tmp_path):
    file = tmp_path / "tunes.abc"
    file.write_text(TUNES.replace("\nD2FA", "\nFE|D2FA").replace("\nA2FA", "\nde|A2FA"))
    out = tmp_path / "out"
    assert run("compose", file, "--pickup", "keep", "--n", 2, "--out", out, *TRAIN) == 0
    model, about = persistence.load(out / "model.c2c", return_metadata=True)
    assert about["data"].shape == (3, 48) and about["reading"]["pickup"] == "keep"
    assert model[0].steps_per_measure == 16
    text = (out / "index.html").read_text("utf-8")
    assert "a pick-up and 2 measures of 4/4" in text
    one = read_melodies(out / "melody-01.mid", n_measures=2, pickup="keep").data[0]
    assert len(one) == 48
    options = ["--model", out / "model.c2c", "--n", 2, "--form", "AA"]
    assert run("generate", *options, "--out", tmp_path / "aa") == 0
    for i in (1, 2):
        midi = tmp_path / "aa" / f"melody-{i:02d}.mid"
        bars = read_melodies(midi, n_measures=2).data[0].reshape(2, 16)
        assert (bars[0] == bars[1]).all()


def test_training_on_transpositions(tunes, tmp_path, capsys):
    options = [*TRAIN, "--transpose", 2, "--out", tmp_path / "m.c2c"]
    assert run("train", tunes, *options) == 0
    assert "15 melodies" in capsys.readouterr().out
    model, about = persistence.load(tmp_path / "m.c2c", return_metadata=True)
    assert about["data"].shape == (3, 32)
    low, high = (f(X for X in about["data"].ravel() if X < 128) for f in (min, max))
    assert model[0].pitch_range_ == (low - 2, high + 2)


def test_without_a_model_the_reels_are_learned(monkeypatch, tmp_path):
    seen = {}

    @wraps(generation.complete)
    def complete(model, *args, **kwargs):
        seen.update(vae=model[-1], X=kwargs["X"])
        raise ValueError("enough")

    monkeypatch.setattr(VariationalAutoencoder, "fit", lambda self, X, y=None: self)
    monkeypatch.setattr(cli._models, "reconstruction", lambda *args: "untrained")
    monkeypatch.setattr(generation, "complete", complete)
    assert run("complete", 1, "--keep", 1, "--out", tmp_path / "o") == 1
    assert seen["X"].shape == (75, 128) and seen["vae"].h == 32


@pytest.mark.parametrize(
    ("command", "function", "estimator"),
    [
        ("interpolate 1 2", "interpolate", VariationalAutoencoder),
        ("swap 1 2", "swap", PitchRhythmAutoencoder),
        ("sweep", "sweep", VariationalAutoencoder),
        ("attribute 1 --set contour=1", "set_attribute", VariationalAutoencoder),
    ],
)
def test_the_reels_are_learned_by_the_model_that_a_command_needs(
    monkeypatch, tmp_path, capsys, command, function, estimator
):
    seen = []

    @wraps(getattr(generation, function))
    def explored(model, *args, **kwargs):
        seen.append(model[-1])
        raise ValueError("enough")

    monkeypatch.setattr(estimator, "fit", lambda self, X, y=None: self)
    halves = {"pitch": slice(0, 1), "rhythm": slice(1, 2)}
    monkeypatch.setattr(PitchRhythmAutoencoder, "branches_", halves)
    monkeypatch.setattr(cli._models, "reconstruction", lambda *args: "untrained")
    monkeypatch.setattr(cli._models, "knowledge", lambda *args: "untrained")
    monkeypatch.setattr(generation, function, explored)
    arguments = [*command.split(), "--seed", 5, "--out", tmp_path / "o"]
    assert "enough" in fails(capsys, *arguments)
    assert type(seen[0]) is estimator and seen[0].random_state == 5


def test_transposed_corpus_is_written_in_its_key(tunes, tmp_path):
    model = tmp_path / "g.c2c"
    assert run("train", tunes, "--key", "G", "--out", model, *TRAIN) == 0
    _, about = persistence.load(model, return_metadata=True)
    assert (about["key"], about["reading"]["key"]) == ("G major", "G")
    original = read_melodies(tunes, n_measures=2).data
    assert (np.unique(about["data"] - original)[-1]) == 5


def test_help_is_quick_and_shows_examples():
    command = [sys.executable, "-m", "sklearn_c2c.cli", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "c2c compose --out reels" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    "command",
    [*EXPLORATIONS, "compose", "train", "generate", "interpolate", "inspect", "swap"],
)
def test_help_of_every_command_has_examples(command, capsys):
    with pytest.raises(SystemExit, match="0"):
        run(command, "--help")
    output = capsys.readouterr().out
    assert "example" in output
    examples = re.findall(rf"^  c2c ({command} .*?)(?:   .*)?$", output, re.M)
    assert examples
    for example in examples:
        assert parse(shlex.split(example)).command is not None


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        run("--version")
    assert capsys.readouterr().out.startswith("c2c 0.")


# Two tunes in G, one in A, one equal to the first but a tone higher, in D; a jig.
MIXED = """\
X:1
T:One
M:4/4
L:1/8
Q:1/4=100
K:G
G2Bd g2dB | c2ec d4 |

X:2
T:Two
M:4/4
L:1/8
Q:1/4=130
K:G
B2GB d2BG | A2cA G4 |

X:3
T:Three
M:4/4
L:1/8
K:A
e2ce a2ec | B2dB A4 |

X:4
T:Four
M:4/4
L:1/8
K:D
D2FA d2AF | G2BG A4 |

X:5
T:Five
M:6/8
L:1/8
K:D
DFA dAF | GBG A3 |
"""
MINOR = """\
X:1
T:One
M:6/8
L:1/8
Q:3/8=108
K:Em
EGB e2B | dBG E3 |

X:2
T:Two
M:6/8
L:1/8
Q:3/8=116
K:Am
Aec a2g | edc A3 |

X:3
T:Three
M:6/8
L:1/8
K:D
FAd f2d | ecA d3 |
"""


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


@pytest.mark.parametrize("command", ["inspect", "train"])
def test_a_table_says_what_was_read(write, tmp_path, capsys, command):
    out = ["--out", tmp_path / "m.c2c", *TRAIN[2:]] if command == "train" else []
    file = write("mixed.abc", MIXED)
    assert run(command, file, "--measures", 2, *out) == 0
    said = capsys.readouterr().out
    assert "mixed.abc: 3 of 5 tunes read, the first 2 measures of each, in 4" in said
    assert re.search(r"^ +1  in 6/8 +--time-signature 6/8$", said, re.M)
    assert re.search(r"^ +1  equal to another one, counted once$", said, re.M)
    assert "keys: 2 G major, 1 A major; all moved to G, the tonic of 2 (--key" in said
    assert "tempo: 115 beats a minute, the median of 2 tunes" in said
    assert "warning: a small corpus of 3; with fewer than 50 melodies" in said
    if command == "train":
        about = persistence.load(tmp_path / "m.c2c", return_metadata=True)[1]
        assert about["titles"] == ["One", "Two", "Three"]
        assert about["key"] == "G major"
        assert about["reading"]["key"] == "G"
        alone = read_melodies(file, n_measures=2, key="G", duplicates="drop")
        assert (about["data"] == alone.data).all()


def test_a_corpus_that_comes_as_it_is_names_no_options(capsys):
    assert run("inspect", "bach") == 0
    said = capsys.readouterr().out
    assert "Bach's chorale sopranos: 80 melodies, the first 8 measures of" in said
    assert "modes: 44 minor, 36 major\n" in said


def test_keys_are_left_as_they_are(write, tmp_path, capsys):
    file = write("mixed.abc", MIXED)
    options = ["--key", "none", "--out", tmp_path / "m.c2c"]
    assert run("train", file, *options, *TRAIN) == 0
    assert "all moved" not in capsys.readouterr().out
    about = persistence.load(tmp_path / "m.c2c", return_metadata=True)[1]
    assert about["key"] is None
    # The fourth has the intervals of the first, and here notes of its own.
    assert (about["data"] == read_melodies(file, n_measures=2).data).all()


@pytest.mark.parametrize(
    ("options", "key", "n_read"),
    [
        (["--key", "D"], "D minor", 3),
        (["--key", "Dm"], "D minor", 2),
        (["--key", "D", "--mode", "major"], "D major", 1),
        ([], "E minor", 3),
    ],
)
def test_the_mode_is_that_of_the_corpus(write, capsys, options, key, n_read):
    args = parse(["inspect", str(write("m.abc", MINOR)), "--measures", "2", *options])
    corpus = cli._corpus.read_corpus(args)
    assert (corpus.key, len(corpus.melodies.data)) == (key, n_read)


@pytest.mark.parametrize(
    ("tonic", "modes", "key"),
    [
        ("D#", ["C major"], "Eb major"),
        ("Db", ["C minor", "C minor", "C major"], "C# minor"),
        ("Gb", ["A dorian"], "F# dorian"),
        ("F#", [""], "F# major"),
        ("F♯", ["D minor"], "F# minor"),
        ("bb min", ["C major"], "Bb major"),
        (None, ["C major"], None),
    ],
)
def test_a_key_is_spelled_so_that_it_can_be_written(tonic, modes, key):
    assert cli._corpus.engraved_key(tonic, modes) == key


def test_jigs_keep_mode_and_tempo_in_all_that_comes_of_them(write, tmp_path):
    out, again = tmp_path / "out", tmp_path / "again"
    options = ["--key", "Dm", "--n", 1, "--out", out, *TRAIN]
    assert run("compose", write("m.abc", MINOR), *options) == 0
    model = ["--model", out / "model.c2c", "--n", 1]
    assert run("generate", *model, "--out", again) == 0
    for folder in (out, again):
        lines = (folder / "melody-01.abc").read_text().splitlines()
        assert lines[5:7] == ["Q:3/8=112", "K:Dmin"]
        assert "♩. = 112" in (folder / "index.html").read_text("utf-8")
    assert run("generate", *model, "--out", tmp_path / "fast", "--tempo", 140) == 0
    assert "Q:3/8=140\n" in (tmp_path / "fast" / "melody-01.abc").read_text()
    midi = read_melodies(tmp_path / "fast" / "melody-01.mid", n_measures=2)
    assert midi.tempos == [pytest.approx(210, abs=0.01)]


def test_a_tempo_that_no_file_can_have_is_refused(models, tmp_path, capsys):
    assert cli._tempo.choose_tempo(None, None, "6/8") == 180
    assert cli._tempo.choose_tempo(None, None, "3/8") == 120
    assert cli._tempo.usual_tempo([None, 10.2, 9000.0], "6/8") == 1000
    message = "Found --tempo 800; expected 7 to 666 beats a minute in 6/8"
    with pytest.raises(ValueError, match=message):
        cli._tempo.choose_tempo(800, None, "6/8")


PARTS = """\
X:1
M:4/4
L:1/8
K:D
V:1
D2FA d2AF | G2BG A4 |
V:2
A,8 | A,8 |
"""
CHORDS = "X:1\nM:4/4\nL:1/8\nK:D\n[DF]2FA d2AF | G2BG A4 |\n"
TRIPLETS = "X:1\nT:Own\nM:4/4\nL:1/8\nK:G\nAB|(3GAB d2 g2dB | c2ec d4 |\n"


@pytest.mark.parametrize(
    ("text", "reason", "option"),
    [
        (PARTS, "of several parts", "--part melody"),
        (CHORDS, "with chords", "--chords highest"),
    ],
)
def test_the_option_that_is_named_takes_the_tune(
    models, write, tmp_path, capsys, text, reason, option
):
    file = write("tune.abc", text)
    assert run("inspect", file, "--measures", 2) == 2
    said = capsys.readouterr().out
    assert re.search(rf"^ +1  {reason} +{option}$", said, re.M)
    assert "part=" not in said and "chords=" not in said
    assert run("inspect", file, "--measures", 2, *option.split()) == 0
    vary = ["vary", file, "--model", models["plain"], "--n", 1, "--out"]
    assert option.split()[0] in fails(capsys, *vary, tmp_path / "a")
    assert run(*vary, tmp_path / "a", *option.split()) == 0
    assert melody_of(tmp_path / "a", 1)[0] == (62 if text == PARTS else 66)


def test_a_tune_of_one_s_own_comes_back_in_its_key(models, write, tmp_path, capsys):
    file = write("own.abc", TRIPLETS)
    own = read_melodies(file, n_measures=2).data[0]
    model, about = persistence.load(models["plain"], return_metadata=True)
    ends = transpose(own, -5), about["data"][0]  # the model is in D
    near = generation.interpolate(model, *ends, n_points=2, encoding="search")[0]
    near = transpose(near, 5)
    for command in (["vary", file, "--strength", 0, "--n", 1],
                    ["attribute", file, "pitch-range", "--scales", 0],
                    ["interpolate", file, "1", "--steps", 1],
                    ["recurse", file]):  # fmt: skip
        out = tmp_path / command[0]
        _, text = explore(models, out, *command)
        first = own if command[0] != "interpolate" else near
        assert (melody_of(out, 1) == first).all()
        assert "K:G\n" in (out / "melody-02.abc").read_text()
        said = capsys.readouterr().out
        for words in (
            "own.abc: Own in G major; its first 2 measures; without the pick-up",
            "2 notes moved to the nearest sixteenth",
            "moved down 5 semitones to D, and back at the end",
        ):
            assert words in said
        if command[0] != "recurse":
            assert re.search(r"The model reconstructs \d+% of the steps of Own", said)
            assert "own.abc: Own in G major" in cell(text, "Given")


def test_a_mean_pitch_is_that_of_the_tune_as_it_is_written(
    models, write, tmp_path, capsys
):
    file = write("own.abc", TRIPLETS)  # in G; the model is in D
    explore(models, tmp_path / "o", "attribute", file, "--set", "mean-pitch=-1")
    said = capsys.readouterr().out
    stated = re.search(r"mean pitch (\S+), asked \S+, found ([^ ;]+)", said)
    for i, value in enumerate(stated.groups(), 1):
        (mean,) = metrics.mean_pitch(melody_of(tmp_path / "o", i)[np.newaxis])
        assert float(value) == pytest.approx(mean, rel=5e-3)


def test_the_second_of_two_tunes_is_said_to_be_in_the_key_of_the_first(
    models, write, tmp_path, capsys
):
    file = write("own.abc", TRIPLETS)
    explore(models, tmp_path / "o", "interpolate", "1", file, "--steps", 1)
    said = capsys.readouterr().out
    assert "moved down 5 semitones to D, and written in the key of" in said
    assert "back at the end" not in said


@pytest.mark.parametrize(
    "stated, asked, written",
    [("Q:1/4=96\n", [], 96), ("Q:1/4=96\n", [70], 70), ("", [], 120)],
)
def test_a_tune_of_one_s_own_keeps_its_tempo(
    models, write, tmp_path, capsys, stated, asked, written
):
    file = write("own.abc", TRIPLETS.replace("K:", f"{stated}K:", 1))
    tempo = ["--tempo", *asked] * bool(asked)
    explore(models, tmp_path / "out", "vary", file, "--n", 1, *tempo)
    assert f"Q:1/4={written}\n" in (tmp_path / "out" / "melody-02.abc").read_text()
    is_said = "own.abc: Own in G major, 96 beats a minute;" in capsys.readouterr().out
    assert is_said == bool(stated)


def test_melodies_that_sound_with_a_tune_are_in_its_key(models, write, tmp_path):
    own = write("own.abc", TRIPLETS)
    options = ["--starts", 1, "--max-iter", 2]
    for name, more, key in (("a", [], "K:G\n"), ("b", ["first-note=D4"], "K:D\n")):
        objectives = [f"consonance={own}", *more]
        explore(models, tmp_path / name, "optimize", *objectives, *options)
        assert key in (tmp_path / name / "melody-02.abc").read_text()


def test_a_tune_that_does_not_fit_says_why(models, write, tmp_path, capsys):
    vary = ["--model", models["plain"], "--out", tmp_path / "out"]
    short = write("short.abc", "X:1\nM:4/4\nL:1/8\nK:G\nG2Bd g2dB |\n")
    message = fails(capsys, "vary", short, *vary)
    assert (
        "short.abc has 1 measure, fewer than the 2 of the model's melodies" in message
    )
    assert "c2c continue" in message
    jig = write("jig.abc", "X:1\nM:6/8\nL:1/8\nK:D\nDFA dAF | GBG A3 |\n")
    assert "jig.abc: is in 6/8, not in 4/4" in fails(capsys, "vary", jig, *vary)


def test_one_tune_of_a_book_is_named_by_its_number(models, tunes, tmp_path, capsys):
    vary = ["--n", 1, "--strength", 0]
    titles, _ = explore(models, tmp_path / "o", "vary", f"{tunes}#2", *vary)
    assert titles[0] == "The Second"
    assert f"{tunes}#2: The Second in D major" in capsys.readouterr().out
    second = read_melodies(tunes, n_measures=2).data[1]
    assert (melody_of(tmp_path / "o", 1) == second).all()
    arguments = [f"{tunes}#9", "--model", models["plain"], "--out", tmp_path / "p"]
    assert "has no tune of the number '9'" in fails(capsys, "vary", *arguments)
    assert "Found no tune 'x#2'" in fails(capsys, "vary", "x#2", *arguments[1:])


def test_a_part_is_named_as_the_message_lists_it(write, capsys):
    file = write("tune.abc", PARTS)
    assert run("inspect", file, "--measures", 2) == 2
    assert "has 2 parts, '1', '2'" in capsys.readouterr().out
    for part, pitch in (("1", 62), ("2", 57), ("0", 62), ("melody", 62)):
        args = parse(["inspect", str(file), "--measures", "2", "--part", part])
        corpus = cli._corpus.read_corpus(args)
        assert corpus.melodies.data[0, 0] == pitch
    assert run("inspect", file, "--measures", 2, "--part", "3") == 2
    said = capsys.readouterr().out
    assert "has no part '3', only '1', '2'" in said
    assert re.search(r"^ +1  without that part +--part melody$", said, re.M)


def test_files_that_are_no_music_are_named(write, tmp_path, capsys):
    write("tunes.abc", TUNES)
    for name in ("a.pdf", "b.doc", "c.txt", "d.png", ".hidden"):
        write(name, "no music")
    assert run("inspect", tmp_path, "--measures", 2) == 0
    said = capsys.readouterr().out
    assert "skipped, not music: a.pdf, b.doc, c.txt, 1 more\n" in said
    (tmp_path / "tunes.abc").write_text("X:1\nK:C\n")
    assert run("inspect", tmp_path) == 2
    assert "not music: a.pdf, b.doc, c.txt, 1 more\n" in capsys.readouterr().out


def test_a_tune_without_a_title_has_the_name_of_its_file(write):
    book = write("a book.abc", TUNES.replace("T:The First\n", ""))
    single = write("alone.x.abc", "M:4/4\nL:1/8\nK:D\nD2FA d2AF | B2GB A4 |\n")
    args = parse(["inspect", str(book), str(single), "--measures", "2"])
    titles = cli._corpus.read_corpus(args).melodies.titles
    assert (titles[0], titles[-1]) == ("a book#1", "alone.x")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--key", "Dm"], "keys: 1 E minor, 1 A minor; all moved to D minor\n"),
        (["--key", "none"], "; left as they are: no key signature for what is"),
        (["--key", "d", "--mode", "major"], "keys: 1 D major\n"),
        (["--key", "C", "--mode", "major"], "keys: 1 D major; all moved to C\n"),
        ([], "tempo: 112 beats (dotted quarters) a minute, the median of 2 tunes\n"),
        (
            ["--mode", "major"],
            "tempo: 120 beats (dotted quarters) a minute, as no tune",
        ),
    ],
)
def test_the_summary_tells_moves_and_tempo(write, capsys, options, line):
    assert run("inspect", write("m.abc", MINOR), "--measures", 2, *options) == 0
    assert line in capsys.readouterr().out


def test_the_tempo_asked_for_is_told(write, tmp_path, capsys):
    options = ["--tempo", 90, "--out", tmp_path / "m.c2c", *TRAIN]
    assert run("train", write("m.abc", MINOR), *options) == 0
    said = capsys.readouterr().out
    assert "tempo: 90 beats (dotted quarters) a minute, as asked for\n" in said


@pytest.mark.parametrize("options", [["--key", "Dm"], ["--mode", "minor"]])
def test_the_option_for_another_mode_takes_it(write, capsys, options):
    inspect = ["inspect", write("m.abc", MINOR), "--measures", 2]
    assert run(*inspect, *options) == 0
    named = re.search(r"^ +1  in major +(--.*)$", capsys.readouterr().out, re.M)[1]
    options += named.split()
    assert run(*inspect, *options) == 0
    assert "keys: 1 D major" in capsys.readouterr().out


def without(monkeypatch, *modules):
    real = cli._result.find_spec
    hidden = {name: None for name in modules}
    monkeypatch.setattr(
        cli._result, "find_spec", lambda name: hidden.get(name, 1) and real(name)
    )


def test_without_the_extra_all_else_is_written(tunes, tmp_path, capsys, monkeypatch):
    without(monkeypatch, "verovio", "matplotlib")
    out = tmp_path / "out"
    assert run("compose", tunes, "--out", out, "--n", 1, *TRAIN) == 0
    assert sorted(file.name for file in out.iterdir()) == [
        *(f"melody-01{suffix}" for suffix in (".abc", ".mid", ".musicxml")),
        "model.c2c",
    ]
    said = capsys.readouterr().out
    missing = said.index("verovio and Matplotlib not installed: no page")
    assert missing < said.index("Training on 3 melodies")
    assert 'pip install "sklearn_c2c[studio]"' in said
    assert said.endswith(f"Written to {out}\n")


def test_without_matplotlib_the_page_has_no_curve(tunes, tmp_path, capsys, monkeypatch):
    without(monkeypatch, "matplotlib")
    assert run("compose", tunes, "--out", tmp_path / "o", "--n", 1, *TRAIN) == 0
    assert "Matplotlib not installed: no loss curve" in capsys.readouterr().out
    assert "Loss of each epoch" not in (tmp_path / "o" / "index.html").read_text(
        "utf-8"
    )


def interrupt_epoch(monkeypatch, number):
    train = VariationalAutoencoder._train_epoch
    seen = []

    def train_epoch(self, *args):
        seen.append(self)
        if len(seen) == number:
            raise KeyboardInterrupt
        return train(self, *args)

    monkeypatch.setattr(VariationalAutoencoder, "_train_epoch", train_epoch)


def test_interrupted_training_keeps_the_model(tunes, tmp_path, capsys, monkeypatch):
    interrupt_epoch(monkeypatch, 3)
    assert run("compose", tunes, "--out", tmp_path / "out", *TRAIN) == 130
    assert [file.name for file in tmp_path.iterdir()] == ["out"]
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["model.c2c"]
    model = persistence.load(tmp_path / "out" / "model.c2c")
    assert model[-1].n_iter_ == 2
    said = capsys.readouterr()
    assert f"c2c generate --model {tmp_path / 'out' / 'model.c2c'}" in said.out
    assert "Training interrupted in epoch 3" in said.err
    assert said.err.endswith("c2c: interrupted\n")


def test_interrupted_training_of_a_model_keeps_it(tunes, tmp_path, monkeypatch):
    interrupt_epoch(monkeypatch, 4)
    assert run("train", tunes, "--out", tmp_path / "m.c2c", *TRAIN) == 130
    assert persistence.load(tmp_path / "m.c2c")[-1].n_iter_ == 3


def test_interrupted_at_once_leaves_nothing(tunes, tmp_path, monkeypatch):
    interrupt_epoch(monkeypatch, 1)
    assert run("compose", tunes, "--out", tmp_path / "out", *TRAIN) == 130
    assert list(tmp_path.iterdir()) == []


def test_interrupted_writing_keeps_what_is_whole(tunes, tmp_path, monkeypatch):
    def write_page(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(page, "write_page", write_page)
    out = tmp_path / "out"
    assert run("compose", tunes, "--n", 2, "--out", out, *TRAIN) == 130
    assert len(list(out.glob("melody-0[12].*"))) == 6
    assert (out / "model.c2c").exists() and not (out / "index.html").exists()


@pytest.mark.parametrize(
    ("options", "layers"),  # 17 pitches, hold and rest, of 32 steps
    [
        (["--h", 10**9], [(19 * 32, 10**9)]),
        (["--h", 10**12], [(19 * 32, 10**12)]),
        (["--hidden", 10**9], [(19 * 32, 10**9), (10**9, 8)]),
    ],
)
def test_a_model_that_cannot_fit_is_refused(
    tunes, tmp_path, capsys, monkeypatch, options, layers
):
    monkeypatch.setattr(VariationalAutoencoder, "fit", None)
    train = ["train", tunes, "--out", tmp_path / "m.c2c", *TRAIN, *options]
    message = fails(capsys, *train)
    (needed, there) = re.findall(r"([\d,]+) MiB", message)
    n_weights = 2 * sum(a * b for a, b in layers)
    assert int(needed.replace(",", "")) == n_weights * 3 * 4 // 2**20
    assert int(there.replace(",", "")) > 100
    assert f"{options[0]} {options[1]}" in message


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["generate"], "--n"),
        (["vary", "1"], "--n"),
        (["continue", "1"], "--n"),
        (["interpolate", "1", "2"], "--steps"),
        (["sweep"], "--steps"),
        (["optimize", "most-holds"], "--starts"),
        (["attribute", "1", "--set", "contour=1"], "--steps"),
    ],
)
def test_more_melodies_than_fit_are_refused(models, tmp_path, capsys, command, option):
    given = ["--model", models["plain"], "--out", tmp_path / "o", option, 10**10]
    message = fails(capsys, *command, *given)
    assert f"{option} {10**10} takes" in message and "MiB" in message


def test_progress_is_told_on_a_terminal_without_internals(models, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = cli._progress.Progress()
    vae = VariationalAutoencoder(h=2, max_iter=3, random_state=0)
    vae.set_callbacks(progress).fit(np.eye(6))
    shown = capsys.readouterr().err
    assert re.fullmatch(r"(\rTraining: epoch \d of 3)+\n", shown)
    assert shown.endswith("\rTraining: epoch 3 of 3\n")
    assert not progress.is_interrupted
    # In a Pipeline the training is a task within another one.
    progress = cli._progress.Progress()
    model = make_pipeline(FunctionTransformer(), clone(vae).set_callbacks(progress))
    model.fit(np.eye(6))
    assert capsys.readouterr().err.endswith("\rTraining: epoch 3 of 3\n")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("pass part= with a name", "pass --part with a name"),
        ("fewer than n_measures=8.", "fewer than --measures 8."),
        ("form must be \"corpus\", got 'AB'", "--form must be \"corpus\", got 'AB'"),
        ("The 'h' parameter of X must be an int. Got 0.", "--h must be an int. Got 0."),
        ("the key of a part with chords, h and a form", None),
        ("--h 3 and n_measures_more=2 and xh=3", None),
        (
            "a file named n_measures.abc is n_measures",
            "a file named n_measures.abc is --measures",
        ),
    ],
)
def test_parameters_become_options(message, said):
    flags = parse(["inspect", "x"]).flags | {"h": "--h", "form": "--form"}
    assert cli._wording.in_options(message, flags) == (said or message)
