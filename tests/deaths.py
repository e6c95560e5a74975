"""Tasks that record their calls, fail or end their process.

Workers import this module instead of a test's, whose import takes seconds.
"""

import os
import signal


def noted(file, x):
    """Record a call in a file, also from another process, and square."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, b"%d\n" % x)
    os.close(descriptor)
    return x * x


def calls(file):
    return sorted(map(int, file.read_text().split())) if file.exists() else []


def die_once(file, x):
    """End this process when it gets a 2 for the first time."""
    if noted(file, x) == 4 and calls(file).count(2) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return x * x


def die_always(file, x):
    if noted(file, x) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return x * x


def first_time(flag):
    """Whether this is the first call with this flag, in any process."""
    try:
        os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def deadly_score(estimator, X, y=None, *, flag, parent):
    """The score; but the first worker that scores h = 64 is killed."""
    score = estimator.score(X)
    if estimator[-1].h == 64 and os.getpid() != parent and first_time(flag):
        os.kill(os.getpid(), signal.SIGKILL)
    return score


def deadly_square(flag, x, always=False):
    if x == 2 and (first_time(flag) or always):
        os.kill(os.getpid(), signal.SIGKILL)
    if x == 7:
        raise ZeroDivisionError("seven")
    return x * x
