"""Weights, optimizer and sizes of a network in an estimator that trains by epochs."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_c2c._epochs import EpochTrainedMixin
from sklearn_c2c._nn.activations import ACTIVATIONS
from sklearn_c2c._nn.adam import Adam, fresh, resting
from sklearn_c2c._validation import check_memory
from sklearn_c2c.autoencoder._stack import Layer

# Arrays of a layer's size in training: the weights and Adam's two averages.
_ARRAYS_OF_A_LAYER = 3


class NetworkMixin(EpochTrainedMixin):
    """Fitted weights in `coefs_` and `intercepts_`, trained by Adam.

    An estimator names the parameters that determine its sizes in `_size_parameters`.
    """

    # Names of losses in training, and the fitted attributes that are their curves.
    _curves: dict = {"loss": "loss_curve_"}

    _parameter_constraints: dict = {
        "hidden_layer_sizes": [tuple, list],
        "hidden_activation": [StrOptions(set(ACTIVATIONS))],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def _dtype(self):
        return self.coefs_[0].dtype

    def _check_sizes(self, n_columns, dtype, shapes, resumes):
        if resumes:
            check_fitted_sizes(self, shapes, "go on training")
            return
        n_weights = sum(n_in * n_out for n_in, n_out in shapes)
        check_memory(
            _ARRAYS_OF_A_LAYER * n_weights * dtype.itemsize,
            f"Training with {size_settings(self)} on {n_columns} columns",
        )

    def _optimizer(self, dtype, n_updates, *, make=Adam):
        settings = self.learning_rate_init, self.beta_1, self.beta_2, self.epsilon
        return make(*settings, dtype, n_updates)

    def _fitted_layers(self):
        arrays = zip(self.coefs_, self.intercepts_, strict=True)
        return [Layer(resting(coef), resting(bias)) for coef, bias in arrays]

    def _resumed_layers(self, history):
        """Copies of the fitted weights, and the optimizer, if it was kept."""
        history.n_samples_seen = self.t_
        history.validation = list(self.validation_loss_curve_ or [])
        for name, attribute in self._curves.items():
            history.losses[name] = list(getattr(self, attribute))
        arrays = zip(self.coefs_, self.intercepts_, strict=True)
        layers = [
            Layer(fresh(coef.copy()), fresh(bias.copy())) for coef, bias in arrays
        ]
        if not hasattr(self, "_optimizer_state"):
            return layers, 0
        state = self._optimizer_state
        history.rng = np.random.RandomState()
        history.rng.set_state(state["rng"])
        for layer, averages in zip(layers, state["moments"], strict=True):
            parts = [*layer.coef[1:], *layer.intercept[1:]]
            for part, average in zip(parts, averages, strict=True):
                part[...] = average
        return layers, state["step"]

    def _training_attributes(self, network):
        history, layers = network.history, network.layers
        return {
            # Copies only tied weights, which are transposed views.
            "coefs_": [np.ascontiguousarray(layer.coef.value) for layer in layers],
            "intercepts_": [layer.intercept.value for layer in layers],
            "loss_": history.losses["loss"][-1],
            **{name: history.losses[loss] for loss, name in self._curves.items()},
            "validation_loss_curve_": history.validation or None,
            "n_iter_": history.n_epochs,
            "t_": history.n_samples_seen,
            "_optimizer_state": network.optimizer_state(),
        }


def check_fitted_sizes(model, shapes, task):
    """Check that the parameters of a model make layers of the shapes that were fitted.

    `task` is what cannot be done otherwise, for the error.
    """
    fitted = [coef.shape for coef in model.coefs_]
    if shapes != fitted:
        raise ValueError(
            f"Cannot {task}: {size_settings(model)} make layers {shapes}, but the "
            f"fitted ones are {fitted}. Set them back, or fit a clone."
        )


def size_settings(model):
    """The parameters that determine the sizes of the layers, for an error."""
    sizes = {name: getattr(model, name) for name in model._size_parameters}
    return " and ".join(f"{name}={size}" for name, size in sizes.items())


def checked_sizes(hidden_layer_sizes):
    """Sizes of hidden layers as plain integers."""
    hidden = list(hidden_layer_sizes)
    if not all(isinstance(n, Integral) and n >= 1 for n in hidden):
        raise ValueError(
            f"hidden_layer_sizes must be integers of at least 1, got {hidden}."
        )
    return list(map(int, hidden))  # NumPy integers of few bits overflow in products
