"""Peers in the benchmarks: each trains the same network on the same melodies.

A peer's module has ``train(task, rows, turns, **settings)``: build the model, train it
on these melodies, an epoch for each of the `turns`, and return the mean loss of the
last epoch in nats a melody. All use sigmoid units, Glorot's uniform weights, zero
biases, float32 and Adam with a rate of 1e-3 on the cross-entropy summed over columns.
"""

from dataclasses import dataclass, field

LEARNING_RATE = 1e-3
EPSILON = 1e-8


@dataclass(frozen=True)
class Task:
    """A network and the data to train it on.

    Parameters
    ----------
    n_melodies : int
        75 are the reels.
    h : int
    batch_size : int
    variational : bool
        Whether latents are drawn from N(mu, sigma), at the cost of the divergence.
    """

    n_melodies: int = 75
    h: int = 1500
    batch_size: int = 20
    variational: bool = False

    def __str__(self):
        kind = "variational, " if self.variational else ""
        return (
            f"{kind}{self.n_melodies:,} melodies, h={self.h}, batch {self.batch_size}"
        )


@dataclass(frozen=True)
class Peer:
    """A peer: a module of this package, and its settings."""

    name: str
    module: str
    settings: dict = field(default_factory=dict)
    environment: dict = field(default_factory=dict)
    variational: bool = True


OURS = "sklearn_c2c"
PEERS = (
    Peer(OURS, "ours"),
    Peer("PyTorch", "pytorch"),
    Peer("PyTorch, compiled", "pytorch", {"compiled": True}),
    Peer(
        "PyTorch, compiled, EmbeddingBag",
        "pytorch",
        {"compiled": True, "roll": "columns"},
    ),
    Peer("Keras on JAX", "with_keras", environment={"KERAS_BACKEND": "jax"}),
    Peer("Keras on PyTorch", "with_keras", environment={"KERAS_BACKEND": "torch"}),
    Peer("scikit-learn, MLPClassifier", "mlp", variational=False),
    Peer(
        "scikit-learn, MLPClassifier, CSR",
        "mlp",
        {"sparse_input": True},
        variational=False,
    ),
)
# Takes part where memory is measured.
FRUGAL = Peer("PyTorch, dense by batch only", "pytorch", {"roll": "csr"})
