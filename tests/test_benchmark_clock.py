"""Benchmarks count seconds of the clock, or when told to, those of the CPU."""

import time

import pytest

from tests.benchmarks import clock


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setattr(clock.os, "environ", {"OMP_NUM_THREADS": "2"})


@pytest.mark.parametrize("is_told", [False, True])
def test_the_clock_is_the_one_asked_for(monkeypatch, is_told):
    monkeypatch.setattr(time, "perf_counter", lambda: "wall")
    monkeypatch.setattr(time, "process_time", lambda: "cpu")
    if is_told:
        clock.count_cpu_time()
    assert clock.counts_cpu_time() == is_told
    assert clock.now() == ("cpu" if is_told else "wall")


def test_cpu_time_is_that_of_one_thread():
    clock.count_cpu_time()
    assert clock.os.environ["OMP_NUM_THREADS"] == "1"
    assert clock.os.environ["LOKY_MAX_CPU_COUNT"] == "1"
