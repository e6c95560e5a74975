"""Forms of the fitted attributes of an autoencoder, checked when a file is read."""

import numpy as np

from sklearn_c2c._fitted import Array, Curve, Divisor, Number, OneOf, Whole, float_type

# Most updates of an optimizer in a file that is accepted: it keeps a rate for each.
_MOST_UPDATES = 10**8

# Numbers in the state of the generator MT19937.
_GENERATOR_KEY = 624

_GENERATOR_FORM = {
    "bit_generator": OneOf(("MT19937",)),
    "state": {
        "key": Array((_GENERATOR_KEY,), (np.dtype(np.uint32),)),
        "pos": Whole(0, _GENERATOR_KEY),
    },
    "has_gauss": Whole(0, 1),
    "gauss": Number(),
}


def fitted_form(model, shapes):
    """Forms of the fitted attributes, by the parameters.

    Parameters
    ----------
    model : BaseAutoencoder
        A model that was read from a file as a fitted one.
    shapes : list of tuple of int
        Shapes of its layers.

    Returns
    -------
    dict of str to form
    """
    fitted = vars(model)
    dtype = (float_type(fitted.get("coefs_")),)
    n_epochs = fitted.get("n_iter_") if Whole(1).accepts(fitted.get("n_iter_")) else 1
    latent = Array((model.h,), dtype)
    is_softmax = model.output == "softmax"
    form = {
        # First, as the sizes of others may depend on it.
        "group_size_": Divisor(model.n_features_in_) if is_softmax else OneOf((None,)),
        "coefs_": [Array(shape, dtype) for shape in shapes],
        "intercepts_": [Array((n_out,), dtype) for _, n_out in shapes],
        "latent_min_": latent,
        "latent_max_": latent,
        "latent_mean_": latent,
        "latent_std_": Array((model.h,), dtype, low=0),
        "loss_": Number(),
        **dict.fromkeys(model._curves.values(), Curve(n_epochs)),
        "validation_loss_curve_": OneOf((None,)),
        "n_iter_": Whole(1),
        "t_": Whole(1),
    }
    if fitted.get("validation_loss_curve_") is not None:
        form["validation_loss_curve_"] = Curve()
    if "_optimizer_state" in fitted:
        form["_optimizer_state"] = {
            "moments": _averages_form(shapes, dtype),
            "step": Whole(0, _MOST_UPDATES),
            "rng": _GENERATOR_FORM,
        }
    return form


def _averages_form(shapes, dtype):
    """Two averages of each array of weights."""
    return [
        [
            average
            for array in (shape, shape[1:])
            for average in (Array(array, dtype), Array(array, dtype, low=0))
        ]
        for shape in shapes
    ]
