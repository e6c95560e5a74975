"use strict";
// One player for all melodies of a document: starting one stops another.
window.sklearnC2C ??= (() => {
  const PARTIALS = [0, 1, 0.45, 0.3, 0.14, 0.1, 0.05]; // similar to a reed
  const LEAD = 0.08; // seconds between the click and the first note
  let audio = null; // created at the first click: browsers block sound before it
  let wave = null;
  let current = null; // the melody that plays now

  function openAudio() {
    if (!audio) {
      audio = new AudioContext();
      const sines = new Float32Array(PARTIALS);
      wave = audio.createPeriodicWave(new Float32Array(sines.length), sines);
    }
    audio.resume();
  }

  function sound(out, pitch, start, duration) {
    const oscillator = audio.createOscillator();
    const envelope = audio.createGain();
    const end = start + duration * 0.94; // with a gap between repeated notes
    oscillator.setPeriodicWave(wave);
    oscillator.frequency.value = 440 * 2 ** ((pitch - 69) / 12);
    envelope.gain.setValueAtTime(0, start);
    envelope.gain.linearRampToValueAtTime(0.3, start + 0.012);
    envelope.gain.setTargetAtTime(0.17, start + 0.012, 0.12);
    envelope.gain.setTargetAtTime(0, end - 0.02, 0.012);
    oscillator.connect(envelope).connect(out);
    oscillator.start(start);
    oscillator.stop(end + 0.06);
  }

  function label(button, playing) {
    button.classList.toggle("playing", playing);
    button.textContent = playing ? "Stop" : button.dataset.name ? "Play" : "Play all";
    if (button.dataset.name) {
      button.setAttribute("aria-label", `${button.textContent} ${button.dataset.name}`);
    }
  }

  function unmark(melody) {
    for (const sign of melody.querySelectorAll(".sounding")) {
      sign.classList.remove("sounding");
    }
  }

  // A note may be written as several tied signs; a sign may be played several times.
  function mark(melody, [onset, duration]) {
    const sounds = (step) => step >= onset && step < onset + duration;
    for (const sign of melody.querySelectorAll("[data-step]")) {
      const steps = sign.dataset.step.split(" ").map(Number);
      if (steps.some(sounds)) sign.classList.add("sounding");
    }
  }

  function stop() {
    if (!current) return;
    cancelAnimationFrame(current.frame);
    clearTimeout(current.timer);
    current.out.disconnect();
    unmark(current.melody);
    label(current.melody.querySelector("button"), false);
    label(current.root.querySelector(".play-all"), false);
    current = null;
  }

  // `queue` holds the melodies to play next; without one, this melody plays alone.
  function play(root, melody, queue) {
    stop();
    openAudio();
    const notes = JSON.parse(melody.dataset.notes);
    const tempo = root.querySelector(".tempo").value;
    const step = 60 / tempo / melody.dataset.stepsPerBeat;
    const { start: first, steps } = melody.dataset; // steps before the pick-up are silent
    const start = audio.currentTime + LEAD - first * step; // time of step 0
    const out = audio.createGain();
    out.connect(audio.destination);
    for (const [onset, duration, pitch] of notes) {
      sound(out, pitch, start + onset * step, duration * step);
    }
    const next = () => (queue?.length ? play(root, queue[0], queue.slice(1)) : stop());
    const timer = setTimeout(next, 1000 * (LEAD + (steps - first) * step));
    current = { root, melody, out, timer };
    label(melody.querySelector("button"), true);
    label(root.querySelector(".play-all"), Boolean(queue));
    if (queue) melody.scrollIntoView({ block: "nearest" });
    follow(melody, notes, (time) => (time - start) / step);
  }

  function follow(melody, notes, stepAt) {
    let marked = null;
    const frame = () => {
      if (!melody.isConnected) return stop(); // a notebook has cleared its output
      const now = stepAt(audio.currentTime);
      const sounds = ([onset, duration]) => onset <= now && now < onset + duration;
      const note = notes.find(sounds);
      if (note !== marked) {
        unmark(melody);
        if (note) mark(melody, note);
        marked = note;
      }
      current.frame = requestAnimationFrame(frame);
    };
    frame();
  }

  return (root) => {
    const melodies = [...root.querySelectorAll(".melody")];
    for (const melody of melodies) {
      melody.querySelector("button").addEventListener("click", () => {
        if (current?.melody === melody) stop();
        else play(root, melody);
      });
    }
    const playAll = root.querySelector(".play-all");
    playAll.addEventListener("click", () => {
      if (playAll.classList.contains("playing")) stop();
      else play(root, melodies[0], melodies.slice(1));
    });
    const tempo = root.querySelector(".tempo");
    tempo.addEventListener("input", () => {
      root.querySelector(".tempo-shown").value = `${tempo.dataset.sign} = ${tempo.value}`;
    });
    root.dataset.connected = "";
  };
})();
// A notebook may move this script away from its melodies: set up all that are not yet.
for (const root of document.querySelectorAll(".c2c:not([data-connected])")) {
  window.sklearnC2C(root);
}
