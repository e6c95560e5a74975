import { TIMBRES } from "./timbres.js";
import { makeElement } from "./elements.js";

const SIGNS = { "1/8": "♪", "3/16": "♪.", "1/4": "♩", "3/8": "♩.", "1/2": "half note" };

// Play, tempo, volume, sound, loop, metronome and count-in of a sequencer.
export class Transport {
  constructor(parts, sequencer, notation, nSteps, onChange) {
    Object.assign(this, { parts, sequencer, notation, onChange });
    this.nMeasures = Math.ceil(nSteps / notation.stepsPerMeasure);
    this.quartersPerBeat = (4 * notation.beatUnit[0]) / notation.beatUnit[1];
    this._fill();
    this._listen();
    this._apply();
  }

  toggle() {
    if (this.sequencer.isPlaying) this.sequencer.stop();
    else this.play();
  }

  play(fromStep) {
    this.sequencer.play(fromStep);
    this._showPlaying();
  }

  // What a link keeps, and back.
  settings() {
    const { parts } = this;
    const from = parts["loop-from"].value;
    const to = parts["loop-to"].value;
    return {
      tempo: parts.tempo.value,
      volume: parts.volume.value,
      sound: parts.timbre.value,
      loop: parts.loop.checked ? `${from}-${to}` : "none",
      clicks: [parts.metronome.checked && "beats", parts["count-in"].checked && "before"]
        .filter(Boolean)
        .join("-"),
    };
  }

  restore({ tempo, volume, sound, loop, clicks }) {
    const { parts } = this;
    if (Number(tempo)) parts.tempo.value = tempo;
    if (Number(volume) >= 0) parts.volume.value = volume;
    if (TIMBRES.includes(sound)) parts.timbre.value = sound;
    if (loop) {
      const [from, to] = loop.split("-").map(Number);
      parts.loop.checked = loop !== "none";
      if (this._isMeasure(from)) parts["loop-from"].value = from;
      if (this._isMeasure(to)) parts["loop-to"].value = to;
    }
    if (clicks !== undefined) {
      parts.metronome.checked = clicks.includes("beats");
      parts["count-in"].checked = clicks.includes("before");
    }
    this._apply();
  }

  _isMeasure(number) {
    return Number.isInteger(number) && number >= 0 && number < this.nMeasures;
  }

  _fill() {
    const { parts, notation, nMeasures } = this;
    const beats = Math.round(notation.tempo / this.quartersPerBeat);
    parts.tempo.min = Math.min(40, beats);
    parts.tempo.max = Math.max(240, beats);
    parts.tempo.value = beats;
    for (const name of TIMBRES) {
      const title = name[0].toUpperCase() + name.slice(1);
      parts.timbre.append(makeElement("option", { value: name }, title));
    }
    for (const which of ["loop-from", "loop-to"]) {
      for (let i = 0; i < nMeasures; i++) {
        const name = notation.pickup ? (i ? `${i}` : "pick-up") : `${i + 1}`;
        parts[which].append(makeElement("option", { value: i }, name));
      }
    }
    parts["loop-to"].value = nMeasures - 1;
  }

  _listen() {
    const { parts, sequencer } = this;
    const changed = () => {
      this._apply();
      this.onChange();
    };
    for (const name of ["tempo", "volume"]) parts[name].addEventListener("input", changed);
    for (const name of ["timbre", "loop", "loop-from", "loop-to", "metronome", "count-in"]) {
      parts[name].addEventListener("change", changed);
    }
    parts.play.addEventListener("click", () => this.toggle());
    sequencer.addEventListener("stop", () => this._showPlaying());
  }

  // Pass all values on to the sequencer.
  _apply() {
    const { parts, sequencer, notation } = this;
    sequencer.tempo = parts.tempo.value * this.quartersPerBeat;
    const sign = SIGNS[notation.beatUnit.join("/")] ?? `${notation.beatUnit.join("/")} note`;
    parts["tempo-shown"].value = `${sign} = ${parts.tempo.value}`;
    parts.tempo.setAttribute("aria-valuetext", `${parts.tempo.value} beats a minute`);
    sequencer.volume = (parts.volume.value / 100) ** 2;
    sequencer.timbre = parts.timbre.value;
    sequencer.metronome = parts.metronome.checked;
    sequencer.countIn = parts["count-in"].checked;
    const [from, to] = ["loop-from", "loop-to"].map((name) => Number(parts[name].value));
    const [first, last] = [Math.min(from, to), Math.max(from, to)];
    const size = notation.stepsPerMeasure;
    sequencer.loop = parts.loop.checked ? [first * size, (last + 1) * size] : null;
    for (const name of ["loop-from", "loop-to"]) parts[name].disabled = !parts.loop.checked;
  }

  _showPlaying() {
    const { isPlaying } = this.sequencer;
    this.parts.play.classList.toggle("playing", isPlaying);
    this.parts.play.textContent = isPlaying ? "Stop" : "Play";
  }
}
