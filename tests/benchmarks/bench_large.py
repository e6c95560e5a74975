"""A million melodies on disk: time and memory of `partial_fit`, and of `fit`."""

import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.utils import gen_batches

from sklearn_c2c import Autoencoder, PianoRollEncoder
from sklearn_c2c.datasets import recombine_measures
from tests.benchmarks import memory
from tests.benchmarks.corpora import PITCH_RANGE, tunes
from tests.benchmarks.fresh import iterate
from tests.benchmarks.tables import mebibytes, table

TITLE = "Large corpora"

_H, _BATCH_SIZE, _CHUNK = 256, 256, 10_000
_N_PARTS = 10


def add_options(parser):
    """Number of melodies."""
    parser.add_argument("--melodies", type=int, default=1_000_000)


def measure(options):
    """Write the corpus, train on it chunk by chunk, then on a tenth of it at once."""
    n = options.melodies
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "melodies.npy")
        (writing,) = iterate(_write, path, n)
        parts = list(iterate(_partial_fit, path))
        yield {
            "case": f"partial_fit, {n:,} melodies, h={_H}, batch {_BATCH_SIZE}, chunks "
            f"of {_CHUNK:,}",
            "writing": writing,
            "parts": parts,
        }
        (whole,) = iterate(_fit, path, n // _N_PARTS)
        yield {
            "case": f"fit, {n // _N_PARTS:,} melodies, h={_H}, batch {_BATCH_SIZE}, 2 "
            f"epochs",
            "parts": [whole],
        }


def _write(path, n_melodies):
    """Recombine tunes and write them as bytes; yield the seconds it took."""
    X, rng, start = tunes(), np.random.RandomState(0), time.perf_counter()
    on_disk = np.lib.format.open_memmap(
        path, mode="w+", dtype=np.uint8, shape=(n_melodies, X.shape[1])
    )
    for rows in gen_batches(n_melodies, _CHUNK):
        n = rows.stop - rows.start
        on_disk[rows] = recombine_measures(X, n, random_state=rng)
    on_disk.flush()
    yield time.perf_counter() - start


def _settings():
    return dict(h=_H, batch_size=_BATCH_SIZE, random_state=0)


def _partial_fit(path):
    """Train for one epoch; yield a record after each tenth."""
    X = np.load(path, mmap_mode="r")
    encoder = PianoRollEncoder(PITCH_RANGE, sparse_output=True).fit(X[:1])
    first = encoder.transform(X[:_BATCH_SIZE])
    Autoencoder(**_settings()).partial_fit(first)  # compiles
    model, start, done = Autoencoder(**_settings()), time.perf_counter(), 0
    for rows in gen_batches(len(X), _CHUNK):
        model.partial_fit(encoder.transform(X[rows]))
        if rows.stop * _N_PARTS // len(X) > done:
            done += 1
            seconds, start = time.perf_counter() - start, time.perf_counter()
            yield _record(rows.stop, seconds, model.loss_)


def _fit(path, n_melodies):
    """Train the pipeline on the first melodies of the file."""
    X = np.load(path, mmap_mode="r")[:n_melodies]
    encoder = PianoRollEncoder(PITCH_RANGE, sparse_output=True)
    model = make_pipeline(encoder, Autoencoder(**_settings(), max_iter=2))
    start = time.perf_counter()
    model.fit(X)
    yield _record(n_melodies, time.perf_counter() - start, model[-1].loss_)


def _record(n_melodies, seconds, loss):
    return {
        "melodies": n_melodies,
        "seconds": seconds,
        "loss": loss,
        "resident": memory.resident(),
        "peak": memory.peak(),
    }


def report(records):
    """A table for each case."""
    return "\n\n".join([_EXPLANATION, *map(_section, records)])


_EXPLANATION = f"""\
Melodies recombined from the bundled tunes, a byte a step, in a file that is mapped into
memory. Resident memory is that of the whole process, in MiB, including the mapped part
of the file; *peak* is the maximum up to then. As dense float32 a million such
piano rolls take {1_000_000 * 3968 * 4 / 2**30:.0f} GiB."""


def _section(record):
    parts = record["parts"]
    rows = [
        [
            f"{part['melodies']:,}",
            f"{part['seconds']:.1f}",
            f"{part['loss']:.1f}",
            mebibytes(part["resident"]),
            mebibytes(part["peak"]),
        ]
        for part in parts
    ]
    lines = [f"### {record['case']}"]
    if "writing" in record:
        lines.append(f"Recombined and written in {record['writing']:.0f} s.")
    header = ["melodies", "seconds for these", "loss", "resident", "peak"]
    lines.append(table(header, rows))
    if len(parts) > 1:
        seconds = [part["seconds"] for part in parts]
        lines.append(
            f"Slowest part / fastest {max(seconds) / min(seconds):.3f}, last / first "
            f"{seconds[-1] / seconds[0]:.3f}; {sum(seconds):.0f} s in all."
        )
    return "\n\n".join(lines)
