"""Sums of spikes over time. Losses see nothing else, so that is what travels."""

from __future__ import annotations

import math
from typing import Any, Optional

import numpy
from numpy.typing import NDArray

from spikeloss.layout import time_axis

# Values in a row that NumPy adds at once with little overhead.
_LONG_ROW = 128

# Below this, calls of NumPy cost more than additions.
_FEW_VALUES = 1 << 15

# Below this every sum of whole numbers is exact in float32.
_EXACT_FLOAT32 = 1 << 24


def time_sums(spikes: NDArray[Any]) -> NDArray[Any]:
    """Exact for whole numbers; all others are summed in double precision."""
    axis = time_axis(spikes.ndim)
    steps = spikes.shape[axis]
    if spikes.dtype == numpy.bool_:
        return _grouped_sum(spikes.view(numpy.uint8), axis, "u1" if steps < 256 else "u4")
    if spikes.dtype == numpy.float32 and steps < _EXACT_FLOAT32:
        counts = whole_numbers(_grouped_sum(spikes, axis, "f4"), steps)
        if counts is not None:
            return counts
    sums = _sum(spikes, axis, "i8" if numpy.can_cast(spikes.dtype, numpy.int32) else "f8")
    counts = whole_numbers(sums, steps)
    return sums.astype(numpy.float64) if counts is None else counts


def whole_numbers(values: NDArray[Any], expected_max: int) -> Optional[NDArray[Any]]:
    """The values as unsigned integers, of as few bytes as `expected_max` needs; None if some are
    others."""
    dtype = numpy.min_scalar_type(max(expected_max, 0))
    if dtype.itemsize > 4:
        return None
    with numpy.errstate(invalid="ignore"):
        whole = values.astype(dtype)
    return whole if numpy.array_equal(whole, values) else None


def _sum(spikes: NDArray[Any], axis: int, dtype: str) -> NDArray[Any]:
    sums: NDArray[Any] = numpy.add.reduce(spikes, axis=axis, dtype=dtype)
    return sums


def _grouped_sum(spikes: NDArray[Any], axis: int, dtype: str) -> NDArray[Any]:
    """NumPy adds row to row, which is slow for short rows. So several steps count as one row first,
    whose parts are added in the end:

        t0 t1 t2 | t3 t4 t5 | …  -->  t0+t3+… t1+t4+… t2+t5+…  -->  their sum
    """
    steps, row = spikes.shape[axis], math.prod(spikes.shape[axis + 1 :])
    together = _steps_together(steps, row)
    if together == 1 or spikes.size < _FEW_VALUES or not spikes.flags.c_contiguous:
        return _sum(spikes, axis, dtype)
    samples, full = math.prod(spikes.shape[:axis]), steps - steps % together
    flat = spikes.reshape(samples, steps * row)
    parts = _sum(flat[:, : full * row].reshape(samples, full // together, together * row), 1, dtype)
    while together > 1:
        half = together // 2
        sums = parts[:, : half * row] + parts[:, half * row : 2 * half * row]
        if together % 2:
            sums[:, :row] += parts[:, 2 * half * row :]
        parts, together = sums, half
    for step in range(full, steps):
        parts += flat[:, step * row : (step + 1) * row]
    return parts.reshape(spikes.shape[:axis] + spikes.shape[axis + 1 :])


def _steps_together(steps: int, row: int) -> int:
    """So many that rows have up to _LONG_ROW values, and that few steps remain."""
    most = min(_LONG_ROW // max(row, 1), steps // 2)
    divisors = (n for n in range(most, most // 2, -1) if steps % n == 0)
    return next(divisors, max(most, 1))
