"""The entry point: run a command, and turn errors into one line and an exit code."""

import os
import sys
import warnings
from functools import partial

from sklearn_c2c.cli._console import plain
from sklearn_c2c.cli._corpus import NothingRead
from sklearn_c2c.cli._parser import parse
from sklearn_c2c.cli._wording import CommandError, in_options

_FAILURES = (
    ArithmeticError,
    ImportError,
    MemoryError,
    OSError,
    TypeError,
    ValueError,
)


def main(argv=None):
    """Run the command.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    int
        Exit code: 0, 1 for a failure that one line on stderr explains, 2 if no tune
        can be read, 130 if interrupted. An invalid command line exits with 2, too.
    """
    args = parse(argv)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = partial(_show_warning, args.flags)
            args.command(args)
            sys.stdout.flush()
    except BrokenPipeError:  # the reader of the pipe, such as head, has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("c2c: interrupted", file=sys.stderr)
        return 130
    except NothingRead as error:
        _explain(error, args.flags)
        return 2
    except _FAILURES as error:
        _explain(error, args.flags)
        return 1
    return 0


def _explain(error, flags):
    """Say on one line what went wrong."""
    message = " ".join(plain(_said(error)).split())
    if not isinstance(error, CommandError):
        message = in_options(message, flags)
    print(f"c2c: error: {message}", file=sys.stderr)


def _said(error):
    """Message of the system about a file, without the number of the error."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, MemoryError):
        return f"There is not enough memory. {error}"
    return str(error)


def _show_warning(flags, message, *_):
    text = in_options(plain(str(message)), flags)
    print(f"c2c: warning: {text}", file=sys.stderr)
