"""Tensors as arrays of NumPy. lists.py has the same functions for nested lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Optional, Union

import numpy

from spikeloss.layout import Sent, Sums, given_layout, standard_layout, standard_shape, steps_of
from spikeloss.sums import FEW_STEPS, time_sums
from spikeloss.tensors import plain_json, real_array, sums_json, tensor_json

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

__all__ = ["expanded", "gradient_encoding", "layout_members", "given_layout", "plain_json", "sent", "vector"]

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
    return Sent(sums_json(Sums(time_sums(array), shape), shape), shape, steps, array.dtype)


def layout_members(axes: str) -> dict[str, str]:
    """None: every tensor is sent in the standard layout."""
    return {}


def gradient_encoding(wanted: Optional[DTypeLike], spikes: Iterable[numpy.dtype[Any]]) -> str:
    """By the types of the spikes, unless one is wanted."""
    try:
        dtypes = list(spikes) if wanted is None else [numpy.dtype(wanted)]
    except TypeError:
        dtypes = []
    if wanted is not None and (not dtypes or dtypes[0] not in (numpy.float32, numpy.float64)):
        raise ValueError(f"gradient_dtype: expected float32 or float64, not {dtypes[0] if dtypes else repr(wanted)}")
    return "f32" if dtypes and numpy.result_type(*dtypes) == numpy.float32 else "f64"


def vector(numbers: list[float]) -> NDArray[Any]:
    return numpy.array(numbers, numpy.float64)


def expanded(
    data: bytes, encoding: str, shape: Sequence[int], spikes: Sequence[int]
) -> Optional[NDArray[Any]]:
    """A read-only view of the shape of the spikes; None unless all values are finite."""
    array = numpy.frombuffer(data, _DTYPES[encoding]).reshape(shape)
    if not numpy.isfinite(array).all():
        return None
    # As numpy.broadcast_to, which takes longer than all else here.
    strides = [0 if size == 1 else stride for size, stride in zip(shape, array.strides)]
    return numpy.ndarray(spikes, array.dtype, array, strides=strides)
