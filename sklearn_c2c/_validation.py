"""Checks of input beyond those of scikit-learn, before kernels use it.

scikit-learn checks the values of arrays. These functions check the structure of sparse
arrays, which SciPy's compiled code does not check either; masks, which scikit-learn
drops; values whose squares overflow; and sizes that exceed the memory.
"""

import os

import numpy as np
from scipy import sparse

# Larger values, and sums over them, would overflow in float32.
_LARGEST = 1e12

# Bytes of memory where the size is unknown, more than any machine has.
_UNKNOWN_MEMORY = 2**44


def check_input(X):
    """Check the mask and the sparse structure of X.

    Parameters
    ----------
    X : array-like or sparse array

    Returns
    -------
    X : array-like or csr_array
        X itself if it is not sparse; otherwise an array with sorted indices and without
        duplicates. X is not changed.

    Raises
    ------
    ValueError
        If values are masked, or the structure of a sparse array is damaged, such as an
        index out of range or lengths that do not agree.
    """
    if sparse.issparse(X):
        return _canonical(X)
    if np.ma.is_masked(X):
        raise ValueError(
            f"X has {np.ma.count_masked(X)} masked values; expected none. Fill them "
            "in, with X.filled(...), or leave their rows out."
        )
    return X


def check_magnitude(X, name="X"):
    """Reject values that would overflow in a network.

    Parameters
    ----------
    X : {ndarray, csr_array} of finite values
    name : str
        Name of X for the message.

    Raises
    ------
    ValueError
        If there are such values.
    """
    values = X.data if sparse.issparse(X) else X
    largest = max(abs(values.max(initial=0)), abs(values.min(initial=0)))
    if largest > _LARGEST:
        raise ValueError(
            f"{name} has values as large as {largest:.4g}; expected at most "
            f"{_LARGEST:g}, or sums over them overflow. Scale {name}, to [0, 1] if it "
            "is data."
        )


def check_memory(n_bytes, what):
    """Reject sizes that exceed the memory, before it is allocated.

    Parameters
    ----------
    n_bytes : int
        Required memory.
    what : str
        Subject of the message, which names the parameter to reduce.

    Raises
    ------
    ValueError
        If the machine has less memory.
    """
    available = memory()
    if n_bytes > available:
        raise ValueError(
            f"{what} needs {n_bytes / 2**20:,.0f} MiB of memory, and this machine has "
            f"{available / 2**20:,.0f} MiB."
        )


def memory():
    """Bytes of memory of this machine, or 2**44 if it is unknown."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return _UNKNOWN_MEMORY


def _canonical(X):
    """Convert a sparse array to CSR with sorted indices and no duplicates."""
    try:
        X = _compressed_rows(X)
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise ValueError(f"The sparse X is damaged: {error}") from error
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


def _compressed_rows(X):
    if X.ndim != 2:
        raise ValueError(f"expected 2 dimensions, got {X.ndim}.")
    if X.format == "csr":
        return _checked_csr(X)
    return _checked_csr(sparse.csr_array(_SAFE[X.format](X)))


def _checked_csr(X):
    """Make a new array of the checked values, without cached flags of the old one."""
    data, indices, indptr = _check_compressed(X, *X.shape)
    dtype = sparse.get_index_dtype(maxval=max(*X.shape, len(data)))
    stored = data, indices.astype(dtype, copy=False), indptr.astype(dtype, copy=False)
    return sparse.csr_array(stored, shape=X.shape)


def _check_compressed(X, n_major, n_minor):
    """Check data, indices and indptr of a CSR array, or of a CSC array by columns."""
    indices, indptr = _vector("indices", X.indices), _vector("indptr", X.indptr)
    data = _values(X.data)
    if X.format != "bsr" and data.ndim != 1:
        raise ValueError(f"expected values in one dimension, got {data.shape}.")
    if len(indptr) != n_major + 1:
        raise ValueError(f"expected {n_major + 1} in indptr, got {len(indptr)}.")
    # A comparison: differences of extreme or of unsigned integers wrap around.
    if indptr[0] != 0 or (indptr[1:] < indptr[:-1]).any():
        raise ValueError("expected indptr to rise from 0.")
    n_stored = int(indptr[-1])
    if n_stored > len(indices) or len(indices) != len(data):
        raise ValueError(
            f"indptr ends at {n_stored}, but there are {len(indices)} indices and "
            f"{len(data)} values."
        )
    _check_range("indices", indices[:n_stored], n_minor)
    return data[:n_stored], indices[:n_stored], indptr


def _check_csc(X):
    stored = _check_compressed(X, *X.shape[::-1])
    return sparse.csc_array(stored, shape=X.shape)


def _check_bsr(X):
    data = np.asarray(X.data)
    if data.ndim != 3 or 0 in data.shape[1:]:
        raise ValueError(f"expected blocks in three dimensions, got {data.shape}.")
    n_rows, n_columns = data.shape[1:]
    if X.shape[0] % n_rows or X.shape[1] % n_columns:
        raise ValueError(f"blocks of {data.shape[1:]} do not make {X.shape}.")
    blocks = X.shape[0] // n_rows, X.shape[1] // n_columns
    _, indices, indptr = _check_compressed(X, *blocks)
    stored = data[: len(indices)], indices, indptr
    return sparse.bsr_array(stored, shape=X.shape)


def _check_coo(X):
    row, column = (_vector("coords", index) for index in X.coords)
    data = _values(X.data)
    if data.ndim != 1 or not len(data) == len(row) == len(column):
        raise ValueError(f"{len(data)} values, {len(row)} rows, {len(column)} columns.")
    _check_range("rows", row, X.shape[0])
    _check_range("columns", column, X.shape[1])
    return sparse.coo_array((data, (row, column)), shape=X.shape)


def _check_dok(X):
    keys = np.array(list(X.keys()), dtype=object).reshape(-1, 2)
    row, column = (_vector("keys", np.array(index.tolist())) for index in keys.T)
    _check_range("rows", row, X.shape[0])
    _check_range("columns", column, X.shape[1])
    data = _values(np.array(list(X.values())))
    return sparse.coo_array((data, (row, column)), shape=X.shape)


def _check_lil(X):
    rows, data = list(X.rows), list(X.data)
    if not len(rows) == len(data) == X.shape[0]:
        raise ValueError(f"{len(rows)} and {len(data)} lists for {X.shape[0]} rows.")
    lengths = [len(row) for row in rows]
    if lengths != [len(row) for row in data]:
        raise ValueError("a row has different numbers of values and of columns.")
    column = _vector("rows", np.array([j for row in rows for j in row]))
    _check_range("columns", column, X.shape[1])
    values = _values(np.array([value for row in data for value in row]))
    row = np.repeat(np.arange(X.shape[0]), lengths)
    return sparse.coo_array((values, (row, column)), shape=X.shape)


def _check_dia(X):
    offsets = _vector("offsets", X.offsets).astype(np.int64)  # sums are not to wrap
    data = np.asarray(X.data)
    if data.ndim != 2 or len(data) != len(offsets):
        raise ValueError(f"{len(offsets)} offsets for diagonals of {data.shape}.")
    _check_range("offsets", offsets + X.shape[0] - 1, sum(X.shape) - 1)
    diagonal, column = np.indices(data.shape)
    row = column - offsets[diagonal]
    inside = (row >= 0) & (row < X.shape[0]) & (column < X.shape[1]) & (data != 0)
    stored = _values(data[inside]), (row[inside], column[inside])
    return sparse.coo_array(stored, shape=X.shape)


_SAFE = {
    "csc": _check_csc,
    "bsr": _check_bsr,
    "coo": _check_coo,
    "dok": _check_dok,
    "lil": _check_lil,
    "dia": _check_dia,
}


def _vector(name, values):
    values = np.asarray(values)
    if values.size == 0 and values.ndim == 1:
        return values.astype(np.int32)
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise ValueError(
            f"expected integers in one dimension in {name}, got {values.dtype} of "
            f"shape {values.shape}."
        )
    return values


def _values(data):
    data = np.asarray(data)
    if data.dtype.kind not in "biufc":
        raise ValueError(f"expected numbers, got {data.dtype}.")
    return data


def _check_range(name, indices, size):
    if len(indices) and not (0 <= indices.min() and indices.max() < size):
        raise ValueError(
            f"expected {name} from 0 to {size - 1}, found {indices.min()} to "
            f"{indices.max()}."
        )
