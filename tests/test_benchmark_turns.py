"""Turns in the benchmarks are long, and their first epoch is left out."""

import multiprocessing
import threading

import pytest

from tests.benchmarks import turns


def test_a_peer_trains_as_many_epochs_as_it_is_told():
    ours, theirs = multiprocessing.Pipe()
    trained = []

    def train():
        mine = turns.Turns(theirs)
        while mine.goes_on():
            trained.append(len(trained))

    thread = threading.Thread(target=train)
    thread.start()
    for n_epochs in (1, 4):
        ours.send(n_epochs)
        assert len(ours.recv()) == n_epochs
    ours.send(0)
    thread.join()
    assert trained == [0, 1, 2, 3, 4]


class Stub:
    """A peer of known speed, whose first epoch of a turn is slow."""

    def __init__(self, peer, task, rows):
        self.name, (self._epoch, self._fails), self.n_epochs = peer.name, peer.speed, []

    def turn(self, n_epochs):
        self.n_epochs.append(n_epochs)
        return [] if self._fails else [9.0] + [self._epoch] * (n_epochs - 1)

    def end(self):
        return {"failed": "it cannot"} if self._fails else {"n_epochs": self.n_epochs}


class Peer:
    def __init__(self, name, epoch, fails=False):
        self.name, self.speed = name, (epoch, fails)


class Task:
    n_melodies = 3


@pytest.fixture(autouse=True)
def stubs(monkeypatch):
    monkeypatch.setattr(turns, "Player", Stub)
    monkeypatch.setattr(turns, "_PAUSE", 0)
    monkeypatch.setattr(turns, "melodies", lambda n: None)


def test_a_turn_lasts_a_second_for_the_fastest_without_its_first_epoch():
    peers = [Peer("slow", 0.5), Peer("fast", 0.125), Peer("broken", 0.001, True)]
    results = turns.play(peers, Task, n_rounds=2)
    assert results["fast"]["n_epochs"] == results["slow"]["n_epochs"] == [1, 4, 9, 9]
    assert results["fast"]["seconds"] == [0.125] * 16
    assert results["slow"]["seconds"] == [0.5] * 16
    assert results["broken"] == {"seconds": [], "failed": "it cannot"}


def test_of_long_epochs_one_is_counted():
    results = turns.play([Peer("slow", 30.0)], Task, n_rounds=3)
    assert results["slow"]["n_epochs"] == [1, 4, 2, 2, 2]
    assert results["slow"]["seconds"] == [30.0] * 3
