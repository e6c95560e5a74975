"""Peers that take turns, an epoch each, every one in a process of its own."""

import importlib
import multiprocessing
import os
import time

from tests.benchmarks import memory
from tests.benchmarks.corpora import melodies

# Threads of the one before may still be looking for work.
_PAUSE = 0.05


class Turns:
    """In the peer's process: its turns, as the parent gives them."""

    def __init__(self, connection):
        self._connection, self._began = connection, None

    def goes_on(self):
        """Say how long this turn took, and wait for the next; whether there is one."""
        if self._began is not None:
            self._connection.send(time.perf_counter() - self._began)
        goes_on = self._connection.recv()
        self._began = time.perf_counter()
        return goes_on


def _serve(connection, peer, task, rows):
    os.environ.update(peer.environment)
    try:
        module = importlib.import_module(f"tests.benchmarks.peers.{peer.module}")
        imported = memory.resident()
        loss = module.train(task, rows, Turns(connection), **peer.settings)
        result = {"loss": float(loss), "imported": imported, "peak": memory.peak()}
        connection.send(result)
    except Exception as error:
        connection.send({"failed": f"{type(error).__name__}: {error}".split("\n")[0]})


class Player:
    """In the parent: a peer at work on a task and its melodies."""

    def __init__(self, peer, task, rows):
        self.name, self.seconds, self.result = peer.name, [], None
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, peer, task, rows), daemon=True
        )
        self._process.start()
        theirs.close()

    def turn(self):
        """Let it train for one epoch, unless it has failed."""
        if self.result is None:
            self._send(True)
            self._receive()

    def end(self):
        """Stop it; return what is known of it."""
        if self.result is None:
            self._send(False)
            while self.result is None:
                self._receive()
        self._process.join()
        return {"seconds": self.seconds, **self.result}

    def _send(self, goes_on):
        try:
            self._connection.send(goes_on)
        except BrokenPipeError:
            self.result = {"failed": "its process ended"}

    def _receive(self):
        try:
            answer = self._connection.recv()
        except EOFError:
            answer = {"failed": "its process ended"}
        if isinstance(answer, dict):
            self.result = answer
        else:
            self.seconds.append(answer)


def play(peers, task, n_rounds, n_warm_up=1):
    """Let peers train in turn; return for each its seconds, loss and memory in bytes.

    The seconds of the first turns, in which some compile, are left out.
    """
    rows = melodies(task.n_melodies)
    players = [Player(peer, task, rows) for peer in peers]
    for _ in range(n_warm_up + n_rounds):
        for player in players:
            player.turn()
            time.sleep(_PAUSE)
    results = {player.name: player.end() for player in players}
    for result in results.values():
        del result["seconds"][:n_warm_up]
    return results
