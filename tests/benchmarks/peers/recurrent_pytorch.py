"""The same recurrent autoencoder as a PyTorch module, in the usual loop."""

import joblib
import torch
from torch.nn import functional

from tests.benchmarks.corpora import piano_roll
from tests.benchmarks.peers import EPSILON, LEARNING_RATE


class _Autoencoder(torch.nn.Module):
    def __init__(self, n_tokens, task):
        super().__init__()
        kind, n = getattr(torch.nn, task.cell), task.n_units
        self.reader = kind(n_tokens, n, bidirectional=True)
        self.code = torch.nn.Linear(2 * n, task.h)
        self.start = torch.nn.Linear(task.h, n)
        # The constant input goes beside the token.
        self.writer = kind(n_tokens + task.h, n)
        self.output = torch.nn.Linear(n, n_tokens)
        self._is_lstm = task.cell == "LSTM"

    def loss(self, X):
        """Cross-entropy of steps (n_steps, n_samples, n_tokens), teacher-forced."""
        states, _ = self.reader(X)
        n = states.shape[2] // 2
        # The last states: of the last step forwards, of the first one backwards.
        ends = torch.cat([states[-1, :, :n], states[0, :, n:]], dim=1)
        z = torch.tanh(self.code(ends))
        before = torch.cat([torch.zeros_like(X[:1]), X[:-1]])
        inputs = torch.cat([before, z.expand(len(X), *z.shape)], dim=2)
        start = torch.tanh(self.start(z))[None]
        start = (start, torch.zeros_like(start)) if self._is_lstm else start
        states, _ = self.writer(inputs, start)
        logits = self.output(states).flatten(0, 1)
        targets = X.argmax(dim=2).flatten()
        return functional.cross_entropy(logits, targets, reduction="sum")


def train(task, rows, turns):
    """Train as `peers` says, with the gradient's norm clipped at 1."""
    torch.set_flush_denormal(True)
    torch.set_num_threads(joblib.cpu_count())
    rows = rows.reshape(-1, task.n_steps)
    X = torch.from_numpy(piano_roll(rows, sparse_output=False))
    X = X.reshape(len(X), rows.shape[1], -1).transpose(0, 1).contiguous()
    net = _Autoencoder(X.shape[2], task)
    adam = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE, eps=EPSILON, fused=True)
    while turns.goes_on():
        total = 0.0
        for batch in torch.randperm(len(rows)).split(task.batch_size):
            adam.zero_grad()
            loss = net.loss(X[:, batch])
            (loss / len(batch)).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            adam.step()
            total += loss.item()
    return total / len(rows)
