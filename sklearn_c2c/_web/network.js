// Dense layers with weights of 8 bits, and networks of them.

const ACTIVATIONS = {
  identity: (x) => x,
  relu: (x) => Math.max(x, 0),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};

// Dense layers one after another. A layer has a name, under which its arrays are stored,
// numbers of inputs and outputs, and an activation.
export class DenseChain {
  constructor(layers, arrays) {
    this.layers = layers.map(({ name, nIn, nOut, activation }) => ({
      nIn,
      nOut,
      coef: arrays[`${name}.coef`],
      scale: arrays[`${name}.scale`],
      intercept: arrays[`${name}.intercept`],
      activation: ACTIVATIONS[activation],
      output: new Float64Array(nOut),
    }));
  }

  get nIn() {
    return this.layers[0].nIn;
  }

  get nOut() {
    return this.layers.at(-1).nOut;
  }

  // Output for a vector. The array is used again by the next call.
  run(input) {
    return this.layers.reduce(applyLayer, input);
  }

  // Output for an input that is 1 in some columns, and 0 in the others.
  runOneHot(columns) {
    const [first, ...rest] = this.layers;
    return rest.reduce(applyLayer, sumRows(first, columns));
  }
}

function applyLayer(input, layer) {
  const { nIn, nOut, coef, output } = layer;
  output.fill(0);
  let i = 0;
  for (; i + 4 <= nIn; i += 4) {
    const a = input[i];
    const b = input[i + 1];
    const c = input[i + 2];
    const d = input[i + 3];
    const row = i * nOut;
    for (let j = 0, k = row; j < nOut; j++, k++) {
      output[j] +=
        a * coef[k] +
        b * coef[k + nOut] +
        c * coef[k + 2 * nOut] +
        d * coef[k + 3 * nOut];
    }
  }
  for (; i < nIn; i++) {
    const a = input[i];
    for (let j = 0, k = i * nOut; j < nOut; j++, k++) output[j] += a * coef[k];
  }
  return finishLayer(layer);
}

function sumRows(layer, columns) {
  const { nOut, coef, output } = layer;
  output.fill(0);
  for (const column of columns) {
    for (let j = 0, k = column * nOut; j < nOut; j++, k++) output[j] += coef[k];
  }
  return finishLayer(layer);
}

// Scale the sums of a layer, add its biases, and apply its activation.
function finishLayer({ nOut, scale, intercept, activation, output }) {
  for (let j = 0; j < nOut; j++) {
    output[j] = activation(output[j] * scale[j] + intercept[j]);
  }
  return output;
}

// Write probabilities: the softmax of each group of logits, or without groups of each
// logit the sigmoid, or the logits themselves for a linear model.
export function writeOutputs(logits, { output, groupSize }, out) {
  if (output === "softmax") {
    for (let i = 0; i < logits.length; i += groupSize) {
      writeSoftmax(logits, i, i + groupSize, out);
    }
  } else {
    const activation = ACTIVATIONS[output];
    for (let i = 0; i < logits.length; i++) out[i] = activation(logits[i]);
  }
}

function writeSoftmax(logits, start, stop, out) {
  let largest = -Infinity;
  for (let i = start; i < stop; i++) largest = Math.max(largest, logits[i]);
  let sum = 0;
  for (let i = start; i < stop; i++) {
    out[i] = Math.exp(logits[i] - largest);
    sum += out[i];
  }
  for (let i = start; i < stop; i++) out[i] /= sum;
}

// A network with a chain of layers to the latent variables, and one back.
export class DenseNetwork {
  constructor(network, arrays, { nTokens }) {
    this.encoder = network.encoder && new DenseChain(network.encoder, arrays);
    this.decoder = new DenseChain(network.decoder, arrays);
    this.network = network;
    this.nTokens = nTokens;
  }

  get h() {
    return this.decoder.nIn;
  }

  get canEncode() {
    return this.encoder !== null;
  }

  // Whether latent vectors are nonnegative, as those of NMF.
  get isNonnegative() {
    return this.network.isNonnegative ?? false;
  }

  // Whether what is decoded are probabilities, or numbers that may be negative.
  get hasProbabilities() {
    return this.network.output !== "identity" || this.isNonnegative;
  }

  // Latent vector of a melody, given the column of the token of each step.
  encode(columns) {
    const ones = Array.from(columns, (column, t) => t * this.nTokens + column);
    return Float32Array.from(this.encoder.runOneHot(ones));
  }

  // Write the probability of each token at each step.
  decode(z, out) {
    writeOutputs(this.decoder.run(z), this.network, out);
  }
}
