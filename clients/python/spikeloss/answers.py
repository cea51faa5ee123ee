"""Answers as they come: read strictly, so that nothing but a spikelossd's answer becomes a result."""

from __future__ import annotations

import binascii
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Union

from spikeloss.backend import backend

if TYPE_CHECKING:
    from numpy.typing import NDArray

Shape = tuple[int, ...]

Gradient = Union[float, "NDArray[Any]", tuple["NDArray[Any]", ...]]

_DATA = b'"data":"'

# The encodings of floats, of the data itself or, where it has indices, of a table.
_FLOATS = {"f32": "f32", "f64": "f64", "indexed_f32": "f32", "indexed_f64": "f64"}
_ITEM_SIZES = {"f32": 4, "f64": 8}


def _refuse(word: str) -> None:
    raise ValueError(word)


_decoder = json.JSONDecoder(parse_constant=_refuse)


class Unexpected(ValueError):
    """Says what is not as spikelossd answers it."""


class Answered(NamedTuple):
    loss: float
    gradients: dict[str, Gradient]
    diagnostics: dict[str, Any]


def read_answer(
    body: Union[bytes, bytearray], tensors: Mapping[str, Union[Shape, list[Shape]]], with_gradients: bool
) -> Answered:
    """`tensors` has the shapes of the spikes, by field: their gradients must broadcast to these.
    Gradients of other fields are numbers and lists of numbers. Raises Unexpected."""
    text, packed = _without_base64(body)
    try:
        answer = _decoder.decode(text.decode())
    except (ValueError, RecursionError):
        raise Unexpected(f"the answer is not JSON: {bytes(body[:60])!r}") from None
    answer = _object(answer, "the answer")
    gradients = {}
    if with_gradients:
        given = _object(answer.get("gradients"), "gradients")
        for field, value in {**dict.fromkeys(tensors), **given}.items():
            gradients[field] = _gradient(value, tensors.get(field), field, packed)
    diagnostics = _object(answer.get("diagnostics"), "diagnostics")
    _check_diagnostics(diagnostics)
    return Answered(_number(answer.get("loss"), "loss"), gradients, diagnostics)


def _without_base64(body: Union[bytes, bytearray]) -> tuple[bytes, list[memoryview]]:
    """Takes out what is most of the answer, so that it is not read as JSON: each `"data":"…"`
    becomes a number, its index in the list."""
    view = memoryview(body)
    kept: list[Union[bytes, memoryview]] = []
    packed: list[memoryview] = []
    end = 0
    while (found := body.find(_DATA, end)) >= 0:
        start = found + len(_DATA)
        kept += view[end : start - 1], b"%d" % len(packed)
        end = body.find(b'"', start) + 1
        if end == 0:  # cut off
            return bytes(body), []
        packed.append(view[start : end - 1])
    kept.append(view[end:])
    return b"".join(kept), packed


def _gradient(
    value: Any, shape: Union[Shape, list[Shape], None], field: str, packed: list[memoryview]
) -> Gradient:
    if shape is None and not isinstance(value, list):
        return _number(value, field)
    if shape is None:
        return backend.vector([_number(item, field) for item in value])
    if isinstance(shape, tuple):
        return _tensor(value, shape, field, packed)
    if not isinstance(value, list) or len(value) != len(shape):
        raise Unexpected(f"gradients.{field} is not a list of {len(shape)} tensors")
    return tuple(_tensor(item, one, field, packed) for item, one in zip(value, shape))


def _tensor(value: Any, spikes: Shape, field: str, packed: list[memoryview]) -> NDArray[Any]:
    """Returns a tensor of the shape of the spikes."""
    tensor = _object(value, f"gradients.{field}")
    shape, encoding, data = map(tensor.get, ("shape", "encoding", "data"))
    if not (
        isinstance(shape, list)
        and len(shape) == len(spikes)
        and all(type(n) is int and n in (1, size) for n, size in zip(shape, spikes))
    ):
        raise Unexpected(f"gradients.{field} has the shape {_short(shape)}, spikes {list(spikes)}")
    if type(data) is int and 0 <= data < len(packed):
        data = packed[data]
    floats = _FLOATS.get(encoding) if isinstance(encoding, str) else None
    if floats is None or not isinstance(data, (str, memoryview)):
        raise Unexpected(f"gradients.{field} is not in base64 of one of {', '.join(_FLOATS)}")
    table = tensor.get("table") if encoding != floats else None
    if encoding != floats and not isinstance(table, str):
        raise Unexpected(f"gradients.{field} has no table: {_short(table)}")
    count = math.prod(shape)
    values = backend.unpacked(data, table, floats, count) if isinstance(data, memoryview) else None
    if values is None:
        values = _unpacked(data, table, floats, count, field)
    return backend.expanded(values, shape, spikes)


def _unpacked(
    data: Union[str, memoryview], table: Optional[str], floats: str, count: int, field: str
) -> Any:
    """Floats from base64: their own, or that of their indices in a table."""
    size = _ITEM_SIZES[floats]
    if table is None:
        values = backend.floats(_decoded(data, count * size, field), floats)
    else:
        indices = _decoded(data, count, field)
        length = 3 * (len(table) // 4) - table[-2:].count("=")
        values = backend.floats(_decoded(table, length // size * size, field), floats)
    if values is None:
        raise Unexpected(f"gradients.{field} has values that are not finite")
    try:
        return values if table is None else backend.taken(values, indices)
    except IndexError:
        raise Unexpected(f"gradients.{field} has an index beyond its table") from None


def _decoded(text: Union[str, memoryview], size: int, field: str) -> bytes:
    try:
        decoded = binascii.a2b_base64(text)
    except ValueError:
        decoded = b""
    # The decoder skips characters that do not belong there, but then the sizes differ.
    if len(decoded) != size or len(text) != 4 * ((size + 2) // 3):
        raise Unexpected(f"gradients.{field} is not the base64 of {size} bytes")
    return decoded


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unexpected(f"{name} is not an object: {_short(value)}")
    return value


def _number(value: Any, name: str) -> float:
    try:
        if type(value) in (int, float) and math.isfinite(value):
            return value  # type: ignore[no-any-return]
    except OverflowError:
        pass
    raise Unexpected(f"{name} is not a finite number: {_short(value)}")


def _check_diagnostics(values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, list):
            for item in value:
                _check_diagnostics(_object(item, f"an item of diagnostics.{name}"))
        elif not isinstance(value, bool):
            _number(value, name)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "…"
