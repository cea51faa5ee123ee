"""Sums of spikes over time. Losses see nothing else, so that is what travels."""

from __future__ import annotations

import math
import os
import sys
from typing import Any, Optional

import numpy
from numpy.typing import NDArray

from spikeloss.layout import time_axis

# Up to so many steps, bits are not longer than sums.
FEW_STEPS = 8

# Shorter rows than the first are added faster by numpy.einsum than by numpy.add, shorter ones than
# the second in two stages, and shorter ones than the third by PyTorch on one thread.
_SHORT_ROW, _LONG_ROW, _TORCH_ROW = 128, 512, 257

# Below this, up to 255 rows are added in each stage.
_MANY_STEPS = 1 << 14

# Below this every sum of whole numbers is exact in float32.
_EXACT_FLOAT32 = 1 << 24

# Where threads of PyTorch can be. None: this was imported in a worker, which may be forked.
_workers = sys.modules.get("multiprocessing.process")
_process = os.getpid() if _workers is None or _workers.parent_process() is None else None


def time_sums(spikes: NDArray[Any]) -> NDArray[Any]:
    """Exact for whole numbers. All others are summed in double precision, but those of float32 only
    if their sums in float32 are not all whole."""
    axis = time_axis(spikes.ndim)
    steps = spikes.shape[axis]
    if spikes.dtype == numpy.bool_:
        return _fast_sum(spikes.view(numpy.uint8), axis, "u1" if steps < 256 else "u4")
    if spikes.dtype == numpy.float32 and steps < _EXACT_FLOAT32:
        counts = _counts(spikes, axis)
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
    return whole if (whole == values).all() else None


def _sum(spikes: NDArray[Any], axis: int, dtype: str) -> NDArray[Any]:
    sums: NDArray[Any] = numpy.add.reduce(spikes, axis=axis, dtype=dtype)
    return sums


def _counts(spikes: NDArray[Any], axis: int) -> Optional[NDArray[Any]]:
    """Sums of float32 in float32, as whole_numbers() has them. Where the program has PyTorch, that
    mostly adds faster than NumPy."""
    torch: Any = sys.modules.get("torch")
    steps = spikes.shape[axis]
    if torch is None or not _torch_adds(spikes, axis, torch.get_num_threads()):
        return whole_numbers(_fast_sum(spikes, axis, "f4"), steps)
    sums = torch.from_numpy(spikes).sum(axis)
    if steps > 255:
        return whole_numbers(sums.numpy(), steps)
    counts = sums.to(torch.uint8)
    whole: NDArray[Any] = counts.numpy()
    return whole if torch.equal(counts.to(torch.float32), sums) else None


def _torch_adds(spikes: NDArray[Any], axis: int, threads: int) -> bool:
    """Threads do not survive a fork, but PyTorch would wait for those of the parent."""
    if not (spikes.flags.behaved and min(spikes.strides) >= 0):
        return False
    if threads > 1:
        return os.getpid() == _process
    return spikes.strides[axis] < _TORCH_ROW * spikes.itemsize


def _fast_sum(spikes: NDArray[Any], axis: int, dtype: str) -> NDArray[Any]:
    """For sums that do not depend on the order of additions.

    Short rows cost more calls of a loop than additions. So several steps count as one row first,
    whose parts are added in the end:

        t0 t1 t2 | t3 t4 t5 | …  -->  t0+t3+… t1+t4+… t2+t5+…  -->  their sum
    """
    steps, row = spikes.shape[axis], math.prod(spikes.shape[axis + 1 :])
    if not (row < _LONG_ROW and 0 < steps < _MANY_STEPS and spikes.flags.c_contiguous):
        return _sum(spikes, axis, dtype)
    samples, root = math.prod(spikes.shape[:axis]), math.isqrt(steps)
    together = next((n for n in range(root, root // 2, -1) if steps % n == 0), root)
    flat, full = spikes.reshape(samples, steps * row), (steps - steps % together) * row
    parts = _sum_of_rows(flat[:, :full].reshape(samples, steps // together, together * row))
    sums = _sum_of_rows(parts.astype(dtype, copy=False).reshape(samples, together, row))
    if full < steps * row:
        sums += _sum_of_rows(flat[:, full:].reshape(samples, steps % together, row))
    return sums.reshape(spikes.shape[:axis] + spikes.shape[axis + 1 :])


def _sum_of_rows(values: NDArray[Any]) -> NDArray[Any]:
    """[samples, rows, values]: sums of up to 255 rows, in the type of the values."""
    if values.shape[2] >= _SHORT_ROW:
        return _sum(values, 1, values.dtype.str)
    ones = numpy.ones(values.shape[1], values.dtype)
    sums: NDArray[Any] = numpy.einsum("srv,r->sv", values, ones)
    return sums
