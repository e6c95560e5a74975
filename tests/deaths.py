"""Tasks that note their calls, fail or end their process.

Workers import this module and no test's, which would take them seconds.
"""

import os
import signal


def noted(file, x):
    """Note a call in a file, also from another process, and square."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, b"%d\n" % x)
    os.close(descriptor)
    return x * x


def calls(file):
    return sorted(map(int, file.read_text().split())) if file.exists() else []


def die_once(file, x):
    """End this process when 2 comes by for the first time."""
    if noted(file, x) == 4 and calls(file).count(2) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return x * x


def die_always(file, x):
    if noted(file, x) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return x * x


def first_time(flag):
    """Whether nobody has asked this of this flag before, in any process."""
    try:
        os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def deadly_score(estimator, X, y=None, *, flag, parent):
    """The score; but the first worker that has scored h = 64 dies of it."""
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
