"""Changes of a source text: their places, and the text with one of them made."""

import ast
import copy
import random
from collections import namedtuple

_PAIRS = (
    (ast.Lt, ast.LtE),
    (ast.Gt, ast.GtE),
    (ast.Eq, ast.NotEq),
    (ast.In, ast.NotIn),
    (ast.Is, ast.IsNot),
    (ast.And, ast.Or),
    (ast.Add, ast.Sub),
    (ast.Mult, ast.FloorDiv),
    (ast.BitAnd, ast.BitOr),
)
_OTHER = {a: b for pair in _PAIRS for a, b in (pair, pair[::-1])}
_OTHER |= {ast.Div: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult}

# A test reaches the change with this number in its file by a line from first to last.
Change = namedtuple("Change", "name number line first last before after")


def drawn(texts, n, seed):
    """Draw changes of files, uniformly, at most one of a line."""
    every = [change for item in texts.items() for change in _changes(*item)]
    random.Random(seed).shuffle(every)
    of_lines = {}
    for change in every:
        of_lines.setdefault((change.name, change.line), change)
    return sorted(list(of_lines.values())[:n])


def changed(source, number):
    """Make the change with this number, and return the new text."""
    tree = ast.parse(source)
    (parent, field, index), new, _ = list(_places(tree))[number]
    if index is None:
        setattr(parent, field, new)
    else:
        getattr(parent, field)[index] = new
    return ast.unparse(ast.fix_missing_locations(tree))


def _changes(name, source):
    for number, (place, new, lines) in enumerate(_places(ast.parse(source))):
        old = _at(*place)
        texts = (" ".join(ast.unparse(node).split())[:60] for node in (old, new))
        yield Change(name, number, old.lineno, *lines, *texts)


def _places(node, lines=(0, float("inf"))):
    """Yield (place, node to put there, lines that run it) for all below a node."""
    for place in _children(node):
        child = _at(*place)
        inner = _lines(child, node) if isinstance(child, ast.stmt) else lines
        for new in _others(child):
            yield place, new, inner
        yield from _places(child, inner)


def _children(node):
    """Yield (parent, field, index) of nodes to change: no types or error texts."""
    is_warning = isinstance(node, ast.Call) and ast.unparse(node.func).endswith("warn")
    if isinstance(node, ast.Raise) or is_warning:
        return
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.AST) and field not in ("annotation", "returns"):
            yield node, field, None
        elif isinstance(value, list):
            items = enumerate(value)
            yield from ((node, field, i) for i, x in items if isinstance(x, ast.AST))


def _at(parent, field, index):
    value = getattr(parent, field)
    return value if index is None else value[index]


def _lines(statement, parent):
    """First and last line of a statement's own code, one of which runs if it runs."""
    if isinstance(statement, ast.FunctionDef):
        return statement.body[0].lineno, statement.end_lineno
    if isinstance(parent, ast.Module | ast.ClassDef):
        return 0, float("inf")  # the import runs it
    body = getattr(statement, "body", None)
    last = body[0].lineno - 1 if body else statement.end_lineno
    return statement.lineno, max(statement.lineno, last)


def _others(node):
    """Yield the replacements of a node."""
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            ops = [*node.ops[:i], _OTHER[type(op)](), *node.ops[i + 1 :]]
            yield _with(node, ops=ops)
    elif type(getattr(node, "op", None)) in _OTHER:
        yield _with(node, op=_OTHER[type(node.op)]())
    elif isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant):
        yield node.operand
    elif isinstance(node, ast.Constant):
        yield from (_with(node, value=value) for value in _values(node.value))
    elif isinstance(node, ast.Return) and node.value is not None:
        yield _with(node, value=ast.Constant(None))
    elif isinstance(node, ast.Raise) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ):
        yield ast.copy_location(ast.Pass(), node)


def _values(value):
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return value + 1, value - 1
    return (2 * value, value / 2) if isinstance(value, float) and value else ()


def _with(node, **fields):
    new = copy.copy(node)
    vars(new).update(fields)
    return new
