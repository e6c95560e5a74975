"""Forms of the fitted attributes of `SoftmaxRBM`, checked when a file is read."""

from sklearn_c2c._fitted import (
    Array,
    Curve,
    Divisor,
    Number,
    OneOf,
    Whole,
    averages_form,
    float_type,
    length,
    optimizer_form,
)


def fitted_form(model):
    """Forms of the fitted attributes, by the parameters and `n_features_in_`.

    Parameters
    ----------
    model : SoftmaxRBM
        A model that was read from a file as a fitted one.

    Returns
    -------
    dict of str to form
    """
    fitted, n_features = vars(model), model.n_features_in_
    group_size = fitted.get("group_size_")
    if not Divisor(n_features).accepts(group_size):
        group_size = n_features  # any, as the form of it fails
    n_groups = n_features // group_size
    window_size = model.window_size or n_groups
    n_windows = 1 + max(0, n_groups - window_size) // model.stride
    width, n_units = group_size * window_size, model.n_components
    dtype = (float_type([fitted.get("coef_")]),)
    shapes = (width, n_units), (n_units,), (n_features,)
    coef, hidden_bias, visible_bias = (Array(shape, dtype) for shape in shapes)
    latent = Array((n_windows * n_units,), dtype)
    n_epochs = fitted.get("n_iter_") if Whole(1).accepts(fitted.get("n_iter_")) else 1
    n_chains = length(fitted.get("chains_"), 0, least=1)
    is_validated = fitted.get("validation_loss_curve_") is not None
    form = {
        "group_size_": Divisor(n_features),
        "coef_": coef,
        "hidden_bias_": hidden_bias,
        "visible_bias_": visible_bias,
        "chains_": Array((n_chains, n_features), dtype),
        "latent_min_": latent,
        "latent_max_": latent,
        "latent_mean_": latent,
        "latent_std_": Array(latent.shape, dtype, low=0),
        "loss_": Number(),
        "loss_curve_": Curve(n_epochs),
        "validation_loss_curve_": Curve() if is_validated else OneOf((None,)),
        "n_iter_": Whole(1),
        "t_": Whole(1),
    }
    if "_optimizer_state" in fitted:
        form["_optimizer_state"] = optimizer_form(averages_form(shapes, dtype))
    return form
