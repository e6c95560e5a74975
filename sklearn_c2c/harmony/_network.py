"""Layers, training and saved attributes of a `Harmonizer`."""

from functools import partial
from itertools import pairwise

import numpy as np
from sklearn.utils import check_random_state

from sklearn_c2c._data import loss_limit
from sklearn_c2c._epochs import History
from sklearn_c2c._fitted import FLOATS, Ascending, OneOf, Whole
from sklearn_c2c._nn import initial
from sklearn_c2c._nn.adam import Adam, FallingAdam, fresh
from sklearn_c2c._nn.layers import Activation
from sklearn_c2c._nn.recurrent import ClippedAdam
from sklearn_c2c._transitions import transitions_form
from sklearn_c2c.autoencoder import (
    CELLS,
    Layer,
    NetworkMixin,
    Training,
    check_fitted_sizes,
    checked_sizes,
    network_form,
)
from sklearn_c2c.harmony._decoding import Voice
from sklearn_c2c.harmony._layout import Layout
from sklearn_c2c.harmony._stack import (
    DIRECTIONS,
    HarmonyStack,
    RecurrentHarmonyStack,
)
from sklearn_c2c.melody import N_PITCHES

# Most voices of a model that is read from a file.
_MOST_VOICES = 64

# Largest norm of the gradient of all weights of a recurrent network together.
_CLIP_NORM = 1.0


class HarmonyNetworkMixin(NetworkMixin):
    """The network of a `Harmonizer`: dense, or with recurrent layers."""

    _size_parameters: tuple = (
        "hidden_layer_sizes",
        "cell",
        "n_units",
        "window",
        "steps_per_measure",
    )

    # Windows of one piece overlap, so none of them is set aside for validation.
    early_stopping, validation_fraction = False, 0.1

    def _layout(self):
        return Layout(
            *self.pitch_range_,
            self.n_added_,
            self.n_features_in_,
            self._window,
            self.steps_per_measure,
            self.sees_phrase_ends_,
        )

    @property
    def _window(self):
        """Steps that are seen on each side; beyond a row there is nothing."""
        return self.window and min(self.window, self.n_features_in_ - 1)

    def _named_shapes(self, layout):
        """Shapes of the layers, by their names."""
        hidden = checked_sizes(self.hidden_layer_sizes)
        if self.cell is None:
            if not hidden:
                raise ValueError(
                    "hidden_layer_sizes must have at least one layer, got ()."
                )
            return _dense_shapes(layout.n_inputs, *hidden, layout.n_outputs)
        if self.window is None:
            raise ValueError(
                f"window=None is for networks that see whole rows at once; with "
                f"cell={self.cell!r} steps are read one after the other. Set window to "
                f"an integer, such as 0."
            )
        n, n_sums = int(self.n_units), CELLS[self.cell].n_gates * int(self.n_units)
        shapes = {}
        for name in DIRECTIONS:
            shapes[f"{name} inputs"] = layout.n_inputs, n_sums
            shapes[f"{name} recurrence"] = n, n_sums
        return shapes | _dense_shapes(2 * n, *hidden, layout.n_outputs)

    def _network(self, X, y, resumes):
        layout = self._layout()
        shapes, dtype = self._named_shapes(layout), FLOATS[0]
        self._check_sizes(layout.n_inputs, dtype, [*shapes.values()], resumes)
        history, n_updates = History(check_random_state(self.random_state)), 0
        if resumes:
            layers, n_updates = self._resumed_layers(history)
        else:
            layers = self._initial_layers(shapes, dtype, history.rng)
        last = history.n_epochs + self.max_iter

        def share():
            return (last - history.n_epochs) / self.max_iter

        if self.cell is None:
            make = partial(FallingAdam, share=share)
            adam = self._optimizer(dtype, n_updates, make=make)
        else:
            adam = self._optimizer(dtype, n_updates, make=Adam)
            adam = ClippedAdam(adam, _CLIP_NORM, share)
        limit = loss_limit(np.zeros((1, y[0].size * self._group_size(layout)), bool))
        return self._stack(layers, layout, Training(adam, history, limit, True))

    def _initial_layers(self, shapes, dtype, rng):
        layers = []
        for name, shape in shapes.items():
            is_recurrence = name.endswith("recurrence")
            draw = initial.orthogonal if is_recurrence else initial.glorot
            intercept = np.zeros(shape[1], dtype)
            if is_recurrence:
                intercept = CELLS[self.cell].initial_intercept(shape[0], dtype)
            layers.append(Layer(fresh(draw(rng, *shape, dtype)), fresh(intercept)))
        return layers

    @staticmethod
    def _group_size(layout):
        return layout.n_pitches + 2

    def _stack(self, layers, layout, training=None):
        group_size = self._group_size(layout)
        settings = {"layout": layout, "chain": self.chain, "noise": self.noise}
        if self.cell is None:
            code = Activation(self.hidden_activation)
            wired = layers, self.hidden_activation, code, group_size, training
            return HarmonyStack(*wired, **settings)
        layers = dict(zip(self._named_shapes(layout), layers, strict=True))
        wired = layers, self.hidden_activation, group_size, training
        return RecurrentHarmonyStack(*wired, cell=CELLS[self.cell], **settings)

    def _fitted_stack(self):
        layout = self._layout()
        # Kernels read as many weights as the parameters say.
        shapes = [*self._named_shapes(layout).values()]
        check_fitted_sizes(self, shapes, "use the fitted weights")
        return self._stack(self._fitted_layers(), layout)

    def _fitted_attributes(self, X, network):
        return self._training_attributes(network)

    def _fitted_form(self):
        """Forms of the fitted attributes, see `_fitted`."""
        fitted, dtype = vars(self), (FLOATS[0],)
        pitch_range = Ascending(2, 0, N_PITCHES - 1)
        is_known = pitch_range.accepts(fitted.get("pitch_range_"))
        low, high = fitted["pitch_range_"] if is_known else (0, N_PITCHES - 1)
        is_known = Whole(1, _MOST_VOICES).accepts(fitted.get("n_added_"))
        n_added = fitted["n_added_"] if is_known else 1
        sizes = n_added, self.n_features_in_, self._window, self.steps_per_measure
        sees_ends = fitted.get("sees_phrase_ends_") is True
        layout = Layout(low, high, *sizes, sees_ends)
        limits, found = fitted.get("voice_ranges_"), fitted.get("transitions_")
        voice_range = Ascending(2, low, high)
        if type(limits) is not list or not all(map(voice_range.accepts, limits)):
            limits = []
        is_list = type(found) is list and len(found) == len(limits)
        transitions = [
            transitions_form(one, Voice(*voice_range, None).tokens)
            for one, voice_range in zip(found if is_list else [], limits, strict=False)
        ]
        shapes = [*self._named_shapes(layout).values()]
        return {
            "n_added_": Whole(1, _MOST_VOICES),
            "pitch_range_": pitch_range,
            "voice_ranges_": [voice_range] * n_added,
            "transitions_": transitions,
            "sees_phrase_ends_": OneOf((False, True)),
            **network_form(self, shapes, dtype),
        }


def _dense_shapes(*sizes):
    """Shapes of dense layers between these sizes, by their names."""
    return {f"dense {i}": shape for i, shape in enumerate(pairwise(sizes))}
