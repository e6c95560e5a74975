"""Import of the optional libraries of the extra ``studio``."""

from functools import partial

from sklearn_c2c._extras import from_extra

studio = partial(from_extra, "studio")
