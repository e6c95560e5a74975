"""The entry point: run a command, and turn what fails into a line and an exit code."""

import os
import sys
import warnings

from sklearn_c2c.cli._console import plain
from sklearn_c2c.cli._parser import parse

_FAILURES = (ArithmeticError, ImportError, OSError, TypeError, ValueError)


def main(argv=None):
    """Run the command.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    int
        Exit code: 0, 1 for a failure that one line on stderr explains, 130 if
        interrupted. A command line that makes no sense exits with 2.
    """
    args = parse(argv)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            args.command(args)
            sys.stdout.flush()
    except BrokenPipeError:  # head and the like have seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("c2c: interrupted", file=sys.stderr)
        return 130
    except _FAILURES as error:
        message = " ".join(plain(_said(error)).split())
        print(f"c2c: error: {message}", file=sys.stderr)
        return 1
    return 0


def _said(error):
    """What the system says of a file, without its number."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _show_warning(message, category, *_):
    print(f"c2c: {category.__name__}: {plain(str(message))}", file=sys.stderr)
