"""Graphs of ONNX operators, which are made by calls in the order of computation."""

from itertools import count

import numpy as np

from sklearn_c2c._extras import from_extra

# Version 17 of the operators has all that is used, and runtimes since 2022 know it.
_OPERATORS, _FORMAT = 17, 8


class Graph:
    """Operators that are applied one after another, and the arrays that they use.

    Values are names of results. Where an operator takes a value, an array, a number or
    a list of integers may stand for a constant; numbers that are not integers become
    those of the graph's type.

    Parameters
    ----------
    dtype : dtype
        Type of the arrays, np.float32 or np.float64.
    outer : Graph, default=None
        The graph that this one is the body of a loop in, whose values it may use.
    """

    def __init__(self, dtype, outer=None):
        self._onnx = from_extra("onnx", "onnx")
        self.dtype, self._nodes = np.dtype(dtype), []
        # Names are unique in a model, and all its constants are in the outermost graph.
        self._numbers = count() if outer is None else outer._numbers
        self._constants = [] if outer is None else outer._constants

    def apply(self, operator, *inputs, n_outputs=1, **attributes):
        """Apply an operator of ONNX.

        Parameters
        ----------
        operator : str
        *inputs : str, array, number or list of int
        n_outputs : int
        **attributes : dict

        Returns
        -------
        str or list of str
            The value, or several.
        """
        inputs = [self._value(given) for given in inputs]
        outputs = [self._name(operator) for _ in range(n_outputs)]
        made = self._onnx.helper.make_node(operator, inputs, outputs, **attributes)
        self._nodes.append(made)
        return outputs[0] if n_outputs == 1 else outputs

    def cut(self, x, axis, start, stop):
        """The part of a value from start to stop along an axis."""
        return self.apply("Slice", x, [start], [stop], [axis])

    def cast(self, x, dtype):
        """A value in another type."""
        return self.apply("Cast", x, to=self._type(dtype))

    def affine(self, x, layer):
        """``x @ coef + intercept`` of a value with two axes."""
        return self.apply("Gemm", x, *layer)

    def loop(self, n_steps, body, carried):
        """Repeat a computation.

        Parameters
        ----------
        n_steps : int
        body : callable
            Function of the graph of a step, the number of the step, and the carried
            values. Returns these after the step, and a list of values that are kept.
        carried : list of (str, dtype)
            Values before the first step, and their types.

        Returns
        -------
        carried : list of str
            After the last step.
        kept : list of str
            The kept values of all steps, along a new first axis.
        """
        inner, make = Graph(self.dtype, self), self._onnx.helper
        step, going = inner._name("step"), inner._name("going")
        names = [inner._name("carried") for _ in carried]
        types = [self._type(dtype) for _, dtype in carried]
        after, kept = body(inner, step, *names)
        # A carried value that the body hands on needs a name of its own.
        after = [inner.apply("Identity", value) for value in after]
        on = inner.apply("Identity", going)
        boolean, number = self._type(bool), self._type(np.int64)

        def described(values, their_types, shape=None):
            pairs = zip(values, their_types, strict=True)
            return [make.make_tensor_value_info(*pair, shape) for pair in pairs]

        given = described([step, going], [number, boolean], ())
        given += described(names, types)
        results = described([on], [boolean], ())
        results += described(after, types)
        results += described(kept, [self._type(self.dtype)] * len(kept))
        name = self._name("body")
        graph = make.make_graph(inner._nodes, name, given, results)
        given = np.int64(n_steps), np.bool_(True), *(value for value, _ in carried)
        n, n_outputs = len(carried), len(carried) + len(kept)
        values = self.apply("Loop", *given, n_outputs=n_outputs, body=graph)
        values = [values] if n_outputs == 1 else values
        return values[:n], values[n:]

    def model(self, inputs, outputs, *, name, metadata, version):
        """The model of the graph.

        Parameters
        ----------
        inputs, outputs : dict of str to int
            Columns of each value by its name; there are as many rows as samples.
        name : str
        metadata : dict of str to str
        version : str
            Of this package.

        Returns
        -------
        onnx.ModelProto
        """
        make, number = self._onnx.helper, self._type(self.dtype)
        graph = make.make_graph(
            self._nodes,
            name,
            *(
                [
                    make.make_tensor_value_info(value, number, ["n_samples", width])
                    for value, width in values.items()
                ]
                for values in (inputs, outputs)
            ),
            initializer=self._constants,
        )
        model = make.make_model(
            graph,
            opset_imports=[make.make_opsetid("", _OPERATORS)],
            ir_version=_FORMAT,
            producer_name="sklearn_c2c",
            producer_version=version,
        )
        make.set_model_props(model, metadata)
        return model

    def rename(self, value, name):
        """Give a value a name for the outside."""
        made = self._onnx.helper.make_node("Identity", [value], [name])
        self._nodes.append(made)

    def _value(self, given):
        """The name of a value, or of a new constant."""
        if isinstance(given, str):
            return given
        array = np.asarray(given)
        if array.dtype.kind == "f":
            array = array.astype(self.dtype)
        name = self._name("constant")
        make = self._onnx.numpy_helper.from_array
        self._constants.append(make(array, name))
        return name

    def _name(self, kind):
        return f"{kind.lower()}_{next(self._numbers)}"

    def _type(self, dtype):
        """Number of a type in ONNX."""
        return self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
