"""Import of the optional libraries of the extra ``studio``."""

from functools import partial

from sklearn_c2c._extras import from_extra

studio = partial(from_extra, "studio")


def quiet_verovio():
    """Import verovio with its log off: errors that matter are raised by the caller."""
    verovio = studio("verovio")
    verovio.enableLog(verovio.LOG_OFF)
    return verovio
