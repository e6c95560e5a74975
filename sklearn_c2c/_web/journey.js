// Goes through points of the latent space while a sequencer plays, from one to the next
// after some measures.
export class Journey {
  constructor(sequencer) {
    this.sequencer = sequencer;
    this.stages = null; // functions that show a point, `isLast` being their argument
    sequencer.addEventListener("measure", () => this._measure());
    sequencer.addEventListener("stop", ({ detail }) => {
      if (detail.isAtEnd && this.stages) sequencer.play();
      else this.stop();
    });
  }

  get isOn() {
    return this.stages !== null;
  }

  // `onEnd` is called once, at the last stage or by `stop`.
  start(stages, everyMeasures, onEnd) {
    this.stop();
    this.sequencer.stop(); // the first point sounds from its beginning
    Object.assign(this, { stages, everyMeasures, onEnd, stage: 0, measures: 0 });
    stages[0](stages.length === 1);
    if (stages.length === 1) this.stop();
  }

  stop() {
    if (!this.stages) return;
    this.stages = null;
    this.onEnd?.();
  }

  // The melody that is shown when a measure begins sounds from the next one on.
  _measure() {
    if (!this.stages || ++this.measures % this.everyMeasures) return;
    this.stage++;
    const isLast = this.stage === this.stages.length - 1;
    this.stages[this.stage](isLast);
    if (isLast) this.stop();
  }
}

// Points at equal distances along a line of points.
export function alongLine(line, n) {
  const lengths = [0];
  for (let i = 1; i < line.length; i++) {
    const [a, b] = [line[i - 1], line[i]];
    lengths.push(lengths[i - 1] + Math.hypot(b[0] - a[0], b[1] - a[1]));
  }
  const whole = lengths.at(-1);
  if (!whole || n < 2) return [line[0]];
  let i = 1;
  return Array.from({ length: n }, (_, k) => {
    const along = (whole * k) / (n - 1);
    while (i < line.length - 1 && lengths[i] < along) i++;
    const piece = lengths[i] - lengths[i - 1];
    const share = piece ? Math.min((along - lengths[i - 1]) / piece, 1) : 0;
    return [0, 1].map((c) => line[i - 1][c] + share * (line[i][c] - line[i - 1][c]));
  });
}
