"""The campaign that changes the code, on a source of a few lines."""

import ast

import pytest

from tests.mutation.changes import changed, drawn

SOURCE = '''"""Text 1."""
LIMIT = 3


def clipped(x: Box[1], low=0.5, *, strict=False) -> Box[2]:
    """Text 2."""
    if strict and x >= LIMIT:
        raise ValueError(f"{x + 1} of 4")
    warnings.warn(f"{x - 1}", stacklevel=5)
    return -x
'''

# All changes of each line, and the lines of which a test must run one to reach them.
CHANGES = {
    2: {("3", "4"), ("3", "2")},
    5: {("0.5", "1.0"), ("0.5", "0.25"), ("False", "True")},
    7: {
        ("strict and x >= LIMIT", "strict or x >= LIMIT"),
        ("x >= LIMIT", "x > LIMIT"),
    },
    8: {("raise ValueError(f'{x + 1} of 4')", "pass")},
    9: {("warnings.warn(f'{x - 1}', stacklevel=5)", "pass")},
    10: {("return -x", "return None"), ("-x", "x")},
}
LINES = {
    2: (0, float("inf")),
    5: (6, 10),
    7: (7, 7),
    8: (8, 8),
    9: (9, 9),
    10: (10, 10),
}


def test_types_docstrings_and_texts_of_errors_are_not_changed():
    found = {}
    for seed in range(50):
        for change in drawn({"a.py": SOURCE}, 100, seed):
            found.setdefault(change.line, set()).add((change.before, change.after))
            assert (change.first, change.last) == LINES[change.line]
    assert found == CHANGES


@pytest.mark.parametrize("seed", range(5))
def test_one_line_is_changed_and_all_others_stay(seed):
    before = ast.unparse(ast.parse(SOURCE)).splitlines()
    for change in drawn({"a.py": SOURCE}, 100, seed):
        after = changed(SOURCE, change.number).splitlines()
        pairs = zip(before, after, strict=True)
        ((old, new),) = [pair for pair in pairs if pair[0] != pair[1]]
        assert change.before in old
        assert change.after in new


def test_a_draw_is_of_different_lines_and_the_same_for_a_seed():
    texts = {"a.py": SOURCE, "b.py": SOURCE}
    for n in (1, 4, 12, 13):
        found = drawn(texts, n, 1)
        assert found == drawn(texts, n, 1)
        assert len({(change.name, change.line) for change in found}) == min(n, 12)
