"""A stack of two branches: the rhythm of melodies, and their pitches in order."""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from sklearn_c2c._nn.gaussian import split_code
from sklearn_c2c.autoencoder._stack import VariationalStack, chunks, collected


class Layout(NamedTuple):
    """Positions of the steps, measures and tokens of a melody among its columns.

    The tokens of a step are pitches, then hold, rest and, if there is one, the end, as
    far as there are columns.
    """

    n_tokens: int
    n_steps: int
    steps_per_measure: int
    has_end: bool = False

    @property
    def n_pitches(self):
        """Tokens that are pitches."""
        return max(1, self.n_tokens - 2 - self.has_end)

    @property
    def part_sizes(self):
        """Columns of a step's pitches, and of its rhythm: onset, hold, rest, end."""
        return self.n_pitches, self.n_tokens - self.n_pitches + 1

    @property
    def n_measures(self):
        """Measures, the last one of which may be shorter."""
        return -(-self.n_steps // self.steps_per_measure)


class Parts(NamedTuple):
    """The two parts of melodies.

    Parameters
    ----------
    pitches : {ndarray, csr_array} of shape (n_samples, n_steps * n_pitches)
        The k-th note of a measure stands in the k-th place of that measure, whatever
        its onset. Places without a note are 0.
    rhythm : ndarray of shape (n_samples, n_steps * n_rhythm)
        For each step, whether it is an onset, a hold, a rest or the end.
    """

    pitches: np.ndarray
    rhythm: np.ndarray


def split(X, layout):
    """Split melodies into pitches and rhythm.

    X may hold any real numbers: a step is an onset if a pitch has its largest value,
    and the value of an onset is the sum of the pitches, at most 1.

    Parameters
    ----------
    X : {ndarray, csr_array} of shape (n_samples, n_steps * n_tokens)
    layout : Layout

    Returns
    -------
    Parts
        The pitches are sparse if X is.
    """
    is_sparse = sparse.issparse(X)
    shape = X.shape[0], layout.n_steps, layout.n_tokens
    steps = (X.toarray() if is_sparse else X).reshape(shape)
    n_pitches = layout.n_pitches
    onset = steps[..., :n_pitches].sum(axis=2, keepdims=True)
    rhythm = np.concatenate([np.minimum(onset, 1), steps[..., n_pitches:]], axis=2)
    is_onset = steps.argmax(axis=2) < n_pitches
    pitches = np.zeros((*shape[:2], n_pitches), X.dtype)
    sample, step = np.nonzero(is_onset)
    place = _places(is_onset, layout)[sample, step]
    pitches[sample, place] = steps[sample, step, :n_pitches]
    pitches = pitches.reshape(shape[0], -1)
    if is_sparse:
        pitches = sparse.csr_array(pitches)
    return Parts(pitches, rhythm.reshape(shape[0], -1))


def split_all(X, layout):
    """`split` applied to chunks of rows, since it makes its rows of X dense."""
    pitches, rhythm = zip(*(split(rows, layout) for rows in chunks(X)), strict=True)
    stack = sparse.vstack if sparse.issparse(X) else np.vstack
    return Parts(stack(pitches), np.vstack(rhythm))


def _places(is_onset, layout):
    """For each step, the start of its measure plus the notes before it in there."""
    step = np.arange(layout.n_steps)
    start = step - step % layout.steps_per_measure
    before = np.cumsum(is_onset, axis=1) - is_onset
    return start + before - before[:, start]


def place(pitches, rhythm, layout):
    """Place pitches in order at the onsets of a rhythm.

    The steps of the rhythm are independent, so the number k of onsets before a step in
    its measure has a Poisson binomial distribution c, and

        ``P(pitch at step t) = P(onset at t) * sum_k c_t(k) * P(pitch of note k)``.

    Parameters
    ----------
    pitches : ndarray of shape (n_samples, n_steps * n_pitches)
        Probabilities of the pitches of the k-th note of a measure.
    rhythm : ndarray of shape (n_samples, n_steps * n_rhythm)
        Probabilities of onset, hold, rest and, if there is one, the end.
    layout : Layout

    Returns
    -------
    tokens : ndarray of shape (n_samples, n_steps * n_tokens)
        Probabilities of the tokens of each step.
    pull_back : callable
        Turns a gradient with respect to the tokens into those with respect to the
        pitches and to the rhythm.
    """
    notes = _by_measure(pitches, layout)
    steps = _by_measure(rhythm, layout)
    onset = steps[..., 0]
    counts, to_onset = _counts(onset)
    at_onset = counts @ notes
    tokens = np.concatenate([onset[..., np.newaxis] * at_onset, steps[..., 1:]], axis=3)

    def pull_back(delta):
        delta = _by_measure(delta, layout)
        to_pitch, to_rest = np.split(delta, [layout.n_pitches], axis=3)
        to_at_onset = onset[..., np.newaxis] * to_pitch
        delta_notes = counts.swapaxes(2, 3) @ to_at_onset
        delta_onset = (to_pitch * at_onset).sum(axis=3)
        delta_onset += to_onset(to_at_onset @ notes.swapaxes(2, 3))
        delta_steps = np.concatenate([delta_onset[..., np.newaxis], to_rest], axis=3)
        return _by_melody(delta_notes, layout), _by_melody(delta_steps, layout)

    return _by_melody(tokens, layout), pull_back


def _counts(onset):
    """Distributions of the number of onsets before each step.

    Parameters
    ----------
    onset : ndarray of shape (n_samples, n_measures, steps_per_measure)
        Probabilities.

    Returns
    -------
    counts : ndarray of shape (n_samples, n_measures, steps_per_measure, n_counts)
        ``c_{t+1}(k) = c_t(k) * (1 - onset_t) + c_t(k - 1) * onset_t``.
    pull_back : callable
    """
    n_steps = onset.shape[2]
    counts = np.zeros((*onset.shape, n_steps), onset.dtype)
    counts[:, :, 0, 0] = 1
    p = onset[..., np.newaxis]
    for t in range(n_steps - 1):
        counts[:, :, t + 1] = (1 - p[:, :, t]) * counts[:, :, t]
        counts[:, :, t + 1, 1:] += p[:, :, t] * counts[:, :, t, :-1]

    def pull_back(delta):
        delta_onset = np.zeros_like(onset)
        ahead = delta[:, :, -1]
        for t in reversed(range(n_steps - 1)):
            before = counts[:, :, t]
            step_on = (ahead[..., 1:] * before[..., :-1]).sum(axis=2)
            delta_onset[:, :, t] = step_on - (ahead * before).sum(axis=2)
            passed = (1 - p[:, :, t]) * ahead
            passed[..., :-1] += p[:, :, t] * ahead[..., 1:]
            ahead = passed + delta[:, :, t]
        return delta_onset

    return counts, pull_back


def _by_measure(A, layout):
    """Split columns into measures and steps; zeros fill up the last measure."""
    steps = A.reshape(len(A), layout.n_steps, -1)
    n_measures, n_steps = layout.n_measures, layout.steps_per_measure
    if n_measures * n_steps > layout.n_steps:
        missing = n_measures * n_steps - layout.n_steps
        steps = np.pad(steps, ((0, 0), (0, missing), (0, 0)))
    return steps.reshape(len(A), n_measures, n_steps, -1)


def _by_melody(A, layout):
    """Undo `_by_measure`."""
    steps = A.reshape(len(A), -1, A.shape[-1])[:, : layout.n_steps]
    return np.ascontiguousarray(steps.reshape(len(A), -1))


class PitchRhythmStack(VariationalStack):
    """A stack of two branches: the latents of the pitches, then of the rhythm.

    Parameters
    ----------
    pitch, rhythm : Stack
        Stacks of the parts of melodies. Encoders give means and log variances.
    code : GaussianCode
    layout : Layout
    training : Training, default=None
        None if the stack is not trained.
    beta : float
        Weight of the divergence, in evaluation.
    weight_of : callable
        Function of the number of epochs before: the weight in the next one.
    """

    def __init__(self, pitch, rhythm, code, layout, training=None, *, beta, weight_of):
        self.pitch, self.rhythm = pitch, rhythm
        self.layers = pitch.layers + rhythm.layers
        self.code, self.layout, self.training = code, layout, training
        self.group_size = layout.n_tokens
        self.beta, self._weight_of = beta, weight_of

    def __enter__(self):
        self.pitch.__enter__()
        self.rhythm.__enter__()
        return self

    def __exit__(self, *exception):
        self.rhythm.__exit__(*exception)
        self.pitch.__exit__(*exception)

    # ---------------------------------------------------------------------- wiring

    def encoder(self, parts):
        """Means of all latent variables, then log variances, and their pull-back."""
        a_pitch, to_pitch = self.pitch.encoder(parts.pitches)
        a_rhythm, to_rhythm = self.rhythm.encoder(parts.rhythm)
        halves = np.split(a_pitch, 2, axis=1), np.split(a_rhythm, 2, axis=1)
        a = np.hstack([half for pair in zip(*halves, strict=True) for half in pair])

        def pull_back(delta):
            means, log_vars = np.split(delta, 2, axis=1)
            means, log_vars = self._branches(means), self._branches(log_vars)
            to_pitch(np.hstack([means[0], log_vars[0]]))
            to_rhythm(np.hstack([means[1], log_vars[1]]))

        return a, pull_back

    def decoder(self, Z):
        """Logits of both parts, and their pull-back."""
        z_pitch, z_rhythm = self._branches(Z)
        pitches, to_pitch = self.pitch.decoder(z_pitch)
        rhythm, to_rhythm = self.rhythm.decoder(z_rhythm)

        def pull_back(deltas):
            return np.hstack([to_pitch(deltas.pitches), to_rhythm(deltas.rhythm)])

        return Parts(pitches, rhythm), pull_back

    def decode(self, Z):
        """Probabilities of latent vectors, and the pull-back to these."""
        z_pitch, z_rhythm = self._branches(Z)
        pitches, to_pitch = self.pitch.decode(z_pitch)
        rhythm, to_rhythm = self.rhythm.decode(z_rhythm)
        P, to_parts = place(pitches, rhythm, self.layout)

        def pull_back(delta):
            delta_pitches, delta_rhythm = to_parts(delta)
            return np.hstack([to_pitch(delta_pitches), to_rhythm(delta_rhythm)])

        return P, pull_back

    def loss(self, logits, parts):
        """Cross-entropies of both parts, summed, and their gradients."""
        pitch, delta_pitches = self.pitch.loss(logits.pitches, parts.pitches)
        rhythm, delta_rhythm = self.rhythm.loss(logits.rhythm, parts.rhythm)
        self._part_losses = {"pitch": pitch, "rhythm": rhythm}
        return pitch + rhythm, Parts(delta_pitches, delta_rhythm)

    def _branches(self, Z):
        """Columns of the pitches and of the rhythm."""
        n = self.pitch.decoder.layers[0].coef.value.shape[0]
        return np.ascontiguousarray(Z[:, :n]), np.ascontiguousarray(Z[:, n:])

    # ---------------------------------------------------------------- on melodies

    def latents(self, X):
        """Yield the latent vectors of all samples, chunk by chunk."""
        for rows in chunks(X):
            yield self.latent(self._encoded(rows))

    def posterior(self, X):
        """Means and log variances of the latent variables of all samples."""
        outputs = (self._encoded(rows) for rows in chunks(X))
        return split_code(collected(outputs, X.shape[0]))

    def _encoded(self, X):
        return self.encoder(split(X, self.layout))[0]

    def losses(self, X):
        """Losses of a chunk of samples with means for draws, nats summed over them."""
        return super().losses(split(X, self.layout))

    def step(self, X, y=None):
        """Update all weights along the mean loss of a batch; return its losses."""
        return super().step(split(X, self.layout)) | self._part_losses

    def apply_pending_updates(self):
        """Apply the missed updates to all weights, so that they can be read."""
        self.pitch.apply_pending_updates()
