"""Sums of spikes, base64 and texts of labels in C, for arrays, where bin/ has what clients/python/native
builds. All of this is optional: each function returns None if there is no library, or if the values
are not as expected. Then the caller does the same in Python, and finds what is wrong."""

from __future__ import annotations

import ctypes
import math
import os
import sys
from typing import Any, Optional

import numpy
from numpy.typing import NDArray

from spikeloss.layout import time_axis

# SPIKELOSS_NATIVE_INTERFACE, SPIKELOSS_NATIVE_DIGITS
_INTERFACE, _DIGITS = 1, 4


def load(path: str) -> Optional[ctypes.CDLL]:
    """None if there is none for this machine, or that of another version."""
    try:
        loaded = ctypes.CDLL(path)
        if sys.byteorder != "little" or loaded.spikeloss_native_start(None) != _INTERFACE:
            return None
        address, size = ctypes.c_void_p, ctypes.c_size_t
        for name, arguments in {
            "encode": (address, size, address, size),
            "count": (address, size, address, size, size, size),
            "floats": (address, size, size, address, size),
            "look_up": (address, size, size, address, size, address, size),
            "labels": (address, size, address, size),
        }.items():
            function = getattr(loaded, "spikeloss_native_" + name)
            function.argtypes = arguments
            function.restype = size if name == "labels" else ctypes.c_bool
        return loaded
    except (OSError, AttributeError):
        return None


# None: there is none.
library = load(os.path.join(os.path.dirname(__file__), "bin", "native.so"))


def base64_of(data: NDArray[Any]) -> Optional[memoryview]:
    if library is None or not data.flags.c_contiguous:
        return None
    text = _text_for(data.nbytes)
    library.spikeloss_native_encode(text.ctypes.data, text.size, data.ctypes.data, data.nbytes)
    return text.data


def base64_of_counts(spikes: NDArray[Any]) -> Optional[memoryview]:
    """That of the sums over time of float32 in the standard layout, if each fits in a byte."""
    axis = time_axis(spikes.ndim)
    steps = spikes.shape[axis]
    if library is None or not 0 < steps < 256 or spikes.dtype != numpy.float32 or spikes.size == 0:
        return None
    samples = math.prod(spikes.shape[:axis])
    if not spikes.flags.c_contiguous:  # where memory begins with time, all of it is one sample
        spikes, samples = spikes.swapaxes(0, axis), 1
    if not (spikes.flags.c_contiguous and spikes.flags.aligned):
        return None
    counts = spikes.size // steps
    text = _text_for(counts)
    counted = library.spikeloss_native_count(
        text.ctypes.data, text.size, spikes.ctypes.data, samples, steps, counts // samples
    )
    return text.data if counted else None


def floats(text: memoryview, table: Optional[str], encoding: str, count: int) -> Optional[NDArray[Any]]:
    """Finite ones, from base64: of the floats themselves, or of indices where there is a table."""
    width = 4 if encoding == "f32" else 8
    if library is None or len(text) != _length(count * (width if table is None else 1)):
        return None
    if not (count > 0 and (table is None or table.isascii())):
        return None
    values: NDArray[Any] = numpy.empty(count, f"<f{width}")
    given = numpy.frombuffer(text, numpy.uint8).ctypes.data
    if table is None:
        read = library.spikeloss_native_floats(values.ctypes.data, width, count, given, len(text))
    else:
        entries = table.encode()
        read = library.spikeloss_native_look_up(
            values.ctypes.data, width, count, given, len(text), entries, len(entries)
        )
    return values if read else None


def labels(values: NDArray[Any]) -> Optional[memoryview]:
    """Text of those with up to four digits: padded with spaces to the same width, with commas."""
    if library is None or values.dtype != numpy.int64 or not values.flags.carray:
        return None
    text = numpy.empty((_DIGITS + 1) * values.size, numpy.uint8)
    width = library.spikeloss_native_labels(text.ctypes.data, text.size, values.ctypes.data, values.size)
    return text.data[: width * values.size - 1] if width > 0 else None


def _length(size: int) -> int:
    return (size + 2) // 3 * 4


def _text_for(size: int) -> NDArray[numpy.uint8]:
    return numpy.empty(_length(size), numpy.uint8)
