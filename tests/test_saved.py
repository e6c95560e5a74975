"""Model files of earlier versions can still be read, with the right results."""

import json
from pathlib import Path

import numpy as np
import pytest

from sklearn_c2c import persistence
from sklearn_c2c.melody import check_melodies
from tests.bits import RECORD, configurations, differences
from tests.forging import MELODIES

DATA = Path(__file__).parent / "data"
SAVED = json.loads((DATA / "saved.json").read_text())


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_model_is_read_and_computes_the_same(name):
    model = persistence.load(DATA / "saved" / f"{name}.c2c")
    expected = SAVED[name]
    if "added" in expected:
        added = model.predict(MELODIES[: len(expected["added"])])
        np.testing.assert_array_equal(added, expected["added"])
        return
    if "codes" not in expected:
        drawn = model.sample(len(expected["melodies"]), random_state=0)
        np.testing.assert_array_equal(drawn, expected["melodies"])
        return
    codes = model.transform(MELODIES[: len(expected["codes"])])
    np.testing.assert_allclose(codes, expected["codes"], atol=2e-5)
    melodies = model.inverse_transform(codes)
    np.testing.assert_array_equal(melodies, expected["melodies"])


def test_a_saved_machine_has_the_same_free_energy():
    encoder, machine = persistence.load(DATA / "saved" / "boltzmann.c2c")
    expected = SAVED["boltzmann"]["free_energy"]
    energy = machine.free_energy(encoder.transform(MELODIES[: len(expected)]))
    np.testing.assert_allclose(energy, expected, atol=1e-3)
    drawn = encoder.inverse_transform(machine.sample(5, n_steps=3, random_state=0))
    check_melodies(drawn)


def test_every_saved_file_is_tried():
    assert {path.stem for path in (DATA / "saved").iterdir()} == {*SAVED}


def test_the_record_of_bits_has_every_configuration():
    record = json.loads(RECORD.read_text())["digests"]
    names = [name for name, *_ in configurations()]
    assert {*record} == {*names, "warm start", "partial fit", "voices", "harmonizer"}
    is_sparse = [name.endswith(", sparse") for name in record]
    different = {digests["weights"] for digests in record.values()}
    assert len(different) == len(record) - sum(is_sparse) == len(record) - 5


def test_one_other_bit_is_a_difference():
    record = json.loads(RECORD.read_text())["digests"]
    assert differences(record, record) == []
    other = record | {"tied": record["tied"] | {"codes": "0"}}
    assert differences(record, other) == ["tied: codes"]
    del other["softmax"]
    assert len(differences(record, other)) == 1 + len(record["softmax"])
