"""Tensors as arrays of NumPy. lists.py has the same functions for nested lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Optional, Union

import numpy

from spikeloss import native
from spikeloss.layout import Sent, Sums, given_layout, standard_layout, standard_shape, steps_of
from spikeloss.sums import FEW_STEPS, time_sums
from spikeloss.tensors import (
    counted_json,
    plain_json,
    real_array,
    summed_json,
    sums_json,
    tensor_json,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

__all__ = [
    "expanded",
    "floats",
    "given_layout",
    "gradient_encoding",
    "layout_members",
    "plain_json",
    "sent",
    "taken",
    "unpacked",
    "vector",
]

_DTYPES = {"f32": "<f4", "f64": "<f8"}


def sent(tensor: Union[ArrayLike, Sums], axes: str) -> Sent:
    """In the standard layout."""
    if isinstance(tensor, Sums):
        shape = standard_shape(tensor.shape, axes)
        dtype = real_array(tensor.values).dtype
        return Sent(sums_json(tensor, shape), shape, steps_of(shape), dtype)
    array = standard_layout(real_array(tensor), axes)
    shape, steps = array.shape, steps_of(array.shape)
    if steps <= FEW_STEPS or array.size == 0:
        return Sent(tensor_json(array), shape, steps, array.dtype)
    counts = native.base64_of_counts(array)
    json = summed_json(time_sums(array), shape) if counts is None else counted_json(counts, shape)
    return Sent(json, shape, steps, array.dtype)


def layout_members(axes: str) -> dict[str, str]:
    """None: every tensor is sent in the standard layout."""
    return {}


def gradient_encoding(wanted: Optional[DTypeLike], spikes: Iterable[numpy.dtype[Any]]) -> str:
    """By the types of the spikes, unless one is wanted."""
    dtypes = list(spikes) if wanted is None else [_wanted_dtype(wanted)]
    single = {dtype.char for dtype in dtypes} == {"f"}
    if not single and len(dtypes) > 1:
        single = numpy.result_type(*dtypes) == numpy.float32
    return "indexed_f32" if single else "indexed_f64"


def _wanted_dtype(wanted: DTypeLike) -> numpy.dtype[Any]:
    try:
        dtype: numpy.dtype[Any] = numpy.dtype(wanted)
    except TypeError:
        raise ValueError(f"gradient_dtype: expected float32 or float64, not {wanted!r}") from None
    if dtype not in (numpy.float32, numpy.float64):
        raise ValueError(f"gradient_dtype: expected float32 or float64, not {dtype}")
    return dtype


def vector(numbers: list[float]) -> NDArray[Any]:
    return numpy.array(numbers, numpy.float64)


unpacked = native.floats


def floats(data: bytes, encoding: str) -> Optional[NDArray[Any]]:
    """None unless all are finite."""
    array = numpy.frombuffer(data, _DTYPES[encoding])
    return array if numpy.isfinite(array).all() else None


def taken(values: NDArray[Any], indices: bytes) -> NDArray[Any]:
    """Raises IndexError."""
    return values.take(numpy.frombuffer(indices, numpy.uint8))


def expanded(values: NDArray[Any], shape: Sequence[int], spikes: Sequence[int]) -> NDArray[Any]:
    """A read-only view of the shape of the spikes."""
    small = values.reshape(shape)
    small.flags.writeable = False
    # As numpy.broadcast_to, which takes longer than all else here.
    strides = [0 if size == 1 else stride for size, stride in zip(shape, small.strides)]
    return numpy.ndarray(spikes, small.dtype, small, strides=strides)
