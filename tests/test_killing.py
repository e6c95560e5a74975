"""One life of a killed training, and a check that the campaign finds faults."""

import json
import random
import re
import sys

import numpy as np
import pytest

from sklearn_c2c import persistence
from tests.killing import lives
from tests.killing.jobs import Files, Job, RecurrentTraining, Sweep, Training

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows knows no SIGKILL"
)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["training", "recurrent training"])
def test_a_training_that_is_killed_goes_on_byte_for_byte(kind):
    counts, fault = lives.live(kind, random.Random(0), 2)
    assert fault == ""
    assert counts["kills"] > 0


def changed(path, change):
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize("kind", [Training, RecurrentTraining])
def test_lost_epochs_and_other_weights_are_faults(kind, tmp_path):
    job = kind(tmp_path, 0)
    job.work()
    job.check(["2", "16"])
    job.check_end([])
    with pytest.raises(AssertionError, match="epochs are lost"):
        job.check(["18"])
    path = tmp_path / "model.c2c"
    model = persistence.load(path)
    model[-1].coefs_[0][0, 0] = np.nextafter(model[-1].coefs_[0][0, 0], 1)
    persistence.save(model, path, optimizer=True)
    with pytest.raises(AssertionError, match="not what one training gives"):
        job.check_end([])
    changed(path, lambda data: data[:-1])
    with pytest.raises(ValueError, match="damaged"):
        job.check([])


def test_lost_damaged_and_repeated_lines_are_faults(tmp_path, capsys):
    job = Sweep(tmp_path, 1)
    job.work()
    said = capsys.readouterr().out.splitlines()
    job.check(['Finished {"h": 8, "random_state": 2}, 8 to go'])
    job.check_end(said)
    with pytest.raises(AssertionError, match="expected the scores"):
        job.check_end([json.dumps({})])
    path = tmp_path / "curve.jsonl"
    whole = path.read_bytes()
    first = whole[: whole.index(b"\n") + 1]
    for more, fault in [(first, "was run again"), (b"{}\n", "is damaged")]:
        path.write_bytes(whole + more)
        with pytest.raises(AssertionError, match=fault):
            Sweep(tmp_path, 1).check([])
    path.write_bytes(whole[:-1])
    with pytest.raises(AssertionError, match="are lost"):
        job.check([])
    with pytest.raises(AssertionError, match="said to be finished"):
        Sweep(tmp_path / "other", 1).check(['Finished {"h": 2}, 1 to go'])


def test_old_and_damaged_files_and_entries_are_faults(tmp_path, monkeypatch):
    monkeypatch.setenv("SKLEARN_C2C_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(Files, "_N_ROUNDS", 2)
    job = Files(tmp_path, 0)
    job.work()
    job.check(["0", "1"])
    job.check_end([])
    with pytest.raises(AssertionError, match="an old file"):
        job.check(["2"])
    entry = next((tmp_path / "cache").iterdir())
    changed(entry, lambda data: data[:-1])
    with pytest.raises(ValueError, match="damaged"):
        job.check([])
    entry.unlink()
    job.check([])
    with pytest.raises(AssertionError):
        job.check_end([])
    changed(tmp_path / "tunes" / "tune.abc", lambda data: data.replace(b"C", b"D"))
    with pytest.raises(AssertionError, match="is damaged"):
        job.check([])


class Failing(Job):
    """Ends by an error, or leaves a temporary file."""

    def work(self):
        """Fail as no job may."""
        if self.variant == 0:
            raise OSError("no room")
        (self.folder / ".model.0123456789abcdef.tmp").touch()


@pytest.mark.slow
@pytest.mark.parametrize("variant, fault", [(0, "ended by 1.*no room"), (1, "left ov")])
def test_errors_and_what_is_left_over_are_faults(variant, fault, monkeypatch):
    monkeypatch.setattr(Failing, "variants", (variant,))
    monkeypatch.setitem(lives.JOBS, "failing", Failing)
    assert re.search(fault, lives.live("failing", random.Random(0), 0)[1])
