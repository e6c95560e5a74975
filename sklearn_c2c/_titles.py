"""Titles and names of any origin as one line that can be printed."""


def one_line(text):
    """Replace line breaks and characters that cannot be printed by single spaces.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        Without spaces at its ends.
    """
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
