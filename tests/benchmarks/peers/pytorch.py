"""A module trained in the usual loop, with the fused Adam and denormals flushed."""

import joblib
import torch
from torch.nn import functional

from tests.benchmarks.corpora import piano_roll
from tests.benchmarks.peers import EPSILON, LEARNING_RATE


class _Autoencoder(torch.nn.Module):
    """Of one-hot rows, or of the list of their columns that are 1."""

    def __init__(self, d, h, variational, columns):
        super().__init__()
        n_out = 2 * h if variational else h
        self._variational = variational
        self.encoder = (
            torch.nn.EmbeddingBag(d, n_out, mode="sum")
            if columns
            else torch.nn.Linear(d, n_out, bias=False)
        )
        self.bias = torch.nn.Parameter(torch.empty(n_out))
        self.decoder = torch.nn.Linear(h, d)
        for p in self.parameters():
            init = torch.nn.init
            init.xavier_uniform_(p) if p.ndim == 2 else init.zeros_(p)

    def loss(self, x, target):
        code = self.encoder(x) + self.bias
        z, kl = _draw(code) if self._variational else (torch.sigmoid(code), 0)
        cross_entropy = functional.binary_cross_entropy_with_logits
        return cross_entropy(self.decoder(z), target, reduction="sum") + kl


def _draw(code):
    mu, log_var = code.chunk(2, dim=1)
    z = mu + torch.exp(log_var / 2) * torch.randn_like(mu)
    return z, (mu * mu + torch.expm1(log_var) - log_var).sum() / 2


def train(task, rows, turns, *, compiled=False, roll="dense"):
    """``roll`` is the form of the melodies: "dense", "columns" or "csr"."""
    torch.set_flush_denormal(True)
    torch.set_num_threads(joblib.cpu_count())
    batch_of, n_columns = _batches(rows, roll)
    net = _Autoencoder(n_columns, task.h, task.variational, roll == "columns")
    adam = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE, eps=EPSILON, fused=True)

    def update(x, target):
        adam.zero_grad()
        loss = net.loss(x, target)
        (loss / len(target)).backward()
        adam.step()
        return loss

    if compiled:
        update = torch.compile(update, dynamic=False)
    while turns.goes_on():
        total = 0.0
        for batch in torch.randperm(task.n_melodies).split(task.batch_size):
            total += update(*batch_of(batch)).item()
    return total / task.n_melodies


def _batches(rows, roll):
    """A function from row numbers to input and target, and the number of columns."""
    if roll == "csr":
        csr = piano_roll(rows, sparse_output=True)

        def from_csr(batch):
            x = torch.from_numpy(csr[batch.numpy()].toarray())
            return x, x

        return from_csr, csr.shape[1]
    dense = torch.from_numpy(piano_roll(rows, sparse_output=False))
    if roll == "columns":
        columns = dense.nonzero()[:, 1].reshape(len(dense), -1)
        return lambda batch: (columns[batch], dense[batch]), dense.shape[1]

    def from_dense(batch):
        x = dense[batch]
        return x, x

    return from_dense, dense.shape[1]
