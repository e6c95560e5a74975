"""The reproduction of the paper: its report agrees with its data."""

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from sklearn_c2c import metrics
from sklearn_c2c.datasets import load_bach_chorales, load_bach_sopranos, load_celtic
from sklearn_c2c.io import write_melody
from sklearn_c2c.melody import sounding_pitches, split_voices
from sklearn_c2c.metrics import _two_sample, evaluate
from sklearn_c2c.objectives import SelfSimilarity

EXAMPLES = Path(__file__).parents[1] / "examples"
sys.path.insert(0, str(EXAMPLES))

import reproduce_paper  # noqa: E402
from reproduction.experiments.harmony import METHODS, harmony  # noqa: E402
from reproduction.experiments.imposing import energies  # noqa: E402
from reproduction.experiments.reconstruction import _first  # noqa: E402
from reproduction.experiments.voices import _ambiguous, _mixed  # noqa: E402
from reproduction.findings import updated  # noqa: E402
from reproduction.materials import Materials, _collected  # noqa: E402
from reproduction.plan import FULL, QUICK, Plan  # noqa: E402
from reproduction.sections import NAMES, sections, tasks  # noqa: E402
from reproduction.style import NoteStyle, beats_kept, motif_kept  # noqa: E402
from reproduction.verdicts import Check, Claim, interval  # noqa: E402

pytestmark = pytest.mark.integration

# All parts of the full plan, as small as possible.
TINY = Plan(
    n_seeds=2,
    n_variant_seeds=2,
    large=24,
    strip=(24, 20, 16, 12, 10, 8, 4, 2),
    grid=(2, 8, 24),
    lowest={
        "paper AE": (8, 16, 8),
        "PCA": (50, 74, 1),
        "our AE": (31, 33, 1),
        "our linear AE": (31, 33, 1),
    },
    effort=0.02,
    n_draws=8,
    n_judged=12,
    n_pairs=5,
    n_starts=20,
    n_objective_starts=3,
    n_objective_steps=4,
    n_chorales=40,
    n_unseen=4,
    n_voices_drawn=6,
    n_imposed=4,
    n_in_form=3,
    n_imposing_steps=5,
)
FIGURES = {8, 9, 10, 11, 13, 14, 15, 16, 19, 20, 21, 22, 24, *range(26, 37)}


@pytest.fixture(scope="module", autouse=True)
def few_trees():
    """Classify with a tenth of the trees: its accuracy does not matter here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_two_sample, "_N_TREES", 10)
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Folder and data of one run."""
    out = tmp_path_factory.mktemp("run")
    reproduce_paper.reproduce(TINY, out, verbose=False)
    return out, json.loads((out / "data.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def html(run):
    return (run[0] / "report.html").read_text("utf-8")


def text_of(html):
    """Text of the page, on one line."""
    html = re.sub(r"<(style|script|svg)\b.*?</\1>", " ", html, flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))


# ------------------------------------------------- an independent recomputation


def recomputed(source, records):
    """Values of a number by seed, from the values that the data derive it from."""
    found = {}
    for record in records:
        task = record["task"]
        wanted = {"experiment": source["experiment"], **source["where"]}
        if wanted.items() <= task.items():
            values = np.array(record["result"][source["field"]], dtype=float).ravel()
            values = values[np.isfinite(values)]
            reduce = getattr(np, source["reduce"])
            assert task["seed"] not in found, "more than one record for a seed"
            found[task["seed"]] = float(reduce(values)) if values.size else np.nan
    if source["minus"]:
        other = recomputed(source["minus"], records)
        assert other.keys() == found.keys()
        return {seed: found[seed] - other[seed] for seed in found}
    return found


def test_numbers_follow_from_the_records(run):
    _, data = run
    assert len(data["numbers"]) > 200
    for name, number in data["numbers"].items():
        found = recomputed(number["source"], data["records"])
        values = np.array([found[seed] for seed in sorted(found)])
        assert sorted(found) == [0, 1], name
        assert number["n"] == 2
        given = np.array(number["values"], dtype=float)
        np.testing.assert_allclose(given, values, rtol=1e-12, err_msg=name)
        if np.isnan(values).any():
            assert number["mean"] is None and number["low"] is None
            continue
        assert number["mean"] == pytest.approx(values.mean(), abs=1e-12), name
        low, high = limits(number, values)
        assert number["low"] == pytest.approx(low, abs=1e-9), name
        assert number["high"] == pytest.approx(high, abs=1e-9), name


def limits(number, values):
    if np.ptp(values) == 0:
        low = high = values[0]
    else:
        low, high = stats.t.interval(
            0.95, len(values) - 1, loc=values.mean(), scale=stats.sem(values)
        )
    if number["source"]["minus"] is None:
        if number["unit"] in ("share", "area"):
            low, high = max(low, 0), min(high, 1)
        if number["unit"] == "correlation":
            low, high = max(low, -1), min(high, 1)
    return low, high


def test_verdicts_follow_from_the_numbers(run):
    _, data = run
    numbers = data["numbers"]
    for claim in data["claims"]:
        outcomes = []
        for check in claim["checks"]:
            number, bound = numbers[check["number"]], check["bound"]
            low, high = number["low"], number["high"]
            if number["mean"] is None:
                outcome = "fails"
            elif check["relation"] == "=":
                outcome = "holds" if set(number["values"]) == {bound} else "fails"
            elif check["relation"] == "like":
                values = np.array(number["values"])
                one_more = values.std(ddof=1) * np.sqrt(1 + 1 / len(values))
                reach = stats.t.ppf(0.975, len(values) - 1) * one_more
                near = abs(values.mean() - bound) <= reach
                outcome = "holds" if near else "fails"
            else:
                sign = {">": 1, "<": -1}[check["relation"]]
                ends = sorted([sign * (low - bound), sign * (high - bound)])
                outcome = (
                    "holds" if ends[0] > 0 else "fails" if ends[1] <= 0 else "open"
                )
            assert check["outcome"] == outcome, claim["name"]
            outcomes.append(outcome)
        n_holding = outcomes.count("holds")
        verdict = (
            "holds"
            if n_holding == len(outcomes)
            else "in part"
            if n_holding
            else "does not hold"
            if "fails" in outcomes
            else "undecided"
        )
        assert claim["verdict"] == verdict, claim["name"]


def test_what_does_not_hold_is_explained_with_numbers(run):
    _, data = run
    for claim in data["claims"]:
        if claim["verdict"] != "holds":
            assert re.search(r"\d", claim["because"]), claim["name"]
            assert "{" not in claim["because"], claim["name"]


def result_of(data, experiment, seed=0, **where):
    wanted = {"experiment": experiment, "seed": seed, **where}
    (found,) = (r for r in data["records"] if wanted.items() <= r["task"].items())
    return found["result"]


def test_the_numbers_are_what_their_labels_say(run):
    """From melodies, basins and values themselves, not from derived fields."""
    _, data = run
    numbers = data["numbers"]
    reels = load_celtic()
    mountain = reels.data[reels.titles.index("The Green Mountain")]
    for h in TINY.strip:
        decoded = result_of(
            data, "reconstruction", model="paper AE", h=h, corpus="reels"
        )["green_mountain"]
        wrong = numbers[f"strip.{h}.green_mountain_wrong"]["values"][0]
        assert wrong == (np.array(decoded) != mountain).sum()
    for short, model in (("ae", "paper AE"), ("vae", "paper VAE")):
        paths = result_of(data, "sweeps", model=model, corpus="reels")["paths"]
        n_distinct = [len(set(map(tuple, path))) for path in paths]
        value = numbers[f"sweep.{short}.n_distinct"]["values"][0]
        assert value == np.mean(n_distinct)
        path = np.array(
            result_of(data, "interpolation", model=model, h=24)["named_path"]
        )
        jumps = (path[1:] != path[:-1]).sum(axis=1)
        distance = (path[0] != path[-1]).sum()
        largest = numbers[f"pair.{short}.named_largest_jump"]["values"][0]
        assert largest == pytest.approx(jumps.max() / distance)
        assert numbers[f"pair.{short}.named_step_1_is_start"]["values"][0] == (
            jumps[0] == 0
        )
        basins = result_of(data, "recursion", model=model)
        assert sum(basins["basins"]) == TINY.n_starts
        in_reels = np.array(basins["basins"])[np.array(basins["is_reel"]) == 1].sum()
        value = numbers[f"recursion.{short}.starts_in_reels"]["values"][0]
        assert value == in_reels / TINY.n_starts
        for objective, goal, sign in (
            ("most holds", "most", 1),
            ("fewest holds", "fewest", -1),
        ):
            steered = result_of(
                data, "steering", model=model, objective=objective, method="gradient"
            )
            gain = np.mean(steered["after"]) - np.mean(steered["before"])
            value = numbers[f"steer.{goal}.{short}_gradient.gain"]["values"][0]
            assert value == pytest.approx(sign * gain)
            assert steered["decodings_per_start"] == 2 * TINY.n_objective_steps + 2
    lowest = result_of(data, "lowest_h", model="PCA")
    errors = {h: (outputs, steps) for h, outputs, steps in lowest["tried"]}
    assert errors[lowest["by_steps"]][1] == 0
    assert numbers["lowest.PCA.by_steps"]["values"][0] == lowest["by_steps"]


def test_the_judges_are_those_of_evaluate(run, tmp_path):
    _, data = run
    numbers = data["numbers"]
    materials = Materials(tmp_path)
    table = evaluate(
        materials.unseen_reels,
        materials.reels,
        reference=materials.other_tunes,
        tonic="D",
        random_state=0,
    )
    rows = {
        "surprise": "note_surprise",
        "repeats": "repeat_share",
        "ends_on_tonic": "tonic_ending_share",
        "nearest": "nearest_distance",
        "copied_run": "longest_copied_run",
    }
    for field, row in rows.items():
        found = numbers[f"judges.unseen.{field}"]["values"]
        assert found == pytest.approx([table.generated[row]] * 2)
    for value in numbers["judges.unseen.auc"]["values"]:
        assert value == pytest.approx(table.generated.two_sample_auc, abs=0.1)
    for short in ("dice", "markov", "ae", "vae", "our_ae", "our_vae", "filled"):
        told = numbers[f"judges.{short}.auc"]["mean"]
        assert told > numbers["judges.reels.auc"]["mean"]


def test_no_tune_judges_itself(tmp_path):
    materials = Materials(tmp_path)
    reels = load_celtic(n_melodies=None).data
    np.testing.assert_array_equal(materials.all_reels, reels)
    known = set(map(tuple, reels))
    assert len(known) == 134
    others = set(map(tuple, materials.other_tunes))
    assert len(others) == len(materials.other_tunes) > 1300
    assert not others & known
    # Nothing is missing but the reels: they are in the collections too.
    assert known <= set(map(tuple, _collected()))


# ---------------------------------------- footnotes 10, 29 and 31: voices, constraints


def test_a_hold_for_all_voices_would_be_ambiguous():
    # at the second step one voice holds and the other begins a note
    assert _ambiguous(np.array([[62, 129, 60, 61, 60, 61, 60, 61]])) == 0.5
    assert _ambiguous(np.array([[62, 129, 60, 129, 60, 129, 60, 129]])) == 0
    assert _ambiguous(np.array([[62, 128, 60, 61, 60, 61, 60, 61]])) == 0


def test_voices_drawn_apart_are_the_same_voices():
    chorales = load_bach_chorales(n_melodies=20).data
    voices = split_voices(chorales, 4)
    mixed = split_voices(_mixed(chorales, 0), 4)
    np.testing.assert_array_equal(mixed[:, 0], voices[:, 0])
    for voice in range(1, 4):
        rows = {row.tobytes() for row in voices[:, voice]}
        assert {row.tobytes() for row in mixed[:, voice]} == rows
        moved = (mixed[:, voice] != voices[:, voice]).any(axis=1)
        assert moved.mean() > 0.5
    chords = [metrics.chord_share(x.reshape(20, -1)).mean() for x in (voices, mixed)]
    assert chords[0] > chords[1] + 0.3


def test_harmony_judges_bach_as_bach(tmp_path):
    materials = Materials(tmp_path)
    sizes = {"n_chorales": 60, "n_unseen": 8}
    bach, nearest, frequent = (
        harmony(materials, method=method, seed=0, **sizes)
        for method in ("Bach", "nearest soprano", "most frequent")
    )
    for name in ("tokens", "pitches", "alto", "tenor", "bass"):
        assert bach[name] == 1
        assert 0 < nearest[name] < 1 and 0 < frequent[name] < 1
    assert bach["pitches"] > frequent["pitches"]
    assert bach["consonant"] > nearest["consonant"]
    assert bach["consonant"] > bach["consonant_with_another"] + 0.1
    rows = materials.all_chorales[:60]
    table = metrics.harmony_statistics(rows)
    for found in (bach, nearest, frequent):
        above = np.mean(found["crossings"]) - 2 * table.voice_crossings.mean()
        assert found["crossings_above"] == pytest.approx(above)
        both = table.parallel_fifths + table.parallel_octaves
        above = np.mean(found["fifths"]) + np.mean(found["octaves"]) - 2 * both.mean()
        assert found["parallels_above"] == pytest.approx(above)
        beside = np.mean(found["chords"]) - table.chord_share.mean()
        assert found["chords_beside"] == pytest.approx(beside)


def test_each_seed_leaves_out_other_chorales(tmp_path, monkeypatch):
    """Of one tune, all are known or all are unseen: none has its soprano known."""
    materials, found = Materials(tmp_path), []

    def remember(materials, X, Y, sopranos, seed):
        rows = np.array([sounding_pitches(row) for row in X])
        for soprano in sounding_pitches(sopranos):
            assert (rows == soprano).mean(axis=1).max() < 0.6
        found.append({row.tobytes() for row in sopranos})
        return np.tile(sopranos, 3)

    monkeypatch.setitem(METHODS, "remember", remember)
    for seed in range(5):
        harmony(materials, method="remember", seed=seed, n_chorales=100, n_unseen=100)
    assert len(set().union(*found)) == sum(map(len, found)) > 90


def test_constraints_are_measured_on_the_melodies(run):
    _, data = run
    numbers = data["numbers"]
    unseen = load_celtic(n_melodies=None).data[75:]
    where = {"model": "our RBM", "h": 256}
    for seed in (0, 1):
        c4 = result_of(data, "imposing", seed, goal="first note C4", **where)
        assert c4["after"] == [1.0] * TINY.n_imposed  # also of a hardly trained model
        melody = np.array(c4["melody"])
        assert melody[melody < 128][0] == 60
        for goal, form in (
            ("AABA", "AABA"),
            ("ABACABAD", "ABACABAD"),
            ("the form of a reel", unseen[seed]),
        ):
            result = result_of(data, "imposing", seed, goal=goal, **where)
            after = SelfSimilarity(form)(np.array([result["melody"]]))[0]
            assert result["after"][0] == pytest.approx(after)
            assert result["error"] == pytest.approx(1 - np.mean(result["after"]))
            before = 1 - np.mean(result["before"])
            assert result["lowered"] == pytest.approx(1 - result["error"] / before)
    assert numbers["impose.c4.rbm.after"]["values"] == [1, 1]


def test_free_energy_is_of_the_same_notes_in_another_order(tmp_path):
    """A machine whose free energy is the place of a token sees what was shuffled."""
    materials, seen = Materials(tmp_path), []

    class Machine:
        def free_energy(self, X):
            seen.append(X)
            return np.full(len(X), float(len(seen)))

    class Encoder:
        def transform(self, X):
            return X

    materials.model = lambda *args: (Encoder(), Machine())
    found = energies(materials, model="our RBM", h=8, seed=0)
    reels, pitches, measures = seen
    np.testing.assert_array_equal(reels, materials.unseen_reels)
    assert ((pitches < 128) == (reels < 128)).all()
    same = np.where(reels < 128, reels, 0), np.where(pitches < 128, pitches, 0)
    assert (np.sort(same[0], axis=1) == np.sort(same[1], axis=1)).all()
    assert (pitches != reels).any(axis=1).all()
    assert ((measures != reels).mean(axis=1) > 0).mean() > 0.9
    for own, row in zip(reels, measures, strict=True):
        known = [tuple(m) for m in own.reshape(8, 16)]
        assert sum(tuple(m) in known for m in row.reshape(8, 16)) >= 4
    assert set(found["pitches_gap"]) == {1.0} and set(found["measures_gap"]) == {2.0}


# ------------------------------------------------------------ sections that run alone


def test_some_sections_alone(run):
    """They take their own records from those of all, and no other."""
    _, data = run
    every = [record["task"] for record in data["records"]]
    for name in NAMES:
        alone = dataclasses.replace(TINY, only=(name,))
        chosen = [task for part in tasks(alone) for task in part]
        assert all(task in every for task in chosen)
        assert 0 < len(chosen) < len(every)
        records = [record for record in data["records"] if record["task"] in chosen]
        found = reproduce_paper.assemble(alone, records)
        for number, value in found["numbers"].items():
            assert value == data["numbers"][number]
        (section,) = sections(alone).values()
        assert len(section.draw(records)) == len(section.draw(data["records"]))
        assert section.tunes(records) == section.tunes(data["records"])
        html = reproduce_paper.render(alone, found)
        assert html.count("<h2>") > 0 and section.title in unescape(html)
    harmony_alone = dataclasses.replace(TINY, only=("harmony",))
    experiments = {task["experiment"] for part in tasks(harmony_alone) for task in part}
    assert experiments == {"harmony"}


def test_parts_of_the_page_are_replaced(run):
    _, data = run
    page = "# Page\n\nText.\n\n## Table 1\n\nA\n\n## What holds in part\n\n* B\n"
    alone = dataclasses.replace(TINY, only=("voices",))
    once = updated(page, alone, data)
    headings = re.findall("^## .*$", once, flags=re.M)
    assert headings == ["## Table 1", "## Several voices", "## What holds in part"]
    assert "--only voices --seeds 2" in once
    older = once.replace("together minus apart", "something else")
    assert older != once == updated(older, alone, data)
    both = updated(once, dataclasses.replace(TINY, only=("voices", "imposing")), data)
    headings = re.findall("^## .*$", both, flags=re.M)
    assert headings[1:3] == ["## Several voices", "## Structure imposed"]
    with pytest.raises(ValueError, match="recursion"):
        updated(page, dataclasses.replace(TINY, only=("recursion",)), data)


# ------------------------------------------------------------------- the report


def test_the_report_says_what_the_data_says(run, html):
    _, data = run
    text = text_of(html)
    for claim in data["claims"]:
        assert claim["text"] in text
        assert f'id="{claim["name"]}"' in html
        for check in claim["checks"]:
            number = data["numbers"][check["number"]]
            assert f"{number['label']}: {as_shown(number)} ," in text
        if claim["verdict"] != "holds":
            assert claim["because"] in text
        else:
            assert not claim["because"]
    for number in data["numbers"].values():
        assert as_shown(number) in text
    verdicts = [claim["verdict"] for claim in data["claims"]]
    words = {"holds": "hold", "does not hold": "do not hold"}
    words |= {"in part": "hold in part", "undecided": "are undecided"}
    for verdict in set(verdicts):
        assert f"{verdicts.count(verdict)} {words[verdict]}" in text
        shown = html.count(f">{verdict}</span>")
        in_table_1 = sum(
            claim["verdict"] == verdict
            for row in data["table_1"]
            for name in row["autoencoder"] + row["variational"]
            for claim in data["claims"]
            if claim["name"] == name
        )
        assert shown == 2 * verdicts.count(verdict) + in_table_1


def as_shown(number):
    def digits(x):
        size = abs(float(x))
        text = f"{size:,.3f}" if size < 10 else f"{size:,.1f}"
        if size >= 1000 or size.is_integer():
            text = f"{size:,.0f}"
        elif size < 0.0005:
            text = f"{size:.0e}"
        return ("\u2212" if x < 0 else "") + text

    if number["mean"] is None:
        return "none"
    mean = digits(number["mean"])
    if number["low"] == number["high"]:
        return mean
    return f"{mean} [{digits(number['low'])}, {digits(number['high'])}]"


def test_every_figure_and_table_1_are_there(run, html):
    _, data = run
    claimed = set()
    for claim in data["claims"]:
        figures = re.search(r"Figures? ([\d, and to]+)", claim["figure"])
        for first, last in re.findall(
            r"(\d+)(?: to (\d+))?", figures[1] if figures else ""
        ):
            claimed |= set(range(int(first), int(last or first) + 1))
    text = text_of(html)
    pictured = {int(n) for n in re.findall(r"[Ff]igure (\d+)", text)}
    assert pictured >= FIGURES
    assert claimed >= FIGURES
    assert len(data["table_1"]) == 5
    assert not re.search(r"\{\w+\.\w+", text)  # every number is in its place
    assert html.count("<figure>") >= 15
    assert html.count('class="melody"') >= 20


def test_the_report_needs_no_network(html):
    without_names = re.sub(r'xmlns(:\w+)?="[^"]*"', "", html)
    for wanted in ("<link", "@import", "<iframe", "fetch(", "XMLHttpRequest"):
        assert wanted not in without_names
    assert not re.findall(r'\bsrc\s*=\s*"(?!data:)', without_names)
    assert not re.findall(r'href\s*=\s*"(?!#)', without_names)
    assert "default-src 'none'" in html
    assert html.count("<script>") == len(re.findall(r'<div class="c2c">', html))


def test_names_within_the_page_are_unique(html):
    names = re.findall(
        r'\bid="([^"]+)"', re.sub(r"<svg.*?</svg>", "", html, flags=re.S)
    )
    assert len(names) == len(set(names))
    for target in re.findall(r'<a href="#([^"]+)"', html):
        assert target in names


# ------------------------------------------------------------- stopping, resuming


@pytest.mark.slow
def test_the_command_runs_nothing_again(run, monkeypatch, tmp_path, capsys):
    out, data = run
    files = [out / name for name in ("journal.jsonl", "data.json", "report.html")]
    before = [file.read_bytes() for file in files]
    monkeypatch.setattr(reproduce_paper, "QUICK", TINY)
    docs = tmp_path / "findings.md"
    reproduce_paper.main(["--quick", "--out", str(out), "--docs", str(docs)])
    assert "report.html" in capsys.readouterr().out
    assert [file.read_bytes() for file in files] == before
    assert not (out / "models").exists()
    page = docs.read_text("utf-8")
    for claim in data["claims"]:
        assert claim["text"] in page
        if claim["verdict"] != "holds":
            assert claim["because"] in page
    for check in (check for claim in data["claims"] for check in claim["checks"]):
        assert as_shown(data["numbers"][check["number"]]) in page
    for name, number in data["numbers"].items():
        if name.startswith("judges."):
            assert f"| {as_shown(number)} |" in page
    assert not re.search(r"\{[a-z]", page)


def test_more_seeds_keep_the_finished_ones(run, monkeypatch, tmp_path):
    """Only missing results are computed."""
    out, _ = run
    (tmp_path / "journal.jsonl").write_bytes((out / "journal.jsonl").read_bytes())
    asked = []

    def refuse(*args, **kwargs):
        asked.append(kwargs["seed"])
        raise RuntimeError

    monkeypatch.setattr(reproduce_paper, "perform", partial(refuse))
    more = dataclasses.replace(TINY, n_seeds=3)
    with pytest.raises(RuntimeError):
        reproduce_paper.reproduce(more, tmp_path, verbose=False)
    assert asked == [2]


@pytest.mark.slow
def test_kill_and_resume(run, tmp_path):
    """Results that workers finished before the kill are kept, as from one process."""
    out, data = run
    journal = tmp_path / "journal.jsonl"
    program = (
        "import sys; sys.path[:0] = [sys.argv[1], sys.argv[2]]\n"
        "from test_reproduction import TINY, reproduce_paper\n"
        "from pathlib import Path\n"
        "out = Path(sys.argv[3])\n"
        "reproduce_paper.perform_all(TINY, out, n_jobs=2, verbose=False)\n"
    )
    folders = [str(Path(__file__).parent), str(EXAMPLES), str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *folders], start_new_session=True
    )
    deadline = time.monotonic() + 300
    while n_lines(journal) < 3:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_until_free(journal)
    kept = journal.read_bytes()
    kept = kept[: kept.rfind(b"\n") + 1]
    finished = {task_of(line) for line in kept.splitlines()}
    assert len(finished) >= 3
    # All but two of the missing results come from the other run, to save time.
    others = (out / "journal.jsonl").read_bytes().splitlines(keepends=True)
    left = [line for line in others if task_of(line) not in finished]
    journal.write_bytes(kept + b"".join(left[:-2]))
    records = reproduce_paper.perform_all(TINY, tmp_path, verbose=False)
    assert journal.read_bytes().startswith(kept)
    assert n_lines(journal) == len(others)
    assert records == data["records"]


def n_lines(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def task_of(line):
    return json.dumps(json.loads(line)["task"], sort_keys=True)


def wait_until_free(journal):
    """Workers of a killed run may keep its journal locked for a moment."""
    from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock

    for _ in range(200):
        with open(journal, "rb") as file:
            try:
                flock(file, LOCK_EX | LOCK_NB)
                flock(file, LOCK_UN)
                return
            except BlockingIOError:
                time.sleep(0.1)
    raise TimeoutError("The journal stays locked.")


# ---------------------------------------------------------------- the user's tune


def test_a_second_reel_of_ones_own(tmp_path):
    reels = load_celtic()
    path = tmp_path / "own.abc"
    write_melody(reels.data[40], path, key="D")
    own = reproduce_paper._second_reel(path)
    assert own == reels.data[40].tolist()
    materials = Materials(tmp_path, own)
    assert materials.reels.shape == reels.data.shape
    assert materials.reels[materials.second].tolist() == own
    assert reels.data[materials.second].tolist() != own
    assert materials.second != materials.green_mountain
    low = reels.data[40].copy()
    low[low < 128] -= 24
    write_melody(low, path, key="D")
    with pytest.raises(SystemExit, match="G3 to B5"):
        reproduce_paper._second_reel(path)


# --------------------------------------------------------------------- the plans


def test_the_full_plan_is_what_is_promised():
    assert FULL.n_seeds >= 5 and FULL.large == 1500 and FULL.effort == 1
    assert FULL.n_pairs >= 500
    assert FULL.n_starts >= 10_000
    assert FULL.n_objective_starts >= 100 and FULL.n_objective_steps >= 100
    assert FULL.strip == (1000, 750, 500, 250, 200, 150, 100, 2)
    assert len(load_celtic().data) == 75 and len(load_bach_sopranos().data) == 80
    assert QUICK.large == 1500 and QUICK.effort == 1


@pytest.mark.parametrize("plan", [FULL, QUICK, TINY])
def test_tasks_are_told_apart(plan):
    tasks = plan.training() + plan.measuring()
    texts = [json.dumps(task, sort_keys=True) for task in tasks]
    assert len(set(texts)) == len(texts)
    assert {task["seed"] for task in tasks} == set(range(plan.n_seeds))


def test_the_paper_s_setting():
    ae = Materials("unused").train("paper AE", 2, 0)[-1]
    assert ae.n_features_in_ == 3968
    assert ae.get_params() == ae.get_params() | {
        "activation": "sigmoid",
        "output": "sigmoid",
        "init": "glorot",
        "output_bias_init": "zeros",
        "learning_rate_init": 1e-3,
        "epsilon": 1e-7 * 3968,
        "batch_size": 20,
        "max_iter": 100,
        "n_iter_no_change": 100,
    }
    assert ae.n_iter_ == 100 and ae.t_ == 7500


# ------------------------------------------------------------ numbers, verdicts


@pytest.mark.parametrize(
    ("values", "relation", "bound", "outcome"),
    [
        ([1.0, 1.1, 0.9], ">", 0.5, "holds"),
        ([1.0, 1.1, 0.9], ">", 1.0, "open"),
        ([1.0, 1.1, 0.9], ">", 2.0, "fails"),
        ([1.0, 1.1, 0.9], "<", 2.0, "holds"),
        ([1.0, 1.1, 0.9], "<", 0.5, "fails"),
        ([1.0, 1.0, 1.0], "=", 1.0, "holds"),
        ([1.0, 1.0, 2.0], "=", 1.0, "fails"),
        ([1.0, 1.0, 1.0], ">", 1.0, "fails"),
        ([1.0, 1.1, 0.9], "like", 1.45, "holds"),  # 1 + 4.3 * 0.1 * sqrt(4 / 3) = 1.5
        ([1.0, 1.1, 0.9], "like", 1.55, "fails"),
        ([1.0], ">", 0.5, "holds"),
        ([1.0], "like", 1.0, "open"),
        ([1.0, np.nan], ">", 0.5, "fails"),
    ],
)
def test_outcomes(values, relation, bound, outcome):
    mean, low, high = interval(values)
    numbers = {"x": {"values": values, "mean": mean, "low": low, "high": high}}
    numbers["x"]["n"] = len(values)
    assert Check("x", relation, bound).outcome(numbers) == outcome


def test_the_interval_of_equal_values_is_that_value():
    same = [119 / 134] * 3
    assert np.std(same) > 0  # by rounding
    assert interval(same) == (119 / 134,) * 3


def test_the_interval_covers():
    rng = np.random.default_rng(0)
    covered = 0
    for sample in rng.normal(3, 2, (2000, 5)):
        _, low, high = interval(sample)
        covered += low <= 3 <= high
    assert covered / 2000 == pytest.approx(0.95, abs=0.02)


def test_why_is_said_only_where_a_claim_fails():
    numbers = {"x": {"values": [1.0], "mean": 1.0, "low": None, "high": None}}
    above = Claim("a", "1", "text", (Check("x", ">", 0),), "why")
    below = Claim("b", "1", "text", (Check("x", "<", 0),), "why")
    both = Claim("c", "1", "text", (*above.checks, *below.checks), "why")
    assert above.judge(numbers)["because"] == ""
    assert below.judge(numbers)["because"] == "why"
    assert [c.judge(numbers)["verdict"] for c in (above, below, both)] == [
        "holds",
        "does not hold",
        "in part",
    ]


def test_the_lowest_h_is_found():
    for lowest in range(1, 17):
        assert _first(lambda h, lowest=lowest: h < lowest, 0, 16, 1) == lowest
    for lowest in range(1, 65):
        found = _first(lambda h, lowest=lowest: h < lowest, 0, 64, 4)
        assert lowest <= found < lowest + 4
    # a linear scan finds sizes that bisection may miss
    assert _first(lambda h: h != 5, 0, 16, 1) == 5
    for resolution in (1, 2):
        assert _first(lambda h: 1, 0, 16, resolution) is None


# ------------------------------------------------------------------------- style


def test_reels_are_in_style_and_noise_is_not():
    reels = load_celtic().data
    style = NoteStyle(reels)
    assert style.is_in_style(reels).mean(axis=1).min() > 0.94  # 5 % are the threshold
    rng = np.random.default_rng(0)
    noise = reels.copy()
    noise[noise < 128] = rng.integers(55, 84, (noise < 128).sum())
    pitches, durations = style.is_in_style(noise)
    assert not pitches.any()
    assert (durations == style.is_in_style(reels)[1]).all()  # which are as before
    one_note = np.full((1, 128), 129)
    one_note[0, 0] = 62
    assert not style.is_in_style(one_note).any()


def test_each_reel_is_judged_by_the_others():
    """Five in a hundred are below the threshold, computed without the reel itself."""
    reels = load_celtic().data
    style = NoteStyle(reels)
    without_first = NoteStyle(reels[1:])
    own = style.own[:, 0]
    alone = without_first.likelihoods(reels[:1])[:, 0]
    np.testing.assert_allclose(own, alone, atol=0.05)
    assert (own < style.likelihoods(reels[:1])[:, 0]).all()
    assert (style.own < style.thresholds[:, np.newaxis]).sum(axis=1).tolist() == [4, 4]


def test_motif_kept():
    reels = load_celtic().data
    np.testing.assert_allclose(motif_kept(reels, reels), 1)
    one = reels[:1].repeat(len(reels), axis=0)
    kept = motif_kept(one, reels)
    assert kept[0] == 1 and abs(kept[1:].mean()) < 0.05
    own = np.mean([beats_kept(one[0], reel) for reel in reels[1:]])
    assert 0.1 < own < 0.5  # similarity of two reels is not a motif
    held = reels[0].copy()
    off_beat = np.arange(128) % 4 != 0
    held[off_beat & (held < 128)] = 129
    assert beats_kept(held, reels[0]) > 0.9
