"""Forms of the fitted attributes of an autoencoder, checked when a file is read."""

from sklearn_c2c._fitted import (
    Array,
    Curve,
    Divisor,
    Number,
    OneOf,
    Whole,
    averages_form,
    float_type,
    optimizer_form,
)


def fitted_form(model, shapes):
    """Forms of the fitted attributes of an autoencoder, by the parameters.

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
    dtype = (float_type(vars(model).get("coefs_")),)
    latent = Array((model.h,), dtype)
    is_softmax = model.output == "softmax"
    return {
        # First, as the sizes of others may depend on it.
        "group_size_": Divisor(model.n_features_in_) if is_softmax else OneOf((None,)),
        **network_form(model, shapes, dtype),
        "latent_min_": latent,
        "latent_max_": latent,
        "latent_mean_": latent,
        "latent_std_": Array((model.h,), dtype, low=0),
    }


def network_form(model, shapes, dtype):
    """Forms of the attributes of a `NetworkMixin`.

    Parameters
    ----------
    model : NetworkMixin
    shapes : list of tuple of int
        Shapes of its layers.
    dtype : tuple of dtype
        Those that its weights may have.

    Returns
    -------
    dict of str to form
    """
    fitted = vars(model)
    n_epochs = fitted.get("n_iter_") if Whole(1).accepts(fitted.get("n_iter_")) else 1
    form = {
        "coefs_": [Array(shape, dtype) for shape in shapes],
        "intercepts_": [Array((n_out,), dtype) for _, n_out in shapes],
        "loss_": Number(),
        **dict.fromkeys(model._curves.values(), Curve(n_epochs)),
        "validation_loss_curve_": OneOf((None,)),
        "n_iter_": Whole(1),
        "t_": Whole(1),
    }
    if fitted.get("validation_loss_curve_") is not None:
        form["validation_loss_curve_"] = Curve()
    if "_optimizer_state" in fitted:
        form["_optimizer_state"] = optimizer_form(_averages_form(shapes, dtype))
    return form


def _averages_form(shapes, dtype):
    """Two averages of each array of weights."""
    return [averages_form((shape, shape[1:]), dtype) for shape in shapes]
