"""Import of libraries that are installed with an extra of this package."""

from importlib import import_module


def from_extra(extra, name):
    """Import a library of an extra; without it, say how to install it.

    Parameters
    ----------
    extra : str
        Name of the extra, such as ``studio``.
    name : str
        Name of the module, such as ``matplotlib.pyplot``.

    Returns
    -------
    module

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f"This needs {name.partition('.')[0]}, which is not installed: "
            f'pip install "sklearn_c2c[{extra}]"'
        ) from error
