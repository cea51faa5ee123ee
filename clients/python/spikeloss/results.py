"""Results. Gradients of spikes are read-only views with the shape of the spikes. They are constant
along time, so each value is stored once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Optional, TypedDict, TypeVar

Gradients = TypeVar("Gradients")
Diagnostics = TypeVar("Diagnostics")

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Reals = NDArray[numpy.float64]


@dataclass(frozen=True)
class LayersGradients:
    """spikes_list: one view of each layer's shape; offsets, multipliers: a number a layer."""

    spikes_list: tuple[NDArray[Any], ...]
    offsets: Reals
    multipliers: Reals


@dataclass(frozen=True)
class PopulationGradients:
    """spk: a view of the spikes' shape."""

    spk: NDArray[Any]
    correct_rate: float
    incorrect_rate: float


@dataclass(frozen=True)
class CrossEntropyGradients:
    """spk: a view of the spikes' shape."""

    spk: NDArray[Any]


@dataclass(frozen=True)
class ActivityGradients:
    """spikes_list: one view of each layer's shape; the others: a number a layer. None: there is no
    such bound."""

    spikes_list: tuple[NDArray[Any], ...]
    weights: Reals
    lower: Optional[Reals] = None
    upper: Optional[Reals] = None


class TensorDiagnostics(TypedDict):
    """How a tensor was read, and what its neurons do."""

    samples: int
    steps: int
    neurons: int
    silent: int
    saturated: int
    binary: bool


class LayerDiagnostics(TensorDiagnostics):
    rate: float
    target: float
    loss: float


class LayersDiagnostics(TypedDict):
    layers: list[LayerDiagnostics]


class PopulationDiagnostics(TensorDiagnostics):
    accuracy: float
    ties: int
    mean_rate_correct: float
    mean_rate_incorrect: float


class CrossEntropyDiagnostics(PopulationDiagnostics):
    mean_probability_correct: float


class ActivityLayerDiagnostics(TensorDiagnostics):
    """below, above: shares of the units outside a bound."""

    rate: float
    loss: float
    below: float
    above: float


class ActivityDiagnostics(TypedDict):
    layers: list[ActivityLayerDiagnostics]


@dataclass(frozen=True)
class Result(Generic[Gradients, Diagnostics]):
    loss: float
    diagnostics: Diagnostics
    requested_gradients: Optional[Gradients]

    @property
    def gradients(self) -> Gradients:
        if self.requested_gradients is None:
            raise AttributeError("there are no gradients: the call said gradients=False")
        return self.requested_gradients
