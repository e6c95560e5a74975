"""Import of the optional libraries of the extra ``studio``."""

from importlib import import_module


def studio(name):
    """Import a library of the extra ``studio``; without it, say how to install it."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f"This needs {name.partition('.')[0]}, which is not installed: "
            'pip install "sklearn_c2c[studio]"'
        ) from error
