"""How spikes are laid out. Everything in this package but its callers has the standard layout:
[batch, time, neurons…], [time, neurons] or [neurons]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy
from numpy.typing import NDArray

Axes = Literal["batch_time_neurons", "time_batch_neurons", "batch_neurons_time"]

# The axis of time of tensors of rank 2, and of higher ranks.
_TIME = {
    "batch_time_neurons": (0, 1),
    "time_batch_neurons": (0, 0),
    "batch_neurons_time": (-1, -1),
}


def time_axis(rank: int, axes: str = "batch_time_neurons") -> int:
    """For a rank of 2 and more."""
    if axes not in _TIME:
        raise ValueError(f"axes: expected one of {', '.join(_TIME)}, not {axes!r}")
    return _TIME[axes][rank > 2]


def steps_of(shape: Sequence[int]) -> int:
    """How many time steps a tensor of the standard layout has."""
    return shape[time_axis(len(shape))] if len(shape) > 1 else 1


def standard_layout(array: NDArray[Any], axes: str) -> NDArray[Any]:
    """A view."""
    return _moved(array, time_axis(array.ndim, axes), time_axis(array.ndim))


def given_layout(array: NDArray[Any], axes: str) -> NDArray[Any]:
    """A view: the opposite of standard_layout()."""
    return _moved(array, time_axis(array.ndim), time_axis(array.ndim, axes))


def _moved(array: NDArray[Any], source: int, destination: int) -> NDArray[Any]:
    if source == destination or array.ndim < 2:
        return array
    return numpy.moveaxis(array, source, destination)


def standard_shape(shape: Sequence[int], axes: str) -> tuple[int, ...]:
    return standard_layout(numpy.broadcast_to(numpy.uint8(0), shape), axes).shape
