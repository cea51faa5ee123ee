"""Tensors as they are sent: the smallest spelling that says the same."""

from __future__ import annotations

import binascii
import functools
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union

import numpy
from numpy.typing import ArrayLike, NDArray

from spikeloss import native
from spikeloss.layout import Sums, time_axis
from spikeloss.sums import whole_numbers


def _as_list(value: Any) -> Any:
    array = numpy.asarray(value)
    listed = array.tolist()
    if listed is value or array.dtype.kind == "c":
        raise TypeError(f"expected numbers or lists of them, not {type(value).__name__}")
    return listed


_encoder = json.JSONEncoder(default=_as_list)

# JSON, in pieces.
Pieces = tuple[Union[bytes, memoryview], ...]

# What is worth a table of texts: so many labels, of so few digits.
_MANY_LABELS, _MAX_DIGITS = 64, 4

# Values in a block: few enough to stay in the cache of a core, and a multiple of 8, so that every
# block but the last fills whole bytes.
_BLOCK = 1 << 16


class Ragged(TypeError, ValueError):
    """There is no such array. The error of NumPy, a ValueError, speaks of its own arrays."""


def real_array(tensor: ArrayLike) -> NDArray[Any]:
    """Raises TypeError if the values are not real numbers; Ragged."""
    try:
        array = numpy.asarray(tensor)
    except ValueError:
        if isinstance(tensor, (list, tuple)):
            raise Ragged(
                "nested lists of unequal lengths or depths; give all of a level one length"
            ) from None
        raise
    if array.dtype.kind not in "biuf":
        raise TypeError(f"expected real numbers or booleans, not {array.dtype}")
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


def sums_json(sums: Sums, shape: Sequence[int]) -> Pieces:
    """A TENSOR of the API that is given by its sums; `shape` is that of the spikes."""
    values = real_array(sums.values)
    axis = time_axis(len(shape))
    first = 0 if sums.summed == "batch_time" else axis
    expected = tuple(shape[:first]) + tuple(shape[axis + 1 :])
    if values.shape != expected:
        raise ValueError(
            f"sums: expected the shape {list(expected)}, for spikes {list(shape)} that are summed"
            f" over {sums.summed}, not {list(values.shape)}"
        )
    if values.dtype.kind not in "bu":
        whole = whole_numbers(values, math.prod(shape[first : axis + 1]))
        values = values if whole is None else whole
    return summed_json(values, shape, sums.summed)


def summed_json(values: NDArray[Any], shape: Sequence[int], summed: str = "time") -> Pieces:
    """The same of values that are the smallest of their kind."""
    encoding, data = exact_numbers(values.ravel())
    return _tensor(shape, f'"encoding":"{encoding}","summed":"{summed}"', _base64(data))


def counted_json(counts: memoryview, shape: Sequence[int]) -> Pieces:
    """The same of sums over time that are base64 of bytes already."""
    return _tensor(shape, '"encoding":"u8","summed":"time"', counts)


def tensor_json(array: NDArray[Any]) -> Pieces:
    """A TENSOR of the API."""
    values = array.ravel()
    bits = packed_bits(values)
    encoding, data = exact_numbers(values) if bits is None else ("bits", bits)
    return _tensor(array.shape, f'"encoding":"{encoding}"', _base64(data))


def _tensor(shape: Sequence[int], more: str, data: Union[bytes, memoryview]) -> Pieces:
    head = f'{{"shape":{list(shape)},{more},"data":"'
    return head.encode(), data, b'"}'


def _base64(data: NDArray[Any]) -> Union[bytes, memoryview]:
    text = native.base64_of(data)
    return binascii.b2a_base64(data.data, newline=False) if text is None else text


def plain_json(members: Mapping[str, Any]) -> bytes:
    """An object of numbers, words, and lists of them, of whatever types. NaN and infinities are sent
    as they are, so that the server says where they are."""
    texts, others = [], {}
    for name, value in members.items():
        labels = _labels_json(value) if isinstance(value, numpy.ndarray) else None
        if labels is None:
            others[name] = value
        else:
            texts.append(b"%b:%b" % (_encoder.encode(name).encode(), labels))
    if others:
        texts.append(_encoder.encode(others)[1:-1].encode())
    return b"{%b}" % b",".join(texts)


def _labels_json(labels: NDArray[Any]) -> Optional[bytes]:
    """Many small whole numbers, padded with spaces to the same width; None if it is something else."""
    if labels.ndim != 1 or labels.size < _MANY_LABELS or labels.dtype.kind not in "iu":
        return None
    text = native.labels(labels)
    if text is not None:
        return b"[%b]" % text
    largest = int(labels.max())
    if labels.min() < 0 or largest >= 10**_MAX_DIGITS:
        return None
    texts = _padded_numbers(len(str(largest))).take(labels.astype(numpy.intp, copy=False))
    return b"[%b]" % texts.tobytes()[:-1]


@functools.lru_cache(maxsize=None)
def _padded_numbers(digits: int) -> NDArray[numpy.bytes_]:
    return numpy.array([b"%*d," % (digits, number) for number in range(10**digits)])
