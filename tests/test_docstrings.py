"""Docstrings agree with the signatures on the arguments of a call."""

import ast
import importlib
import inspect
import pkgutil
import re

import numpy as np
import pytest
from sklearn.utils.metadata_routing import UNCHANGED

import sklearn_c2c

MODULES = ["sklearn_c2c"] + [
    info.name
    for info in pkgutil.walk_packages(sklearn_c2c.__path__, "sklearn_c2c.")
    if "._" not in info.name
]
# By position, even where it is optional, may be given: what a call acts on; how many or
# how much of it is asked for, as for make_blobs; the mode after its tonic;
# what scikit-learn's own methods take; and the sizes that the models are known by.
POSITIONAL = {"X", "y", "X_without", "corpus", "path", "argv", "ax", "input_features"}
POSITIONAL |= {"n_samples", "n_points", "n_neighbors", "scale", "weights", "semitones"}
POSITIONAL |= {"mode"}
POSITIONAL_OF = {
    "Activity": {"units"},
    "AttributeVariationalAutoencoder": {"h"},
    "Autoencoder": {"h"},
    "DualBranchAutoencoder": {"h_a", "h_b"},
    "Harmonizer": {"hidden_layer_sizes"},
    "InScale": {"tonic"},
    "MarkovMelodies": {"order"},
    "PianoRollEncoder": {"pitch_range"},
    "PitchRhythmAutoencoder": {"h_pitch", "h_rhythm"},
    "RecurrentAutoencoder": {"h"},
    "SoftmaxRBM": {"n_components"},
    "VariationalAutoencoder": {"h"},
    "VariationalRecurrentAutoencoder": {"h"},
}
EXPRESSIONS = {
    "np.float32": np.float32,
    "range(5)": range(5),
    "range(-5, 7)": range(-5, 7),
    # Of the methods that scikit-learn gives estimators with metadata.
    "sklearn.utils.metadata_routing.UNCHANGED": UNCHANGED,
}


def public_calls(module):
    """Yield the public functions, classes and methods of a module."""
    module = importlib.import_module(module)
    for name in getattr(module, "__all__", ()):
        member = getattr(module, name)
        if inspect.isclass(member):
            yield name, member
            for method, function in inspect.getmembers(member, inspect.isroutine):
                if method[0] != "_":
                    yield f"{name}.{method}", function
        elif inspect.isroutine(member):
            yield name, member


def positional_options(call):
    """Name the arguments that have a default and may be given by position."""
    return {
        argument.name
        for argument in inspect.signature(call).parameters.values()
        if argument.kind is argument.POSITIONAL_OR_KEYWORD
        and argument.default is not argument.empty
    }


def stated_defaults(call):
    """Map each argument to the text after "default=" of its docstring."""
    text = inspect.getdoc(call) or ""
    lines = re.findall(r"^([\w, ]+) : .*?default=(.+)$", text, re.M)
    return {name: stated for names, stated in lines for name in names.split(", ")}


@pytest.mark.parametrize("module", MODULES)
def test_options_are_given_by_keyword(module):
    for name, call in public_calls(module):
        if not str(getattr(call, "__module__", None)).startswith("sklearn_c2c"):
            continue  # inherited from scikit-learn or a builtin class
        key = re.sub(r"^\w+\.", ".", name)
        allowed = POSITIONAL | POSITIONAL_OF.get(key, set())
        assert positional_options(call) <= allowed, name


@pytest.mark.parametrize("module", MODULES)
def test_defaults_are_those_that_the_docstring_states(module):
    for name, call in public_calls(module):
        if not (stated := stated_defaults(call)):
            continue
        actual = {
            argument.name: argument.default
            for argument in inspect.signature(call).parameters.values()
        }
        for argument, text in stated.items():
            value = EXPRESSIONS.get(text) or ast.literal_eval(text)
            default = actual[argument]
            assert (type(default), default) == (type(value), value), (name, argument)


def test_most_defaults_are_stated():
    stated = [
        argument
        for module in MODULES
        for _, call in public_calls(module)
        for argument in stated_defaults(call)
    ]
    assert len(stated) > 200
