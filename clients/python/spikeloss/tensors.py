"""Tensors as they are sent: arrays become the smallest exact spelling, gradients become arrays."""

from __future__ import annotations

import binascii
import json
from typing import Any, Optional

import numpy
from numpy.typing import ArrayLike, NDArray

# Values in a block: few enough to stay in the cache of a core, and a multiple of 8, so that every
# block but the last fills whole bytes.
_BLOCK = 1 << 16


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


def exact_floats(values: NDArray[Any]) -> tuple[str, NDArray[Any]]:
    """The smallest of the server's float encodings that holds every number of this type."""
    if numpy.can_cast(values.dtype, numpy.float32, "safe"):
        return "f32", values.astype("<f4", copy=False)
    return "f64", values.astype("<f8", copy=False, casting="same_kind")


def tensor_json(tensor: ArrayLike) -> bytes:
    """A TENSOR of the API. Raises TypeError if its values are not real numbers."""
    array = numpy.asarray(tensor)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"spikes: expected real numbers or booleans, not {array.dtype}")
    values = array.ravel()
    bits = packed_bits(values)
    encoding, data = exact_floats(values) if bits is None else ("bits", bits)
    head = f'{{"shape":{list(array.shape)},"encoding":"{encoding}","data":"'
    return b"".join((head.encode(), binascii.b2a_base64(data.data, newline=False), b'"}'))


def plain_json(value: ArrayLike) -> bytes:
    """Numbers and lists of them, of whatever types. What JSON has no word for, NaN and infinities,
    becomes a number that is legal and too large, so that the server says which it is."""
    text = json.dumps(numpy.asarray(value).tolist())
    for word in ("-Infinity", "Infinity", "NaN"):
        text = text.replace(word, "1e999")
    return text.encode()


def with_arrays(decoded: dict[str, Any]) -> Any:
    """For json.loads: a tensor that came as base64 becomes an array, other objects stay."""
    if "encoding" not in decoded:
        return decoded
    dtype = {"f32": "<f4", "f64": "<f8"}[decoded["encoding"]]
    return numpy.frombuffer(binascii.a2b_base64(decoded["data"]), dtype).reshape(decoded["shape"])
