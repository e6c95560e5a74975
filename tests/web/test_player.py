"""The sequencer on a clock that the test moves, and what it sounds like."""

import base64
import io
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import signal
from scipy.io import wavfile

from sklearn_c2c import _web
from sklearn_c2c.melody import END, HOLD, REST, mend_orphan_holds, notes_from_melody

RATE = 44100
LEAD, HORIZON = 0.06, 0.1  # seconds; those of sequencer.js
REEL = {
    "stepsPerQuarter": 4,
    "stepsPerMeasure": 16,
    "stepsPerBeat": 4,
    "pickup": False,
    "tempo": 240,
}
STEP = 60 / 240 / 4  # seconds
JIG = {**REEL, "stepsPerQuarter": 2, "stepsPerMeasure": 6, "stepsPerBeat": 3}

# Moves the clock of an offline context, so that what was scheduled can be rendered too.
HARNESS = """
async function run(notation, events, { seconds = 8, sounds = false, late = 0 } = {}) {
  const context = new OfflineAudioContext(1, seconds * 44100, 44100);
  let now = 0;
  const timers = new Map();
  Object.defineProperty(context, "currentTime", { get: () => now });
  context.resume = () => {};
  window.setInterval = (look) => (timers.set(timers.size, look), timers.size - 1);
  window.clearInterval = (timer) => timers.delete(timer);
  window.setTimeout = () => 0; // what is disconnected could not be rendered
  const sequencer = new player.Sequencer(context);
  sequencer.notation = notation;
  const heard = [];
  for (const name of ["note", "measure", "melody", "stop"]) {
    sequencer.addEventListener(name, ({ detail }) => {
      heard.push([name, now, detail.step ?? detail.isAtEnd ?? null]);
    });
  }
  const places = [];
  const until = (time) => {
    while (now < time) {
      now = Math.min(time, now + 0.025);
      for (const look of [...timers.values()]) look();
      if (sequencer.isPlaying) places.push([now, sequencer.position]);
    }
  };
  for (const [time, name, value] of events) {
    if (name === "sleep") now = time; // the page is busy
    else until(time);
    if (name === "replace") sequencer.replace(value, { now: true });
    else if (typeof sequencer[name] === "function") sequencer[name](...(value ?? []));
    else if (name !== "sleep") sequencer[name] = value;
  }
  until(seconds - 0.5);
  const { record, clicks, isPlaying } = sequencer;
  const result = { record, clicks, heard, places, isPlaying, timers: timers.size };
  if (sounds) {
    const rendered = await context.startRendering();
    result.sound = encoded(new Uint8Array(rendered.getChannelData(0).buffer));
  }
  return result;
}

function encoded(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
}
"""


@pytest.fixture(scope="module")
def page(chromium, tmp_path_factory):
    """A page with the modules and the harness, for all tests of this file."""
    module = _web.module("wav", "renderWav", "Sequencer", "startOf")
    module = module.replace("export default", "window.player =")
    path = tmp_path_factory.mktemp("player") / "player.html"
    path.write_text(
        f"<!DOCTYPE html><script>{HARNESS}</script>"
        f"<script type=module>{module}</script>"
    )
    page = chromium.new_page(offline=True)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    yield page
    assert errors == []
    page.close()


@pytest.fixture
def run(page):
    """Play by events of [seconds, name, value] and return what was scheduled."""

    def run(events, notation=REEL, **options):
        call = "([notation, events, options]) => run(notation, events, options)"
        found = page.evaluate(call, [notation, events, options])
        if "sound" in found:
            found["sound"] = np.frombuffer(base64.b64decode(found["sound"]), "<f4")
        return found

    return run


@pytest.fixture
def wav(page):
    """Render a melody by `renderWav`, as samples from -1 to 1."""

    def wav(melody, notation=REEL, **options):
        call = """async ([melody, notation, options]) =>
            encoded(await player.renderWav(melody, notation, options))"""
        file = page.evaluate(call, [plain(melody), notation, options])
        rate, samples = wavfile.read(io.BytesIO(base64.b64decode(file)))
        assert (rate, samples.dtype, samples.ndim) == (RATE, np.int16, 1)
        return samples / 32768

    return wav


def mend(melody):
    return mend_orphan_holds(melody[np.newaxis])[0]


def plain(melody):
    return np.asarray(melody).tolist()


def played(record):
    return [[entry["step"], entry["pitch"]] for entry in record]


def times(record):
    return np.array([entry["time"] for entry in record])


@pytest.fixture(scope="module")
def tunes(reels):
    """Reels, one that ends early, and one with rests."""
    short = np.r_[reels[2][:90], [END] * 38]
    rests = np.r_[[REST] * 4, reels[3][4:30], [REST] * 5, reels[3][35:]]
    return [*map(plain, reels[[0, 7, 40]]), plain(short), plain(mend(rests))]


def test_what_is_played_are_the_notes_of_the_melody(run, tunes):
    for melody in tunes:
        found = run([[0, "melody", melody], [0, "play", None]], seconds=10)
        notes = notes_from_melody(melody)
        assert played(found["record"]) == notes[:, [0, 2]].tolist()
        onsets = LEAD + notes[:, 0] * STEP
        np.testing.assert_allclose(times(found["record"]), onsets, atol=1e-9)
        durations = [entry["duration"] for entry in found["record"]]
        np.testing.assert_allclose(durations, notes[:, 1] * STEP, atol=1e-9)
        assert found["heard"][-1][0::2] == ["stop", True]
        assert found["timers"] == 0 and not found["isPlaying"]
        n_steps = melody.index(END) if END in melody else len(melody)
        end = LEAD + n_steps * STEP
        assert end <= found["heard"][-1][1] <= end + 0.03


def test_events_and_position_follow_what_is_heard(run, tunes):
    found = run([[0, "melody", tunes[0]], [0, "play", None]], seconds=10)
    notes = [(step, at) for name, at, step in found["heard"] if name == "note"]
    assert [step for step, _ in notes] == notes_from_melody(tunes[0])[:, 0].tolist()
    for step, at in notes:
        assert -1e-9 <= at - (LEAD + step * STEP) <= 0.0251
    measures = [step for name, _, step in found["heard"] if name == "measure"]
    assert measures == list(range(0, 128, 16))
    for now, position in found["places"]:
        assert position == pytest.approx(max(0, (now - LEAD) / STEP), abs=1e-6)


@pytest.mark.parametrize("begins", [0, 5, 12, 16, 128])
def test_a_pickup_begins_at_its_first_note(run, reels, begins):
    melody = plain(mend(np.r_[[REST] * begins, reels[0][begins:]]))
    notation = {**REEL, "pickup": True}
    found = run([[0, "melody", melody], [0, "play", None]], notation)
    notes = notes_from_melody(melody)
    assert played(found["record"])[:5] == notes[:5, [0, 2]].tolist()
    if len(notes):
        assert times(found["record"])[0] == pytest.approx(LEAD)


@pytest.mark.parametrize("silent", range(0, 49, 7))
@pytest.mark.parametrize("per_quarter", [3, 4, 12, 24])
def test_the_start_is_that_of_the_score(node, silent, per_quarter):
    from sklearn_c2c.io import make_sheet

    melody = [REST] * silent + [62] * (12 * per_quarter)
    sheet = make_sheet(
        melody, "4/4", per_quarter, None, title="", tempo=120, pickup=True
    )
    notation = {"stepsPerQuarter": per_quarter, "stepsPerMeasure": 4 * per_quarter}
    program = """
        import { startOf } from "./sequencer.js";
        report([true, false].map((pickup) => startOf(data[0], { ...data[1], pickup })));
    """
    assert node(program, [melody, notation]) == [sheet.start, 0]


def test_tempo_acts_at_once(run):
    quarters = [60, HOLD, HOLD, HOLD] * 8
    events = [[0, "melody", quarters], [0, "tempo", 60], [0, "play", None]]
    for change in (0.0, 0.3, 0.56, 1.4, 1.9):
        found = run([*events, [change, "tempo", 240]], seconds=12)
        onsets = times(found["record"])
        assert played(found["record"]) == [[step, 60] for step in range(0, 32, 4)]
        later = onsets[onsets > change + HORIZON]
        np.testing.assert_allclose(np.diff(later), 0.25, atol=1e-9)
        # At most what was scheduled already, and a quarter note at the new tempo.
        assert later[0] <= max(change, LEAD) + HORIZON + 0.25 + 1e-9
        before = onsets[onsets <= change]
        np.testing.assert_allclose(np.diff(before), 1, atol=1e-9)


CHANGES = st.lists(
    st.tuples(st.floats(0, 4), st.floats(40, 1000)), min_size=1, max_size=12
)


@pytest.mark.integration
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(CHANGES)
def test_no_note_is_lost_or_doubled_by_changes_of_tempo(run, tunes, changes):
    melody = tunes[4][:48]
    notes = notes_from_melody(melody)
    sets = sorted([time, "tempo", tempo] for time, tempo in changes)
    events = [[0, "melody", melody], [0, "play", None], *sets]
    found = run(events, seconds=20)
    assert played(found["record"]) == notes[:, [0, 2]].tolist()
    tempos = [REEL["tempo"], *(tempo for _, tempo in changes)]
    slowest, fastest = 15 / min(tempos), 15 / max(tempos)
    entries = zip(found["record"], notes, strict=True)
    for (entry, note), (following, next_note) in pairwise(entries):
        interval = following["time"] - entry["time"]
        n_steps = next_note[0] - note[0]
        assert n_steps * fastest - 1e-9 <= interval <= n_steps * slowest + 1e-9
        if n_steps == note[1]:  # no rest is between: no gap either
            assert entry["duration"] == pytest.approx(interval, abs=1e-9)
    steps = [position for _, position in found["places"]]
    assert (np.diff(steps) > -1e-9).all()


@pytest.mark.parametrize("loop", [(16, 48), (0, 128), (7, 9), (120, 500), (31, 32)])
def test_a_loop_is_seamless(run, tunes, loop):
    melody = tunes[0]
    events = [[0, "melody", melody], [0, "loop", loop], [0, "play", [loop[0]]]]
    found = run(events, seconds=30)
    first, end = loop[0], min(loop[1], 128)
    expected = []  # onsets, and notes that the loop's beginning cuts
    for onset, duration, pitch in notes_from_melody(melody).tolist():
        if onset < end and onset + duration > first:
            expected.append([max(onset, first), pitch])
    rounds = -(-len(found["record"]) // len(expected))
    assert rounds > 3 and found["isPlaying"]
    assert played(found["record"]) == (expected * rounds)[: len(found["record"])]
    place = np.array([step - first for step, _ in expected])
    onsets = np.concatenate([place + i * (end - first) for i in range(rounds)])
    onsets = LEAD + STEP * onsets[: len(found["record"])]
    np.testing.assert_allclose(times(found["record"]), onsets, atol=1e-8)
    for now, position in found["places"]:
        inside = max(0, now - LEAD) / STEP % (end - first) + first
        assert min(abs(position - inside), end - first - abs(position - inside)) < 1e-6


def test_a_melody_that_ends_before_the_loop_is_played_without_it(run):
    short = [60, 62, 64, 65] * 4 + [END] * 16
    found = run([[0, "melody", short], [0, "loop", [16, 32]], [0, "play", None]])
    assert [entry["step"] for entry in found["record"]] == list(range(16))


def test_a_loop_is_entered_from_before_and_left_behind(run):
    scale = list(range(50, 98))
    events = [[0, "melody", scale], [0, "play", None]]
    inside = run([*events, [0.2, "loop", [8, 12]]], seconds=3)["record"]
    steps = [entry["step"] for entry in inside]
    assert steps[:20] == [*range(12), 8, 9, 10, 11, 8, 9, 10, 11]
    behind = run([*events, [1.5, "loop", [8, 12]]], seconds=3)["record"]
    steps = [entry["step"] for entry in behind]
    jump = next(i for i, step in enumerate(steps) if step != i)
    assert jump > 20 and steps[jump : jump + 5] == [8, 9, 10, 11, 8]
    np.testing.assert_allclose(np.diff(times(behind)), STEP, atol=1e-9)
    ends = run([*events, [0, "loop", [0, 4]], [1, "loop", None]], seconds=8)["record"]
    assert [entry["step"] for entry in ends][-44:] == list(range(4, 48))


def test_a_new_melody_takes_over_at_the_measure(run, tunes):
    old, new = tunes[:2]
    events = [[0, "melody", old], [0, "play", None], [1.3, "melody", new]]
    found = run(events, seconds=10)
    change = 32  # 1.3 seconds are 20 steps
    before = [[n[0], n[2]] for n in notes_from_melody(old).tolist() if n[0] < change]
    after = [[n[0], n[2]] for n in notes_from_melody(new).tolist() if n[0] >= change]
    assert played(found["record"]) == before + after
    onsets = [LEAD + STEP * step for step, _ in before + after]
    np.testing.assert_allclose(times(found["record"]), onsets, atol=1e-9)
    heard = [at for name, at, _ in found["heard"] if name == "melody"][-1]
    assert 0 <= heard - (LEAD + change * STEP) <= 0.026


def test_of_two_new_melodies_the_newer_one_is_played(run, tunes):
    events = [
        [0, "melody", tunes[0]],
        [0, "loop", [0, 16]],
        [0, "play", None],
        [0.5, "melody", tunes[1]],
        [0.6, "melody", tunes[2]],
    ]
    found = run(events, seconds=4)
    once = [[n[0], n[2]] for n in notes_from_melody(tunes[2]).tolist() if n[0] < 16]
    after = [e for e in found["record"] if e["time"] > LEAD + 15.5 * STEP]
    assert played(after)[: len(once) * 2] == once * 2


def test_a_melody_that_takes_over_now_keeps_the_place(run, tunes):
    old, new = tunes[:2]
    found = run(
        [[0, "melody", old], [0, "play", None], [1.3, "replace", new]], seconds=10
    )
    after = [e for e in found["record"] if e["time"] > 1.3 + HORIZON + STEP]
    steps = [entry["step"] for entry in after]
    notes = notes_from_melody(new).tolist()
    assert played(after) == [[n[0], n[2]] for n in notes if n[0] >= steps[0]]
    onsets = [LEAD + STEP * step for step in steps]
    np.testing.assert_allclose(times(after), onsets, atol=1e-9)


def test_a_note_held_in_both_melodies_is_not_struck_again(run):
    old = [60] + [HOLD] * 31
    same = [62] * 12 + [60] + [HOLD] * 19
    other = [62] * 12 + [64] + [HOLD] * 19
    events = [[0, "melody", old], [0, "play", None], [0.2, "melody"]]
    (entry,) = run([*events[:2], [*events[2], same]])["record"]
    assert entry["duration"] == pytest.approx(32 * STEP)
    record = run([*events[:2], [*events[2], other]])["record"]
    assert played(record) == [[0, 60], [16, 64]]  # the rest of its note sounds
    assert [e["duration"] for e in record] == pytest.approx([16 * STEP] * 2)


@pytest.mark.parametrize(
    ("notation", "start", "counted"),
    [
        (REEL, 0, [0, 4, 8, 12]),
        (REEL, 10, [0, 4, 8, 12, 16, 20, 24]),
        (JIG, 0, [0, 3]),
        (JIG, 5, [0, 3, 6, 9]),
    ],
)
def test_count_in(run, tunes, notation, start, counted):
    melody = tunes[0]
    events = [[0, "melody", melody], [0, "countIn", True], [0, "play", [start]]]
    found = run(events, notation, seconds=6)
    step = 15 / 240 * 4 / notation["stepsPerQuarter"]
    clicks = found["clicks"]
    np.testing.assert_allclose(times(clicks), LEAD + step * np.array(counted))
    measure = notation["stepsPerMeasure"]
    assert [c["isAccented"] for c in clicks] == [c % measure == 0 for c in counted]
    first = next(n for n in notes_from_melody(melody).tolist() if sum(n[:2]) > start)
    begins = LEAD + step * (measure + start % measure)
    assert played(found["record"])[0] == [max(first[0], start), first[2]]
    begins += step * max(0, first[0] - start)
    assert found["record"][0]["time"] == pytest.approx(begins)
    assert {position for now, position in found["places"] if now < begins} == {start}


@pytest.mark.parametrize("notation", [REEL, JIG])
def test_metronome(run, tunes, notation):
    beat, measure = notation["stepsPerBeat"], notation["stepsPerMeasure"]
    events = [[0, "melody", tunes[0]], [0, "metronome", True], [0, "play", [2]]]
    clicks = run([*events, [2, "metronome", False]], notation)["clicks"]
    step = 15 / 240 * 4 / notation["stepsPerQuarter"]
    steps = [click["step"] for click in clicks]
    assert steps == list(range(-(-2 // beat) * beat, steps[-1] + 1, beat))
    np.testing.assert_allclose(times(clicks), LEAD + step * (np.array(steps) - 2))
    assert [c["isAccented"] for c in clicks] == [s % measure == 0 for s in steps]
    assert clicks[-1]["time"] <= 2 + HORIZON < clicks[-1]["time"] + 2 * beat * step


def test_beats_between_steps(run):
    halves = {**REEL, "stepsPerQuarter": 1, "stepsPerMeasure": 3, "stepsPerBeat": 1.5}
    events = [[0, "melody", [60] * 9], [0, "metronome", True], [0, "play", None]]
    clicks = run(events, halves)["clicks"]
    assert [click["step"] for click in clicks] == [0, 1.5, 3, 4.5, 6, 7.5]
    np.testing.assert_allclose(np.diff(times(clicks)), 1.5 * 0.25)


@pytest.mark.parametrize("timbre", ["plucked", "reed", "flute"])
def test_stop_silences_at_once(run, timbre):
    events = [[0, "timbre", timbre], [0, "melody", [60] + [HOLD] * 127]]
    events += [[0, "play", None], [1.013, "stop", None]]
    found = run(events, seconds=3, sounds=True)
    sound, at = found["sound"], int(1.013 * RATE)
    before = np.sqrt(np.mean(sound[at - 2205 : at] ** 2))
    assert before > 0.003
    assert abs(sound[at + RATE // 10 :]).max() < 1e-4 * before
    assert found["heard"][-1][::2] == ["stop", False] and found["timers"] == 0
    assert found["record"][0]["duration"] == pytest.approx(1.013 - LEAD)


def test_ten_starts_and_stops_leave_one_player(run, tunes):
    events = [[0, "melody", tunes[0]]]
    for i in range(10):
        events += [[0.5 + 0.03 * i, "play", None], [0.51 + 0.03 * i, "stop", None]]
    found = run(events, seconds=3, sounds=True)
    assert found["timers"] == 0 and abs(found["sound"][RATE:]).max() < 1e-5
    events += [[1 + 0.03 * i, "play", None] for i in range(10)]
    found = run(events, seconds=10)
    assert found["timers"] == 0  # played to its end
    last = [e for e in found["record"] if e["time"] >= 1.27 + LEAD - 1e-9]
    notes = notes_from_melody(tunes[0])
    assert played(last) == notes[:, [0, 2]].tolist()


def test_a_busy_page_delays_and_loses_nothing(run, tunes):
    events = [[0, "melody", tunes[0]], [0, "play", None], [1, "sleep"], [2, "sleep"]]
    found = run(events, seconds=12)
    notes = notes_from_melody(tunes[0])
    assert played(found["record"]) == notes[:, [0, 2]].tolist()
    intervals = np.diff(times(found["record"]))
    assert (intervals > np.diff(notes[:, 0]) * STEP - 1e-9).all()


def test_what_cannot_be_set_is_said(page):
    say = """([name, value]) => {
        try { new player.Sequencer()[name] = value; } catch (e) { return e.message; }
    }"""
    for tempo in (0, -1, "fast", None):
        assert "expected quarter notes" in page.evaluate(say, ["tempo", tempo])
    found = page.evaluate(say, ["timbre", "organ"])
    assert found == 'Found timbre "organ"; expected one of plucked, reed, flute.'


# Sound: pitch, loudness and ends, by analyses that know nothing of the synthesis.

TIMBRES = "plucked", "reed", "flute"


def cents(samples, pitch):
    """How far the strongest frequency near a pitch is from it."""
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    samples = samples * np.hanning(len(samples))
    edges = frequency * 2 ** (np.array([-1, 1]) / 12)
    near = abs(signal.zoom_fft(samples, edges, m=8192, fs=RATE))
    assert near.max() > 0.1 * abs(np.fft.rfft(samples)).max()
    found = edges[0] + near.argmax() / 8192 * (edges[1] - edges[0])
    return 1200 * np.log2(found / frequency)


@pytest.mark.integration
@pytest.mark.parametrize("timbre", TIMBRES)
def test_pitches_are_exact(wav, timbre):
    pitches = range(40, 97)
    melody = [token for pitch in pitches for token in (pitch, *[HOLD] * 7)]
    samples = wav(melody, {**REEL, "tempo": 120}, timbre=timbre)
    found = [
        cents(samples[i * RATE : (i + 1) * RATE], pitch)
        for i, pitch in enumerate(pitches)
    ]
    assert max(map(abs, found)) < 3


def k_weighted(samples):
    """The filters of ITU-R BS.1770, from their analogue parameters."""
    for f0, q, gain in ((1681.97445, 0.70717524, 3.99984385), (38.1354709, 0.5, None)):
        k = np.tan(np.pi * f0 / RATE)
        a = [1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k]
        if gain is None:
            b = [1, -2, 1]
        else:
            high = 10 ** (gain / 20)
            band = high**0.49966677
            b = [high + band * k / q + k * k, 2 * (k * k - high)]
            b += [high - band * k / q + k * k]
        samples = signal.lfilter(b, a, samples)
    return samples


def loudness(samples):
    return 10 * np.log10(np.mean(k_weighted(samples) ** 2))


@pytest.mark.integration
def test_timbres_are_equally_loud(wav, tunes):
    for melody, tempo in ((tunes[0], 200), (tunes[1], 140), (tunes[2], 100)):
        notation = {**REEL, "tempo": tempo}
        found = [loudness(wav(melody, notation, timbre=t)) for t in TIMBRES]
        assert max(found) - min(found) < 2


@pytest.mark.parametrize("timbre", TIMBRES)
def test_pitches_are_equally_loud(wav, timbre):
    found = []
    for pitch in range(55, 84, 4):
        samples = wav([pitch, *[HOLD] * 3], {**REEL, "tempo": 180}, timbre=timbre)
        found.append(loudness(samples[: RATE // 3]))
    assert max(found) - min(found) < 4


@pytest.mark.parametrize("timbre", TIMBRES)
def test_notes_neither_click_nor_clip(wav, timbre):
    melody = [62, HOLD, HOLD, HOLD, 62, HOLD, 69, HOLD, 74, 74, 66, REST, 50, HOLD]
    melody += [HOLD, HOLD]
    samples = wav(melody, {**REEL, "tempo": 100}, timbre=timbre, volume=1)
    assert abs(samples).max() < 0.9 and abs(samples[-50:]).max() < 1e-3
    # A jump is a broad spectrum: what is above 10 kHz, in windows of 3 ms.
    high = signal.sosfilt(
        signal.butter(8, 10000, "high", fs=RATE, output="sos"), samples
    )
    power = signal.convolve(high**2, np.ones(128) / 128, "same")
    at = [onset * 0.15 for onset, _, _ in notes_from_melody(melody)]
    ends = [(onset + n) * 0.15 for onset, n, _ in notes_from_melody(melody)]
    for time in ends if timbre == "plucked" else at + ends:
        window = power[int(max(0, time - 0.04) * RATE) : int((time - 0.001) * RATE)]
        assert 10 * np.log10(window.max(initial=1e-12)) < -60


def onsets_found(samples):
    """Where the energy above 4 kHz is higher than just before, in seconds."""
    silence = RATE // 10  # before the first note
    high = signal.butter(4, 4000, "high", fs=RATE, output="sos")
    power = signal.sosfiltfilt(high, np.r_[np.zeros(silence), samples]) ** 2
    size = 44  # samples, a millisecond
    blocks = power[: len(power) // size * size].reshape(-1, size).mean(axis=1)
    level = 10 * np.log10(blocks + 0.01 * blocks.max())
    before = np.max([level[i : i - 12] for i in range(8)], axis=0)
    peaks, _ = signal.find_peaks(level[12:] - before, height=4, distance=40)
    return ((peaks + 12) * size - silence) / RATE


@pytest.mark.integration
@pytest.mark.parametrize("which", [0, 7, 40])
def test_the_file_holds_the_melody(wav, reels, which):
    melody, step = plain(reels[which]), 60 / 100 / 4
    samples = wav(melody, {**REEL, "tempo": 100}, timbre="plucked")
    notes = notes_from_melody(melody)
    assert len(samples) == pytest.approx((128 * step + 0.5) * RATE, abs=1)
    found = onsets_found(samples)
    assert len(found) == len(notes)
    np.testing.assert_allclose(found, notes[:, 0] * step, atol=0.01)
    for time, (_, duration, pitch) in zip(found, notes, strict=True):
        first = int((time + 0.005) * RATE)
        note = samples[first : first + int((duration * step - 0.04) * RATE)]
        assert abs(cents(note, pitch)) < 10


def test_the_file_begins_with_the_pickup(wav, reels):
    melody = [REST] * 12 + plain(reels[0][12:])
    whole = wav(melody, REEL)
    begun = wav(melody, {**REEL, "pickup": True})
    silent = round(12 * STEP * RATE)
    assert not whole[:silent].any() and abs(begun[:400]).max() > 0.01
    assert len(whole) - len(begun) == pytest.approx(silent, abs=1)


# -------------------------------------------------------------------------- voices


@pytest.fixture(scope="module")
def chorale():
    from sklearn_c2c.datasets import load_bach_chorales

    return load_bach_chorales(n_melodies=1).data[0].reshape(4, -1)


def test_all_voices_sound_together(run, chorale):
    found = run([[0, "melody", plain(chorale)], [0, "play", None]], seconds=10)
    notes = [notes_from_melody(voice) for voice in chorale]
    expected = sorted((LEAD + n[0] * STEP, n[2], n[1] * STEP) for v in notes for n in v)
    heard = sorted((e["time"], e["pitch"], e["duration"]) for e in found["record"])
    assert len(heard) == len(expected) == 144
    np.testing.assert_allclose(heard, expected, atol=1e-9)
    assert found["heard"][-1][0::2] == ["stop", True]


def test_voices_go_round_in_a_loop_and_stop_together(run, chorale):
    events = [
        [0, "melody", plain(chorale)],
        [0, "loop", [16, 32]],
        [0, "play", None],
        [3.0, "stop", None],
    ]
    found = run(events, seconds=5)
    inside = [
        n for voice in chorale for n in notes_from_melody(voice) if 16 <= n[0] < 32
    ]
    first = [e for e in found["record"] if e["time"] < LEAD + 15.5 * STEP]
    assert sorted((e["step"], e["pitch"]) for e in first) == sorted(
        (int(onset), int(pitch)) for onset, _, pitch in inside
    )
    assert max(e["time"] + e["duration"] for e in found["record"]) < 3.2
    assert not found["isPlaying"]


def test_a_melody_takes_over_from_voices(run, chorale, tunes):
    events = [
        [0, "melody", plain(chorale)],
        [0, "play", None],
        [0.1, "melody", tunes[0]],
    ]
    found = run(events, seconds=10)
    own = notes_from_melody(tunes[0])
    later = [e for e in found["record"] if e["step"] >= 16]
    assert played(later) == own[own[:, 0] >= 16][:, [0, 2]].tolist()


def test_voices_are_rendered_as_their_sum(wav, chorale):
    both = wav(chorale[:2])
    each = [wav(voice) for voice in chorale[:2]]
    np.testing.assert_allclose(both, each[0] + each[1], atol=3 / 32768)
