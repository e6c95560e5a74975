import subprocess
import sys

import numpy as np
import pytest

from sklearn_c2c import cli, generation, page, persistence
from sklearn_c2c.io import read_melodies

pytest.importorskip("verovio")
pytest.importorskip("matplotlib")

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


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


def fails(capsys, *arguments):
    """Run what must fail, and return its one line of explanation."""
    assert run(*arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("c2c: error: ") and error.count("\n") == 1
    return error


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
    assert about["reading"] == {
        "n_measures": 2,
        "steps_per_quarter": 4,
        "time_signature": "4/4",
        "key": None,
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
    for title in ("From: One", "1 of 3 steps", "To: The &lt;b&gt;Third&lt;/b&gt;"):
        assert f"<h2>{title}</h2>" in text


def test_interpolate_finds_tunes_by_number_and_title(composed, tmp_path):
    model = composed / "model.c2c"
    for i, names in enumerate([("1", "2"), ("THE FIRST", "second")]):
        assert (
            run("interpolate", "--model", model, *names, "--out", tmp_path / f"{i}")
            == 0
        )
    melodies = [(tmp_path / f"{i}" / "melody-03.abc").read_text() for i in (0, 1)]
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
    assert "holds 3 melodies, expected one" in fails(capsys, "interpolate", *arguments)


def test_inspect_shows_what_is_read_and_what_not(tunes, capsys):
    assert run("inspect", tunes, "--measures", 2) == 0
    output = capsys.readouterr().out
    assert "1  The First" in output
    assert "A Jig" in output and "6/8" in output
    assert "3 read, 1 left out." in output


def test_inspect_nothing_readable(tmp_path, capsys):
    (tmp_path / "no.abc").write_text("not a tune at all\n")
    assert "no.abc" in fails(capsys, "inspect", tmp_path)


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
    assert "n_measures" in fails(capsys, "compose", *arguments)


def test_folder_with_content_is_refused_before_any_work(
    tunes, tmp_path, capsys, monkeypatch
):
    (tmp_path / "mine.txt").write_text("mine")
    monkeypatch.setattr(cli._learning, "_trained", None)
    message = fails(capsys, "compose", tunes, "--out", tmp_path, *TRAIN)
    assert "--force" in message


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
        "generate --model m --out x --h 3",
    ],
)
def test_usage_errors(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        run(*arguments.split())
    assert stop.value.code == 2
    assert "usage: c2c" in capsys.readouterr().err


def test_defaults_are_those_of_the_library(monkeypatch, tunes, tmp_path):
    seen = {}

    def sample(model, n_samples, *, method, random_state):
        seen.update(model[-1].get_params(), n=n_samples, seed=random_state)
        raise ValueError("enough")

    monkeypatch.setattr(generation, "sample", sample)
    options = ["--measures", 2, "--max-iter", 1, "--learning-rate", 0.5, "--seed", 7]
    assert run("compose", tunes, "--out", tmp_path / "out", *options) == 1
    assert (seen["h"], seen["n"], seen["seed"]) == (1500, 8, 7)
    assert (seen["max_iter"], seen["learning_rate_init"]) == (1, 0.5)
    assert seen["random_state"] == 7


def test_transposed_corpus_is_written_in_its_key(tunes, tmp_path):
    model = tmp_path / "g.c2c"
    assert run("train", tunes, "--key", "G", "--out", model, *TRAIN) == 0
    _, about = persistence.load(model, return_metadata=True)
    assert about["key"] == about["reading"]["key"] == "G"
    original = read_melodies(tunes, n_measures=2).data
    assert (np.unique(about["data"] - original)[-1]) == 5


def test_help_is_quick_and_shows_examples():
    command = [sys.executable, "-m", "sklearn_c2c.cli", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "c2c compose --out reels" in done.stdout
    assert done.stderr == ""


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        run("--version")
    assert capsys.readouterr().out.startswith("c2c 0.")
