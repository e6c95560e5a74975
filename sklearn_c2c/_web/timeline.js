// Steps over time: straight pieces, each in force from its time on.
export class Timeline {
  #pieces;

  // `seconds` is the duration of a step.
  constructor(time, step, seconds) {
    this.#pieces = [{ time, step, seconds }];
  }

  // Time at which the last piece reaches a step.
  timeOf(step) {
    const last = this.#pieces.at(-1);
    return last.time + (step - last.step) * last.seconds;
  }

  // Step at a time, with its fraction.
  stepAt(time) {
    const piece = this.#pieces.findLast((piece) => piece.time <= time) ?? this.#pieces[0];
    return piece.step + (time - piece.time) / piece.seconds;
  }

  // From a time on, go on at a step; `time` is not before that of the last piece.
  jump(time, step) {
    this.#add(time, step, this.#pieces.at(-1).seconds);
  }

  // From a time on, a step takes `seconds`.
  setPace(time, seconds) {
    this.#add(time, this.stepAt(time), seconds);
  }

  #add(time, step, seconds) {
    this.#pieces.push({ time, step, seconds });
    if (this.#pieces.length > 64) this.#pieces.shift(); // long past
  }
}
