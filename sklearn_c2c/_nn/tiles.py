"""Tiles of matrix products, kept in registers, for kernels.

Numba vectorises a matrix product but spills each partial sum to memory. So the
innermost loop is emitted as LLVM instructions: the sums of a tile stay in registers,
and each number that is loaded serves a whole row or column of them::

                 b[k, j : j + w]     w columns: n_vectors registers
                 +-----+-----+
    a[i, k]      | sum | sum |
    a[i + 1, k]  | sum | sum |       n_rows * n_vectors sums
    a[i + 2, k]  | sum | sum |       while k runs over the terms
                 +-----+-----+

Without Numba's compiler (``NUMBA_DISABLE_JIT=1``) a tile is the line of NumPy in its
docstring.
"""

from itertools import product

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

_INDEX = ir.IntType(64)


def _vector_bytes():
    """Bytes of a SIMD register; LLVM uses several smaller ones where needed."""
    try:
        return 64 if llvm.get_host_cpu_features().get("avx512f") else 32
    except RuntimeError:  # LLVM does not know this processor
        return 32


VECTOR_BYTES = _vector_bytes()


def product_tile(n_rows, n_vectors):
    """Make ``tile(out, a, b, i, j, n)``, which computes a tile of a product.

    ``out[i : i + n_rows, j : j + w] = a[i : i + n_rows, :n] @ b[:n]``, where b has w
    columns: as many as fit in n_vectors registers. Rows of out and b are contiguous.
    """

    def emit(builder, kind, out, a, b, i, j, n):
        rows = [builder.add(i, _INDEX(r)) for r in range(n_rows)]
        vectors = [_INDEX(v * kind.count) for v in range(n_vectors)]

        def terms(k):
            factors = [b.vector(k, vector) for vector in vectors]
            for row in rows:
                factor = a.spread(row, k)
                yield from ((factor, other) for other in factors)

        sums = _accumulate(builder, kind, n_rows * n_vectors, n, terms)
        for (row, vector), total in zip(product(rows, vectors), sums, strict=True):
            out.store_vector(row, builder.add(j, vector), total)

    def interpreted(out, a, b, i, j, n):
        rows, columns = slice(i, i + n_rows), slice(j, j + b.shape[1])
        out[rows, columns] = a[rows, :n] @ b[:n]

    return _tile(emit, interpreted)


def max_plus_tile(n_vectors):
    """Make ``tile(out, a, b, i, j, n)``: a part of a row of a max-plus product.

    ``out[i, j : j + w] = maximum(out[i, j : j + w], max_k(a[i, k] + b[k, j : j + w]))``
    for k below n, w being as many numbers as fit in n_vectors registers. Rows of out
    and b are contiguous.
    """

    def emit(builder, kind, out, a, b, i, j, n):
        columns = [
            builder.add(j, _INDEX(vector * kind.count)) for vector in range(n_vectors)
        ]
        first = [out.vector(i, column) for column in columns]

        def larger(k, largest):
            addend = a.spread(i, k)
            for column, before in zip(columns, largest, strict=True):
                total = builder.fadd(addend, b.vector(k, column))
                is_larger = builder.fcmp_ordered(">", total, before)
                yield builder.select(is_larger, total, before)

        for column, largest in zip(
            columns, _loop(builder, first, n, larger), strict=True
        ):
            out.store_vector(i, column, largest)

    def interpreted(out, a, b, i, j, n):
        columns = slice(j, j + n_vectors * VECTOR_BYTES // out.itemsize)
        totals = a[i, :n, np.newaxis] + b[:n, columns]
        out[i, columns] = totals.max(axis=0, initial=-np.inf).clip(out[i, columns])

    return _tile(emit, interpreted)


def _tile(emit, interpreted):
    """Wrap an emitter of LLVM instructions as an intrinsic, or take the NumPy line."""
    if config.DISABLE_JIT:
        return interpreted

    @intrinsic
    def tile(typing_context, out, a, b, i, j, n):
        def generate(context, builder, signature, args):
            matrices = [
                _Matrix(context, builder, *matrix)
                for matrix in zip(signature.args[:3], args[:3], strict=True)
            ]
            emit(builder, matrices[0].vector_type, *matrices, *args[3:])
            return context.get_dummy_value()

        return types.void(out, a, b, *[types.intp] * 3), generate

    return tile


def _accumulate(builder, kind, n_sums, n, terms):
    """Sum the products of ``terms(k)``, one for each sum, over k from 0 to n."""
    bits = {ir.FloatType: 32, ir.DoubleType: 64}[type(kind.element)]
    multiply_add = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(kind, [kind] * 3),
        f"llvm.fmuladd.v{kind.count}f{bits}",
    )
    zeros = [ir.Constant(kind, [0.0] * kind.count)] * n_sums

    def add(k, sums):
        for factors, total in zip(terms(k), sums, strict=True):
            yield builder.call(multiply_add, [*factors, total])

    return _loop(builder, zeros, n, add)


def _loop(builder, first, n, update):
    """Apply ``values = update(k, values)`` to the first ones, for k from 0 to n."""
    before = builder.block
    loop = builder.append_basic_block("tile")
    after = builder.append_basic_block("tile.after")
    builder.cbranch(builder.icmp_signed(">", n, _INDEX(0)), loop, after)

    builder.position_at_end(loop)
    k = builder.phi(_INDEX)
    values = [builder.phi(value.type) for value in first]
    updated = list(update(k, values))
    next_k = builder.add(k, _INDEX(1))
    builder.cbranch(builder.icmp_signed("<", next_k, n), loop, after)
    k.add_incoming(_INDEX(0), before)
    k.add_incoming(next_k, loop)

    builder.position_at_end(after)
    results = [builder.phi(value.type) for value in first]
    for start, new, value, result in zip(first, updated, values, results, strict=True):
        for phi in value, result:
            phi.add_incoming(start, before)
            phi.add_incoming(new, loop)
    return results


class _Matrix:
    """A two-dimensional array that is read and written by registers."""

    def __init__(self, context, builder, array_type, value):
        array = context.make_array(array_type)(context, builder, value)
        self._builder = builder
        self._start = builder.ptrtoint(array.data, _INDEX)
        self._strides = cgutils.unpack_tuple(builder, array.strides, 2)
        self._number = context.get_value_type(array_type.dtype)
        self._align = array_type.dtype.bitwidth // 8
        self.vector_type = ir.VectorType(self._number, VECTOR_BYTES // self._align)

    def vector(self, i, j):
        """The numbers of a row from an element on."""
        return self._builder.load(self._at(i, j, self.vector_type), align=self._align)

    def store_vector(self, i, j, value):
        """Write the numbers of a row from an element on."""
        place = self._at(i, j, self.vector_type)
        self._builder.store(value, place, align=self._align)

    def spread(self, i, j):
        """An element in all places of a register."""
        builder, kind = self._builder, self.vector_type
        number = builder.load(self._at(i, j, self._number))
        nothing = ir.Constant(kind, ir.Undefined)
        first = builder.insert_element(nothing, number, ir.IntType(32)(0))
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), None)
        return builder.shuffle_vector(first, nothing, everywhere)

    def _at(self, i, j, kind):
        builder, (by_row, by_column) = self._builder, self._strides
        offset = builder.add(builder.mul(i, by_row), builder.mul(j, by_column))
        address = builder.add(self._start, offset)
        return builder.inttoptr(address, kind.as_pointer())
