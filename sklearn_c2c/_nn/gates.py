"""The Numba functions of recurrent layers: a GRU's states, and the way back.

As for `kernels`: a kernel works on the samples ``lo`` to ``hi`` of arrays in C order
and one dtype, time first; it checks nothing and raises nothing.
"""

from typing import NamedTuple

import numpy as np

from sklearn_c2c._nn.compilation import jit
from sklearn_c2c._nn.kernels import exp
from sklearn_c2c._nn.tiles import VECTOR_BYTES, product_tile

# Samples of a tile, and its registers: its sums and operands fit in 16.
TILE_SAMPLES, _TILE_VECTORS = 4, 3
_product_tile = product_tile(TILE_SAMPLES, _TILE_VECTORS)


class Inputs(NamedTuple):
    """The inputs of a recurrent layer: ``rows[index[t, i]] + constant[i]`` at t."""

    rows: np.ndarray  # of shape (n_rows, 3 * n_units)
    index: np.ndarray  # of shape (n_steps, n_samples)
    constant: np.ndarray  # of shape (n_samples, 3 * n_units), the same at each step


class Gates(NamedTuple):
    """Values of a GRU's gates, each of shape (n_steps, n_samples, n_units)."""

    reset: np.ndarray
    update: np.ndarray
    candidate: np.ndarray
    recurrent: np.ndarray  # what the state gives the candidate, before the reset


class Deltas(NamedTuple):
    """Gradients of the loss with respect to what a GRU adds up."""

    inputs: np.ndarray  # of shape (n_steps, n_samples, 3 * n_units)
    products: np.ndarray  # those with the state, of the same shape
    start: np.ndarray  # of shape (n_samples, n_units)


def tile_columns(dtype):
    """Columns of a tile of a product."""
    return _TILE_VECTORS * VECTOR_BYTES // dtype.itemsize


@jit
def _multiply(out, a, panels):
    """``out = a @ b``: ``panels[t]`` are the columns of b in tile t."""
    n_panels, n, width = panels.shape
    for t in range(n_panels):
        for i in range(0, out.shape[0], TILE_SAMPLES):
            _product_tile(out, a, panels[t], i, t * width, n)


@jit
def gru_states(lo, hi, states, gates, inputs, panels, intercept, bits):
    """States of a GRU at all steps: ``states[t + 1]`` of ``states[t]``.

    With ``x = inputs`` and ``u = state @ coef + intercept``, both in three parts::

        r = sigmoid(x_r + u_r)
        z = sigmoid(x_z + u_z)
        c = tanh(x_c + r * u_c)
        next state = c + z * (state - c)

    Bits is scratch space for exponentials: integers, one for each unit.
    """
    n_steps, _, n = gates.reset.shape
    products = np.empty((hi - lo, panels.shape[0] * panels.shape[2]), states.dtype)
    for t in range(n_steps):
        _multiply(products, states[t, lo:hi], panels)
        for i in range(lo, hi):
            x, constant = inputs.rows[inputs.index[t, i]], inputs.constant[i]
            product, r, z = products[i - lo], gates.reset[t, i], gates.update[t, i]
            for k in range(n):
                r[k] = x[k] + constant[k] + product[k] + intercept[k]
            for k in range(n):
                j = n + k
                z[k] = x[j] + constant[j] + product[j] + intercept[j]
            _sigmoid(r, product[:n], bits)
            _sigmoid(z, product[:n], bits)
            c, u_c = gates.candidate[t, i], gates.recurrent[t, i]
            for k in range(n):
                j = 2 * n + k
                u_c[k] = product[j] + intercept[j]
                c[k] = x[j] + constant[j] + r[k] * u_c[k]
            _tanh(c, product[:n], bits)
            state, following = states[t, i], states[t + 1, i]
            for k in range(n):
                following[k] = c[k] + z[k] * (state[k] - c[k])


@jit
def _sigmoid(a, e, bits):
    """``a = sigmoid(a)``; e and bits are scratch space."""
    zero, one = a.dtype.type(0), a.dtype.type(1)
    for k in range(a.shape[0]):
        e[k] = -abs(a[k])
    exp(e, bits)
    for k in range(a.shape[0]):
        a[k] = (one if a[k] >= zero else e[k]) / (one + e[k])


@jit
def _tanh(a, e, bits):
    """``a = tanh(a)``; e and bits are scratch space."""
    zero, one, two = a.dtype.type(0), a.dtype.type(1), a.dtype.type(2)
    for k in range(a.shape[0]):
        e[k] = -two * abs(a[k])
    exp(e, bits)
    for k in range(a.shape[0]):
        magnitude = (one - e[k]) / (one + e[k])
        a[k] = magnitude if a[k] >= zero else -magnitude


@jit
def gru_deltas(lo, hi, deltas, delta_states, states, gates, panels, tiny):
    """Gradients of a GRU's sums, given those of its states ``states[1:]``.

    Panels are those of ``coef.T``. Gradients below the smallest normal number become
    zero: over many steps they vanish, and arithmetic with denormal numbers is ten times
    slower.
    """
    n_steps, _, n = gates.reset.shape
    one = states.dtype.type(1)
    products = np.empty((hi - lo, panels.shape[0] * panels.shape[2]), states.dtype)
    start = deltas.start
    for i in range(lo, hi):
        for k in range(n):
            start[i, k] = states.dtype.type(0)
    for t in range(n_steps - 1, -1, -1):
        for i in range(lo, hi):
            r, z = gates.reset[t, i], gates.update[t, i]
            c, u_c = gates.candidate[t, i], gates.recurrent[t, i]
            d_x, d_u = deltas.inputs[t, i], deltas.products[t, i]
            d_r, d_z, d_c, d_u_c = d_x[:n], d_x[n : 2 * n], d_x[2 * n :], d_u[2 * n :]
            state, delta, g = states[t, i], delta_states[t, i], start[i]
            # A loop that writes to one array becomes SIMD instructions.
            for k in range(n):
                g[k] += delta[k]
            for k in range(n):
                d_c[k] = _normal(g[k] * (one - z[k]) * (one - c[k] * c[k]), tiny)
            for k in range(n):
                d_r[k] = _normal(d_c[k] * u_c[k] * r[k] * (one - r[k]), tiny)
            for k in range(n):
                d_z[k] = _normal(g[k] * (state[k] - c[k]) * z[k] * (one - z[k]), tiny)
            for k in range(2 * n):
                d_u[k] = d_x[k]
            for k in range(n):
                d_u_c[k] = _normal(d_c[k] * r[k], tiny)
            for k in range(n):
                g[k] *= z[k]
        _multiply(products, deltas.products[t, lo:hi], panels)
        for i in range(lo, hi):
            ahead, product = start[i], products[i - lo]
            for k in range(n):
                ahead[k] = _normal(ahead[k] + product[k], tiny)


@jit
def _normal(x, tiny):
    """x, or 0 where its magnitude is below the smallest normal number."""
    return x if abs(x) >= tiny else x - x


@jit
def add_at(lo, hi, sums, index, values):
    """Columns lo:hi of ``sums[index[j]] += values[j]``, for all j in order."""
    for j in range(index.shape[0]):
        row, value = sums[index[j]], values[j]
        for k in range(lo, hi):
            row[k] += value[k]
