"""Peers that take turns of several epochs, each in its own process.

After a turn the caches are cold, and the threads of the peer before are still spinning:
a turn is long, and its first epoch is left out.
"""

import importlib
import multiprocessing
import os
import time
from math import ceil

from tests.benchmarks import clock, memory
from tests.benchmarks.corpora import melodies

# Threads of the peer before may still be spinning.
_PAUSE = 0.05

# Seconds that the fastest peer's counted epochs of a turn last.
_TURN = 1.0


class Turns:
    """In the peer's process: its turns, of as many epochs as the parent says."""

    def __init__(self, connection):
        self._connection, self._began = connection, None
        self._n_left, self._seconds = 0, []

    def goes_on(self):
        """End an epoch, and wait between turns; return whether to train on.

        Of each turn the seconds of all epochs are sent.
        """
        if self._n_left:
            self._seconds.append(clock.now() - self._began)
            self._n_left -= 1
            if not self._n_left:
                self._connection.send(self._seconds)
        if not self._n_left:
            self._n_left, self._seconds = self._connection.recv(), []
        self._began = clock.now()
        return self._n_left > 0


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
        self.name, self.result = peer.name, None
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, peer, task, rows), daemon=True
        )
        self._process.start()
        theirs.close()

    def turn(self, n_epochs):
        """Let it train, unless it has failed; return the seconds of each epoch."""
        if self.result is None:
            self._send(n_epochs)
            return self._receive()
        return []

    def end(self):
        """Stop it; return its record."""
        if self.result is None:
            self._send(0)
            self._receive()
        self._process.join()
        return self.result

    def _send(self, n_epochs):
        try:
            self._connection.send(n_epochs)
        except BrokenPipeError:
            self.result = {"failed": "its process ended"}

    def _receive(self):
        try:
            answer = self._connection.recv()
        except EOFError:
            answer = {"failed": "its process ended"}
        if isinstance(answer, list):
            return answer
        self.result = answer
        return []


def play(peers, task, n_rounds):
    """Let peers train in turn; return for each its seconds, loss and memory in bytes.

    All train for the same number of epochs: one, in which some compile; a few, by which
    the length of a turn is found; and `n_rounds` turns, whose first epochs are left out
    of the seconds.
    """
    rows = melodies(task.n_melodies)
    players = [Player(peer, task, rows) for peer in peers]
    _round(players, 1)
    epochs = [s for seconds in _round(players, 4) for s in seconds[1:]]
    n_epochs = 1 + ceil(_TURN / min(epochs, default=_TURN))
    turns = [_round(players, n_epochs) for _ in range(n_rounds)]
    seconds = [
        [s for turn in turns_of_one for s in turn[1:]]
        for turns_of_one in zip(*turns, strict=True)
    ]
    return {
        player.name: {"seconds": found, **player.end()}
        for player, found in zip(players, seconds, strict=True)
    }


def _round(players, n_epochs):
    """Seconds of each epoch of a turn of each player."""
    seconds = []
    for player in players:
        seconds.append(player.turn(n_epochs))
        time.sleep(_PAUSE)
    return seconds
