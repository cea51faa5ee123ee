"""Tensors as they are sent: the smallest spelling that says the same."""

from __future__ import annotations

import binascii
import json
import math
from collections.abc import Sequence
from typing import Any, Literal, Optional, Union

import numpy
from numpy.typing import ArrayLike, NDArray

Axes = Literal["batch_time_neurons", "time_batch_neurons", "batch_neurons_time"]

# For each layout, where its axes of batch and time are moved from and to: (rank 2, rank 3 and more).
_MOVES: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "batch_time_neurons": ((0, 0), (0, 0)),
    "time_batch_neurons": ((0, 0), (0, 1)),
    "batch_neurons_time": ((-1, 0), (-1, 1)),
}

# Values in a block: few enough to stay in the cache of a core, and a multiple of 8, so that every
# block but the last fills whole bytes.
_BLOCK = 1 << 16


def standard_layout(array: NDArray[Any], axes: str) -> NDArray[Any]:
    """A view with the axes [batch, time, neurons], [time, neurons] or [neurons]."""
    if axes not in _MOVES:
        raise ValueError(f"axes: expected one of {', '.join(_MOVES)}, not {axes!r}")
    if array.ndim < 2:
        return array
    source, destination = _MOVES[axes][array.ndim > 2]
    return numpy.moveaxis(array, source, destination)


def given_layout(array: NDArray[Any], axes: str) -> NDArray[Any]:
    """The opposite of standard_layout()."""
    if array.ndim < 2:
        return array
    destination, source = _MOVES[axes][array.ndim > 2]
    return numpy.moveaxis(array, source, destination)


def steps_of(shape: Sequence[int]) -> int:
    """How many time steps a tensor of the standard layout has."""
    return 1 if len(shape) < 2 else shape[1 if len(shape) > 2 else 0]


def real_array(tensor: ArrayLike) -> NDArray[Any]:
    """Raises TypeError if the values are not real numbers."""
    array = numpy.asarray(tensor)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"spikes: expected real numbers or booleans, not {array.dtype}")
    return array


def packed_bits(values: NDArray[Any]) -> Optional[NDArray[numpy.uint8]]:
    """One bit a value, as numpy.packbits has it; None unless every value is 0 or 1."""
    if values.dtype == numpy.bool_:
        return numpy.packbits(values)
    packed = numpy.empty((values.size + 7) // 8, numpy.uint8)
    for start in range(0, values.size, _BLOCK):
        block = values[start : start + _BLOCK]
        ones = block == 1
        if not numpy.array_equal(ones, block != 0):
            return None
        packed[start // 8 : (start + _BLOCK) // 8] = numpy.packbits(ones)
    return packed


def exact_numbers(values: NDArray[Any]) -> tuple[str, NDArray[Any]]:
    """The smallest of the server's encodings that holds every number of this type."""
    for encoding, dtype in ("u8", "<u1"), ("u16", "<u2"), ("u32", "<u4"), ("f32", "<f4"):
        if numpy.can_cast(values.dtype, dtype, "safe"):
            return encoding, values.astype(dtype, copy=False)
    return "f64", values.astype("<f8", copy=False, casting="same_kind")


def tensor_json(array: NDArray[Any]) -> bytes:
    """A TENSOR of the API."""
    values = array.ravel()
    bits = packed_bits(values)
    encoding, data = exact_numbers(values) if bits is None else ("bits", bits)
    return _tensor(array.shape, f'"encoding":"{encoding}"', data)


def _tensor(shape: Sequence[int], more: str, data: NDArray[Any]) -> bytes:
    head = f'{{"shape":{list(shape)},{more},"data":"'
    return b"".join((head.encode(), binascii.b2a_base64(data.data, newline=False), b'"}'))


def plain_json(value: Any) -> bytes:
    """Numbers, words, and lists of them, of whatever types. NaN and infinities are sent as they
    are, so that the server says where they stand."""
    return json.dumps(numpy.asarray(value).tolist()).encode()
