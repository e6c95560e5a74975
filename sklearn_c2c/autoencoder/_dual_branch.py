"""The autoencoder with a branch of latent variables for each of two sets of labels."""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from sklearn.preprocessing import LabelEncoder
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_consistent_length

from sklearn_c2c._fitted import check_form
from sklearn_c2c._nn import initial
from sklearn_c2c._nn.activations import ACTIVATIONS
from sklearn_c2c._nn.adam import fresh
from sklearn_c2c._nn.layers import Activation
from sklearn_c2c.autoencoder._base import BaseAutoencoder
from sklearn_c2c.autoencoder._dual_stack import DualBranchStack, Sight
from sklearn_c2c.autoencoder._stack import Layer

# Fewest and most sets of labels.
_LABEL_SETS = 1, 2

# Kinds of NumPy types that a label may have: boolean, integer, float, string.
_LABEL_KINDS = "biufU"


class DualBranchAutoencoder(BaseAutoencoder):
    """Compress data to two branches, each with the information on one set of labels.

    The latent vector is ``z = (z_a, z_b)``, and the decoder reconstructs from both. A
    linear softmax classifier on each branch predicts the branch's labels. An adversary,
    a linear classifier too, predicts the labels of the other branch, and the encoder is
    trained against it, so that a branch holds no information on the other branch's
    labels that a linear classifier could use. Encoder, decoder and classifiers
    minimise, by Adam,

        CE(x, x') + classification_weight * sum_k CE(y_k, classifier_k(z_k))
        + adversarial_weight * sum_k success of adversary k on z_j, j the other branch,

    the cross-entropies in nats a sample.

    With one set of labels, `z_a` predicts it and `z_b` holds the rest of the data; an
    adversary keeps information on the labels out of `z_b`.

    Parameters
    ----------
    h_a : int, default=16
        Number of latent variables of the branch of the first labels.

    h_b : int, default=16
        Number of latent variables of the other branch.

    activation : {"sigmoid", "tanh", "relu", "identity"}, default="tanh"
        The function of the latent variables.

    hidden_layer_sizes : tuple of int, default=()
        Sizes of further layers between the data and the latent variables, which both
        branches share; the decoder has the same in reverse.

    hidden_activation : {"sigmoid", "tanh", "relu", "identity"}, default="tanh"
        The function of the further layers.

    classification_weight : float, default=1.0
        Weight of the classifiers' loss.

    adversarial_weight : float, default=1.0
        Weight of the adversaries' success in the loss of the encoder; with 0 the
        adversaries are trained without an effect on it.

    adversary : {"best", "trained"}, default="best"
        The adversary whose success counts. "best": the best linear one of each batch,
        in closed form: the share of each latent's variance that lies between the
        classes of the other branch's labels, summed over latents. "trained": minus the
        cross-entropy of the adversaries that are trained along, by gradient reversal.
        These are trained with "best" too: `adversary_curve_` shows what they still
        predict.

    output : {"softmax", "sigmoid"}, default="softmax"
        "softmax": the outputs of each group of columns (each time step) sum to 1, with
        categorical cross-entropy. "sigmoid": each output is a probability of its own,
        with binary cross-entropy.

    group_size : int, default=None
        Columns of a group for "softmax". None infers it from one-hot data; data that
        is not one-hot in groups of equal size makes one group of all columns, with a
        warning.

    init : {"auto", "pca", "glorot"}, default="auto"
        Initial weights of encoder and decoder, as of `Autoencoder`. Those of
        classifiers and adversaries are random, uniform.

    output_bias_init : {"marginals", "zeros"}, default="marginals"
        Initial output biases. "marginals": the log-odds of each column's mean, so
        that training starts from the average of the data.

    learning_rate_init : float, default=0.003
        Learning rate of Adam.

    beta_1 : float in [0, 1), default=0.9
        Decay of Adam's first moment.

    beta_2 : float in [0, 1), default=0.999
        Decay of Adam's second moment.

    epsilon : float, default=1e-8
        Added to the root of Adam's second moment.

    batch_size : int, default=20
        Samples per update of Adam; the last batch of an epoch may be smaller.

    max_iter : int, default=100
        Epochs: passes over the data.

    shuffle : bool, default=True
        Whether to draw a new order of the samples for each epoch.

    early_stopping : bool, default=False
        Whether to set `validation_fraction` of the samples aside, stop when their loss
        (`loss_`) no longer falls, and keep the weights that were best on them.

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
    branches_ : dict of str to slice
        Columns of a latent vector by the name of their branch, "a" and "b".

    classes_ : list of ndarray
        Labels of each set, in ascending order.

    coefs_ : list of ndarray
        Weights of the layers, each of shape (n_in, n_out): encoder, decoder, the
        classifier of each set of labels, the adversary of each set.

    intercepts_ : list of ndarray
        Biases of the layers, each of shape (n_out,).

    latent_min_, latent_max_, latent_mean_, latent_std_ : ndarray of shape (h,)
        Least, largest and mean value and standard deviation of each latent variable
        over the data of the last `fit` or `partial_fit`.

    loss_ : float
        Training loss of the last epoch: nats a sample.

    loss_curve_ : list of float
        Training loss of each epoch: reconstruction and weighted classification, without
        the success of adversaries.

    reconstruction_curve_ : list of float
        Cross-entropy of the reconstruction in each epoch, nats a sample.

    classification_curve_ : list of float
        Cross-entropy of the classifiers in each epoch, nats a sample, not weighted.

    adversary_curve_ : list of float
        Cross-entropy of the trained adversaries in each epoch, nats a sample, not
        weighted. They predict nothing when it is the entropy of the labels: the
        logarithm of the number of classes if these are equally frequent.

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
    Autoencoder : Without labels.

    Notes
    -----
    The labels limit how far branches can be separated: if the first labels predict the
    second ones, so does any branch that predicts the first. Choose label sets that are
    independent in the training data, by balanced samples for example.

    A linear classifier can do no better than chance on a branch if, and only if, the
    branch has the same mean in every class (Belrose et al.). A nonlinear classifier may
    still tell the classes apart.

    References
    ----------
    J.-P. Briot, "Compress to Create", section VI.

    T. Robert, N. Thome and M. Cord, "DualDis: Dual-Branch Disentangling with
    Adversarial Learning", 2019. Weights and layers of that work are not published with
    its abstract; those here are our own.

    Y. Ganin et al., "Domain-Adversarial Training of Neural Networks", JMLR 17, 2016,
    for gradient reversal.

    N. Belrose et al., "LEACE: Perfect Linear Concept Erasure in Closed Form", NeurIPS
    2023.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import DualBranchAutoencoder, PianoRollEncoder
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62], [62, 129, 62, 129]]
    >>> y = [["high", 3], ["low", 3], ["high", 4], ["low", 2]]
    >>> dual = DualBranchAutoencoder(h_a=2, h_b=3, random_state=0)
    >>> model = make_pipeline(PianoRollEncoder(), dual).fit(X, y)
    >>> Z = model.transform(X)
    >>> Z[:, dual.branches_["b"]].shape
    (4, 3)
    >>> model.inverse_transform(Z).tolist() == X
    True
    """

    __module__ = "sklearn_c2c"  # where it is public, and what model files name

    _parameter_constraints: dict = {
        **BaseAutoencoder._parameter_constraints,
        "h_a": [Interval(Integral, 1, None, closed="left")],
        "h_b": [Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "classification_weight": [Interval(Real, 0, None, closed="left")],
        "adversarial_weight": [Interval(Real, 0, None, closed="left")],
        "adversary": [StrOptions({"best", "trained"})],
    }
    del _parameter_constraints["h"]
    _curves: dict = {
        "loss": "loss_curve_",
        "reconstruction": "reconstruction_curve_",
        "classification": "classification_curve_",
        "adversary": "adversary_curve_",
    }

    def __init__(
        self,
        h_a=16,
        h_b=16,
        *,
        activation="tanh",
        hidden_layer_sizes=(),
        hidden_activation="tanh",
        classification_weight=1.0,
        adversarial_weight=1.0,
        adversary="best",
        output="softmax",
        group_size=None,
        init="auto",
        output_bias_init="marginals",
        learning_rate_init=0.003,
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
        self.h_a = h_a
        self.h_b = h_b
        self.activation = activation
        self.hidden_layer_sizes = hidden_layer_sizes
        self.hidden_activation = hidden_activation
        self.classification_weight = classification_weight
        self.adversarial_weight = adversarial_weight
        self.adversary = adversary
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

    @property
    def h(self):
        """Number of latent variables of both branches."""
        return self.h_a + self.h_b

    @property
    def branches_(self):
        """Columns of a latent vector by the name of their branch."""
        h_a = self.coefs_[-2 * len(self.classes_)].shape[0]
        return {"a": slice(0, h_a), "b": slice(h_a, self._n_features_out)}

    # ------------------------------------------------------------------ checks

    def _check_training_data(self, X, y, *, reset):
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None; expected one or two labels of each sample, of shape "
                "(n_samples, 2)."
            )
        X, _ = super()._check_training_data(X, y, reset=reset)
        columns = self._check_labels(y)
        check_consistent_length(X, columns[0])
        if reset:
            self.classes_ = [_classes(k, labels) for k, labels in enumerate(columns)]
        return X, self._one_hot(columns).astype(X.dtype)

    def _check_labels(self, y):
        """Each set of labels."""
        y = check_array(y, dtype=None, ensure_2d=False, input_name="y")
        columns = [_of_one_type(labels) for labels in y.reshape(len(y), -1).T]
        if not _LABEL_SETS[0] <= len(columns) <= _LABEL_SETS[1]:
            raise ValueError(
                f"Found y of shape {y.shape}; expected one or two columns of labels, "
                "one for each branch."
            )
        for labels in columns:
            check_classification_targets(labels)
        return columns

    def _one_hot(self, columns):
        """One-hot labels of all sets, side by side."""
        if len(columns) != len(self.classes_):
            raise ValueError(
                f"Found {len(columns)} sets of labels in y; expected "
                f"{len(self.classes_)}, as before."
            )
        sets = []
        for k, (labels, classes) in enumerate(zip(columns, self.classes_, strict=True)):
            members = labels[:, np.newaxis] == classes
            if strange := set(labels[~members.any(axis=1)].tolist()):
                raise ValueError(
                    f"Found labels {sorted(strange)[:5]} in column {k} of y; expected "
                    f"those of the first call, {classes.tolist()[:5]}."
                )
            sets.append(members)
        return np.hstack(sets)

    # ------------------------------------------------------------------ layers

    def _code_activation(self):
        return self.activation

    def _code_width(self):
        return self.h

    def _layer_shapes(self, *data):
        """Shapes of all weight matrices: of encoder, decoder, classifiers, adversaries.

        A branch has the classifier of its own labels, and the adversary of the others.
        """
        n_classes = [len(classes) for classes in self.classes_]
        h = self.h_a, self.h_b
        classifiers = [*zip(h, n_classes, strict=False)]
        adversaries = [*zip(h[::-1], n_classes, strict=False)]
        return super()._layer_shapes(*data) + classifiers + adversaries

    def _initial_layers(self, X, shapes, group_size, rng):
        n = len(shapes) - 2 * len(self.classes_)
        layers = super()._initial_layers(X, shapes[:n], group_size, rng)
        for n_in, n_out in shapes[n:]:
            coef = initial.glorot(rng, n_in, n_out, X.dtype)
            layers.append(Layer(fresh(coef), fresh(np.zeros(n_out, X.dtype))))
        return layers

    def _stack(self, layers, group_size, training=None):
        code = Activation(self.activation)
        wired = layers, self.hidden_activation, code, group_size, training
        return DualBranchStack(
            *wired,
            sights=self._sights(),
            classification_weight=self.classification_weight,
            adversarial_weight=self.adversarial_weight,
            trusts_adversary=self.adversary == "trained",
        )

    def _sights(self):
        """Branch and labels of each classifier, then of each adversary."""
        branches = slice(0, self.h_a), slice(self.h_a, self.h)
        ends = np.cumsum([0, *map(len, self.classes_)])
        sets = [slice(*ends[k : k + 2]) for k in range(len(self.classes_))]
        return [
            Sight(branch, labels)
            for order in (branches, branches[::-1])
            for branch, labels in zip(order, sets, strict=False)
        ]

    # -------------------------------------------------------------- attributes

    def _fitted_form(self):
        found = vars(self).get("classes_")
        n_sets = len(found) if isinstance(found, list) else _LABEL_SETS[1]
        classes = [Labels()] * int(np.clip(n_sets, *_LABEL_SETS))
        check_form(f"{type(self).__name__}.classes_", found, classes)
        return super()._fitted_form() | {"classes_": classes}

    @property
    def _n_features_out(self):
        decoder = (len(self.coefs_) - 2 * len(self.classes_)) // 2
        return self.coefs_[decoder].shape[0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        return tags


@dataclass(frozen=True)
class Labels:
    """Two or more labels, in ascending order."""

    def accepts(self, value):
        """Whether a value is an array of them."""
        return (
            type(value) is np.ndarray
            and value.ndim == 1
            and len(value) > 1
            and value.dtype.kind in _LABEL_KINDS
            and bool((value[:-1] < value[1:]).all())
        )

    def __str__(self):
        return "an array of two or more labels, ascending"


def _of_one_type(labels):
    """Labels of object type, as a table gives them, as an array of their own type."""
    if labels.dtype != object:
        return labels
    LabelEncoder().fit(labels)  # refuses numbers among strings
    return np.array(labels.tolist())


def _classes(k, labels):
    """Labels of a set, in ascending order."""
    classes = np.unique(labels)
    if len(classes) < 2:
        raise ValueError(
            f"Found 1 class in column {k} of y, {classes.tolist()}; expected at least "
            "two, as the first call must know all classes."
        )
    return classes
