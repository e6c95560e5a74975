"""Text that is safe to print on a terminal."""


def plain(text):
    """Replace characters that could move the cursor: titles come from unknown files."""
    return "".join(
        c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def print_table(rows):
    """Print rows of strings in columns."""
    rows = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    for row in rows:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        print("  ".join([*padded, row[-1]]).rstrip())
