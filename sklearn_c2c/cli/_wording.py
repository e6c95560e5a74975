"""Messages of the library in the words of the command: options for parameters."""

import re

# A message names a parameter in scikit-learn's phrase, with its value, alone, or before
# "must". Alone, a name without an underscore may be a plain word, such as key.
_PARAMETERS = r"""
The\ '(?P<checked>{names})'\ parameter\ of\ \w+
|(?<![-\w])(?P<stated>{names})=
 (?P<value>'[^']*'|"[^"]*"|\(\w+,\ \w+\)|[-+\w]+(?:[./]\w+)*)?
|(?<![-\w])(?P<alone>{compounds})(?!\.?\w)
|^(?P<first>{names})(?=\ must\ )
"""


class CommandError(ValueError):
    """A failure whose message is in the words of the command."""


def counted(number, noun):
    """Say how many of something there are.

    Examples
    --------
    >>> counted(1, "tune"), counted(3, "tune")
    ('1 tune', '3 tunes')
    """
    return f"{number} {noun if number == 1 else f'{noun}s'}"


def measures_in_words(low, high):
    """Say how many measures whole tunes have.

    Examples
    --------
    >>> measures_in_words(8, 32), measures_in_words(16, 16)
    ('8 to 32 measures', '16 measures')
    """
    return counted(high, "measure") if low == high else f"{low} to {high} measures"


def in_options(text, flags):
    """Name the options of a command where a message names parameters.

    Parameters
    ----------
    text : str
    flags : dict of str
        The option of each parameter, such as ``{"n_measures": "--measures"}``.

    Returns
    -------
    str

    Examples
    --------
    >>> flags = {"n_measures": "--measures", "chords": "--chords", "h": "--h"}
    >>> in_options("fewer than n_measures=8; pass chords='highest'", flags)
    'fewer than --measures 8; pass --chords highest'
    >>> in_options("more than n_measures=(4, 64)", flags)
    'more than --measures 4-64'
    >>> in_options("The 'h' parameter of Autoencoder must be an int.", flags)
    '--h must be an int.'
    """
    compounds = [name for name in flags if "_" in name]
    pattern = _PARAMETERS.format(names=_any(flags), compounds=_any(compounds))
    return re.sub(pattern, lambda found: _option(found, flags), text, flags=re.X)


def _any(names):
    """A pattern of any of these names, or one that matches nothing."""
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True)) or r"(?!)"


def _option(found, flags):
    option = flags[found[found.lastgroup if found.lastgroup != "value" else "stated"]]
    value = (found["value"] or "").strip("'\"()").replace(", ", "-")
    return f"{option} {value}".rstrip()
