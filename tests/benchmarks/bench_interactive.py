"""One melody encoded and decoded again, ours and PyTorch in turn."""

import time
from statistics import median

import joblib
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder
from sklearn_c2c.melody import HOLD, mend_orphan_holds
from tests.benchmarks.corpora import PITCH_RANGE, melodies
from tests.benchmarks.fresh import iterate
from tests.benchmarks.tables import table

TITLE = "One melody, encoded and decoded"

_H, _N_CALLS = 512, 1000


def measure(options):
    """Time many calls in a process that holds nothing else."""
    yield from iterate(_calls)


def _calls():
    X = melodies(75)
    encoder = PianoRollEncoder(PITCH_RANGE)
    model = make_pipeline(encoder, Autoencoder(_H, max_iter=20, random_state=0)).fit(X)

    def ours(row):
        return model.inverse_transform(model.transform(row[np.newaxis]))[0]

    ways = {"sklearn_c2c, Pipeline": ours, **_in_pytorch(model)}
    for row in X:
        expected = ours(row)
        for way in ways.values():
            assert np.array_equal(mend_orphan_holds(way(row)), expected)
    seconds = {name: [] for name in ways}
    for i in range(_N_CALLS):
        for name, way in ways.items():
            start = time.perf_counter()
            way(X[i % len(X)])
            seconds[name].append(time.perf_counter() - start)
    yield {
        "case": f"h={_H}",
        "seconds": {name: median(found) for name, found in seconds.items()},
    }


def _in_pytorch(model):
    """The same network, of dense rows and of the list of their columns that are 1."""
    import torch

    torch.set_num_threads(joblib.cpu_count())
    encoder, autoencoder = model
    weights = [torch.from_numpy(coef) for coef in autoencoder.coefs_]
    biases = [torch.from_numpy(intercept) for intercept in autoencoder.intercepts_]
    transposed = [weight.T.contiguous() for weight in weights]
    codes = torch.from_numpy(encoder.tokens_)
    n_tokens = len(codes)
    token_of = torch.zeros(HOLD + 1, dtype=torch.long)
    token_of[codes.long()] = torch.arange(n_tokens)
    linear, bag = torch.nn.functional.linear, torch.nn.functional.embedding_bag

    def decode(code):
        logits = linear(torch.sigmoid(code), transposed[1], biases[1])
        return codes[logits.reshape(-1, n_tokens).argmax(dim=1)].numpy()

    @torch.inference_mode()
    def dense(row):
        tokens = token_of[torch.from_numpy(row).long()]
        roll = torch.nn.functional.one_hot(tokens, n_tokens).float().reshape(1, -1)
        return decode(linear(roll, transposed[0], biases[0]))

    steps = torch.arange(len(weights[0]) // n_tokens) * n_tokens

    @torch.inference_mode()
    def columns(row):
        tokens = token_of[torch.from_numpy(row).long()] + steps
        return decode(bag(tokens[None], weights[0], mode="sum") + biases[0])

    return {"PyTorch": dense, "PyTorch, EmbeddingBag": columns}


def report(records):
    """Microseconds a call."""
    record = records[-1]
    times = record["seconds"]
    ours = next(iter(times.values()))
    rows = [[name, f"{1e6 * t:.0f}", f"{t / ours:.2f}"] for name, t in times.items()]
    return (
        f"A row of steps to its latent vector and back to a row, {record['case']}: "
        f"median of {_N_CALLS:,} calls each, in turn. All give the same melodies. Ours "
        "checks its input, as scikit-learn's estimators do: the checks of four steps "
        "and the Pipeline are more than half of its time.\n\n"
        + table(["", "µs", "/ ours"], rows)
    )
