// Networks that read and write melodies step by step, flat or by measures.
//
// They compute as RecurrentAutoencoder and VariationalRecurrentAutoencoder do in
// Python. Layers have the names of `layers_by_name` there.
import { writeOutputs } from "./network.js";

export class RecurrentNetwork {
  // The network describes itself as `page._recurrent.describe_recurrent` does.
  constructor(network, arrays, { nSteps, nTokens }) {
    if (network.nTokens !== nTokens) {
      throw new Error(`The network writes ${network.nTokens} tokens, not ${nTokens}.`);
    }
    const { kind, nUnits, stepsPerMeasure } = network;
    const affine = (name) => readAffine(name, arrays, network.widths[name]);
    this.nSteps = nSteps;
    this.nTokens = nTokens;
    this.nUnits = nUnits;
    this.stepsPerMeasure = stepsPerMeasure;
    this.isVariational = network.isVariational;
    this.canEncode = "code" in network.widths;
    if (this.canEncode) {
      this.stepReader = new SequenceReader("step", kind, affine);
      this.measureReader = stepsPerMeasure && new SequenceReader("measure", kind, affine);
      this.code = affine("code");
      this.nMeasures = stepsPerMeasure && Math.ceil(nSteps / stepsPerMeasure);
      this.measures = new Float64Array(2 * nUnits * (this.nMeasures ?? 0));
      this.summary = new Float64Array(2 * nUnits);
    }
    this.conductor = stepsPerMeasure && new ConditionedLayer("conductor", kind, affine);
    this.writer = new ConditionedLayer("writer", kind, affine);
    this.feedback = affine("writer inputs");
    this.output = affine("output");
    this.h = (this.conductor ?? this.writer).start.nIn;
    this.logits = new Float64Array(nSteps * nTokens);
  }

  // Latent vector of a melody, given the column of the token of each step.
  encode(columns) {
    const { stepReader, stepsPerMeasure, summary, measures, nUnits } = this;
    const nColumns = columns.length;
    if (stepsPerMeasure === null) {
      stepReader.readTokens(columns, 0, nColumns, summary, 0);
    } else {
      let nMeasures = 0;
      for (let start = 0; start < nColumns; start += stepsPerMeasure) {
        const stop = Math.min(start + stepsPerMeasure, nColumns);
        const at = nMeasures * 2 * nUnits;
        stepReader.readTokens(columns, start, stop, measures, at);
        nMeasures++;
      }
      this.measureReader.readVectors(measures, nMeasures, summary);
    }
    applyAffine(this.code, summary, 0, this.code.out);
    // Of a variational network these are the means of the latent variables.
    const z = Float32Array.from(this.code.out);
    return this.isVariational ? z : Float32Array.from(this.code.out, Math.tanh);
  }

  // Write the probability of each token at each step, where each step goes on from the
  // most probable token before it.
  decode(z, out) {
    const { nSteps, stepsPerMeasure, conductor, nTokens } = this;
    let token = nTokens; // none
    if (stepsPerMeasure === null) {
      this.#write(z, 0, nSteps, token);
    } else {
      conductor.begin(z);
      for (let start = 0; start < nSteps; start += stepsPerMeasure) {
        const stop = Math.min(start + stepsPerMeasure, nSteps);
        conductor.advance(null, 0);
        token = this.#write(conductor.cell.state, start, stop, token);
      }
    }
    const form = { output: "softmax", groupSize: nTokens };
    writeOutputs(this.logits, form, out);
  }

  // Write the logits of some steps, given a vector and the token before; return the
  // token of the last one.
  #write(vector, start, stop, token) {
    const { writer, feedback, output, logits, nTokens } = this;
    writer.begin(vector);
    for (let t = start; t < stop; t++) {
      writer.advance(feedback, token);
      applyAffine(output, writer.cell.state, 0, output.out);
      logits.set(output.out, t * nTokens);
      token = indexOfLargest(output.out);
    }
    return token;
  }
}

// Layers that read a sequence forwards and backwards.
class SequenceReader {
  constructor(name, kind, affine) {
    this.passes = ["forwards", "backwards"].map((direction) => ({
      inputs: affine(`${name} ${direction} inputs`),
      cell: makeCell(kind, affine(`${name} ${direction} recurrence`)),
    }));
  }

  // Write the last states after the tokens from start to stop, side by side.
  readTokens(tokens, start, stop, out, at) {
    for (const { inputs, cell } of this.passes) {
      const isForwards = inputs === this.passes[0].inputs;
      cell.state.fill(0);
      cell.memory.fill(0);
      for (let t = start; t < stop; t++) {
        const token = tokens[isForwards ? t : start + stop - 1 - t];
        addTokenRow(inputs, token, inputs.intercept, cell.sums);
        cell.advance();
      }
      out.set(cell.state, isForwards ? at : at + cell.n);
    }
  }

  // Write the last states after vectors that lie one after another.
  readVectors(vectors, nVectors, out) {
    for (const { inputs, cell } of this.passes) {
      const isForwards = inputs === this.passes[0].inputs;
      cell.state.fill(0);
      cell.memory.fill(0);
      for (let i = 0; i < nVectors; i++) {
        const place = isForwards ? i : nVectors - 1 - i;
        applyAffine(inputs, vectors, place * inputs.nIn, cell.sums);
        cell.advance();
      }
      out.set(cell.state, isForwards ? 0 : cell.n);
    }
  }
}

// A layer to which a vector gives its first state and a constant input.
class ConditionedLayer {
  constructor(name, kind, affine) {
    this.start = affine(`${name} start`);
    this.constant = affine(`${name} constant`);
    this.cell = makeCell(kind, affine(`${name} recurrence`));
  }

  begin(vector) {
    const { start, constant, cell } = this;
    applyAffine(start, vector, 0, cell.state);
    for (let j = 0; j < cell.n; j++) cell.state[j] = Math.tanh(cell.state[j]);
    cell.memory.fill(0);
    applyAffine(constant, vector, 0, constant.out);
  }

  // Go on by a step, given the token before, if there is an affine layer of tokens.
  advance(inputs, token) {
    const { constant, cell } = this;
    if (inputs === null) cell.sums.set(constant.out);
    else {
      addTokenRow(inputs, token, constant.out, cell.sums);
      for (let j = 0; j < inputs.nOut; j++) cell.sums[j] += inputs.intercept[j];
    }
    cell.advance();
  }
}

// ---------------------------------------------------------------------- cells

const CELL_STEPS = { gru: advanceGru, lstm: advanceLstm };

// A recurrent layer: its state, an LSTM's memory, the sums of its inputs, which are to
// be set before each step, and the products with its state.
function makeCell(kind, { nIn, nOut, coef, intercept, out }) {
  const cell = {
    n: nIn,
    layer: { nIn, nOut, coef, intercept },
    state: new Float64Array(nIn),
    memory: new Float64Array(nIn),
    sums: new Float64Array(nOut),
    products: out,
  };
  cell.advance = () => {
    applyAffine(cell.layer, cell.state, 0, cell.products);
    CELL_STEPS[kind](cell);
  };
  return cell;
}

function logisticOf(x) {
  return 1 / (1 + Math.exp(-x));
}

// Gates are in the order reset, update, candidate; the reset gate is applied after the
// product.
function advanceGru({ n, state, sums, products }) {
  for (let j = 0; j < n; j++) {
    const reset = logisticOf(sums[j] + products[j]);
    const update = logisticOf(sums[n + j] + products[n + j]);
    const candidate = Math.tanh(sums[2 * n + j] + reset * products[2 * n + j]);
    state[j] = candidate + update * (state[j] - candidate);
  }
}

// Gates are in the order input, forget, candidate, output.
function advanceLstm({ n, state, memory, sums, products }) {
  for (let j = 0; j < n; j++) {
    const input = logisticOf(sums[j] + products[j]);
    const forget = logisticOf(sums[n + j] + products[n + j]);
    const candidate = Math.tanh(sums[2 * n + j] + products[2 * n + j]);
    const output = logisticOf(sums[3 * n + j] + products[3 * n + j]);
    memory[j] = forget * memory[j] + input * candidate;
    state[j] = output * Math.tanh(memory[j]);
  }
}

// ------------------------------------------------------------- affine layers

// An affine layer: its integer weights times the scales of their columns.
function readAffine(name, arrays, nIn) {
  const quantized = arrays[`${name}.coef`];
  const scale = arrays[`${name}.scale`];
  const nOut = scale.length;
  const coef = new Float64Array(quantized.length);
  for (let k = 0; k < coef.length; k++) {
    coef[k] = Math.fround(quantized[k] * scale[k % nOut]);
  }
  const intercept = arrays[`${name}.intercept`];
  return { nIn, nOut, coef, intercept, out: new Float64Array(nOut) };
}

// Write the output of a layer for the vector that begins at a place of an array.
function applyAffine({ nIn, nOut, coef, intercept }, x, at, out) {
  for (let j = 0; j < nOut; j++) out[j] = intercept[j];
  let i = 0;
  for (; i + 4 <= nIn; i += 4) {
    const a = x[at + i];
    const b = x[at + i + 1];
    const c = x[at + i + 2];
    const d = x[at + i + 3];
    const row = i * nOut;
    for (let j = 0, k = row; j < nOut; j++, k++) {
      out[j] +=
        a * coef[k] +
        b * coef[k + nOut] +
        c * coef[k + 2 * nOut] +
        d * coef[k + 3 * nOut];
    }
  }
  for (; i < nIn; i++) {
    const a = x[at + i];
    for (let j = 0, k = i * nOut; j < nOut; j++, k++) out[j] += a * coef[k];
  }
}

// Write the sum of other numbers and the weights of a token, which may be none.
function addTokenRow({ nIn, nOut, coef }, token, others, out) {
  if (token === nIn) out.set(others);
  else {
    const row = token * nOut;
    for (let j = 0; j < nOut; j++) out[j] = others[j] + coef[row + j];
  }
}

// Index of the first of the largest numbers.
function indexOfLargest(numbers) {
  let best = 0;
  for (let i = 1; i < numbers.length; i++) {
    if (numbers[i] > numbers[best]) best = i;
  }
  return best;
}
