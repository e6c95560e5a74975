"""The machine of `SoftmaxRBM` in PyTorch: the same gradient, draws and Adam."""

import joblib
import torch

from tests.benchmarks.corpora import PITCH_RANGE, piano_roll
from tests.benchmarks.peers import EPSILON, LEARNING_RATE

_GROUP_SIZE = PITCH_RANGE[1] - PITCH_RANGE[0] + 3


class _Machine:
    def __init__(self, X, n_components):
        self.coef = 0.01 * torch.randn(X.shape[1], n_components)
        self.hidden_bias = torch.zeros(n_components)
        self.visible_bias = torch.log(X.mean(dim=0) + 1e-3)
        self.weights = [self.coef, self.hidden_bias, self.visible_bias]

    def hidden(self, V):
        """Probabilities of the hidden units."""
        return torch.sigmoid(torch.addmm(self.hidden_bias, V, self.coef))

    def gibbs(self, V):
        """One step of Gibbs sampling."""
        H = torch.bernoulli(self.hidden(V))
        logits = torch.addmm(self.visible_bias, H, self.coef.T)
        p = torch.softmax(logits.view(-1, _GROUP_SIZE), dim=1)
        drawn = torch.multinomial(p, 1)
        return torch.zeros_like(p).scatter_(1, drawn, 1).view(V.shape)

    def gradients(self, V):
        """Mean gradients of the free energy."""
        H = self.hidden(V)
        sums = V.T @ H, H.sum(dim=0), V.sum(dim=0)
        return [-total / len(V) for total in sums]


@torch.no_grad()
def train(task, rows, turns):
    """Train with persistent chains, or draw."""
    torch.manual_seed(0)
    torch.set_flush_denormal(True)
    torch.set_num_threads(joblib.cpu_count())
    X = torch.from_numpy(piano_roll(rows, sparse_output=False))
    machine = _Machine(X, task.n_components)
    adam = torch.optim.Adam(machine.weights, lr=LEARNING_RATE, eps=EPSILON, fused=True)
    chains, V = X[: task.batch_size], X[: task.n_drawn]
    while turns.goes_on():
        if task.n_drawn:
            for _ in range(task.n_gibbs):
                V = machine.gibbs(V)
            continue
        for batch in torch.randperm(len(X)).split(task.batch_size):
            chains = machine.gibbs(chains)
            parts = machine.gradients(X[batch]), machine.gradients(chains)
            for weights, data, model in zip(machine.weights, *parts, strict=True):
                weights.grad = data - model
            adam.step()
    return float("nan")
