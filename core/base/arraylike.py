"""One way from whatever holds numbers to a NumPy array: lists, tables, columns, tensors, all read by position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from isograd.core.base.errors import DataError
from isograd.core.base.types import Array, Shape

WANTED = "an array, or a list, table, column or tensor that becomes one"
NUMBERS = frozenset(np.dtype(kind) for kind in "?bBhHiIlLqQefd")  # in this machine's byte order
NUMERIC = (bool, int, float, np.number, np.bool_)
SHOWN = 40  # characters of an entry


def as_array(values: Any, where: str = "data") -> Array:
    """`values` as a NumPy array of this machine's byte order; one that is such an array already is not copied.

    Taken: arrays, nested lists, whatever NumPy makes an array of (tables, series and columns of pandas, Arrow and
    polars, by position: labels of rows are not looked at), tensors. Masked arrays where nothing is masked; objects
    where all of them are numbers, or all text. Files mapped into memory stay there, and in their own byte order.
    Raises DataError, naming `where`, for anything else: None, mappings, sparse matrices, rows of several lengths.

    >>> as_array([[1, 2.5]]), as_array(np.array([True, 3], object))
    (array([[1. , 2.5]]), array([1, 3]))
    """
    if type(values) is np.ndarray and values.dtype in NUMBERS:
        return values
    if isinstance(values, np.memmap) and values.dtype.kind not in "OV":
        return values
    if values is None or isinstance(values, (str, bytes, Mapping)) or is_sparse(values):
        raise DataError(where, wanted=WANTED, got=told(values), fix=mended(values))
    if isinstance(values, (list, tuple)):
        values = [unmasked(v, where) if isinstance(v, np.ma.MaskedArray) else v for v in values]
    elif isinstance(values, np.ma.MaskedArray):
        values = unmasked(values, where)
    found = converted(values, where)
    if found.dtype.kind == "O" or (is_text(found) and not hasattr(values, "dtype")):
        found = of_objects(converted(values, where, object), where)
    return native(found)


def native(values: Array) -> Array:
    """In this machine's byte order, and in floats of 64 bits where there are more: what every engine reads."""
    if values.dtype.kind == "f" and values.dtype.itemsize > 8:
        return values.astype(np.float64)
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))


def is_text(values: Array) -> bool:
    """Whether the entries are text."""
    return values.dtype.kind in "UST"


def is_sparse(values: Any) -> bool:
    """Whether this is a sparse matrix, of which only what is not 0 is held."""
    return getattr(values, "is_sparse", False) is True or (hasattr(values, "nnz") and hasattr(values, "toarray"))


def unmasked(values: Any, where: str) -> Array:
    """The array under a mask that hides nothing."""
    masked = int(np.ma.getmaskarray(values).sum())
    if masked:
        raise DataError(
            where,
            wanted="no masked entries",
            got=f"{masked} of {values.size} masked",
            fix="drop those samples, or fill them: x.filled(0)",
        )
    return np.asarray(values.data)


def converted(values: Any, where: str, dtype: Any = None) -> Array:
    """What NumPy makes of `values`; a tensor gives its values, wherever it lies."""
    if hasattr(values, "detach") and hasattr(values, "cpu"):
        values = values.detach().cpu()
        if str(values.dtype) == "torch.bfloat16":  # which NumPy has not; float32 holds each of its values
            values = values.float()
    try:
        found = np.asarray(values, dtype)
    except Exception as error:
        lengths = sorted({len(entry) for entry in values if hasattr(entry, "__len__")}) if is_list(values) else []
        if len(lengths) > 1 or (is_list(values) and "inhomogeneous" in str(error)):
            raise ragged(lengths, where) from None
        told_by_numpy = f"{type(values).__name__}: {' '.join(str(error).split())[:80]}"
        raise DataError(where, wanted=WANTED, got=told_by_numpy, fix=mended(values)) from None
    if found.ndim == 0 and found.dtype.kind == "O" and not isinstance(values, NUMERIC):
        raise DataError(where, wanted=WANTED, got=told(values), fix=mended(values))
    return found


def of_objects(found: Array, where: str) -> Array:
    """Numbers as numbers, text as text, equal rows as a table; DataError for a mixture."""
    entries = found.ravel().tolist()
    kinds = {type(entry) for entry in entries}
    if all(issubclass(kind, NUMERIC) for kind in kinds):
        numbers = np.asarray(found.tolist()) if entries else np.zeros(found.shape)
        if numbers.dtype.kind != "O":
            return numbers
        raise DataError(where, wanted="numbers of 64 bits", got="a larger one", fix="scale the numbers")
    if all(issubclass(kind, str) for kind in kinds):
        return np.asarray(found.tolist(), str)
    if all(issubclass(kind, (list, tuple, np.ndarray)) for kind in kinds):
        lengths = sorted({np.size(entry) for entry in entries}) if found.ndim == 1 else []
        if len(lengths) != 1:
            raise ragged(lengths, where)
        return as_array(entries, where)
    raise mixed(entries, found.shape, where)


def mixed(entries: list[Any], shape: Shape, where: str) -> DataError:
    """The error of entries that are not all numbers, nor all text: names the first that is unlike those before it."""
    text = isinstance(next((entry for entry in entries if isinstance(entry, (str, *NUMERIC))), 0), str)
    wrong = [k for k, entry in enumerate(entries) if not isinstance(entry, str if text else NUMERIC)]
    first, missing = entries[wrong[0]], sum(is_missing(entries[k]) for k in wrong)
    fix = "give numbers alone, or text alone" if isinstance(first, NUMERIC) else mended(first)
    if is_missing(first):
        fix = f"drop or fill the missing entries, {missing} of {len(entries)}"
    elif isinstance(first, str):
        fix = "give numbers alone; ig.encode_labels makes numbers of a column of text"
    return DataError(
        f"{where}{[int(k) for k in np.unravel_index(wrong[0], shape)]}",
        wanted="text, as elsewhere" if text else "a number",
        got=told(first),
        fix=fix,
    )


def is_missing(entry: Any) -> bool:
    """Whether an entry says that there is none: None, NaN, pandas' NA and NaT."""
    nan = isinstance(entry, float) and entry != entry
    return entry is None or nan or type(entry).__name__ in ("NAType", "NaTType")


def is_list(values: Any) -> bool:
    return isinstance(values, (list, tuple)) or (isinstance(values, np.ndarray) and values.dtype.kind == "O")


def ragged(lengths: Sequence[int], where: str) -> DataError:
    """The error of rows that make no table."""
    several = f"{', '.join(map(str, lengths[:3]))}{', …' * (len(lengths) > 3)} entries"
    return DataError(
        where,
        wanted="rows of one length",
        got=f"rows of {several if len(lengths) > 1 else 'several lengths'}",
        fix="cut or pad them to one length",
    )


def told(value: Any) -> str:
    """What came, in a few words."""
    if value is None or isinstance(value, (str, bytes, *NUMERIC)) or is_missing(value):
        return repr(value)[:SHOWN]
    return type(value).__name__ + (f" of shape {tuple(value.shape)}" if is_sparse(value) else "")


def mended(value: Any) -> str:
    """How to make an array of what is none."""
    if is_sparse(value):
        dense = "x.to_dense()" if hasattr(value, "to_dense") else "x.toarray()"
        return f"{dense}, or a Dataset of your own that does so batch by batch"
    if isinstance(value, Mapping):
        return "np.column_stack(list(x.values())), or a tuple of arrays for several inputs"
    if isinstance(value, (str, bytes)):
        return "give the values themselves"
    return "np.array(list(x))" if hasattr(value, "__iter__") else "give an array of numbers"
