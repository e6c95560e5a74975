"""``attribute --set``: the values that are asked for, and the search for them."""

import re
from math import isfinite
from typing import NamedTuple

from sklearn_c2c.cli._wording import CommandError

_SETTING = re.compile(r"([a-z_-]+)=([+-]?)(\d*\.?\d+(?:e[+-]?\d+)?)", re.ASCII)


class Setting(NamedTuple):
    """An attribute, and its value or its change in standard deviations."""

    name: str
    value: float
    is_relative: bool

    @classmethod
    def parse(cls, text):
        """Read ``note-density=+1`` or ``mean-pitch=72``."""
        from sklearn_c2c.metrics import attribute_names

        found = _SETTING.fullmatch(text)
        if found is None:
            raise ValueError(
                f"expected NAME=+X or NAME=-X, in standard deviations of the corpus, "
                f"or NAME=X, got {text!r}"
            )
        name, sign, size = found.groups()
        if name.replace("-", "_") not in attribute_names():
            known = ", ".join(n.replace("_", "-") for n in attribute_names())
            raise ValueError(f"no attribute {name!r}; expected one of {known}")
        value = float(f"{sign}{size}")
        if not isfinite(value):
            raise ValueError(f"expected a finite number, got {text!r}")
        return cls(name.replace("_", "-"), value, bool(sign))


def functions_of(settings, learned):
    """Attributes of some settings as functions of melodies, in the learned metre."""
    from sklearn_c2c.metrics import attributes

    metre, per_quarter = learned.metre, learned.reading["steps_per_quarter"]
    names = [setting.name for setting in settings]
    functions = attributes(
        names,
        steps_per_measure=learned.steps_per_measure,
        steps_per_beat=metre.steps_per_beat(per_quarter),
        tonic=learned.key,
    )
    return list(functions.values())


def set_attributes(model, learned, tune, settings, seed):
    """Set one attribute after the other, each holding those that were set before.

    Returns
    -------
    melodies : ndarray of shape (n_settings, n_steps)
    told : list of str
        The values asked for and found, and the share of the tune that is kept.
    """
    import numpy as np

    from sklearn_c2c.generation import set_attribute

    twice = {s.name for s in settings if [t.name for t in settings].count(s.name) > 1}
    if twice:
        raise CommandError(f"--set has {twice.pop()} twice; set it once.")
    functions = functions_of(settings, learned)
    melody, melodies, told = tune.melody[np.newaxis], [], []
    for i, (setting, function) in enumerate(zip(settings, functions, strict=True)):
        value = setting.value
        if setting.is_relative:
            value = value * np.nanstd(function(learned.data))
        result = set_attribute(
            model,
            melody,
            function,
            value,
            relative=setting.is_relative,
            hold=functions[:i],
            corpus=learned.data,
            random_state=seed,
        )
        melody = result.melodies
        melodies.append(melody[0])
        kept = (melody[0] == tune.melody).mean()
        told.append(
            f"{setting.name.replace('-', ' ')} {result.before[0]:.3g}, asked "
            f"{result.asked[0]:.3g}, found {result.found[0]:.3g}, {kept:.0%} of the "
            "steps of the tune kept"
        )
    return np.array(melodies), told
