"""A generator that runs in its own process, so that its memory can be measured."""

import multiprocessing


def _serve(connection, function, args):
    try:
        for item in function(*args):
            connection.send(item)
    finally:
        connection.close()


def iterate(function, *args):
    """Yield from ``function(*args)`` in a process that holds nothing else."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    # Not a daemon, which could not start processes of its own.
    process = context.Process(target=_serve, args=(theirs, function, args))
    process.start()
    theirs.close()
    try:
        while True:
            yield ours.recv()
    except EOFError:
        process.join()
    if process.exitcode:
        raise RuntimeError(f"{function.__name__} failed in its process, see above.")
