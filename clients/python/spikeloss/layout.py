"""How spikes are laid out. Everything in this package but its callers has the standard layout:
[batch, time, neurons…], [time, neurons] or [neurons]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Axes = Literal["batch_time_neurons", "time_batch_neurons", "batch_neurons_time"]

_STANDARD = "batch_time_neurons"

# The axis of time of tensors of rank 2, and of higher ranks.
_TIME = {
    _STANDARD: (0, 1),
    "time_batch_neurons": (0, 0),
    "batch_neurons_time": (-1, -1),
}


@dataclass(frozen=True)
class Sums:
    """Sums of spikes, in place of the spikes themselves: the counters of hardware, or the total of
    the parts of a batch.

    values  has the shape of the spikes without the axes that are summed
    shape   of the spikes
    summed  "time": values are sums over time; "batch_time": over samples and time, for losses that
            need no more
    """

    values: ArrayLike
    shape: Sequence[int]
    summed: Literal["time", "batch_time"] = "time"


class Sent(NamedTuple):
    """A tensor as it is sent, and what its answer depends on.

    json   a TENSOR of the API, in pieces
    shape  of its gradient in the answer
    steps  of time
    dtype  of the spikes, for gradient_encoding() of the same backend
    """

    json: tuple[bytes, ...]
    shape: tuple[int, ...]
    steps: int
    dtype: Any


def time_axis(rank: int, axes: str = _STANDARD) -> int:
    """For a rank of 2 and more."""
    if axes not in _TIME:
        raise ValueError(f"axes: expected one of {', '.join(_TIME)}, not {axes!r}")
    return _TIME[axes][rank > 2]


def steps_of(shape: Sequence[int]) -> int:
    """How many time steps a tensor of the standard layout has."""
    return shape[time_axis(len(shape))] if len(shape) > 1 else 1


def standard_layout(array: NDArray[Any], axes: str) -> NDArray[Any]:
    """A view."""
    if axes == _STANDARD:
        return array
    return array.transpose(_standard_order(array.ndim, axes))


def given_layout(array: NDArray[Any], axes: str) -> NDArray[Any]:
    """A view: the opposite of standard_layout()."""
    if axes == _STANDARD:
        return array
    order = _standard_order(array.ndim, axes)
    return array.transpose([order.index(axis) for axis in range(array.ndim)])


def standard_shape(shape: Sequence[int], axes: str) -> tuple[int, ...]:
    return tuple(shape[axis] for axis in _standard_order(len(shape), axes))


def _standard_order(rank: int, axes: str) -> list[int]:
    """The axes of a tensor in the order of the standard layout."""
    order, time = list(range(rank)), time_axis(rank, axes)
    if rank > 1:
        order.insert(time_axis(rank), order.pop(time))
    return order
