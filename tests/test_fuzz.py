"""A short part of the fuzzing campaign, and a check that the campaign finds faults."""

import os
import time

import pytest

from sklearn_c2c import journal
from sklearn_c2c.io import _cache
from tests.fuzz import campaign, kept
from tests.fuzz.judge import SUFFIXES, Judged, judge, made
from tests.fuzz.tunes import real_tunes

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("suffix", [".abc", ".mid", ".musicxml"])
def test_real_tunes_are_read_and_read_again(suffix):
    rarer, *written = real_tunes(suffix)
    for data in written:
        # One measure, two, one on the finest grid, the whole; the tune has no four.
        assert judge(suffix, data).n_results == 4
    judge(suffix, rarer)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_input_does_what_none_may_do(suffix):
    n_results = 0
    for number in range(60 if suffix in (".tunes", ".jsonl") else 150):
        n_results += judge(suffix, made(suffix, 0, number)).n_results
    assert n_results


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_inputs_follow_from_their_numbers(suffix):
    inputs = [made(suffix, 0, number) for number in range(20)]
    assert inputs == [made(suffix, 0, number) for number in range(20)]
    assert len({*inputs}) > 15
    assert inputs != [made(suffix, 1, number) for number in range(20)]


def test_entries_and_journals_are_what_is_damaged():
    assert [judge(".tunes", entry).n_results for entry in kept.entries()] == [2, 2]
    assert [judge(".jsonl", lines).n_results for lines in kept.journals()] == [6, 3, 3]


@pytest.mark.parametrize("suffix", [".tunes", ".jsonl"])
def test_what_no_checksum_guards_is_found(suffix, monkeypatch):
    unpack, entry = _cache._unpack, journal._entry
    no_digest, no_checksum = len(kept._signed(b"", b"")), -len(journal._checked(b""))
    monkeypatch.setattr(
        _cache,
        "_unpack",
        lambda data, key: unpack(kept._signed(key, data[no_digest:]), key),
    )
    monkeypatch.setattr(
        journal, "_entry", lambda line: entry(journal._checked(line[:no_checksum]))
    )
    with pytest.raises(AssertionError, match="was believed"):
        for number in range(150):
            judge(suffix, made(suffix, 0, number))


def misbehaving(suffix, data):
    """Fail for some inputs as no reader may."""
    seconds = 0.01
    faults = {made(".abc", 0, number): number for number in range(6)}
    match faults[data]:
        case 1:
            raise OverflowError("too large")
        case 2:
            os._exit(7)
        case 3:
            time.sleep(60)
        case 4:
            bytearray(2 * campaign.MOST_BYTES)
        case 5:
            seconds = campaign.MOST_SECONDS + 0.1
    return Judged(1, seconds)


def test_a_campaign_sees_errors_ends_hangs_memory_and_time(monkeypatch):
    monkeypatch.setattr(campaign, "MOST_SECONDS", 0.5)
    outcome = campaign.run(".abc", 0, range(6), judge=misbehaving)
    assert outcome.n_inputs == 6 and outcome.n_results == 2
    assert outcome.slowest > 0.5
    faults = {find.number: find.fault for find in outcome.finds}
    assert faults == {
        1: "OverflowError: too large",
        2: "ends the process with code 7",
        3: "hangs",
        4: "MemoryError",
        5: faults[5],
    }
    assert faults[5].startswith("takes ")
    assert {n for n, _ in campaign.kinds(outcome.finds)} == {1}
