"""Memory that is used again."""

import math

import numpy as np


class Buffers:
    """Arrays without values whose memory is kept from one use to the next.

    The memory of large arrays that are freed goes back to the operating system, which
    clears each page when it is used again. That took a third of the time of an update
    of recurrent layers.
    """

    def __init__(self):
        self._kept = {}

    def empty(self, name, shape, dtype):
        """Return an array without values.

        It has the memory of the array that was last returned for this name, if that is
        large enough, so at most one array of a name is in use.
        """
        size, kept = math.prod(shape), self._kept.get(name)
        if kept is None or kept.size < size or kept.dtype != dtype:
            kept = self._kept[name] = np.empty(size, dtype)
        return kept[:size].reshape(shape)
