"""No module, class, function or call is longer than the limits below."""

import ast
from pathlib import Path

import pytest

import sklearn_c2c

PACKAGE = Path(sklearn_c2c.__file__).parent
MODULES = {
    path.relative_to(PACKAGE).as_posix(): path.read_text("utf-8")
    for path in sorted(PACKAGE.rglob("*.py"))
}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
MOST_LINES = 500  # of a module
MOST_METHODS = 20  # of a class
MOST_LINES_OF_FUNCTION = 40  # without its docstring
MOST_POSITIONAL = 8  # arguments of a call


def above(text):
    """Names of everything above a limit in the text of a module, with its size."""
    n_lines = len(text.splitlines())
    if n_lines > MOST_LINES:
        yield "module", n_lines
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef):
            n_methods = sum(isinstance(item, FUNCTIONS) for item in node.body)
            if n_methods > MOST_METHODS:
                yield f"class {node.name}", n_methods
        elif isinstance(node, FUNCTIONS):
            n_lines = lines_without_docstring(node)
            if n_lines > MOST_LINES_OF_FUNCTION and not only_assigns(node):
                yield f"function {node.name}", n_lines
        elif isinstance(node, ast.Call):
            n_positional = sum(not isinstance(a, ast.Starred) for a in node.args)
            if n_positional > MOST_POSITIONAL:
                yield f"call of {ast.unparse(node.func)}", n_positional


def lines_without_docstring(function):
    n_lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        n_lines -= docstring.end_lineno - docstring.lineno + 1
    return n_lines


def only_assigns(function):
    """Whether it is a constructor that stores its parameters, as of an estimator."""
    names = [a.arg for a in (*function.args.args[1:], *function.args.kwonlyargs)]
    kept = [ast.unparse(line) for line in function.body]
    if ast.get_docstring(function) is not None:
        kept = kept[1:]
    return function.name == "__init__" and kept == [f"self.{n} = {n}" for n in names]


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_above_a_limit(module):
    assert dict(above(MODULES[module])) == {}


def of_lines(head, n_lines, line="    x = 1"):
    return "\n".join([head, *[line] * (n_lines - 1)])


METHOD = "    def f(self): pass"
DOCUMENTED = 'def f():\n    """A\n    b."""'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (of_lines("x = 1", 500, "x = 1"), {}),
        (of_lines("x = 1", 501, "x = 1"), {"module": 501}),
        (of_lines("class A:", 21, METHOD), {}),
        (of_lines("class A:", 22, METHOD), {"class A": 21}),
        (of_lines("def f():", 40), {}),
        (of_lines("async def f():", 41), {"function f": 41}),
        (of_lines(DOCUMENTED, 40), {}),
        (of_lines(DOCUMENTED, 41), {"function f": 41}),
        (
            of_lines("def __init__(self, x):\n    self.x = x", 41),
            {"function __init__": 42},
        ),
        ("def __init__(self," + "\n" * 50 + "x):\n    self.x = x", {}),
        ("f(1, 2, 3, 4, 5, 6, 7, 8, *a, b=9)", {}),
        ("a.f(1, 2, 3, 4, 5, 6, 7, 8, 9)", {"call of a.f": 9}),
    ],
)
def test_a_limit_is_kept_up_to_itself(text, found):
    assert dict(above(text)) == found
