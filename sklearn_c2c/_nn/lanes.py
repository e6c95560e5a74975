"""Formulas over the elements of rows, in SIMD registers, for kernels.

LLVM does not vectorise a loop over more than a few rows, since any two of them could
overlap. So a formula is called once, with `Lanes` in place of numbers, and the
instructions that it emits become the body of a loop: each row is read and written once.

Without Numba's compiler (``NUMBA_DISABLE_JIT=1``) the formula is called with the rows.
"""

import math
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from sklearn_c2c._nn.tiles import VECTOR_BYTES

_INDEX = ir.IntType(64)

# Products and sums may be fused, but not reordered.
_FUSED = ("contract",)


class _Format(NamedTuple):
    """What a type of numbers is made of."""

    bits: int
    mantissa: int  # bits of it
    bias: int  # of the exponent
    degree: int  # of the series of exp(r) for |r| up to log(2) / 2

    @property
    def tiny(self):
        """The smallest normal number."""
        return 2.0 ** (1 - self.bias)


_FORMATS = {
    ir.FloatType: _Format(32, 23, 127, 7),
    ir.DoubleType: _Format(64, 52, 1023, 12),
}


def elementwise(formula):
    """Make ``function(outs, ins)``: ``outs[i][k] = formula(ins[0][k], ...)[i]``.

    Parameters
    ----------
    formula : callable
        Of numbers a tuple of numbers, by arithmetic and the functions below.

    Returns
    -------
    callable
        Of two tuples of rows: contiguous arrays of one length and dtype. A row of outs
        may be one of ins.
    """
    if config.DISABLE_JIT:
        return _interpreted(formula)

    @intrinsic
    def function(typing_context, outs, ins):
        def generate(context, builder, signature, args):
            outs, ins = (
                _arrays(context, builder, *of)
                for of in zip(signature.args, args, strict=True)
            )
            _emit_loops(builder, formula, outs, ins)
            return context.get_dummy_value()

        return types.void(outs, ins), generate

    return function


def _interpreted(formula):
    def function(outs, ins):
        for out, values in zip(outs, formula(*ins), strict=True):
            out[:] = values

    return function


def exp(x):
    """``exp(x)`` of an x of at most 0; never denormal, NaN stays NaN."""
    return x.exp() if isinstance(x, Lanes) else np.exp(x)


def normal(x):
    """x, or 0 where its magnitude is below the smallest normal number."""
    tiny = x.tiny if isinstance(x, Lanes) else np.finfo(x.dtype).tiny
    return where(abs(x) < tiny, 0.0, x)


def where(condition, x, y):
    """Choose x where a condition holds, y elsewhere."""
    if isinstance(condition, Lanes):
        return condition.choose(x, y)
    return np.where(condition, x, y)


class Lanes:
    """The numbers of a register; arithmetic with them emits instructions."""

    def __init__(self, builder, value):
        self._builder, self.value = builder, value

    @property
    def tiny(self):
        """The smallest normal number of their type."""
        return self._format.tiny

    @property
    def _format(self):
        return _FORMATS[type(self.value.type.element)]

    def __add__(self, other):
        return self._result(self._builder.fadd, other)

    def __sub__(self, other):
        return self._result(self._builder.fsub, other)

    def __rsub__(self, other):
        return self._like(other) - self

    def __mul__(self, other):
        return self._result(self._builder.fmul, other)

    def __truediv__(self, other):
        return self._result(self._builder.fdiv, other)

    def __lt__(self, other):
        other = self._like(other).value
        return Lanes(self._builder, self._builder.fcmp_ordered("<", self.value, other))

    def __abs__(self):
        return self._called("fabs")

    __radd__, __rmul__ = __add__, __mul__

    def _result(self, instruction, other):
        operands = self.value, self._like(other).value
        return Lanes(self._builder, instruction(*operands, flags=_FUSED))

    def _like(self, other):
        """Another operand: lanes, or a number in all of them."""
        if isinstance(other, Lanes):
            return other
        kind = self.value.type
        return Lanes(self._builder, ir.Constant(kind, [float(other)] * kind.count))

    def _called(self, name):
        """What a function of LLVM gives."""
        kind = self.value.type
        function = cgutils.get_or_insert_function(
            self._builder.module,
            ir.FunctionType(kind, [kind]),
            f"llvm.{name}.v{kind.count}f{self._format.bits}",
        )
        return Lanes(self._builder, self._builder.call(function, [self.value]))

    def choose(self, x, y):
        """X in the lanes that are true, y in the others."""
        x, y = (x, x._like(y)) if isinstance(x, Lanes) else (y._like(x), y)
        chosen = self._builder.select(self.value, x.value, y.value)
        return Lanes(self._builder, chosen)

    def exp(self):
        """``2**n * exp(r)``, the second factor by its series."""
        _, mantissa, bias, degree = self._format
        least = math.log(self.tiny)
        x = (self < least).choose(least, self)
        n = (x * math.log2(math.e) + 0.5)._called("floor")
        r = x - n * math.log(2)
        series = self._like(1 / math.factorial(degree))
        for i in range(degree - 1, -1, -1):
            series = series * r + 1 / math.factorial(i)
        return series * (n + (3 << (mantissa - 1)))._power_of_two(mantissa, bias)

    def _power_of_two(self, mantissa, bias):
        """``2**n`` of numbers whose last bits are the integer n."""
        kind, builder = self.value.type, self._builder
        whole = ir.VectorType(ir.IntType(self._format.bits), kind.count)

        def everywhere(number):
            return ir.Constant(whole, [number] * kind.count)

        n = builder.add(builder.bitcast(self.value, whole), everywhere(bias))
        power = builder.shl(n, everywhere(mantissa))
        return Lanes(builder, builder.bitcast(power, kind))


def _arrays(context, builder, kinds, values):
    """The arrays of a tuple."""
    values = cgutils.unpack_tuple(builder, values)
    pairs = zip(kinds, values, strict=True)
    return [context.make_array(kind)(context, builder, value) for kind, value in pairs]


def _emit_loops(builder, formula, outs, ins):
    """A loop over whole registers, and one over the elements that are left."""
    number = outs[0].data.type.pointee
    n, start = builder.extract_value(outs[0].shape, 0), _INDEX(0)
    for count in (8 * VECTOR_BYTES // _FORMATS[type(number)].bits, 1):
        kind = ir.VectorType(number, count)
        stop = builder.sub(n, builder.srem(n, _INDEX(count)))
        with cgutils.for_range_slice(builder, start, stop, _INDEX(count)) as (k, _):
            _emit_formula(builder, formula, outs, ins, k, kind)
        start = stop


def _emit_formula(builder, formula, outs, ins, k, kind):
    """The formula of the elements from k on that a register of this kind holds."""
    align = _FORMATS[type(kind.element)].bits // 8
    places = [
        [builder.bitcast(builder.gep(row.data, [k]), kind.as_pointer()) for row in rows]
        for rows in (outs, ins)
    ]
    loaded = [builder.load(place, align=align) for place in places[1]]
    values = formula(*(Lanes(builder, value) for value in loaded))
    for place, value in zip(places[0], values, strict=True):
        builder.store(value.value, place, align=align)
