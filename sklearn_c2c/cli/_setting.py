"""``attribute``: what can be added, and ``--set``, to ask for the value of one."""

import re
from contextlib import contextmanager
from math import isfinite
from typing import NamedTuple

from sklearn_c2c.cli._wording import CommandError, in_options

# Attributes whose vectors can be added, and the help of the command.
ATTRIBUTES = (
    "hold-share",
    "note-density",
    "pitch-range",
    "mean-absolute-interval",
    "pitch-class-entropy",
)
ATTRIBUTES_HELP = f"""\
attributes to add:
  {", ".join(ATTRIBUTES)}

attributes to set:
{{attributes}}

With --set the tune is changed until an attribute has the value that is asked for, of
several one after the other, and otherwise as little as possible; the values found are
printed. With ATTRIBUTE an attribute vector is added to the latent vector of the tune:
the mean of the quarter of the corpus that has the most of the attribute, minus the mean
of the quarter that has the least. The larger the latent space, the larger the scales
that change a tune.

examples:
  c2c attribute --model reels.c2c 1 note-density --out busy
  c2c attribute --model reels.c2c mine.abc hold-share --scales 0 1 2 --out calm
  c2c attribute --model reels.c2c mine.abc --set note-density=+1 --out busier
  c2c attribute --model reels.c2c mine.abc --set note-density=+2 --steps 4 --out rows
  c2c attribute --model reels.c2c 1 --set mean-pitch=74 --set contour=-1 --out high
"""

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

    def __str__(self):
        return f"{self.name}={self.value:{'+' if self.is_relative else ''}g}"

    @property
    def what(self):
        """The attribute in plain words."""
        return self.name.replace("-", " ")


def check_settings(settings):
    """Check that no attribute is set twice."""
    names = [setting.name for setting in settings]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise CommandError(f"--set has {twice} twice; set it once.")


def set_attributes(model, learned, tune, settings, n_steps, seed):
    """Set one attribute after the other, each holding those that were set before.

    Returns
    -------
    melodies : ndarray of shape (n_steps, n_time_steps)
        From near the tune to all that is asked for, at equal distances.
    told : list of str
        The values asked for and found, and the share of the tune that is kept.
    """
    import numpy as np

    from sklearn_c2c.generation import set_attribute

    functions = [_function_of(setting, learned, tune) for setting in settings]
    melodies, columns = tune.melody[np.newaxis], []
    shares = np.arange(1, n_steps + 1) / n_steps
    for i, (setting, function) in enumerate(zip(settings, functions, strict=True)):
        own, *values = function(np.vstack([tune.melody, melodies]))
        if not np.isfinite([own, *values]).all():
            before = " and ".join(f"--set {other}" for other in settings[:i])
            once = f", as it is or after {before}," if before else ""
            raise CommandError(
                f"--set {setting}: {tune.title}{once} has no {setting.what}, for want "
                "of notes or measures; set another attribute, or take another tune."
            )
        asked = own + shares * (_target(setting, function, own, learned) - own)
        with _in_the_words_of(setting):
            result = set_attribute(
                model,
                melodies,
                function,
                asked,
                hold=functions[:i],
                corpus=learned.data,
                random_state=seed,
            )
        melodies = result.melodies
        columns.append([own, *asked])
    told = [
        _told(setting, values, function(melodies), function(learned.data))
        for setting, values, function in zip(settings, columns, functions, strict=True)
    ]
    kept = (melodies == tune.melody).mean(axis=1)
    return melodies, [
        f"{'; '.join(values)}; {share:.0%} of the steps kept"
        for *values, share in zip(*told, kept, strict=True)
    ]


def _function_of(setting, learned, tune):
    """The attribute as a function of melodies, in the metre and key of the corpus.

    The mean pitch is that of the tune as it is written, in its own key.
    """
    from sklearn_c2c.metrics import attributes

    if setting.name == "in-scale-share" and not learned.key:
        raise CommandError(
            f"--set {setting}: the corpus has no one key, so there is no scale."
        )
    metre, per_quarter = learned.metre, learned.reading["steps_per_quarter"]
    with _in_the_words_of(setting):
        (function,) = attributes(
            setting.name,
            steps_per_measure=learned.steps_per_measure,
            steps_per_beat=metre.steps_per_beat(per_quarter),
            tonic=learned.key,
        ).values()
    if setting.name == "mean-pitch" and tune.semitones:
        return lambda X: function(X) - tune.semitones
    return function


def _target(setting, function, own, learned):
    """The value that is asked for."""
    import numpy as np

    if not setting.is_relative:
        return setting.value
    return own + setting.value * np.nanstd(function(learned.data))


def _told(setting, values, found, corpus):
    """Describe the value of a tune, and those asked for and found of each melody."""
    import numpy as np

    own, *asked = values
    low, high = np.nanmin(corpus), np.nanmax(corpus)
    for wanted, value in zip(asked, found, strict=True):
        words = f"{setting.what} {own:.3g}, asked {wanted:.3g}, found {value:.3g}"
        if not low <= wanted <= high:
            words += f" (the corpus has {low:.3g} to {high:.3g})"
        yield words


@contextmanager
def _in_the_words_of(setting):
    """Name the option in what the library says of an attribute."""
    from sklearn_c2c.metrics import attribute_names

    hyphenated = {name: name.replace("_", "-") for name in attribute_names()}
    try:
        yield
    except ValueError as error:
        words = in_options(str(error), hyphenated | {"steps_per_beat": "steps a beat"})
        raise CommandError(f"--set {setting}: {words}") from None
