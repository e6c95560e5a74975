"""Work shared among processes, the caller included."""

from concurrent.futures import BrokenExecutor


def in_processes(function, items, n_jobs):
    """Call a function on each item.

    The caller takes items from the front, the other processes from the back, until they
    meet: the caller works while the others start, which takes as long as hundreds of
    tunes. Items of a killed process are run in the caller, as are all items if no
    process can be started.

    Parameters
    ----------
    function : callable
        One that can be imported by its name.
    items : list
    n_jobs : int or None
        Number of processes, as joblib counts them: -1 is one per core, None what
        `joblib.parallel_config` says, or 1. A process that was itself started to share
        work starts no others.

    Yields
    ------
    object
        What the function returns for each item, in order.
    """
    n_others = min(_n_processes(n_jobs), len(items)) - 1
    if n_others < 1:
        yield from map(function, items)
        return

    from joblib.externals.loky import ProcessPoolExecutor

    # Unlike the standard library's, loky's processes need no guarded __main__.
    try:
        executor = ProcessPoolExecutor(n_others)
        futures = [executor.submit(function, item) for item in reversed(items)]
    except (OSError, BrokenExecutor):  # no memory, or no more processes
        yield from map(function, items)
        return
    try:
        for item, future in zip(items, reversed(futures), strict=True):
            yield function(item) if future.cancel() else _result(future, function, item)
    finally:
        for future in futures:
            future.cancel()
        executor.shutdown()


def _n_processes(n_jobs):
    if n_jobs == 1:
        return 1

    from multiprocessing import parent_process

    from joblib import effective_n_jobs

    return effective_n_jobs(n_jobs) if parent_process() is None else 1


def _result(future, function, item):
    try:
        return future.result()
    except BrokenExecutor:
        return function(item)
