"""The deterministic autoencoder."""

import numpy as np
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c._nn.activations import ACTIVATIONS
from sklearn_c2c._nn.layers import Activation
from sklearn_c2c.autoencoder._base import BaseAutoencoder
from sklearn_c2c.autoencoder._stack import Stack


class Autoencoder(BaseAutoencoder):
    """Compress data to `h` latent variables from which it can be reconstructed.

    ``z = f(x @ W1 + b1)`` and ``x' = g(z @ W2 + b2)``, trained with Adam to make the
    cross-entropy of x' against x small. `transform` gives z, `inverse_transform` x'.

    It is made for one-hot piano rolls (see `PianoRollEncoder`) and takes any values in
    [0, 1]. It computes in the type of the data, float32 or float64.

    Parameters
    ----------
    h : int, default=1500
        Number of latent variables, the size of the compressed vector.

    activation : {"sigmoid", "tanh", "relu", "identity"}, default="sigmoid"
        The function f of the latent variables.

    hidden_layer_sizes : tuple of int, default=()
        Sizes of further layers between the data and the latent variables; the decoder
        has the same in reverse.

    hidden_activation : {"sigmoid", "tanh", "relu", "identity"}, default="tanh"
        The function of the further layers.

    tied : bool, default=False
        Whether the decoder's weights are those of the encoder, transposed. Biases are
        its own.

    output : {"sigmoid", "softmax"}, default="sigmoid"
        The function g and the loss that goes with it. "sigmoid": each output is a
        probability of its own, with binary cross-entropy. "softmax": the outputs of
        each group of columns (each time step) sum to 1, with categorical cross-entropy.

    group_size : int, default=None
        Columns of a group for "softmax". None infers it from one-hot data; data that
        is not one-hot in groups of equal size makes one group of all columns, with a
        warning.

    init : {"auto", "pca", "glorot"}, default="auto"
        Initial weights. "pca": the leading principal components of the data, as
        far as there are any, the other units random. "glorot": all random, uniform.
        "auto": "pca" without hidden layers, "glorot" with them, since random layers in
        between do not pass on the components that the first layer encodes.

    output_bias_init : {"marginals", "zeros"}, default="marginals"
        Initial output biases. "marginals": the log-odds of each column's mean, so
        that training starts from the average of the data.

    learning_rate_init : float, default=0.01
        Learning rate of Adam.

    beta_1 : float in [0, 1), default=0.9
        Decay of Adam's first moment.

    beta_2 : float in [0, 1), default=0.999
        Decay of Adam's second moment.

    epsilon : float, default=1e-8
        Added to the root of Adam's second moment. The loss is summed over columns here;
        for a loss averaged over columns, as in Keras, the equivalent setting is this
        one divided by the number of columns.

    batch_size : int, default=20
        Samples per update of Adam; the last batch of an epoch may be smaller.

    max_iter : int, default=100
        Epochs: passes over the data.

    shuffle : bool, default=True
        Whether to draw a new order of the samples for each epoch.

    early_stopping : bool, default=False
        Whether to set `validation_fraction` of the samples aside, stop when their loss
        no longer falls, and keep the weights that were best on them.

    validation_fraction : float in (0, 1), default=0.1
        Share of samples set aside for early stopping.

    n_iter_no_change : int, default=30
        Training stops when neither the loss (the validation loss with `early_stopping`)
        nor its mean over the last `n_iter_no_change` epochs has fallen by `tol` below
        its minimum for this many epochs, and for at least a quarter of the epochs
        before them. The mean is defined from epoch `n_iter_no_change` on, so that
        training takes at least twice as many epochs.

    tol : float, default=1e-4
        Smallest fall of the loss, in nats a sample, that counts.

    warm_start : bool, default=False
        Whether `fit` goes on from the weights and moments of the last `fit`.

    random_state : int, RandomState instance or None, default=None
        For initial weights, validation split and order of the samples. An int gives
        the same bits in every run, with any number of threads.

    verbose : bool, default=False
        Whether to print the loss of each epoch. For a progress bar see `set_callbacks`
        and `sklearn.callback.ProgressBar`.

    Attributes
    ----------
    coefs_ : list of ndarray
        Weights of the layers, each of shape (n_in, n_out): encoder, then decoder.
        Without hidden layers (`n_features_in_`, h) and (h, `n_features_in_`).

    intercepts_ : list of ndarray
        Biases of the layers, each of shape (n_out,).

    latent_min_, latent_max_, latent_mean_, latent_std_ : ndarray of shape (h,)
        Least, largest and mean value and standard deviation of each latent variable
        over the data of the last `fit` or `partial_fit` (the paper's footnotes 17 and
        23).

    loss_ : float
        Training loss of the last epoch: nats a sample, summed over columns.

    loss_curve_ : list of float
        Training loss of each epoch.

    validation_loss_curve_ : list of float or None
        Validation loss of each epoch with `early_stopping`, otherwise None.

    group_size_ : int or None
        Columns of a softmax group; None with sigmoid output.

    n_iter_ : int
        Epochs trained, as `loss_curve_` over all calls of `partial_fit` and, with
        `warm_start`, of `fit`.

    t_ : int
        Samples seen in training.

    n_features_in_ : int
        Number of columns seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of columns seen during `fit`, where all are strings.

    See Also
    --------
    PianoRollEncoder : Makes the one-hot piano rolls of melodies.
    sklearn.decomposition.PCA : The linear counterpart.

    Notes
    -----
    A one-hot row is treated as a list of its ones: the first layer sums these rows of
    its weights in the forward pass and updates only them in the backward pass, so dense
    one-hot input and CSR input train alike.

    The setting of the paper, for n columns, is ``Autoencoder(h=1500, init="glorot",
    output_bias_init="zeros", learning_rate_init=1e-3, epsilon=1e-7 * n, tol=0,
    n_iter_no_change=100)``.

    References
    ----------
    J.-P. Briot, "Compress to Create", section IV.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder
    >>> from sklearn_c2c.melody import HOLD
    >>> X = [[62, HOLD, 64, 66], [66, 64, 62, HOLD], [69, 66, 62, 62]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=8, random_state=0))
    >>> Z = model.fit_transform(X)
    >>> Z.shape
    (3, 8)
    >>> model.inverse_transform(Z).tolist() == X
    True
    """

    __module__ = "sklearn_c2c"  # where it is public, and what model files name

    _parameter_constraints: dict = {
        **BaseAutoencoder._parameter_constraints,
        "activation": [StrOptions(set(ACTIVATIONS))],
        "tied": ["boolean"],
    }

    def __init__(
        self,
        h=1500,
        *,
        activation="sigmoid",
        hidden_layer_sizes=(),
        hidden_activation="tanh",
        tied=False,
        output="sigmoid",
        group_size=None,
        init="auto",
        output_bias_init="marginals",
        learning_rate_init=0.01,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        batch_size=20,
        max_iter=100,
        shuffle=True,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=30,
        tol=1e-4,
        warm_start=False,
        random_state=None,
        verbose=False,
    ):
        self.h = h
        self.activation = activation
        self.hidden_layer_sizes = hidden_layer_sizes
        self.hidden_activation = hidden_activation
        self.tied = tied
        self.output = output
        self.group_size = group_size
        self.init = init
        self.output_bias_init = output_bias_init
        self.learning_rate_init = learning_rate_init
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def encode_with_vjp(self, X):
        """Encode X, and return the vector-Jacobian product of encoding.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            As of `transform`.

        Returns
        -------
        Z : ndarray of shape (n_samples, h)
            As of `transform`.
        vjp : callable
            Takes the gradient of any quantity with respect to the latent vectors, and
            returns its gradient with respect to X, of shape (n_samples, n_features).
        """
        check_is_fitted(self)
        X = self._check_X(X, reset=False)
        with self._fitted_stack() as stack:
            a, to_encoder = stack.encoder(X)
            Z, to_code = stack.code(a)

        def vjp(cotangent):
            with stack:
                return to_encoder(to_code(np.asarray(cotangent, dtype=Z.dtype)))

        return Z, vjp

    def _code_activation(self):
        return self.activation

    def _code_width(self):
        return self.h

    def _stack(self, layers, group_size, training=None):
        code = Activation(self.activation)
        wired = layers, self.hidden_activation, code, group_size, training
        return Stack(*wired, tied=self.tied)
