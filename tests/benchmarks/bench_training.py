"""Epochs of the paper's networks, ours and PyTorch's side by side in one process.

    python tests/benchmarks/bench_training.py [--variational] [--h 1500] [--rounds 15]

Same data (the 75 reels), same minibatches of 20, same loss, same optimizer, all cores.
The two take turns, an epoch each; medians and their ratio are printed. Needs the extra
``benchmark``.
"""

import argparse
import statistics
import time

import joblib
import numpy as np
import torch
from scipy import sparse

from sklearn_c2c import (
    Autoencoder,
    PianoRollEncoder,
    VariationalAutoencoder,
    _threads,
)
from sklearn_c2c.datasets import load_celtic

SETTINGS = dict(
    output="sigmoid",
    init="glorot",
    output_bias_init="zeros",
    learning_rate_init=1e-3,
    random_state=0,
)


def our_epochs(roll, h, variational):
    kind = VariationalAutoencoder if variational else Autoencoder
    model = kind(h, **SETTINGS)
    X = sparse.csr_array(roll)
    state = model._start(X)
    with _threads.Workers() as workers:
        network = model._network(X, state, workers)
        while True:
            model._train_epoch(X, state, *network)
            yield state.loss_curve[-1]


class TorchAutoencoder(torch.nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.encoder, self.decoder = torch.nn.Linear(d, h), torch.nn.Linear(h, d)

    def forward(self, x):
        return self.decoder(torch.sigmoid(self.encoder(x))), 0.0


class TorchVariationalAutoencoder(torch.nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.encoder, self.decoder = torch.nn.Linear(d, 2 * h), torch.nn.Linear(h, d)

    def forward(self, x):
        mu, log_var = self.encoder(x).chunk(2, dim=1)
        z = mu + torch.exp(log_var / 2) * torch.randn_like(mu)
        kl = (mu * mu + torch.expm1(log_var) - log_var).sum() / 2
        return self.decoder(z), kl


def torch_epochs(roll, h, variational):
    torch.set_flush_denormal(True)
    torch.set_num_threads(joblib.cpu_count())
    X = torch.from_numpy(roll)
    kind = TorchVariationalAutoencoder if variational else TorchAutoencoder
    net = kind(X.shape[1], h)
    for layer in (net.encoder, net.decoder):
        torch.nn.init.xavier_uniform_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    rate = SETTINGS["learning_rate_init"]
    adam = torch.optim.Adam(net.parameters(), lr=rate, fused=True)
    criterion = torch.nn.BCEWithLogitsLoss(reduction="sum")
    while True:
        total = 0.0
        for batch in torch.randperm(len(X)).split(20):
            x = X[batch]
            adam.zero_grad()
            logits, kl = net(x)
            loss = criterion(logits, x) + kl
            (loss / len(batch)).backward()
            adam.step()
            total += loss.item()
        yield total / len(X)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variational", action="store_true")
    parser.add_argument("--h", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    roll = PianoRollEncoder((55, 83)).fit_transform(load_celtic().data)
    runs = {
        "sklearn_c2c": our_epochs(roll, options.h, options.variational),
        "PyTorch, fused Adam": torch_epochs(roll, options.h, options.variational),
    }
    times = {name: [] for name in runs}
    losses = {}
    for _ in range(options.rounds + 2):
        for name, epochs in runs.items():
            start = time.perf_counter()
            losses[name] = next(epochs)
            times[name].append(time.perf_counter() - start)
    medians = {
        name: 1e3 * statistics.median(seconds[2:]) for name, seconds in times.items()
    }
    for name, median in medians.items():
        spread = 1e3 * np.array(times[name][2:])
        print(
            f"{name:20} {median:7.1f} ms an epoch "
            f"({spread.min():.1f} to {spread.max():.1f}), last loss {losses[name]:.2f}"
        )
    ours, theirs = medians.values()
    print(f"ratio {theirs / ours:.2f}")


if __name__ == "__main__":
    main()
