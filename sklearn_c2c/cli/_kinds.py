"""Kinds of model that the command trains, and the defaults of the library."""

import textwrap
from collections.abc import Callable
from inspect import signature
from types import SimpleNamespace
from typing import NamedTuple

import sklearn_c2c
from sklearn_c2c.cli._wording import CommandError

# Most melodies times epochs; fewest and most epochs.
_MOST_MELODIES = 40_000
FEWEST_EPOCHS, MOST_EPOCHS = 60, 200

# Tunes of the corpus for each latent variable; fewest and most latent variables.
_TUNES_A_LATENT = 4
SMALLEST_H, LARGEST_H = 32, 256

# Weight of the divergence, until it shrinks.
BETA = 10.0


# Limits of the measures of whole tunes.
SHORTEST_WHOLE, LONGEST_WHOLE = 4, 64

# Whole tunes: most measures times epochs; fewest and most epochs; tunes for each latent
# variable; fewest and most of those.
_MOST_MEASURES = 1_500_000
FEWEST_EPOCHS_WHOLE, MOST_EPOCHS_WHOLE = 30, 300
_TUNES_A_LATENT_WHOLE = 2
SMALLEST_H_WHOLE, LARGEST_H_WHOLE = 32, 128
# With them 128 units reconstruct 91 % of the steps of 104 tunes after 300 epochs.
_OF_WHOLE = {
    "beta": 0.01,
    "feedback_dropout": 0.5,
    "learning_rate_init": 0.005,
    "batch_size": 8,
}

# Processor time of a measure of 16 steps in an epoch, with 128 units.
_SECONDS_A_MEASURE = 4e-4


class Kind(NamedTuple):
    """A kind of model: the name of its estimator, and parameters of its encoder.

    `by_size` gives parameters of the estimator that follow from the corpus, from its
    rows, the steps of a measure, and the parameters that are given.
    """

    estimator: str
    encoder: dict
    help: str = ""
    by_size: Callable | None = None

    def make(self, n_steps, parameters):
        """Make a Pipeline; a measure has `n_steps` steps."""
        from sklearn.pipeline import make_pipeline

        if "steps_per_measure" in self.defaults():
            parameters = {"steps_per_measure": n_steps, **parameters}
        return make_pipeline(
            sklearn_c2c.PianoRollEncoder(steps_per_measure=n_steps, **self.encoder),
            getattr(sklearn_c2c, self.estimator)(**parameters),
        )

    def defaults(self):
        """Parameters of the estimator and their defaults."""
        return _defaults_of(getattr(sklearn_c2c, self.estimator))


def _by_tunes(rows, n_steps, given):
    """More latent variables and fewer epochs for more tunes."""
    n_tunes = len(rows)
    affordable = max(FEWEST_EPOCHS, min(MOST_EPOCHS, _MOST_MELODIES // n_tunes))
    n_epochs = given.get("max_iter", affordable)
    return {
        "h": max(SMALLEST_H, min(LARGEST_H, n_tunes // _TUNES_A_LATENT)),
        "beta": BETA,
        "max_iter": n_epochs,
        "kl_warmup": n_epochs // 2,
        "kl_cooldown": n_epochs // 4,
        "n_iter_no_change": n_epochs,
    }


def _by_measures(rows, n_steps, given):
    """More latent variables for more tunes, and fewer epochs for more measures."""
    n_latents = len(rows) // _TUNES_A_LATENT_WHOLE
    affordable = _MOST_MEASURES // _n_measures(rows, n_steps)
    affordable = max(FEWEST_EPOCHS_WHOLE, min(MOST_EPOCHS_WHOLE, affordable))
    n_epochs = given.get("max_iter", affordable)
    return {
        **_OF_WHOLE,
        "h": max(SMALLEST_H_WHOLE, min(LARGEST_H_WHOLE, n_latents)),
        "max_iter": n_epochs,
        "n_iter_no_change": n_epochs,
    }


def _n_measures(rows, n_steps):
    """Measures of all rows together."""
    from sklearn_c2c.melody import melody_lengths

    return max(1, int(melody_lengths(rows).sum()) // n_steps)


# The model without such an option.
USUAL = Kind("VariationalAutoencoder", {}, by_size=_by_tunes)
# By the option that asks for them.
KINDS = {
    "paper": Kind(
        "Autoencoder",
        {"transition_weight": 0},
        "the paper's autoencoder, its random vectors and its decoding",
    ),
    "variational": Kind(
        "VariationalAutoencoder",
        {},
        "a VariationalAutoencoder with the defaults of the library",
    ),
    "pitch-rhythm": Kind(
        "PitchRhythmAutoencoder",
        {},
        "a PitchRhythmAutoencoder, for swap",
    ),
    "whole": Kind(
        "VariationalRecurrentAutoencoder",
        {},
        "a VariationalRecurrentAutoencoder of whole tunes, each of its own length",
        _by_measures,
    ),
}


def is_whole(args):
    """Whether the command line asks for whole tunes."""
    return "whole" in args.kinds


def unfitted(args, rows, n_steps):
    """Make the model that the command line asks for, a Pipeline.

    Parameters
    ----------
    rows : ndarray of int, shape (n_melodies, n_steps)
        The corpus, whose size decides on the size of some models and their epochs.
    n_steps : int
        Steps of a measure.
    """
    kind, given = _kind(args), args.training
    own = kind.by_size(rows, n_steps, given) if kind.by_size else {}
    return kind.make(n_steps, {"random_state": args.seed, **own, **given})


def minutes(estimator, rows, n_steps):
    """Minutes that training takes on two cores; None for less than one, or unknown."""
    if not hasattr(estimator, "n_units"):
        return None
    size = (estimator.n_units / 128) * n_steps / 16
    n_measures = _n_measures(rows, n_steps) * estimator.max_iter
    return round(_SECONDS_A_MEASURE * size * n_measures / 2 / 60) or None


def check_options(args):
    """Check that one kind of model is asked for, and with parameters that it has."""
    options = [f"--{name}" for name in dict.fromkeys(args.kinds)]
    if len(options) > 1:
        raise CommandError(
            f"{' and '.join(options)} are {len(options)} models; pass one of them."
        )
    kind = _kind(args)
    for name in args.training:
        if name not in kind.defaults():
            raise CommandError(
                f"{args.flags[name]} is not a parameter of {kind.estimator}, the model "
                f"of {options[0]}; leave one of them out."
            )


def with_defaults(text):
    """Fill in what the library has: ``{paper.h}``, ``{reading.pickup}``, attributes."""
    return text.format_map(_Defaults())


def _kind(args):
    return KINDS[args.kinds[0]] if args.kinds else USUAL


class Default(NamedTuple):
    """The default of a parameter of `generation`, looked up when it is needed.

    `less` is subtracted: 1 for the number of intervals between points.
    """

    function: str
    parameter: str
    less: int = 0

    def value(self):
        """Look it up."""
        from sklearn_c2c import generation

        default = _defaults_of(getattr(generation, self.function))[self.parameter]
        return default - self.less if self.less else default


class _Defaults(dict):
    """Defaults by the name of a kind of model, or of ``reading``; ``attributes``."""

    def __missing__(self, name):
        if name == "attributes":
            return _listed_attributes()
        if name == "reading":
            from sklearn_c2c.io import read_melodies

            return SimpleNamespace(**_defaults_of(read_melodies))
        return SimpleNamespace(**KINDS[name].defaults())


def _listed_attributes():
    from sklearn_c2c.metrics import attribute_names

    names = ", ".join(attribute_names()).replace("_", "-")
    indents = {"initial_indent": "  ", "subsequent_indent": "  "}
    return textwrap.fill(names, 88, break_on_hyphens=False, **indents)


def _defaults_of(function):
    return {
        name: found.default for name, found in signature(function).parameters.items()
    }
