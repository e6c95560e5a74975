"""Arrays of a page, packed in text, and weights as integers."""

import base64
import gzip

import numpy as np

_LARGEST_INT8 = 127

# Types of arrays that a page unpacks, see `arrays.js`.
_TYPES = ("int8", "int16", "int32", "float32")


def pack_arrays(arrays):
    """Pack arrays in text: base64 of gzip of their bytes, little-endian.

    The same arrays give the same text.

    Parameters
    ----------
    arrays : dict of str to ndarray
        Of int8, int16, int32 or float32.

    Returns
    -------
    manifest : dict of str to list
        Dtype and number of elements of each array, which `unpackArrays` needs.
    text : str

    Raises
    ------
    TypeError
        If an array has another dtype.

    Examples
    --------
    >>> import numpy as np
    >>> manifest, text = pack_arrays({"scale": np.ones(3, np.float32)})
    >>> manifest
    {'scale': ['float32', 3]}
    """
    for name, array in arrays.items():
        if array.dtype.name not in _TYPES:
            raise TypeError(
                f"Found dtype {array.dtype} of array {name!r}; expected one of "
                f"{', '.join(_TYPES)}."
            )
    manifest = {name: [array.dtype.name, array.size] for name, array in arrays.items()}
    parts = [a.astype(a.dtype.newbyteorder("<")).tobytes() for a in arrays.values()]
    packed = gzip.compress(b"".join(parts), mtime=0)
    return manifest, base64.b64encode(packed).decode()


def quantize_columns(coef, largest=127):
    """Round weights to integers with one scale a column.

    Parameters
    ----------
    coef : ndarray of float, shape (n_in, n_out)
    largest : int, default=127
        Largest integer; the least is its negative.

    Returns
    -------
    quantized : ndarray of int8 or int16, shape (n_in, n_out)
        int16 if `largest` is above 127.
    scale : ndarray of float32, shape (n_out,)
        ``quantized * scale`` is near to `coef`.

    Examples
    --------
    >>> import numpy as np
    >>> quantized, scale = quantize_columns(np.array([[0.5, 0], [-1.0, 2]]))
    >>> quantized.tolist(), (quantized * scale).round(2).tolist()
    ([[64, 0], [-127, 127]], [[0.5, 0.0], [-1.0, 2.0]])
    """
    size = np.abs(coef).max(axis=0)
    scale = np.where(size > 0, size / largest, 1).astype(np.float32)
    dtype = np.int8 if largest <= _LARGEST_INT8 else np.int16
    return np.rint(coef / scale).astype(dtype), scale
