"""Tensors as nested lists, where NumPy is not installed. arrays.py has the same functions for arrays.
Spikes are sent as they are, in their own layout: the server counts them, and says what is wrong."""

from __future__ import annotations

import array
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Optional, Union

from spikeloss.layout import Sent, Sums, time_axis

Nested = Union[float, Sequence["Nested"]]


def plain_json(members: Mapping[str, Any]) -> bytes:
    """An object of numbers, words, and lists of them. NaN and infinities are sent as they are."""
    return _encoder.encode(members).encode()


def sent(tensor: Any, axes: str) -> Sent:
    if isinstance(tensor, Sums):
        members = {"shape": list(tensor.shape), "summed": tensor.summed}
        data = _numbers(tensor.values)
        text, shape = b'%b,"data":%b}' % (plain_json(members)[:-1], data), tuple(tensor.shape)
    else:
        text, shape = _numbers(tensor), _shape(tensor)
    time = time_axis(len(shape), axes)
    return Sent((text,), shape, shape[time] if len(shape) > 1 else 1, None)


def layout_members(axes: str) -> dict[str, str]:
    return {"axes": axes}


def gradient_encoding(wanted: object, spikes: Iterable[None]) -> str:
    """Numbers of Python are float64. For float32, half as much travels."""
    if wanted not in (None, float, "float64", "f8", "float32", "f4"):
        raise ValueError(f"gradient_dtype: expected 'float32' or 'float64', not {wanted!r}")
    return "indexed_f32" if wanted in ("float32", "f4") else "indexed_f64"


def given_layout(tensor: Nested, axes: str) -> Nested:
    """The server has done it."""
    return tensor


def vector(numbers: list[float]) -> list[float]:
    return list(map(float, numbers))


def unpacked(text: memoryview, table: Optional[str], encoding: str, count: int) -> None:
    """There is no faster way for lists."""


def floats(data: bytes, encoding: str) -> Optional[list[float]]:
    """None unless all are finite."""
    values = array.array("f" if encoding == "f32" else "d", data)
    if sys.byteorder == "big":
        values.byteswap()
    return values.tolist() if all(map(math.isfinite, values)) else None


def taken(values: list[float], indices: bytes) -> list[float]:
    """Raises IndexError."""
    return [values[index] for index in indices]


def expanded(values: list[float], shape: Sequence[int], spikes: Sequence[int]) -> Nested:
    """Nested lists of the shape of the spikes."""
    return _repeated(values, shape, spikes)


def _repeated(values: list[float], shape: Sequence[int], target: Sequence[int]) -> Nested:
    """Each list is one of its own, so that a change of one step is not one of all."""
    if len(shape) == 0:
        return values[0]
    if len(shape) == 1:
        return values[:] if shape[0] == target[0] else values * target[0]
    size = math.prod(shape[1:])
    starts = range(0, len(values), size) if shape[0] == target[0] else [0] * target[0]
    return [_repeated(values[start : start + size], shape[1:], target[1:]) for start in starts]


def _numbers(nested: object) -> bytes:
    """Raises TypeError if the values are not numbers or booleans."""
    text = _encoder.encode(nested)
    for sign, what in ("{", "dictionaries"), ('"', "text"), ("null", "None"):
        if sign in text:
            raise TypeError(f"expected nested lists of real numbers or booleans, not {what}")
    return text.replace("true", "1").replace("false", "0").encode()


def _shape(nested: Any) -> tuple[int, ...]:
    """That of the first items; the server refuses what has others."""
    if hasattr(nested, "shape"):
        return tuple(nested.shape)
    shape: list[int] = []
    while hasattr(nested, "__len__"):
        shape.append(len(nested))
        nested = nested[0] if shape[-1] else None
    return tuple(shape)


def _as_list(value: Any) -> Any:
    """array.array, memoryview, whatever else knows its list, and range for labels."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, range):
        return list(value)
    raise TypeError(f"expected numbers or lists of them, not {type(value).__name__}")


_encoder = json.JSONEncoder(default=_as_list, separators=(",", ":"))
