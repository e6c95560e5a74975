"""The Numba functions of recurrent layers: states of GRU and LSTM, and the way back.

As for `kernels`: a kernel works on the samples ``lo`` to ``hi`` of arrays in C order
and one dtype, time first; it checks nothing and raises nothing. No sample's bits depend
on the others. Samples are sorted by length: the first ``until[t]`` have a step t, and
nothing is read or written of the others there.
"""

from typing import NamedTuple

import numpy as np

from sklearn_c2c._nn.compilation import jit
from sklearn_c2c._nn.lanes import elementwise, exp, normal, where
from sklearn_c2c._nn.tiles import VECTOR_BYTES, product_tile

# Samples of a tile, and its registers: with AVX-512, which has 32 registers, its sums
# and operands fit in these, otherwise in 16.
_TILE_SAMPLES, _TILE_VECTORS = 8 if VECTOR_BYTES == 64 else 4, 3
_HALF = _TILE_SAMPLES // 2
_whole_tile = product_tile(_TILE_SAMPLES, _TILE_VECTORS)
_half_tile = product_tile(_HALF, _TILE_VECTORS)
_row_tile = product_tile(1, _TILE_VECTORS)


class Inputs(NamedTuple):
    """The inputs of a recurrent layer: ``rows[index[t, i]] + constant[i]`` at t."""

    rows: np.ndarray  # of shape (n_rows, n_gates * n_units)
    index: np.ndarray  # of shape (n_steps, n_samples)
    constant: np.ndarray  # of shape (n_samples, n_gates * n_units), of each step


def tile_columns(dtype):
    """Columns of a tile of a product."""
    return _TILE_VECTORS * VECTOR_BYTES // dtype.itemsize


@jit
def _multiply(out, a, panels):
    """``out = a @ b``: ``panels[t]`` are the columns of b in tile t."""
    n_panels, n, width = panels.shape
    n_rows = out.shape[0]
    whole = n_rows - n_rows % _TILE_SAMPLES
    halves = n_rows - n_rows % _HALF
    for t in range(n_panels):
        for i in range(0, whole, _TILE_SAMPLES):
            _whole_tile(out, a, panels[t], i, t * width, n)
        for i in range(whole, halves, _HALF):
            _half_tile(out, a, panels[t], i, t * width, n)
        for i in range(halves, n_rows):
            _row_tile(out, a, panels[t], i, t * width, n)


def _sigmoid(x):
    e = exp(0.0 - abs(x))
    return where(x < 0, e, 1.0) / (e + 1.0)


def _tanh(x):
    e = exp(abs(x) * -2.0)
    magnitude = (1.0 - e) / (e + 1.0)
    return where(x < 0, 0.0 - magnitude, magnitude)


# ------------------------------------------------------------------------ GRU


@jit
def gru_states(lo, hi, until, states, gates, recurrent, inputs, panels, intercept):
    """States of a GRU at all steps: ``states[t + 1]`` of ``states[t]``.

    With ``x = inputs`` and ``u = state @ coef``, both in three parts::

        r = sigmoid(x_r + u_r)
        z = sigmoid(x_z + u_z)
        c = tanh(x_c + r * (u_c + intercept))
        next state = c + z * (state - c)

    Gates become r, z and c side by side, recurrent what r is multiplied with; both may
    keep the last steps only.
    """
    n_steps, n_kept, n = until.shape[0], recurrent.shape[0], recurrent.shape[2]
    products = np.empty((hi - lo, panels.shape[0] * panels.shape[2]), states.dtype)
    for t in range(n_steps):
        top = min(hi, until[t])
        if top <= lo:
            break
        _multiply(products[: top - lo], states[t, lo:top], panels)
        for i in range(lo, top):
            x = _thirds(inputs.rows[inputs.index[t, i]], n)
            constant = _thirds(inputs.constant[i], n)
            gate, u_c = _thirds(gates[t % n_kept, i], n), recurrent[t % n_kept, i]
            product = _thirds(products[i - lo], n)
            _gru_step(
                (*gate, u_c, states[t + 1, i]),
                (*x, *constant, *product, intercept, states[t, i]),
            )


@jit
def _thirds(row, n):
    return row[:n], row[n : 2 * n], row[2 * n : 3 * n]


@elementwise
def _gru_step(x_r, x_z, x_c, k_r, k_z, k_c, u_r, u_z, u_c, intercept, state):
    r = _sigmoid(x_r + k_r + u_r)
    z = _sigmoid(x_z + k_z + u_z)
    u_c = u_c + intercept
    c = _tanh(x_c + k_c + r * u_c)
    return r, z, c, u_c, c + z * (state - c)


@jit
def gru_deltas(lo, hi, until, start, gates, recurrent, delta_states, states, panels):
    """Gradients of a GRU's sums, given those of its states ``states[1:]``.

    They take the place of the gates: gates become the gradients of the inputs,
    recurrent that of the candidate's part of the products, whose other parts have the
    inputs' gradients. That of the first state is added to start.

    Panels are those of ``coef.T``. Gradients below the smallest normal number become
    zero: over many steps they vanish, and arithmetic with denormal numbers is ten times
    slower.
    """
    n_steps, _, n = recurrent.shape
    products = np.zeros((hi - lo, panels.shape[0] * panels.shape[2]), states.dtype)
    d_u = np.empty((hi - lo, 3 * n), states.dtype)
    for t in range(n_steps - 1, -1, -1):
        top = min(hi, until[t])
        if top <= lo:
            continue
        for i in range(lo, top):
            gate, u_c = _thirds(gates[t, i], n), recurrent[t, i]
            sums = start[i], products[i - lo, :n]
            _gru_step_back(
                (*gate, u_c, *_thirds(d_u[i - lo], n), start[i]),
                (*gate, u_c, states[t, i], delta_states[t, i], *sums),
            )
        _multiply(products[: top - lo], d_u[: top - lo], panels)
    for i in range(lo, hi):
        _sum((start[i],), (start[i], products[i - lo, :n]))


@elementwise
def _gru_step_back(r, z, c, u_c, state, delta, ahead, product):
    g = delta + normal(ahead + product)
    d_c = normal(g * (1.0 - z) * (1.0 - c * c))
    d_r = normal(d_c * u_c * r * (1.0 - r))
    d_z = normal(g * (state - c) * z * (1.0 - z))
    d_u = normal(d_c * r)
    return d_r, d_z, d_c, d_u, d_r, d_z, d_u, g * z


# ----------------------------------------------------------------------- LSTM


@jit
def lstm_states(lo, hi, until, states, gates, cells, inputs, panels):
    """States and cells of an LSTM at all steps: ``[t + 1]`` of ``[t]``.

    With ``a = inputs + state @ coef``, in four parts::

        i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)
        g = tanh(a_g)
        next cell = f * cell + i * g
        next state = o * tanh(next cell)

    Gates become i, f, g and o side by side; they may keep the last steps only.
    """
    n_steps, n_kept, n = until.shape[0], gates.shape[0], cells.shape[2]
    products = np.empty((hi - lo, panels.shape[0] * panels.shape[2]), states.dtype)
    for t in range(n_steps):
        top = min(hi, until[t])
        if top <= lo:
            break
        _multiply(products[: top - lo], states[t, lo:top], panels)
        for i in range(lo, top):
            x = _quarters(inputs.rows[inputs.index[t, i]], n)
            constant = _quarters(inputs.constant[i], n)
            gate = _quarters(gates[t % n_kept, i], n)
            product = _quarters(products[i - lo], n)
            _lstm_step(
                (*gate, cells[t + 1, i], states[t + 1, i]),
                (*x, *constant, *product, cells[t, i]),
            )


@jit
def _quarters(row, n):
    return row[:n], row[n : 2 * n], row[2 * n : 3 * n], row[3 * n : 4 * n]


@elementwise
def _lstm_step(x_i, x_f, x_g, x_o, k_i, k_f, k_g, k_o, u_i, u_f, u_g, u_o, cell):
    i, f = _sigmoid(x_i + k_i + u_i), _sigmoid(x_f + k_f + u_f)
    g, o = _tanh(x_g + k_g + u_g), _sigmoid(x_o + k_o + u_o)
    following = f * cell + i * g
    return i, f, g, o, following, o * _tanh(following)


@jit
def lstm_deltas(lo, hi, until, start, gates, cells, delta_states, panels):
    """Gradients of an LSTM's sums, given those of its states ``states[1:]``.

    They take the place of the gates. That of the first state is added to start. Panels
    and small gradients are as for `gru_deltas`.
    """
    n_steps, n = gates.shape[0], cells.shape[2]
    products = np.zeros((hi - lo, panels.shape[0] * panels.shape[2]), cells.dtype)
    ahead = np.zeros((hi - lo, n), cells.dtype)
    for t in range(n_steps - 1, -1, -1):
        top = min(hi, until[t])
        if top <= lo:
            continue
        for i in range(lo, top):
            gate = _quarters(gates[t, i], n)
            sums = ahead[i - lo], products[i - lo, :n]
            _lstm_step_back(
                (*gate, ahead[i - lo]),
                (*gate, cells[t, i], cells[t + 1, i], delta_states[t, i], *sums),
            )
        _multiply(products[: top - lo], gates[t, lo:top], panels)
    for i in range(lo, hi):
        _sum((start[i],), (start[i], products[i - lo, :n]))


@elementwise
def _lstm_step_back(i, f, g, o, cell, following, delta, ahead, product):
    delta = delta + normal(product)
    activity = _tanh(following)
    d_o = normal(delta * activity * o * (1.0 - o))
    d_cell = ahead + delta * o * (1.0 - activity * activity)
    d_i = normal(d_cell * g * i * (1.0 - i))
    d_f = normal(d_cell * cell * f * (1.0 - f))
    d_g = normal(d_cell * i * (1.0 - g * g))
    return d_i, d_f, d_g, d_o, normal(d_cell * f)


# ----------------------------------------------------------------- for both


@elementwise
def _sum(a, b):
    return (normal(a + b),)


@jit
def add_at(lo, hi, sums, index, values):
    """Columns lo:hi of ``sums[index[j]] += values[j]``, for all j in order."""
    for j in range(index.shape[0]):
        row, value = sums[index[j]], values[j]
        for k in range(lo, hi):
            row[k] += value[k]
