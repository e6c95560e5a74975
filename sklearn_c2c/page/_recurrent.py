"""Recurrent autoencoders as a page takes them, see ``recurrent.js``."""

import numpy as np

from sklearn_c2c.page._packing import quantize_columns

# Layers whose weights are 8-bit integers. Those of the decoder have 16 bits: what it
# writes depends on the tokens that it wrote before, so that a rounding may change all
# that follows: with 8 bits 46 to 90 % of drawn melodies, with 16 at most one in 200.
_OF_ENCODER = "step ", "measure ", "code"


def describe_recurrent(estimator, roll):
    """Describe a recurrent autoencoder to ``recurrent.js``.

    Parameters
    ----------
    estimator : RecurrentAutoencoder or VariationalRecurrentAutoencoder
        Fitted.
    roll : array or None
        Piano rolls of the corpus; not used, as these models are small.

    Returns
    -------
    network : dict
        For JSON: the wiring, its sizes, and the inputs of each layer by its name.
    arrays : dict of str to ndarray
        Weights as integers with a scale for each column, and intercepts.
    """
    layers = estimator.layers_by_name()
    h = len(estimator.latent_mean_)
    code = layers["code"]
    # Of a variational model's means and log variances a page needs the means.
    layers["code"] = tuple(array[..., :h] for array in code)
    steps = estimator.n_features_in_ // estimator.group_size_
    measure = estimator.steps_per_measure
    network = {
        "wiring": "recurrent",
        "kind": estimator.cell,
        "nTokens": int(estimator.group_size_),
        "nUnits": len(layers["writer recurrence"][0]),
        "stepsPerMeasure": measure and min(int(measure), steps),
        "isVariational": len(code[1]) > h,
        "widths": {name: len(coef) for name, (coef, _) in layers.items()},
    }
    arrays = {}
    for name, (coef, intercept) in layers.items():
        bits = np.int8 if name.startswith(_OF_ENCODER) else np.int16
        quantized, scale = quantize_columns(coef, np.iinfo(bits).max)
        arrays |= {
            f"{name}.coef": quantized,
            f"{name}.scale": scale,
            f"{name}.intercept": intercept.astype(np.float32),
        }
    return network, arrays
